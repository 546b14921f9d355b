"""A claim's files: looked at, stored and read back before anyone is told that they are received."""

import contextlib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.claims.errors import ClaimNotEditable, ClaimNotFound, DocumentRefused
from apps.claims.events import DocumentAdded, DocumentReceived, DocumentRejected
from apps.claims.models import Claim, Document, DocumentReading
from apps.claims.selectors import form_slots, with_definition
from apps.claims.selectors.reading import judgement_said
from apps.claims.services.changes import REASON_MOST, claim_lock, claim_save, require_takes_documents
from apps.claims.services.reading import INFECTED, document_follow, pages_folder
from apps.core import audit
from apps.core.errors import Conflict, DomainError, NotFound
from apps.core.files import storage
from apps.core.files.child import Inspection, inspect_file
from apps.core.files.errors import StorageFailed
from apps.core.files.names import clean_name
from apps.core.outbox import publish
from apps.core.texts import kept_text

MB = 1024 * 1024
MOST_WITH_REJECTED = 3  # times MAX_CLAIM_FILES


@dataclass(frozen=True)
class _Kept:
    """What was put into the storage for one file. Each upload has keys of its own.

    Were they made from the content, a file that is deleted in one tab and sent again in another would be lost.
    """

    key: str
    preview_key: str
    thumb_key: str
    seen: Inspection

    def discard(self) -> None:
        _discard([self.key, self.preview_key, self.thumb_key])


def _discard(keys: list[str]) -> None:
    """Remove files as far as the storage lets us; it logs what stays, and an expired draft takes that along."""
    with contextlib.suppress(StorageFailed):
        storage.delete(key for key in keys if key)


def document_add(*, claim_id: UUID, slot: str, path: Path, name: str, now: datetime) -> tuple[Document, bool]:
    """Take the file at `path` into `slot`; when this returns it is stored and equal. The flag says whether it is new.

    The same file in the same slot is the same document. Raises DocumentRefused, FileRefused, FilesBusy, StorageFailed,
    StorageFull, ClaimNotEditable.
    """
    sha256, size = storage.hash_file(path)
    claim = Claim.objects.filter(pk=claim_id).first()
    if claim is None:
        raise ClaimNotFound
    require_takes_documents(claim, now)
    if known := claim.documents.filter(slot=slot, sha256=sha256).first():
        return known, False
    _require_room(with_definition(claim), slot, size, now)
    storage.require_free_space(size)
    kept = _keep(claim, path, sha256, size)
    try:
        document, is_new = _write(claim_id, slot, kept, clean_name(name), sha256, size, now)
    except DomainError:  # of any other error nobody knows whether the row was written: better an orphan than a gap
        kept.discard()
        raise
    if not is_new:
        kept.discard()
    return document, is_new


@transaction.atomic
def _write(
    claim_id: UUID, slot: str, kept: _Kept, name: str, sha256: str, size: int, now: datetime
) -> tuple[Document, bool]:
    """The row of a file that is kept; or the row of its twin, which came in meanwhile."""
    claim = claim_lock(claim_id)
    if known := claim.documents.filter(slot=slot, sha256=sha256).first():
        return known, False
    _require_room(claim, slot, size, now)
    document = Document.objects.create(
        claim=claim, slot=slot, name=name, kind=kept.seen.kind, content_type=kept.seen.mime, size=size, sha256=sha256,
        pages=kept.seen.pages, key=kept.key, preview_key=kept.preview_key, thumb_key=kept.thumb_key,
    )  # fmt: skip
    _answer_requests(claim, slot, now)
    claim_save(claim, now=now, what=["documents"])
    publish(DocumentReceived(claim_id=claim.pk, document_id=document.pk), now=now)
    if not claim.is_draft:
        publish(DocumentAdded(claim_id=claim.pk, document_id=document.pk), now=now)
    return document, True


def _require_room(claim: Claim, slot: str, size: int, now: datetime) -> None:
    require_takes_documents(claim, now)
    slots = {one["key"]: one for one in form_slots(claim)}
    if slot not in slots:
        raise DocumentRefused(_("There is no such document in this claim."), code="slot_unknown", attr="slot")
    # A rejected file leaves room for a better one; all together still have an end.
    good = claim.documents.exclude(state=Document.State.REJECTED)
    held = good.aggregate(files=Count("pk"), bytes=Sum("size"))
    flood = claim.documents.count() >= MOST_WITH_REJECTED * settings.MAX_CLAIM_FILES
    if flood or held["files"] >= settings.MAX_CLAIM_FILES or (held["bytes"] or 0) + size > settings.MAX_CLAIM_MB * MB:
        text = _("A claim holds %(files)d files of %(mb)d MB in all.")
        raise _too_many(claim, text % {"files": settings.MAX_CLAIM_FILES, "mb": settings.MAX_CLAIM_MB})
    if good.filter(slot=slot).count() >= slots[slot]["max_files"]:
        raise _too_many(claim, _("There are %(n)d files here already.") % {"n": slots[slot]["max_files"]})


def _too_many(claim: Claim, text: str) -> DocumentRefused:
    what_to_do = _("Remove one first.") if claim.is_draft else _("Write to us if you need to send more.")
    return DocumentRefused(f"{text} {what_to_do}", code="too_many_files", attr="file")


def _keep(claim: Claim, path: Path, sha256: str, size: int) -> _Kept:
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        preview, thumb = Path(folder) / "preview.jpg", Path(folder) / "thumb.jpg"
        seen = inspect_file(path, preview_to=preview, thumb_to=thumb)
        place = f"claims/{claim.pk}/{uuid4().hex}"
        keys = {"original": f"{place}/original.{seen.kind}", "preview": "", "thumb": ""}
        storage.store(path, key=keys["original"], sha256=sha256, size=size, content_type=seen.mime)
        for part, file in (("preview", preview), ("thumb", thumb)):
            if file.exists() and file.stat().st_size:
                keys[part] = f"{place}/{part}.jpg"
                part_hash, part_size = storage.hash_file(file)
                try:
                    storage.store(file, key=keys[part], sha256=part_hash, size=part_size, content_type="image/jpeg")
                except StorageFailed:
                    _discard(list(keys.values()))
                    raise
    return _Kept(keys["original"], keys["preview"], keys["thumb"], seen)


def _answer_requests(claim: Claim, slot: str, now: datetime) -> None:
    asked = claim.document_requests.filter(kind="document", answered_at=None, slot__in=[slot, ""])
    asked.update(answered_at=now)


def document_delete(*, claim_id: UUID, document_id: UUID, now: datetime) -> None:
    """Remove a file of a draft; what was submitted stays. Raises NotFound, Conflict, ClaimNotEditable."""
    with transaction.atomic():
        claim = claim_lock(claim_id)
        require_takes_documents(claim, now)
        document = claim.documents.filter(pk=document_id).first()
        if document is None:
            raise NotFound
        if not claim.is_draft:
            raise Conflict(_("A document of a submitted claim stays with it."), code="document_submitted")
        keys, pages = document.keys(), pages_folder(document)
        document.delete()
        claim_save(claim, now=now, what=["documents"])
        transaction.on_commit(lambda: storage.delete(keys), robust=True)
        transaction.on_commit(lambda: storage.delete_folder(pages), robust=True)


@transaction.atomic
def document_judge(
    *, document_id: UUID, state: Document.State, reason: str, actor: User, now: datetime, seen: str | None = None
) -> Document:
    """Accept a document, or reject it with a reason for the applicant; RECEIVED takes the judgement back.

    `seen` is the judgement that the actor had before their eyes: where somebody has judged since, nothing changes.

    Raises NotFound, Conflict, TextRefused, ClaimNotEditable.
    """
    claim_id = Document.objects.filter(pk=document_id).values_list("claim_id", flat=True).first()
    claim = claim_lock(claim_id) if claim_id else None
    found = claim.documents.filter(pk=document_id).first() if claim else None
    if claim is None or found is None:
        raise NotFound
    if claim.is_draft:
        raise ClaimNotEditable  # by staff: it has not been handed over yet
    if seen is not None and seen != found.judgement:
        said = [judgement_said(found), _("Nothing was changed: look at it once more.")]
        raise Conflict(" ".join(said), code="judged_meanwhile")
    reason = kept_text(reason, most=REASON_MOST)
    if state == Document.State.REJECTED and not reason:
        raise Conflict(_("Say why, so that the applicant can send a better one."), code="reason_required")
    was = found.state
    found.judgement = Document.Judgement("" if state == Document.State.RECEIVED else state)
    found.reason = reason if state == Document.State.REJECTED else ""
    found.settle(reading_of(found))
    found.save(update_fields=["judgement", "state", "reason", "updated_at"])
    claim_save(claim, now=now, what=["documents"])
    audit.record(action=f"document.{state}", target=found, actor=actor, now=now, reason=found.reason)
    document_follow(found, was, now)
    if state == Document.State.REJECTED:
        publish(DocumentRejected(claim_id=claim.pk, document_id=found.pk), now=now)
    return found


@transaction.atomic
def document_keep(*, claim_id: UUID, document_id: UUID, now: datetime) -> Document:
    """The applicant says that a document which the reading rejected is the right one: staff will look at it.

    Raises NotFound, Conflict for what staff rejected or what holds a virus, ClaimNotEditable.
    """
    claim = claim_lock(claim_id)
    require_takes_documents(claim, now)
    found = claim.documents.filter(pk=document_id).first()
    if found is None:
        raise NotFound
    if found.judgement == Document.Judgement.REJECTED:
        raise Conflict(_("A person has looked at this document. Please send another."), code="judged_by_staff")
    reading = reading_of(found)
    if reading and reading.code == INFECTED:
        raise Conflict(_("This file is not safe. Please send another."), code="document_infected")
    if found.state == Document.State.REJECTED:
        was, found.insisted_at = found.state, now
        found.settle(reading)
        found.save(update_fields=["insisted_at", "state", "updated_at"])
        document_follow(found, was, now)
        claim_save(claim, now=now, what=["documents"])
    return found


def reading_of(document: Document) -> DocumentReading | None:
    """What was read from the document; None before its reading has begun."""
    return DocumentReading.objects.filter(document=document).first()
