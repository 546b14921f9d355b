"""Reads for handing a claim over to the company's systems."""

from dataclasses import dataclass
from uuid import UUID

from apps.claims.errors import ClaimNotFound
from apps.claims.models import Claim, Document, Registration
from apps.claims.rules import handover
from apps.claims.selectors import with_definition


@dataclass(frozen=True)
class HandoverFile:
    """A document as it is called outside: `slot` and `name` make its path, `key` is its place in our storage."""

    id: UUID
    name: str
    key: str
    sha256: str
    size: int
    is_handed_over: bool


def claim_to_register(claim_id: UUID) -> Claim:
    """A claim with all that the company's systems are told. Raises ClaimNotFound."""
    rows = Claim.objects.select_related("contact", "project", "policy__product", "requisites", "registration")
    found = rows.filter(pk=claim_id).exclude(status=Claim.Status.DRAFT).first()
    if found is None:
        raise ClaimNotFound
    return with_definition(found)


def registration_of(claim: Claim) -> Registration:
    """The claim's registration; an empty one that is not stored before the first step."""
    return getattr(claim, "registration", None) or Registration(claim=claim)


def handover_files(claim_id: UUID) -> list[HandoverFile]:
    """The documents that are handed over, in the order of their coming, under names that differ."""
    rows = list(Document.objects.filter(claim=claim_id).order_by("created_at", "id"))
    # Those that are there already first: clocks differ, and a later twin must not take the name of an earlier one.
    rows.sort(key=lambda one: (one.handed_over_at is None, one.created_at, one.pk))
    names = handover.file_names([f"{one.slot} {one.name}" for one in rows])  # of all: a judgement renames no file
    return [
        HandoverFile(one.pk, name, one.key, one.sha256, one.size, one.handed_over_at is not None)
        for one, name in zip(rows, names, strict=True)
        if one.state != Document.State.REJECTED
    ]
