"""What the reading of a document needs to know, and what people read of it afterwards."""

from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from apps.claims.models import Claim, Document
from apps.claims.reading_texts import verdict_text
from apps.claims.selectors import form_slots, with_definition
from apps.core.errors import NotFound
from apps.core.models import AuditEntry, Delivery


def document_to_read(document_id: UUID) -> Document:
    """A document with its claim and the form that the claim is filled in by. Raises NotFound."""
    found = Document.objects.select_related("claim").filter(pk=document_id).first()
    if found is None:
        raise NotFound
    with_definition(found.claim)
    return found


def others_wait(contact_id: UUID) -> bool:
    """Whether papers of other applicants wait to be read, and for nothing else. What has given way before is not asked.

    So two of them that have both had their share don't wait for each other.
    """
    mine = [f"claim:{claim_id}" for claim_id in Claim.objects.filter(contact=contact_id).values_list("pk", flat=True)]
    steps = Delivery.objects.filter(chain="reading")
    before = steps.filter(event=OuterRef("event"), position__lt=OuterRef("position")).exclude(state__in=Delivery.FINAL)
    waiting = steps.filter(state=Delivery.State.QUEUED, target="reading").exclude(event__aggregate__in=mine)
    return waiting.filter(~Exists(before)).exists()


def slot_kinds(document: Document) -> list[str]:
    """The kinds of paper that fit the document's slot; none if any does, or if the form has no such slot any more."""
    slot = next((one for one in form_slots(document.claim) if one["key"] == document.slot), None)
    return list(slot.get("kinds") or []) if slot else []


def document_reason(document: Document, claim: Claim, language: str, *, for_staff: bool = False) -> str:
    """Why a document is rejected or doubtful, in `language`: in the staff's own words, else by what was found."""
    if document.judgement:
        return document.reason
    reading = getattr(document, "reading", None)
    if reading is None or document.state not in (Document.State.REJECTED, Document.State.DOUBTFUL):
        return ""
    slot = next((one for one in form_slots(claim) if one["key"] == document.slot), None)
    return verdict_text(reading, claim.definition.content, slot, language, for_staff=for_staff)


def judgement_said(document: Document) -> str:
    """How the document was judged last, by whom of the staff and when, as a sentence."""
    of_it = AuditEntry.objects.filter(object_type=document._meta.label, object_id=str(document.pk))
    judged = of_it.filter(action__in=[f"document.{state}" for state in ("accepted", "rejected", "received")])
    last = judged.select_related("actor").first()
    if last is None or last.actor is None:
        return _("The document has this state already.")
    words = {
        Document.Judgement.ACCEPTED: _("Already accepted: %(name)s, %(at)s."),
        Document.Judgement.REJECTED: _("Already rejected: %(name)s, %(at)s."),
        Document.Judgement.NONE: _("The decision was taken back: %(name)s, %(at)s."),
    }[Document.Judgement(document.judgement)]
    at = date_format(localtime(last.at), "SHORT_DATETIME_FORMAT")
    return words % {"name": last.actor.get_full_name() or str(last.actor), "at": at}
