"""The steps that hand a claim's documents over, and the last one, which says that all is done."""

from functools import partial
from typing import IO

from django.utils.translation import gettext_noop

from apps.claims.models import Claim
from apps.claims.rules.handover import set_digest
from apps.claims.selectors.registration import HandoverFile, claim_to_register, handover_files, registration_of
from apps.claims.services.registration import (
    archive_note,
    document_handed_over,
    registration_complete,
    registration_note,
)
from apps.core.files.bundle import Entry, bundle
from apps.core.files.storage import open_stream
from apps.core.outbox import Postponed, Work
from apps.integrations.archive import get_archive
from apps.integrations.files import get_share

OTHER_FILES = gettext_noop("A document came or was judged meanwhile.")


def files(work: Work) -> None:
    """Each document to the company's share: the project's folder, the claim's folder in it."""
    claim, share = claim_to_register(work.event.claim_id), get_share()
    folder = registration_of(claim).folder or project_folder(claim)
    registration_note(claim_id=claim.pk, folder=folder)
    waiting = [one for one in handover_files(claim.pk) if not one.is_handed_over]
    for one in waiting:
        work.reach("before_intent")
        path = share.put(folders=[folder, claim.number], name=one.name, size=one.size, read=partial(_open, one))
        work.reach("after_answer")
        document_handed_over(document_id=one.id, path=path, now=work.clock())
        work.reach("after_saving")
    work.detail["files"] = len(waiting)
    if not waiting:
        work.asked_nobody()


def project_folder(claim: Claim) -> str:
    """The project's folder: its policy and person, and a sign that namesakes do not share. Then kept with the claim."""
    parts = (claim.policy_number, claim.contact.full_name, claim.contact_id.hex[:8])
    return " ".join(part for part in parts if part)


def archive(work: Work) -> None:
    """All documents in one ZIP for the insurer. Its key says what is in it, so a repetition replaces like by like."""
    claim, held = claim_to_register(work.event.claim_id), handover_files(work.event.claim_id)
    if not held:
        work.asked_nobody()
        return
    digest = set_digest((one.name, one.sha256) for one in held)
    key = f"insurers/{claim.number}/{digest[:24]}.zip"
    entries = [Entry(one.name, str(one.id), one.size, partial(_open, one)) for one in held]
    work.reach("before_intent")
    stored = get_archive().put(key, bundle(entries), content_type="application/zip", file_name=f"{claim.number}.zip")
    work.reach("after_answer")
    if not archive_note(
        claim_id=claim.pk, digest=digest, now=work.clock(), archive_key=key, archive_sha256=stored.sha256,
        archive_size=stored.size, archive_files=len(held),
    ):  # fmt: skip
        raise Postponed(OTHER_FILES, 1)
    work.reach("after_saving")


def _open(one: HandoverFile) -> IO[bytes]:
    return open_stream(one.key)


def complete(work: Work) -> None:
    registration_complete(claim_id=work.event.claim_id, now=work.clock())
