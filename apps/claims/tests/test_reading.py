"""A document from its coming to its verdict, over real files, real children and real deliveries."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageEnhance, ImageFilter

from apps.accounts.models import User
from apps.claims.demo.papers import draw_pdf, draw_photo
from apps.claims.events import DocumentReceived, DocumentRejected
from apps.claims.handlers import reading as steps
from apps.claims.handlers import turns
from apps.claims.models import Claim, Document, DocumentReading, FormDefinition
from apps.claims.selectors.reading import document_reason
from apps.claims.services import document_add, document_delete, document_judge, document_keep
from apps.claims.services.reading import INFECTED, STORAGE_AWAY
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, FormDefinitionFactory, definition_content
from apps.core.drain import MOST_TRIES, drain
from apps.core.errors import Conflict
from apps.core.files import storage
from apps.core.files.errors import StorageFailed
from apps.core.files.reading.errors import DrawingTimedOut, OcrMissing, OcrTimedOut
from apps.core.files.reading.ocr import Read, ocr_languages
from apps.core.files.reading.pages import Box, Word
from apps.core.files.signatures import MIME, Kind
from apps.core.models import Delivery, OutboxEvent
from apps.core.outbox import publish
from apps.integrations.tests.clamd import Clamd, nobody, running_clamd

pytestmark = pytest.mark.django_db(transaction=True)
needs_tesseract = pytest.mark.skipif(not ocr_languages(), reason="needs tesseract")
State = Document.State
NOTE = "delay_note"
SMEAR = ImageFilter.GaussianBlur(14)
KINDS = json.loads((Path(__file__).parent.parent / "catalogue" / "document_kinds.json").read_text())
DELAY = ("Delay certificate", ["This is to certify that flight XY 123 was delayed by seven hours.",
         "Scheduled departure 02.11.2026 10:20, actual 17:20.", "Reason of the delay: technical"])  # fmt: skip
PASS = ("Boarding pass", ["Passenger SOKOLOVA MARIA", "Flight XY 123", "Gate 7   Seat 12A   Boarding time 09:40",
        "Please be at the gate 20 minutes before departure"])  # fmt: skip


class Killed(BaseException):
    """What a try meets that a signal ends: nobody writes down how it ended."""


class Worker:
    """Runs what is due, on a clock that a test moves; dies, or does something else, at the points that a test names."""

    def __init__(self) -> None:
        self.later, self.at = timedelta(), dict[str, list[Any]]()

    def clock(self) -> datetime:
        return timezone.now() + self.later

    def drain(self, **later: float) -> int:
        self.later += timedelta(**later)
        return drain("heavy", clock=self.clock)

    def killed(self, **later: float) -> None:
        with pytest.raises(Killed):
            self.drain(**later)

    def reach(self, place: str) -> None:
        if waiting := self.at.get(place):
            act = waiting.pop(0)
            if act is not None:
                act()


def die() -> None:
    raise Killed


def reach(place: str) -> None:
    current.reach(place)


current = Worker()


@pytest.fixture
def worker(settings: LazySettings) -> Worker:
    global current
    current = Worker()
    settings.FAILPOINT_HOOK = f"{__name__}.reach"
    return current


@pytest.fixture
def definition() -> FormDefinition:
    content = json.loads(json.dumps(definition_content()))
    content["kinds"] = KINDS
    for slot in content["event_types"][0]["slots"]:
        slot["kinds"] = {"delay_note": ["delay_certificate"], "boarding_pass": ["boarding_pass"]}[slot["key"]]
    made: FormDefinition = FormDefinitionFactory(content=content)
    return made


@pytest.fixture
def draft(definition: FormDefinition) -> Claim:
    claim: Claim = ClaimFactory(definition=definition, draft=True)
    return claim


@pytest.fixture
def submitted(definition: FormDefinition) -> Claim:
    claim: Claim = ClaimFactory(definition=definition)
    return claim


@pytest.fixture
def olga() -> User:
    return User.objects.create_user("olga", password="x", is_staff=True)


def send(claim: Claim, path: Path) -> Document:
    """What an upload leaves behind, without looking into the file, which takes a child of its own."""
    kind: Kind = "pdf" if path.suffix == ".pdf" else "jpeg"
    sha256, size = storage.hash_file(path)
    file: dict[str, Any] = {
        "key": f"claims/{claim.pk}/{uuid4().hex}/original", "sha256": sha256, "size": size, "content_type": MIME[kind]
    }  # fmt: skip
    storage.store(path, **file)
    with transaction.atomic():
        document: Document = DocumentFactory(claim=claim, slot=NOTE, name=path.name, kind=kind, **file)
        publish(DocumentReceived(claim_id=claim.pk, document_id=document.pk), now=timezone.now())
    return document


def upload(claim: Claim, path: Path) -> Document:
    return document_add(claim_id=claim.pk, slot=NOTE, path=path, name=path.name, now=timezone.now())[0]


def pdf(folder: Path, paper: tuple[str, list[str]] = DELAY) -> Path:
    path = folder / "paper.pdf"
    draw_pdf(path, *paper)
    return path


def copy(folder: Path, number: int) -> Path:
    """One of several papers that a slot takes: each other bytes."""
    return pdf(folder, (DELAY[0], [*DELAY[1], f"Copy {number}"]))


def photo(folder: Path, paper: tuple[str, list[str]] = DELAY) -> Path:
    path = folder / "photo.jpg"
    draw_photo(path, *paper, seed=1)
    return path


def scans(folder: Path, pages: int) -> Path:
    """A PDF of pictures, which carries no words."""
    sheets = [Image.new("RGB", (600, 800), (250, 250, 250 - page)) for page in range(pages)]
    for page, sheet in enumerate(sheets):
        sheet.paste((30, 30, 30), (100, 100 + 20 * page, 400, 110 + 20 * page))
    path = folder / "scan.pdf"
    sheets[0].save(path, save_all=True, append_images=sheets[1:])
    return path


def words_of(page: int, *texts: str) -> tuple[Word, ...]:
    return tuple(Word(text, page, 0, Box(0.04 * n, 0.1, 0.04 * n + 0.03, 0.12)) for n, text in enumerate(texts, 1))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> list[int]:
    """Stands in for tesseract where a test is about what goes wrong around it; the pages it was asked for."""
    asked = list[int]()

    def read(image: Path, *, page: int, seconds: int) -> Read:
        asked.append(page)
        return Read(words_of(page, *DELAY[0].split(), *DELAY[1][0].split(), f"page{page}"), 0)

    settings.OCR = True
    monkeypatch.setattr(steps, "read_text", read)
    return asked


def now_of(document: Document) -> Document:
    return Document.objects.select_related("reading", "claim__definition").get(pk=document.pk)


def reading_of(document: Document) -> DocumentReading:
    return DocumentReading.objects.get(document=document)


def deliveries(document: Document) -> dict[str, str]:
    rows = Delivery.objects.filter(event__data__document_id=str(document.pk), chain="reading").order_by("position")
    return {one.handler.removeprefix("reading."): one.state for one in rows}


def told(document: Document) -> int:
    return OutboxEvent.objects.filter(name=DocumentRejected.name, data__document_id=str(document.pk)).count()


def is_kept(key: str) -> bool:
    try:
        storage.open_stream(key).close()
    except StorageFailed:
        return False
    return True


# --- what papers are taken for


def test_a_pdf_that_fits_is_accepted_with_its_words_facts_and_pages(
    worker: Worker, draft: Claim, tmp_path: Path
) -> None:
    document = upload(draft, pdf(tmp_path))

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.kind, seen.reading.note) == (State.ACCEPTED, "delay_certificate", "")
    assert deliveries(document) == {"pages": "done", "text": "done", "verdict": "done"}
    assert "XY" in " ".join(word[0] for word in seen.reading.words)
    assert any(fact["kind"] == "date" for fact in seen.reading.facts)
    assert all(map(is_kept, seen.reading.keys()))
    assert seen.preview_key == seen.reading.pages[0]["key"]


def test_a_paper_of_another_kind_is_rejected_in_words_that_name_both(
    worker: Worker, draft: Claim, tmp_path: Path
) -> None:
    document = send(draft, pdf(tmp_path, PASS))

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.code) == (State.REJECTED, "wrong_kind")
    kind = next(one["title"] for one in KINDS if one["code"] == "boarding_pass")
    slot = next(one["title"] for one in draft.definition.content["event_types"][0]["slots"] if one["key"] == NOTE)
    for language in ("ru", "uk", "en"):
        reason = document_reason(seen, seen.claim, language)
        assert kind[language] in reason
        assert slot[language] in reason


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda sheet: ImageEnhance.Brightness(sheet.filter(SMEAR)).enhance(0.02), "too_dark"),
        (lambda sheet: sheet.filter(SMEAR), "blurred"),
    ],
)
def test_a_photo_that_nobody_can_read_is_sent_back_with_the_cause(
    worker: Worker, draft: Claim, tmp_path: Path, settings: LazySettings, spoil: Any, code: str
) -> None:
    settings.OCR = True
    path = photo(tmp_path)
    with Image.open(path) as opened:
        spoiled = spoil(opened)
    spoiled.save(path, quality=90)
    document = send(draft, path)

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.code) == (State.REJECTED, code)
    assert document_reason(seen, seen.claim, "en")


@needs_tesseract
@pytest.mark.slow
def test_a_photo_that_lies_on_its_side_is_read_and_shown_upright(
    worker: Worker, draft: Claim, tmp_path: Path, settings: LazySettings
) -> None:
    settings.OCR = True
    path = photo(tmp_path)
    with Image.open(path) as opened:
        opened.transpose(Image.Transpose.ROTATE_90).save(path, quality=90)
    document = send(draft, path)
    before = {"preview_key": f"{document.key}-preview", "thumb_key": f"{document.key}-thumb"}  # as uploads have them
    Document.objects.filter(pk=document.pk).update(**before)

    worker.drain()

    seen = now_of(document)
    page = seen.reading.pages[0]
    assert (seen.state, page["turned"]) == (State.ACCEPTED, 90)
    assert page["height"] > page["width"]
    with storage.open_stream(page["key"]) as stream, Image.open(stream) as picture:
        assert picture.size == (page["width"], page["height"])
    assert (seen.preview_key, seen.thumb_key) == (page["key"], page["thumb_key"])


def test_without_tesseract_a_photo_is_left_to_a_person_and_says_why(
    worker: Worker, draft: Claim, tmp_path: Path
) -> None:
    document = send(draft, photo(tmp_path))

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.code, seen.reading.note) == (State.DOUBTFUL, "not_read", "ocr_missing")
    assert len(seen.reading.pages) == 1


def test_tesseract_that_vanishes_on_the_way_is_said_as_well(
    worker: Worker, draft: Claim, tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(image: Path, **_: Any) -> Read:
        raise OcrMissing

    settings.OCR = True
    monkeypatch.setattr(steps, "read_text", missing)
    document = send(draft, photo(tmp_path))

    worker.drain()

    assert (now_of(document).state, reading_of(document).note) == (State.DOUBTFUL, "ocr_missing")


def test_only_the_first_pages_of_a_long_file_are_read_and_nothing_is_rejected_for_the_rest(
    worker: Worker, draft: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "READ_PAGES", 1)
    path = pdf(tmp_path, (PASS[0], [*PASS[1], *[f"line {n}" for n in range(40)]]))
    document = send(draft, path)

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.note) == (State.DOUBTFUL, "only_first_pages")
    assert seen.reading.total_pages > len(seen.reading.pages) == 1


# --- who has the last word


def test_a_rejection_is_told_once_after_the_submit_and_shown_at_once_before_it(
    worker: Worker, draft: Claim, submitted: Claim, tmp_path: Path
) -> None:
    early, late = send(draft, pdf(tmp_path, PASS)), send(submitted, pdf(tmp_path, PASS))

    worker.drain()
    worker.drain(hours=1)

    assert (now_of(early).state, now_of(late).state) == (State.REJECTED, State.REJECTED)
    assert (told(early), told(late)) == (0, 1)


def test_a_late_verdict_does_not_touch_what_staff_have_judged(
    worker: Worker, submitted: Claim, tmp_path: Path, olga: User
) -> None:
    document = send(submitted, pdf(tmp_path, PASS))
    worker.at["reading.pages:pages_drawn"] = [
        lambda: document_judge(document_id=document.pk, state=State.ACCEPTED, reason="", actor=olga, now=timezone.now())
    ]

    worker.drain()

    assert now_of(document).state == State.ACCEPTED
    assert (reading_of(document).verdict, told(document)) == ("rejected", 0)


def test_what_the_applicant_insists_on_stays_doubtful_when_it_is_read_again(
    worker: Worker, draft: Claim, tmp_path: Path
) -> None:
    document = send(draft, pdf(tmp_path, PASS))
    worker.drain()
    document_keep(claim_id=draft.pk, document_id=document.pk, now=timezone.now())

    queue_again(document)
    worker.drain()

    assert (now_of(document).state, reading_of(document).verdict) == (State.DOUBTFUL, "rejected")


def queue_again(document: Document) -> None:
    rows = Delivery.objects.filter(event__data__document_id=str(document.pk), chain="reading")
    rows.update(state=Delivery.State.QUEUED, attempts=0, finished_at=None)


# --- what goes wrong on the way


def test_open_pages_see_it_move(worker: Worker, draft: Claim, tmp_path: Path) -> None:
    document, seen = send(draft, pdf(tmp_path)), list[str]()
    worker.at["reading.pages:before_pages"] = [lambda: seen.append(now_of(document).state)]
    before = Claim.objects.get(pk=draft.pk).version

    worker.drain()

    assert seen == [State.READING]
    assert Claim.objects.get(pk=draft.pk).version == before + 2


def test_a_second_worker_finds_nothing_left_to_do(worker: Worker, draft: Claim, tmp_path: Path) -> None:
    document = send(draft, pdf(tmp_path))
    worker.drain()
    before = now_of(document).reading

    assert worker.drain(hours=1) == 0
    assert reading_of(document).updated_at == before.updated_at


def test_steps_that_are_done_again_change_nothing(worker: Worker, submitted: Claim, tmp_path: Path) -> None:
    document = send(submitted, pdf(tmp_path, PASS))
    worker.drain()
    keys = reading_of(document).keys()

    Delivery.objects.filter(handler__in=["reading.text", "reading.verdict"]).update(state=Delivery.State.QUEUED)
    worker.drain()

    assert (reading_of(document).keys(), told(document)) == (keys, 1)


def test_staff_can_have_a_document_read_anew(worker: Worker, draft: Claim, tmp_path: Path, reader: list[int]) -> None:
    document = send(draft, scans(tmp_path, 1))
    worker.drain()
    old = reading_of(document).keys()

    queue_again(document)
    worker.drain()

    fresh = now_of(document)
    assert (reader, fresh.state) == ([1, 1], State.ACCEPTED)
    assert all(map(is_kept, fresh.reading.keys()))
    assert not any(map(is_kept, old))
    assert is_kept(fresh.preview_key)


def test_a_worker_that_dies_after_a_page_goes_on_with_the_next(
    worker: Worker, draft: Claim, tmp_path: Path, reader: list[int]
) -> None:
    document = send(draft, scans(tmp_path, 3))
    worker.at["reading.text:page_read"] = [die]

    worker.killed()
    worker.drain(hours=1)

    read = reading_of(document)
    assert reader == [1, 2, 3]
    assert [word[0] for word in read.words if word[0].startswith("page")] == ["page1", "page2", "page3"]
    assert now_of(document).state == State.ACCEPTED


@pytest.mark.parametrize("place", ["pages:before_pages", "pages:pages_drawn", "text:before_page"])
def test_a_third_try_gives_up_honestly(
    worker: Worker, draft: Claim, tmp_path: Path, reader: list[int], place: str
) -> None:
    document = send(draft, scans(tmp_path, 1))
    worker.at[f"reading.{place}"] = [die, die, die]

    worker.killed()
    worker.killed(hours=1)
    worker.drain(hours=1)

    seen = now_of(document)
    assert (seen.state, seen.reading.code, seen.reading.note) == (State.DOUBTFUL, "not_read", "reading_failed")
    assert set(deliveries(document).values()) == {"done"}


def test_a_file_that_cannot_be_drawn_is_left_to_a_person(
    worker: Worker, draft: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(path: Path, **_: Any) -> None:
        raise DrawingTimedOut

    monkeypatch.setattr(steps, "draw_pages", too_long)
    document = send(draft, pdf(tmp_path))

    worker.drain()

    assert (now_of(document).state, reading_of(document).note) == (State.DOUBTFUL, "reading_failed")


def test_a_page_that_takes_too_long_is_noted_and_the_others_are_read(
    worker: Worker, draft: Claim, tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_first(image: Path, *, page: int, seconds: int) -> Read:
        if page == 1:
            raise OcrTimedOut
        return Read(words_of(page, "boarding", "pass", "seat", "gate"), 0)

    settings.OCR = True
    monkeypatch.setattr(steps, "read_text", slow_first)
    document = send(draft, scans(tmp_path, 2))

    worker.drain()

    seen = now_of(document)
    assert [page["read"] for page in seen.reading.pages] == ["ocr_timeout", "ocr"]
    assert (seen.state, seen.reading.note) == (State.DOUBTFUL, "ocr_timeout")


def test_a_document_that_uses_its_time_up_is_judged_by_what_was_read(
    worker: Worker, draft: Claim, tmp_path: Path, reader: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "DOCUMENT_SECONDS", 0)
    document = send(draft, scans(tmp_path, 2))

    worker.drain()

    assert reader == []
    assert (now_of(document).state, reading_of(document).note) == (State.DOUBTFUL, "ocr_timeout")


@pytest.mark.parametrize("place", ["pages:before_pages", "pages:pages_drawn", "text:before_page", "text:page_read"])
def test_a_document_that_is_removed_meanwhile_leaves_nothing(
    worker: Worker, draft: Claim, tmp_path: Path, reader: list[int], place: str
) -> None:
    document = send(draft, scans(tmp_path, 2))
    worker.at[f"reading.{place}"] = [
        lambda: document_delete(claim_id=draft.pk, document_id=document.pk, now=timezone.now())
    ]

    worker.drain()

    assert set(deliveries(document).values()) <= {"done", "cancelled"}
    assert not list(kept_files(draft))


def kept_files(claim: Claim) -> list[Path]:
    root = Path(storages["private"].path(f"claims/{claim.pk}"))
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_document_that_was_read_is_removed_with_its_pictures(worker: Worker, draft: Claim, tmp_path: Path) -> None:
    document = send(draft, pdf(tmp_path))
    worker.drain()

    document_delete(claim_id=draft.pk, document_id=document.pk, now=timezone.now())

    assert not kept_files(draft)


def away(*_: Any, **__: Any) -> Any:
    raise StorageFailed("away")


@pytest.mark.parametrize("step", ["_draw", "_pages_read"])
def test_while_the_storage_is_away_it_is_not_said_to_be_read_and_then_it_goes_on(
    worker: Worker, draft: Claim, tmp_path: Path, reader: list[int], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    document = send(draft, scans(tmp_path, 1))
    with monkeypatch.context() as patch:
        patch.setattr(steps, step, away)
        for _ in range(4):
            worker.drain(hours=1)
        meanwhile = (now_of(document).state, reading_of(document).note)

    worker.drain(hours=10)

    assert meanwhile == (State.RECEIVED, STORAGE_AWAY)
    assert (now_of(document).state, reading_of(document).note) == (State.ACCEPTED, "")


def test_a_file_that_the_storage_has_lost_ends_with_a_person(
    worker: Worker, draft: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = send(draft, scans(tmp_path, 1))
    monkeypatch.setattr(steps, "_draw", away)

    Delivery.objects.update(attempts=MOST_TRIES - 1)

    worker.drain()

    assert (now_of(document).state, reading_of(document).note) == (State.DOUBTFUL, "reading_failed")


# --- the virus scanner


@pytest.fixture
def clamd(settings: LazySettings) -> Iterator[Clamd]:
    with running_clamd() as server:
        settings.CLAMAV_URL = server.url
        yield server


def test_a_clean_file_is_examined_before_it_is_opened(
    worker: Worker, clamd: Clamd, draft: Claim, tmp_path: Path
) -> None:
    document = send(draft, pdf(tmp_path))

    worker.drain()

    assert list(deliveries(document)) == ["scan", "pages", "text", "verdict"]
    assert clamd.examined == [(tmp_path / "paper.pdf").read_bytes()]
    assert now_of(document).state == State.ACCEPTED


def test_an_infected_file_is_rejected_unopened_and_nobody_can_keep_it(
    worker: Worker, clamd: Clamd, submitted: Claim, tmp_path: Path
) -> None:
    clamd.says = b"stream: Test.Virus-1 FOUND\0"
    document = upload(submitted, photo(tmp_path))

    worker.drain()

    seen = now_of(document)
    assert (seen.state, seen.reading.code, seen.reading.params) == (State.REJECTED, INFECTED, {"virus": "Test.Virus-1"})
    assert (seen.reading.pages, seen.preview_key, seen.thumb_key, told(document)) == ([], "", "", 1)
    assert set(deliveries(document).values()) == {"done"}
    with pytest.raises(Conflict):
        document_keep(claim_id=submitted.pk, document_id=document.pk, now=timezone.now())


def test_without_the_scanner_there_is_no_verdict_and_the_document_waits(
    worker: Worker, clamd: Clamd, draft: Claim, tmp_path: Path, settings: LazySettings
) -> None:
    document = send(draft, pdf(tmp_path))
    settings.CLAMAV_URL = nobody()
    for _ in range(3):
        worker.drain(hours=1)
    meanwhile = (
        Document.objects.get(pk=document.pk).state,
        DocumentReading.objects.count(),
        deliveries(document)["scan"],
    )

    settings.CLAMAV_URL = clamd.url
    worker.drain(hours=10)

    assert meanwhile == (State.RECEIVED, 0, "waiting")
    assert now_of(document).state == State.ACCEPTED


# --- many papers at once


def test_who_has_had_their_share_lets_others_go_first(
    worker: Worker, draft: Claim, submitted: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SHARE", 1)
    first, second, other = [send(claim, copy(tmp_path, n)) for n, claim in enumerate((draft, draft, submitted))]

    worker.drain()

    assert (now_of(first).state, now_of(other).state) == (State.ACCEPTED, State.ACCEPTED)
    assert deliveries(second)["pages"] == "waiting"
    worker.drain(seconds=turns.AGAIN + 1)
    assert now_of(second).state == State.ACCEPTED


def test_pages_that_were_read_before_giving_way_are_not_read_again(
    worker: Worker, draft: Claim, submitted: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: list[int]
) -> None:
    monkeypatch.setattr(turns, "SHARE", 2)
    long = send(draft, scans(tmp_path, 3))
    worker.at["reading.text:page_read"] = [lambda: send(submitted, pdf(tmp_path))]

    worker.drain()

    assert (reader, deliveries(long)["text"]) == ([1], "waiting")
    worker.drain(seconds=turns.AGAIN + 1)
    assert (reader, now_of(long).reading.stage) == ([1, 2, 3], "judged")


def test_nobody_gives_way_where_nobody_else_waits(
    worker: Worker, draft: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SHARE", 1)
    papers = [send(draft, copy(tmp_path, n)) for n in range(2)]

    worker.drain()

    assert [now_of(one).state for one in papers] == [State.ACCEPTED, State.ACCEPTED]
