"""What the steps of a document's reading write down. Nothing is locked while a page is drawn or read."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from apps.claims.events import DocumentAdded, DocumentRejected
from apps.claims.models import ChecklistEntry, Document, DocumentReading
from apps.claims.rules.reading import Fact, KindFound, Trouble, Verdict
from apps.claims.services.changes import claim_lock, claim_save, claim_tell
from apps.core.errors import DomainError, NotFound
from apps.core.files import storage
from apps.core.files.errors import StorageFailed
from apps.core.files.reading.pages import Page, Word
from apps.core.outbox import publish

Stage, Verdicts = DocumentReading.Stage, DocumentReading.Verdict
MOST_TRIES = 3  # of a step: whatever its workers died of, they will die of it again
# What a page's "read" says, the worst first. Empty: nobody has read it yet.
UNREAD = ("ocr_missing", "ocr_timeout", "ocr_failed")
READ = ("layer", "ocr")
READING_FAILED, STORAGE_AWAY, FIRST_PAGES = "reading_failed", "storage_away", "only_first_pages"
INFECTED = "infected"


@transaction.atomic
def reading_begin(*, document_id: UUID, number: int, now: datetime, anew: bool = False) -> DocumentReading:
    """The reading for try `number` of a step to go on with. With `anew` one that has ended is begun once more.

    When its tries are used up its note is READING_FAILED. One that has ended stays as it is. Raises NotFound.
    """
    document = _locked(document_id, now)
    reading, _new = DocumentReading.objects.get_or_create(document=document)
    if reading.verdict and anew and reading.code != INFECTED:
        _forget(document, reading)
    if reading.verdict:
        return reading
    is_lost = number >= MOST_TRIES and reading.note != STORAGE_AWAY  # nobody dies of a storage that is away
    reading.note = READING_FAILED if is_lost or reading.note == READING_FAILED else ""
    reading.save()
    _settle(document, reading, now)
    return reading


def _forget(document: Document, reading: DocumentReading) -> None:
    _drop(document, reading.keys())
    blank = DocumentReading()
    for name in ("stage", "total_pages", "pages", "words", "facts", "kind", "score", "troubles", "verdict", "code",
                 "params", "note", "ended_at"):  # fmt: skip
        setattr(reading, name, getattr(blank, name))


def _drop(document: Document, keys: Sequence[str]) -> None:
    """Remove pictures, of which the document's preview may be one."""
    if document.preview_key in keys:
        document.preview_key = document.thumb_key = ""
        document.save(update_fields=["preview_key", "thumb_key", "updated_at"])
    transaction.on_commit(lambda: storage.delete(key for key in keys if key), robust=True)


@transaction.atomic
def reading_fail(*, document_id: UUID, note: str = READING_FAILED, now: datetime) -> None:
    """Nothing more can be read of it, or with STORAGE_AWAY not now: then it is not said to be read meanwhile."""
    document = _locked(document_id, now)
    reading, _new = DocumentReading.objects.get_or_create(document=document)
    if not reading.verdict:
        reading.note = note
        reading.save(update_fields=["note", "updated_at"])
        _settle(document, None if note == STORAGE_AWAY else reading, now)


@transaction.atomic
def reading_scanned(*, document_id: UUID, virus: str = "", now: datetime) -> None:
    """The scanner has looked at the file; what it calls a `virus` ends the reading. Raises NotFound."""
    document = _locked(document_id, now)
    reading, _new = DocumentReading.objects.get_or_create(document=document)
    if virus:
        _forget(document, reading)
        _drop(document, [document.preview_key, document.thumb_key])
        document.insisted_at = None  # nobody insists on a virus
        document.save(update_fields=["insisted_at", "updated_at"])
        _end(document, reading, Verdict("rejected", INFECTED, {"virus": virus}), now)
    elif not reading.verdict or reading.code == INFECTED:
        _forget(document, reading)
        reading.stage = Stage.SCANNED
        reading.save()
        _settle(document, reading, now)


def pages_keep(
    *, document: Document, folder: Path, pages: Sequence[Page], words: Sequence[Word], total: int, now: datetime
) -> None:
    """Keep the pictures in `folder` beside the document's file. Raises NotFound, StorageFailed; then none is left."""
    rows, keys = list[dict[str, Any]](), list[str]()
    try:
        for page in pages:
            pair = [_key(document), _key(document)]
            keys += pair
            for name, key in zip(("page", "thumb"), pair, strict=True):
                picture_store(folder / f"{name}-{page.number:03}.jpg", key)
            read = "layer" if page.has_text else ""
            rows.append({**page.to_json(), "key": pair[0], "thumb_key": pair[1], "read": read})
        is_new = _write_pages(document.pk, rows, words, total, now)
    except DomainError:  # of any other error nobody knows whether the row was written
        _discard(keys)
        raise
    if not is_new:
        _discard(keys)


def _key(document: Document) -> str:
    return f"{pages_folder(document)}/{uuid4().hex}.jpg"


def pages_folder(document: Document) -> str:
    """Where the pictures of a document's pages are, also those that no row knows of."""
    return f"{document.key.rpartition('/')[0]}/pages"


def picture_store(path: Path, key: str) -> None:
    sha256, size = storage.hash_file(path)
    storage.require_free_space(size)
    storage.store(path, key=key, sha256=sha256, size=size, content_type="image/jpeg")


def _discard(keys: list[str]) -> None:
    with contextlib.suppress(StorageFailed):  # it logs what stays
        storage.delete(keys)


@transaction.atomic
def _write_pages(
    document_id: UUID, rows: list[dict[str, Any]], words: Sequence[Word], total: int, now: datetime
) -> bool:
    """Whether the pages were not there yet."""
    document = _locked(document_id, now)
    reading = DocumentReading.objects.get(document=document)
    if reading.pages or reading.verdict:
        return False
    reading.pages, reading.total_pages, reading.stage = rows, total, Stage.DRAWN
    reading.words = [word.to_json() for word in words]
    reading.save()
    if not document.preview_key and rows:
        document.preview_key, document.thumb_key = rows[0]["key"], rows[0]["thumb_key"]
        document.save(update_fields=["preview_key", "thumb_key", "updated_at"])
    _settle(document, reading, now)
    return True


def page_turn(
    *, document: Document, number: int, turned: int, picture: Path, thumb: Path, words: Sequence[Word], now: datetime
) -> None:
    """As `page_read`, of a page whose `picture` was turned clockwise by `turned` degrees: it takes the old one's place.

    Raises NotFound, StorageFailed.
    """
    pair = [_key(document), _key(document)]
    try:
        for path, key in zip((picture, thumb), pair, strict=True):
            picture_store(path, key)
        is_new = page_read(document_id=document.pk, number=number, words=words, now=now, turned=turned, pair=pair)
    except DomainError:
        _discard(pair)
        raise
    if not is_new:
        _discard(pair)


@transaction.atomic
def page_read(
    *,
    document_id: UUID,
    number: int,
    words: Sequence[Word] = (),
    read: str = "ocr",
    now: datetime,
    turned: int = 0,
    pair: Sequence[str] = (),
) -> bool:
    """Keep the words of one page, or in `read` why nobody could read it; False if that is known. Raises NotFound."""
    document = _locked(document_id, now)
    reading = DocumentReading.objects.get(document=document)
    place = next((n for n, one in enumerate(reading.pages) if one["number"] == number and not one["read"]), None)
    if place is None or reading.verdict:
        return False
    row = reading.pages[place]
    reading.words += [word.to_json() for word in words]
    reading.pages[place] = {**row, "read": read}
    if pair:
        reading.pages[place] |= _turned(row, turned) | {"key": pair[0], "thumb_key": pair[1]}
        _swap(document, [row["key"], row["thumb_key"]], pair, is_first=place == 0)
    reading.save(update_fields=["pages", "words", "updated_at"])
    _settle(document, reading, now)
    return True


def _turned(row: dict[str, Any], turned: int) -> dict[str, Any]:
    page = page_of(row)
    size = (page.height, page.width) if turned % 180 else (page.width, page.height)
    return replace(page, width=size[0], height=size[1], turned=(page.turned + turned) % 360).to_json()


def _swap(document: Document, old: list[str], new: Sequence[str], *, is_first: bool) -> None:
    """The turned pictures take the place of the old ones; of the first page also where the document is listed."""
    if is_first:
        old = list(dict.fromkeys(filter(None, [*old, document.preview_key, document.thumb_key])))
        document.preview_key, document.thumb_key = new
        document.save(update_fields=["preview_key", "thumb_key", "updated_at"])
    transaction.on_commit(lambda: storage.delete(old), robust=True)


def page_of(row: dict[str, Any]) -> Page:
    """A page as rules know it, of its row in `DocumentReading.pages`."""
    return Page.from_json({name: value for name, value in row.items() if name not in ("key", "thumb_key", "read")})


@transaction.atomic
def text_end(*, document_id: UUID, rest: str = "", now: datetime) -> None:
    """No more pages will be read; `rest` says why the others were not. Raises NotFound."""
    document = _locked(document_id, now)
    reading = DocumentReading.objects.get(document=document)
    if reading.verdict:
        return
    reading.pages = [{**row, "read": row["read"] or rest} for row in reading.pages]
    reading.stage = Stage.READ
    reading.save(update_fields=["pages", "stage", "updated_at"])
    _settle(document, reading, now)


@transaction.atomic
def reading_judge(
    *,
    document_id: UUID,
    verdict: Verdict,
    found: KindFound | None = None,
    facts: Sequence[Fact] = (),
    troubles: Sequence[Trouble] = (),
    now: datetime,
) -> None:
    """End the reading with what was found. Staff's own judgement stays. Raises NotFound."""
    document = _locked(document_id, now)
    reading = DocumentReading.objects.get(document=document)
    if reading.verdict:
        return
    if found:
        reading.kind, reading.score = found.code, found.score
    reading.facts = [fact.to_json() for fact in facts]
    reading.troubles = [{"code": one.code, "page": one.page} for one in troubles]
    reading.note = note_of(reading)
    _end(document, reading, verdict, now)


def note_of(reading: DocumentReading) -> str:
    """What could not be done, the worst of it; empty if all of it was read."""
    if reading.note == READING_FAILED:
        return READING_FAILED
    reads = {row["read"] or UNREAD[-1] for row in reading.pages}
    rest = FIRST_PAGES if reading.total_pages > len(reading.pages) else ""
    return next((code for code in UNREAD if code in reads), rest)


def _end(document: Document, reading: DocumentReading, verdict: Verdict, now: datetime) -> None:
    reading.verdict, reading.code, reading.params = Verdicts(verdict.state), verdict.code, dict(verdict.params)
    reading.stage, reading.ended_at = Stage.JUDGED, now
    reading.save()
    before = document.state
    _settle(document, reading, now)
    claim = document.claim
    if document.state == Document.State.REJECTED != before and claim.takes_documents and not claim.is_draft:
        publish(DocumentRejected(claim_id=claim.pk, document_id=document.pk), now=now)


def _locked(document_id: UUID, now: datetime) -> Document:
    """The document with its claim locked. Raises NotFound, also for a draft whose time is over: it is being purged."""
    claim_id = Document.objects.filter(pk=document_id).values_list("claim_id", flat=True).first()
    claim = claim_lock(claim_id) if claim_id else None
    found = claim.documents.filter(pk=document_id).first() if claim else None
    if claim is None or found is None or (claim.is_draft and claim.expires_at and claim.expires_at <= now):
        raise NotFound
    return found


def document_follow(document: Document, was: str, now: datetime) -> None:
    """A document of a submitted claim that is rejected no longer has to follow the others.

    One that fits, or that the applicant insists on, takes back their word that they have none.
    """
    if document.state == Document.State.ACCEPTED or document.insisted_at == now:
        said = ChecklistEntry.objects.filter(claim=document.claim, kind="document", key=document.slot)
        for entry in said.filter(waived__in=ChecklistEntry.BY_APPLICANT):
            entry.take_back(now)
    left = was == Document.State.REJECTED and document.state != was
    if left and not document.claim.is_draft and document.handed_over_at is None:
        publish(DocumentAdded(claim_id=document.claim_id, document_id=document.pk), now=now)


def _settle(document: Document, reading: DocumentReading | None, now: datetime) -> None:
    before = document.state
    document.settle(reading)
    if document.state == before:
        claim_tell(document.claim, ["documents"])
        return
    document.save(update_fields=["state", "updated_at"])
    document_follow(document, before, now)
    claim_save(document.claim, now=now, what=["documents"])
