"""What the staff's pages of claims read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from apps.claims import selectors
from apps.claims.consents import CONSENTS
from apps.claims.models import Claim, Document, DocumentRequest, EventType
from apps.contacts.models import Contact
from apps.contacts.rules.names import folded
from apps.contacts.selectors import PHONE_PUNCTUATION, matches
from apps.core.crypto import blind_index
from apps.core.desk.handlers import words_of
from apps.core.fields import translated
from apps.core.models import Delivery
from apps.policies.models import Policy

PHONE_SIGNS = PHONE_PUNCTUATION | frozenset("0123456789")
TAIL = 4  # digits
BIG = ("description", "email", "answers", "contact__email")


def matching(rows: "QuerySet[Claim]", text: str) -> "QuerySet[Claim]":
    """`rows` by a whole phone in any spelling, its last four digits, a policy's number, or words of name and number.

    Case does not matter.
    """
    like_phone = set(text) <= PHONE_SIGNS and sum(sign.isdigit() for sign in text) > TAIL
    # A condition on a join would be tried row by row; the one contact's claims are found by its index.
    if like_phone and (people := _contacts(matches(text))):
        return rows.filter(contact_id__in=people)
    number = text.strip().upper()
    if len(number) > TAIL and (policies := list(Policy.objects.filter(number=number).values_list("pk", flat=True))):
        return rows.filter(policy_id__in=policies)
    for word in folded(text).split():
        rows = rows.filter(_word(word))
    return rows


def _word(word: str) -> Q:
    found = Q(search__contains=word)
    if len(word) != TAIL or not word.isdigit():
        return found
    # Four digits: the end of a phone, or of a claim's number; a year stands in every number and is meant by nobody.
    tail = blind_index("phone-tail", word)
    ends = Q(search__contains=f"-{word}", number__endswith=f"-{word}")
    return ends | Q(contact_id__in=_contacts(Q(phone_tail_index=tail)))


def _contacts(condition: Q) -> list[UUID]:
    return list(Contact.objects.filter(condition).values_list("pk", flat=True)[:1000])


def list_rows(ids: list[UUID]) -> "QuerySet[Claim]":
    """The rows of one page of the list with their person, and how many documents and open requests each has."""
    return (
        Claim.objects.filter(pk__in=ids)
        .select_related("contact")
        .defer(*BIG)
        .annotate(
            documents_count=_count(Document.objects.all()),
            open_requests=_count(DocumentRequest.objects.filter(answered_at=None)),
        )
    )


def _count(rows: "QuerySet[Any]") -> Coalesce:
    of_claim = rows.filter(claim=OuterRef("pk")).order_by().values("claim").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(of_claim), 0)


def event_titles() -> dict[str, str]:
    """Titles of the catalogue's event types, in the active language."""
    return {one.code: translated(one.title) for one in EventType.objects.only("code", "title")}


def statuses_counted() -> list[tuple[str, str, int]]:
    """(status, label, how many) of what waits for staff, and of what was approved and not paid yet."""
    wanted = (*Claim.OPEN, Claim.Status.APPROVED)
    rows = Claim.objects.filter(status__in=wanted).order_by().values_list("status").annotate(n=Count("pk"))
    counted = dict(rows)
    return [(str(status), str(status.label), counted.get(status, 0)) for status in wanted]


def waiting_longest(limit: int = 7) -> list[Claim]:
    """The claims that nobody has taken up for the longest time."""
    waiting = Claim.objects.filter(status=Claim.Status.SUBMITTED).order_by("listed_at", "id")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    found = {one.pk: one for one in list_rows(ids)}
    return [found[pk] for pk in ids]


def claim_deliveries(claim: Claim) -> list[Delivery]:
    """What had to be brought somewhere because of this claim, in order, without its big columns."""
    about = Delivery.objects.filter(event__aggregate=f"claim:{claim.pk}")
    return list(about.select_related("event").order_by("event__occurred_at", "chain", "position", "id")[:200])


def claim_staff_timeline(
    claim: Claim, slots: Iterable[dict[str, Any]], deliveries: list[Delivery]
) -> list[dict[str, Any]]:
    """What happened to the claim, the newest first: `{at, kind, text, by, note}`."""
    titles = {one["key"]: one["title"] for one in slots}
    lines = [_line(claim.created_at, "begun", _("Draft begun"))]
    for change in claim.status_changes.select_related("actor"):
        text = str(Claim.Status(change.target).label)
        lines.append(_line(change.at, f"status badge-{change.target}", text, change.actor, change.reason))
    for document in claim.documents.all():
        text = _("Document: %(title)s") % {"title": titles.get(document.slot, document.slot)}
        lines.append(_line(document.created_at, "document", text, note=document.name))
    for asked in claim.document_requests.all():
        lines.append(_line(asked.at, "request", _("Asked for documents"), asked.actor, asked.text))
        if asked.answered_at:
            lines.append(_line(asked.answered_at, "answer", _("The request was answered")))
    done = (Delivery.State.DONE, Delivery.State.DONE_MANUALLY)
    lines += [
        _line(one.finished_at, "delivery", words_of(one.handler))
        for one in deliveries
        if one.finished_at and one.state in done
    ]
    return sorted(lines, key=lambda line: line["at"], reverse=True)


def _line(at: datetime, kind: str, text: str, by: Any = None, note: str = "") -> dict[str, Any]:
    return {"at": at, "kind": kind, "text": text, "by": str(by.get_full_name() or by) if by else "", "note": note}


def claim_for_page(claim_id: UUID) -> Claim | None:
    """The claim with all that its page shows."""
    joined = Claim.objects.select_related("contact", "definition", "policy__product", "project", "requisites")
    return joined.prefetch_related("documents", "document_requests__actor", "consents").filter(pk=claim_id).first()


def claim_parts(claim: Claim, language: str) -> dict[str, Any]:
    """Everything about a claim for its page, with texts in `language`."""
    slots = selectors.claim_slots(claim, language)
    deliveries = claim_deliveries(claim)
    known = {one["key"] for one in slots}
    return {
        "event_title": selectors.event_title(claim, language) or claim.event_type,
        "answers": selectors.claim_answers(claim, language),
        "slots": slots,
        "strays": [one for one in claim.documents.all() if one.slot not in known],
        "requests": list(claim.document_requests.all()),
        "deliveries": [(one, words_of(one.handler)) for one in deliveries],
        "timeline": claim_staff_timeline(claim, slots, deliveries),
        "requisites": getattr(claim, "requisites", None),
        "consents": [(consent_title(one.kind, language), one) for one in claim.consents.all()],
        "others": list(
            Claim.objects.filter(contact=claim.contact_id).exclude(pk=claim.pk).exclude(status=Claim.Status.DRAFT)
            .only("number", "status", "listed_at").order_by("-listed_at", "-id")[:6]
        ),
    }  # fmt: skip


def consent_title(kind: str, language: str) -> str:
    """The title of a consent in `language`, or its kind if that text is given no longer."""
    return next((translated(one["title"], language) for one in CONSENTS if one["kind"] == kind), kind)


def policy_fits(claim: Claim) -> bool | None:
    """Was the policy valid on the day of the event? None if one of the two is unknown."""
    if claim.policy is None or claim.event_date is None:
        return None
    return claim.policy.valid_from <= claim.event_date <= claim.policy.valid_until
