"""What the staff's pages of claims read."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from apps.claims import selectors
from apps.claims.admin.checklist import Titles, checklist_parts, titles_of
from apps.claims.admin.reading import claim_said, with_reading
from apps.claims.admin.registration import registration_parts
from apps.claims.consents import CONSENTS
from apps.claims.models import (
    ChecklistEntry,
    Claim,
    Document,
    DocumentReading,
    DocumentRequest,
    EventType,
    Registration,
)
from apps.claims.rules.numbers import money_text
from apps.claims.selectors.progress import CHAINS, registration_kept
from apps.claims.services.changes import REASON_MOST
from apps.claims.services.checklist import ASK_MOST, NOTE_MOST
from apps.contacts.models import Contact
from apps.contacts.rules.names import folded
from apps.contacts.selectors import PHONE_PUNCTUATION, matches
from apps.core.crypto import blind_index
from apps.core.desk.handlers import words_of
from apps.core.fields import translated
from apps.core.models import AuditEntry, Delivery, DeliveryAttempt
from apps.policies.models import Policy

PHONE_SIGNS = PHONE_PUNCTUATION | frozenset("0123456789")
TAIL = 4  # digits
BIG = ("description", "email", "answers", "contact__email")


def matching(rows: "QuerySet[Claim]", text: str) -> "QuerySet[Claim]":
    """`rows` by a phone in any spelling or its last four digits, a policy's or a ticket's number, or words.

    Words are those of the claim's number and the person's name. Case does not matter.
    """
    like_phone = set(text) <= PHONE_SIGNS and sum(sign.isdigit() for sign in text) > TAIL
    # A condition on a join would be tried row by row; the one contact's claims are found by its index.
    if like_phone and (people := _contacts(matches(text))):
        return rows.filter(contact_id__in=people)
    number = text.strip().upper()
    if len(number) > TAIL and (policies := list(Policy.objects.filter(number=number).values_list("pk", flat=True))):
        return rows.filter(policy_id__in=policies)
    if tickets := with_ticket(number):
        return rows.filter(pk__in=tickets)
    for word in folded(text).split():
        rows = rows.filter(_word(word))
    return rows


def with_ticket(number: str) -> list[UUID]:
    """The claims with this ticket in the CRM, whose numbers have letters and digits, such as TT42."""
    if number.isalpha() or number.isdigit():
        return []
    return list(Registration.objects.filter(ticket_number=number).values_list("claim_id", flat=True)[:100])


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
    """The rows of one page of the list with person and ticket, and how many documents and open requests each has."""
    return (
        Claim.objects.filter(pk__in=ids)
        .select_related("contact")
        .defer(*BIG)
        .annotate(
            documents_count=_count(Document.objects.all()),
            open_requests=_count(DocumentRequest.objects.filter(answered_at=None)),
            ticket=F("registration__ticket_number"),
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
    """What had to be brought somewhere because of this claim, in order; not what was not wanted, such as an SMS
    beside an email.
    """
    about = Delivery.objects.filter(event__aggregate=f"claim:{claim.pk}").exclude(_not_wanted())
    return list(about.select_related("event").order_by("event__occurred_at", "chain", "position", "id")[:200])


def _not_wanted() -> Q:
    """What its handler found nothing to do for. What has no end of its use is cancelled by staff else."""
    by_staff = DeliveryAttempt.objects.filter(delivery=OuterRef("pk"), outcome=DeliveryAttempt.Outcome.STAFF)
    return Q(state=Delivery.State.CANCELLED, chain="", expires_at=None) & Q(~Exists(by_staff))


def claim_staff_timeline(
    claim: Claim, titles: Titles, acts: list[AuditEntry], deliveries: list[Delivery]
) -> list[dict[str, Any]]:
    """What happened to the claim, the newest first: `{at, kind, text, by, note}`; `acts` as of `staff_acts`."""
    lines = [_line(claim.created_at, "begun", _("Draft begun"))]
    for change in claim.status_changes.select_related("actor"):
        text = str(Claim.Status(change.target).label)
        lines.append(_line(change.at, f"status badge-{change.target}", text, change.actor, change.reason))
    for document in claim.documents.all():
        text = _("Document: %(title)s") % {"title": titles.get(("document", document.slot), document.slot)}
        lines.append(_line(document.created_at, "document", text, note=document.name))
    for asked in claim.document_requests.all():
        text = _("Asked a question") if asked.kind == ChecklistEntry.Kind.QUESTION else _("Asked for documents")
        lines.append(_line(asked.at, "request", text, asked.actor, asked.text))
        if asked.answered_at and not was_waived(asked, acts):
            lines.append(_line(asked.answered_at, "answer", _("The request was answered")))
    lines += [_act_line(claim, one, titles) for one in acts]
    if (kept := registration_kept(claim)) and kept.registered_at:
        lines.append(_line(kept.registered_at, "registered", _("Registered in the CRM"), note=kept.ticket_number))
    done = (Delivery.State.DONE, Delivery.State.DONE_MANUALLY)
    lines += [
        _line(one.finished_at, "delivery", words_of(one.handler))
        for one in deliveries
        if one.finished_at and one.state in done
    ]
    return sorted(lines, key=lambda line: line["at"], reverse=True)


ACTS: dict[str, Callable[[], str]] = {
    "document.accepted": lambda: _("Accepted: %(title)s"),
    "document.rejected": lambda: _("Rejected: %(title)s"),
    "document.received": lambda: _("Judgement taken back: %(title)s"),
    "checklist.waive": lambda: _("No longer needed: %(title)s"),
    "checklist.unwaive": lambda: _("Needed again: %(title)s"),
}


def staff_acts(claim: Claim) -> list[AuditEntry]:
    """What staff judged, waived and took back on the claim, in order."""
    of_claim = Q(object_type=Claim._meta.label, object_id=str(claim.pk))
    documents = [str(one.pk) for one in claim.documents.all()]
    of_documents = Q(object_type=Document._meta.label, object_id__in=documents)
    rows = AuditEntry.objects.filter(of_claim | of_documents, action__in=ACTS)
    return list(rows.select_related("actor").order_by("id")[:500])


def was_waived(asked: DocumentRequest, acts: Iterable[AuditEntry]) -> bool:
    """Whether staff closed the request by doing without it: nobody answered it then."""
    closed = {"kind": asked.kind, "key": asked.slot}
    return any(one.action == "checklist.waive" and one.at == asked.answered_at and one.detail == closed for one in acts)


def _act_line(claim: Claim, act: AuditEntry, titles: Titles) -> dict[str, Any]:
    document = next((one for one in claim.documents.all() if str(one.pk) == act.object_id), None)
    kind, key = ("document", document.slot) if document else (act.detail["kind"], act.detail["key"])
    text = ACTS[act.action]() % {"title": titles.get((kind, key), key)}
    note = " — ".join(filter(None, (document.name, act.reason))) if document else _why_waived(claim, act)
    return _line(act.at, "act", text, act.actor, note)


def _why_waived(claim: Claim, act: AuditEntry) -> str:
    """Why staff can do without it; it is kept only as long as they can."""
    return next((one.waived_note for one in claim.checklist.all() if one.waived_at == act.at), "")


def _line(at: datetime, kind: str, text: str, by: Any = None, note: str = "") -> dict[str, Any]:
    return {"at": at, "kind": kind, "text": text, "by": str(by.get_full_name() or by) if by else "", "note": note}


def claim_for_page(claim_id: UUID) -> Claim | None:
    """The claim with all that its page shows."""
    joined = Claim.objects.select_related(
        "contact", "definition", "policy__product", "project", "requisites", "registration"
    )
    readings = Prefetch("documents__reading", DocumentReading.objects.defer("words"))
    held = joined.prefetch_related(
        "documents", readings, "checklist__actor", "advice", "document_requests__actor", "consents"
    )
    return held.filter(pk=claim_id).first()


def claim_parts(claim: Claim, language: str, *, now: datetime, may_move: bool) -> dict[str, Any]:
    """Everything about a claim for its page, with texts in `language`; `may_move`: the reader may move deliveries."""
    slots = selectors.claim_slots(claim, language)
    for document in claim.documents.all():
        with_reading(document, claim, language)
    deliveries = claim_deliveries(claim)
    others = [one for one in deliveries if one.chain not in CHAINS and not _is_read(one)]
    known = {one["key"] for one in slots}
    acts = staff_acts(claim)
    papers = {str(one.pk): one.name for one in claim.documents.all()}
    return {
        "event_title": selectors.event_title(claim, language) or claim.event_type,
        "answers": selectors.claim_answers(claim, language),
        "said": claim_said(claim),
        **checklist_parts(claim, slots, language),
        "most": {"ask": ASK_MOST, "note": NOTE_MOST, "reason": REASON_MOST},
        "strays": [one for one in claim.documents.all() if one.slot not in known],
        "requests": [(one, was_waived(one, acts)) for one in claim.document_requests.all()],
        **registration_parts(claim, deliveries, now=now, may_move=may_move),
        "deliveries": [
            (one, words_of(one.handler), papers.get(one.event.data.get("document_id"), "")) for one in others
        ],
        "sums": _sums(claim, language),
        "timeline": claim_staff_timeline(claim, titles_of(claim, language), acts, others),
        "requisites": getattr(claim, "requisites", None),
        "consents": [(consent_title(one.kind, language), one) for one in claim.consents.all()],
        "others": list(
            Claim.objects.filter(contact=claim.contact_id).exclude(pk=claim.pk).exclude(status=Claim.Status.DRAFT)
            .only("number", "status", "listed_at").order_by("-listed_at", "-id")[:6]
        ),
    }  # fmt: skip


def _sums(claim: Claim, language: str) -> list[tuple[str, str]]:
    """What the policy insures and for how much. Staff typed it in: it may be anything."""
    sums = claim.policy.sums if claim.policy else []
    return [(one.get("risk", ""), money_text(str(one.get("amount", "")), one.get("currency", ""), language))
            for one in sums]  # fmt: skip


def _is_read(delivery: Delivery) -> bool:
    """A step of a reading that is over: what came of it stands at the document."""
    return delivery.chain == "reading" and delivery.state == Delivery.State.DONE


def consent_title(kind: str, language: str) -> str:
    """The title of a consent in `language`, or its kind if that text is given no longer."""
    return next((translated(one["title"], language) for one in CONSENTS if one["kind"] == kind), kind)


def policy_fits(claim: Claim) -> bool | None:
    """Was the policy valid on the day of the event? None if one of the two is unknown."""
    if claim.policy is None or claim.event_date is None:
        return None
    return claim.policy.valid_from <= claim.event_date <= claim.policy.valid_until
