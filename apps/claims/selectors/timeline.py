"""What has happened to a claim, as its applicant reads it."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.claims.models import ChecklistEntry, Claim, Document
from apps.claims.rules import form
from apps.claims.selectors import asked_questions, form_slots, yes_no_words
from apps.claims.selectors.progress import registered_line, registration_kept
from apps.claims.selectors.reading import document_reason
from apps.core.fields import translated

Kind, Waived = ChecklistEntry.Kind, ChecklistEntry.Waived


def status_words(claim: Claim) -> str:
    """The claim's status as its applicant reads it: what we wait for, or that nothing is asked for any more."""
    if claim.status != Claim.Status.NEEDS_DOCUMENTS:
        return str(claim.get_status_display())
    if not claim.missing:
        return _("We have it all and will look")
    asked = [one.kind for one in claim.document_requests.all() if one.answered_at is None]
    if len(asked) == claim.missing and set(asked) == {Kind.QUESTION}:
        return _("We need your answer")
    return str(claim.get_status_display())


def claim_timeline(claim: Claim) -> list[dict[str, Any]]:
    """What has really happened to the claim, the oldest first: `{at, code, text}` in the active language."""
    lines = [{"at": claim.created_at, "code": "begun", "text": _("You began this claim.")}]
    if claim.is_draft:
        return lines  # nothing else has happened that its applicant did not do
    for change in claim.status_changes.all():
        text = _STATUS_LINES[Claim.Status(change.target)]()
        reason = f" {change.reason}" if change.reason else ""
        lines.append({"at": change.at, "code": f"status.{change.target}", "text": text + reason})
    received = _("We received a document: %(name)s.")
    lines.extend(
        {"at": one.created_at, "code": "document.received", "text": received % {"name": one.name}}
        for one in claim.documents.all()
    )
    refused, language = _("%(name)s does not fit: %(reason)s"), get_language() or claim.language
    for one in claim.documents.all():
        if one.state == Document.State.REJECTED:
            text = refused % {"name": one.name, "reason": document_reason(one, claim, language)}
            lines.append({"at": one.updated_at, "code": "document.rejected", "text": text})
        elif one.judgement == Document.Judgement.ACCEPTED:
            text = _("We accepted a document: %(name)s.") % {"name": one.name}
            lines.append({"at": one.updated_at, "code": "document.accepted", "text": text})
    asked = _("We asked for: %(text)s")
    lines.extend(
        {"at": one.at, "code": "documents.requested", "text": asked % {"text": one.text}}
        for one in claim.document_requests.all()
    )
    lines.extend(_answers(claim, language))
    lines.extend(_waivers(claim, language))
    if (kept := registration_kept(claim)) and kept.registered_at:
        lines.append({"at": kept.registered_at, "code": "registered", "text": registered_line(kept.ticket_number)})
    return sorted(lines, key=lambda line: line["at"])


def _answers(claim: Claim, language: str) -> Iterator[dict[str, Any]]:
    """A line for each question of staff that has its answer: what is kept of it is the newest."""
    last = {one.slot: one.answered_at for one in claim.document_requests.all() if one.kind == Kind.QUESTION}
    words, received = yes_no_words(), _("We received your answer. %(question)s – %(answer)s")
    for one in asked_questions(claim):
        answer = form.answer_text(one, claim.answers.get(one["key"]), language, words)
        if answer and last.get(one["key"]) and not one["waived"]:
            text = received % {"question": translated(one["label"], language), "answer": answer}
            yield {"at": last[one["key"]], "code": "answer.received", "text": text}


def _waivers(claim: Claim, language: str) -> Iterator[dict[str, Any]]:
    """A line for each document that somebody has done without since the submit."""
    titles = {one["key"]: translated(one["title"], language) for one in form_slots(claim)}
    told = {True: _("We do not need it any more: %(title)s."), False: _("You do not have it: %(title)s.")}
    for one in claim.checklist.all():
        since = one.waived_at and claim.submitted_at and one.waived_at > claim.submitted_at
        if since and one.kind == Kind.DOCUMENT and one.key in titles:
            text = told[one.waived == Waived.STAFF] % {"title": titles[one.key]}
            yield {"at": one.waived_at, "code": "document.waived", "text": text}


_STATUS_LINES: dict[Claim.Status, Callable[[], str]] = {
    Claim.Status.SUBMITTED: lambda: _("We received your claim."),
    Claim.Status.IN_REVIEW: lambda: _("We are looking at your claim."),
    Claim.Status.NEEDS_DOCUMENTS: lambda: _("We need something more from you."),
    Claim.Status.APPROVED: lambda: _("Your claim is approved. The payout is being prepared."),
    Claim.Status.REJECTED: lambda: _("Your claim is rejected."),
    Claim.Status.PAID: lambda: _("The payout is on its way."),
    Claim.Status.WITHDRAWN: lambda: _("The claim was withdrawn."),
}
