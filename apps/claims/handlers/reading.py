"""The steps that read a document: examined for viruses, drawn page by page, read, judged. Each may be done again."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop
from PIL import Image

from apps.claims.events import DocumentReceived
from apps.claims.handlers.turns import in_turn
from apps.claims.models import Document, DocumentReading
from apps.claims.rules.reading import Verdict, facts_of, kind_of, troubles_of, verdict_of
from apps.claims.selectors.reading import document_to_read, slot_kinds
from apps.claims.services import reading as write
from apps.core.drain import MOST_TRIES
from apps.core.errors import NotFound, Unavailable
from apps.core.files import storage
from apps.core.files.errors import FileRefused, StorageFailed
from apps.core.files.reading.drawing import draw_pages
from apps.core.files.reading.errors import OcrFailed, OcrMissing, OcrTimedOut, ReadingFailed
from apps.core.files.reading.ocr import Read, read_text
from apps.core.files.reading.pages import Word
from apps.core.files.signatures import Kind
from apps.core.outbox import Event, Obsolete, Step, Work, chain
from apps.integrations import antivirus

READ_PAGES = 20  # of a file; the rest is left to people
PAGE_SECONDS, DOCUMENT_SECONDS = 30, 300  # of OCR
THUMB_SIDE = 320  # px
GONE = gettext_noop("the document is not there any more")
STORAGE = gettext_noop("the storage does not answer")


@contextlib.contextmanager
def _honest(work: Work) -> Iterator[UUID]:
    """Gives the document's id. What is gone is let go; while the storage is away it is not said to be read."""
    document_id = work.event.document_id
    try:
        try:
            yield document_id
        except StorageFailed as error:
            is_last = work.number >= MOST_TRIES
            note = write.READING_FAILED if is_last else write.STORAGE_AWAY
            write.reading_fail(document_id=document_id, note=note, now=work.clock())
            if not is_last:
                raise Unavailable(STORAGE, "storage_failed") from error
    except NotFound:
        raise Obsolete(GONE) from None


def scan(work: Work) -> None:
    """Asks the scanner. Until it has answered nothing of the file is opened."""
    with _honest(work) as document_id:
        document = document_to_read(document_id)
        with contextlib.closing(storage.open_stream(document.key)) as stream:
            found = antivirus.scan(stream)
        work.reach("file_scanned")
        work.detail["found"] = virus = found.name if isinstance(found, antivirus.Infected) else ""
        write.reading_scanned(document_id=document_id, virus=virus, now=work.clock())


def pages(work: Work) -> None:
    """Draws the first pages. A file that can't be drawn ends with a person who looks at it."""
    with _honest(work) as document_id:
        reading = write.reading_begin(document_id=document_id, number=work.number, now=work.clock(), anew=True)
        if reading.pages or _is_over(reading):
            return
        try:
            document = document_to_read(document_id)
            with in_turn(work, document):
                _draw(work, document)
        except (FileRefused, ReadingFailed) as error:
            work.detail["failed"] = str(error)
            write.reading_fail(document_id=document_id, now=work.clock())


def _is_over(reading: DocumentReading) -> bool:
    return bool(reading.verdict) or reading.note == write.READING_FAILED


def _draw(work: Work, document: Document) -> None:
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as place:
        folder = Path(place)
        original = _fetched(document.key, folder / "original")
        work.reach("before_pages")
        drawn = draw_pages(original, kind=cast(Kind, document.kind), folder=folder, most_pages=READ_PAGES)
        work.reach("pages_drawn")
        write.pages_keep(
            document=document, folder=folder, pages=drawn.pages, words=drawn.words, total=drawn.total, now=work.clock()
        )
    work.detail["pages"] = len(drawn.pages)


def _fetched(key: str, to: Path) -> Path:
    with contextlib.closing(storage.open_stream(key)) as stream, to.open("wb") as copy:
        while piece := stream.read(storage.CHUNK):
            copy.write(piece)
    return to


def text(work: Work) -> None:
    """Reads the pages that carry no words of their own, one by one; a later try goes on with the next page."""
    with _honest(work) as document_id:
        reading = write.reading_begin(document_id=document_id, number=work.number, now=work.clock())
        if _is_over(reading):
            return
        rest = _pages_read(work, reading) if settings.OCR else "ocr_missing"
        write.text_end(document_id=document_id, rest=rest, now=work.clock())


def _pages_read(work: Work, reading: DocumentReading) -> str:
    """Why the pages that are left could not be read; empty if none is left."""
    document, ends = document_to_read(reading.document_id), time.monotonic() + DOCUMENT_SECONDS
    for row in reading.pages:
        if row["read"]:
            continue
        if (left := int(ends - time.monotonic())) < 1:
            return "ocr_timeout"
        work.reach("before_page")
        try:
            with in_turn(work, document):
                _page_read(work, document, row["number"], row["key"], min(PAGE_SECONDS, left))
        except OcrMissing:
            return "ocr_missing"
        except (OcrTimedOut, OcrFailed) as error:
            why = "ocr_timeout" if isinstance(error, OcrTimedOut) else "ocr_failed"
            write.page_read(document_id=document.pk, number=row["number"], read=why, now=work.clock())
        work.reach("page_read")
    return ""


def _page_read(work: Work, document: Document, number: int, key: str, seconds: int) -> None:
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as place:
        picture = _fetched(key, Path(place) / "page.jpg")
        read: Read = read_text(picture, page=number, seconds=seconds)
        if not read.turned:
            write.page_read(document_id=document.pk, number=number, words=read.words, now=work.clock())
            return
        write.page_turn(
            document=document, number=number, turned=read.turned, picture=picture, thumb=_thumb(picture),
            words=read.words, now=work.clock(),
        )  # fmt: skip


def _thumb(picture: Path) -> Path:
    path = picture.with_name("thumb.jpg")
    with Image.open(picture) as opened:
        opened.thumbnail((THUMB_SIDE, THUMB_SIDE), reducing_gap=2.0)
        opened.save(path, "JPEG", quality=80)
    return path


def verdict(work: Work) -> None:
    """Says what the paper is, what it says, and whether it fits. What nobody could read is left to a person."""
    with _honest(work) as document_id:
        reading = write.reading_begin(document_id=document_id, number=work.number, now=work.clock())
        if reading.verdict:
            return
        if reading.note == write.READING_FAILED:
            write.reading_judge(document_id=document_id, verdict=Verdict("doubtful", "not_read"), now=work.clock())
            return
        document = document_to_read(document_id)
        words = [Word.from_json(one) for one in reading.words]
        seen = [write.page_of(row) for row in reading.pages]
        work.reach("before_verdict")
        found, troubles = kind_of(words, document.claim.definition.content.get("kinds", [])), troubles_of(seen, words)
        write.reading_judge(
            document_id=document_id, found=found, troubles=troubles, now=work.clock(),
            facts=facts_of(words, today=timezone.localdate(work.now)),
            verdict=_fair(reading, verdict_of(
                slot_kinds=slot_kinds(document), found=found, troubles=troubles, read=_is_read(reading)
            )),
        )  # fmt: skip


def _is_read(reading: DocumentReading) -> bool:
    return any(row["read"] in write.READ for row in reading.pages)


def _fair(reading: DocumentReading, said: Verdict) -> Verdict:
    """Nothing is rejected for pages that nobody has read."""
    is_seen = reading.total_pages == len(reading.pages)
    is_read = said.code == "empty" or all(row["read"] in write.READ for row in reading.pages)
    return said if said.state != "rejected" or (is_seen and is_read) else Verdict("doubtful", "not_read")


def to_scanner(event: Event) -> bool:
    return bool(settings.CLAMAV_URL)


chain(
    "reading",
    on=DocumentReceived,
    lane="heavy",
    steps=[
        Step("scan", scan, "antivirus", wanted=to_scanner),
        Step("pages", pages, "reading"),
        Step("text", text, "reading"),
        Step("verdict", verdict, "reading"),
    ],
)
