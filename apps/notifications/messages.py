from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.claims.models import Claim, Document, DocumentRequest
from apps.claims.selectors import claim_slots, event_title, with_definition
from apps.claims.selectors.owed import owed_slot, owed_titles, request_title
from apps.claims.selectors.reading import document_reason

TOLD = (Claim.Status.IN_REVIEW, Claim.Status.APPROVED, Claim.Status.REJECTED, Claim.Status.PAID, Claim.Status.WITHDRAWN)

IN_A_LINE = 3  # titles that an SMS names


def status_url(claim: Claim) -> str:
    return f"{settings.SITE_URL}/claims/{claim.number}/"


def request_url(claim: Claim, asked: DocumentRequest) -> str:
    """The claim's page; of a document, its place there."""
    return slot_url(claim, asked.slot if asked.kind == "document" else "")


def slot_url(claim: Claim, slot: str) -> str:
    """The place of a document on the claim's page; the page itself for none."""
    return f"{status_url(claim)}#slot-{slot}" if slot else status_url(claim)


def ended(text: str) -> str:
    """`text` as a sentence: what ends with a sign of its own gets no full stop."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def receipt(claim: Claim) -> EmailMultiAlternatives:
    with translation.override(claim.language):
        subject = _("Claim %(number)s: received") % {"number": claim.number}
        text = _("We have your claim. A person will read it and write to you; the receipt is attached.")
        return _message(claim, subject, _("We received your claim"), text)


def registered(claim: Claim, ticket: str) -> EmailMultiAlternatives:
    with translation.override(claim.language):
        values = {"number": claim.number, "ticket": ticket}
        subject = _("Claim %(number)s: registered under number %(ticket)s") % values
        text = _("Its number with us is %(ticket)s: name it when you write or call.") % values
        return _message(claim, subject, _("Your claim is registered"), text)


def _open_request(claim: Claim, request_id: UUID) -> DocumentRequest | None:
    return claim.document_requests.filter(pk=request_id, answered_at=None).first()


def request(claim: Claim, request_id: UUID) -> EmailMultiAlternatives | None:
    """The message that staff ask for something; None if it is there by now."""
    asked = _open_request(claim, request_id)
    if asked is None:
        return None
    with translation.override(claim.language):
        if asked.kind == "question":
            subject, title = _("Claim %(number)s: we have a question"), _("We have a question for you")
        else:
            subject, title = _("Claim %(number)s: we need a document"), _("We need a document from you")
        text = "\n\n".join(dict.fromkeys((request_title(claim, asked), asked.text)))
        return _message(claim, subject % {"number": claim.number}, title, text, url=request_url(claim, asked))


def request_line(claim: Claim, request_id: UUID) -> str | None:
    """The same in a line."""
    asked = _open_request(claim, request_id)
    if asked is None:
        return None
    with translation.override(claim.language):
        values = {"number": claim.number, "what": ended(request_title(claim, asked)), "url": request_url(claim, asked)}
        if asked.kind == "question":
            return _("Claim %(number)s: please answer: %(what)s %(url)s") % values
        return _("Claim %(number)s: please send us: %(what)s %(url)s") % values


def reminder(claim: Claim) -> EmailMultiAlternatives | None:
    """The message that something is still missing; None if nothing is any more."""
    titles = owed_titles(claim)
    if not titles:
        return None
    with translation.override(claim.language):
        subject = _("Claim %(number)s: something is still missing") % {"number": claim.number}
        listed = "\n".join(f"– {title}" for title in titles)
        text = _("Without it we can't go on. If you do not have it, say so on the claim's page.")
        url = slot_url(claim, owed_slot(claim))
        return _message(claim, subject, _("We still need this from you"), f"{listed}\n\n{text}", url)


def reminder_line(claim: Claim) -> str | None:
    """The same in a line, which names the first few."""
    titles = owed_titles(claim)
    if not titles:
        return None
    with translation.override(claim.language):
        more = len(titles) - IN_A_LINE
        what, url = "; ".join(titles[:IN_A_LINE]), slot_url(claim, owed_slot(claim))
        values = {"number": claim.number, "what": what, "more": more, "url": url}
        if more > 0:
            return _("Claim %(number)s: we still need: %(what)s, and %(more)d more. %(url)s") % values
        return _("Claim %(number)s: we still need: %(what)s %(url)s") % {**values, "what": ended(what)}


def rejected_document(claim: Claim, document_id: UUID) -> Document | None:
    """The document, if it is rejected and another one is needed in its place; a person's word is always passed on."""
    document = claim.documents.filter(pk=document_id, state=Document.State.REJECTED).first()
    slot = next((one for one in claim_slots(claim, claim.language) if document and one["key"] == document.slot), None)
    if document is None or slot is None or slot["waived"]:
        return None
    return document if document.judgement or slot["state"] == Document.State.REJECTED else None


def rejected(claim: Claim, document_id: UUID) -> EmailMultiAlternatives | None:
    """The message that a document does not fit; None if no other is needed by now."""
    document = rejected_document(claim, document_id)
    if document is None:
        return None
    with translation.override(claim.language):
        subject = _("Claim %(number)s: a document does not fit") % {"number": claim.number}
        text = _("%(name)s does not fit: %(reason)s") % {
            "name": document.name,
            "reason": document_reason(document, with_definition(claim), claim.language),
        }
        return _message(claim, subject, _("Please send another document"), text, url=slot_url(claim, document.slot))


def status(claim: Claim, change_id: UUID) -> EmailMultiAlternatives | None:
    """The message for a change of status; None for one that is told in another way."""
    change = claim.status_changes.get(pk=change_id)
    if change.target not in TOLD:
        return None
    with translation.override(claim.language):
        label = change.get_target_display()
        subject = _("Claim %(number)s: %(status)s") % {"number": claim.number, "status": label}
        return _message(claim, subject, label, change.reason)


def _message(claim: Claim, subject: str, title: str, text: str, url: str = "") -> EmailMultiAlternatives:
    facts = {
        "title": title,
        "text": text,
        "number": claim.number,
        "event": event_title(claim, claim.language),
        "url": url or status_url(claim),
        "language": claim.language,
    }
    message = EmailMultiAlternatives(subject, render_to_string("notifications/message.txt", facts), to=[claim.email])
    message.attach_alternative(render_to_string("notifications/message.html", facts), "text/html")
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message
