"""Pages are drawn, looked at and read by the real child processes."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import font_roboto
import pytest
from fpdf import FPDF
from PIL import Image, ImageFilter
from pypdf import PdfWriter

from apps.core.files import refusals
from apps.core.files.bounded import ROOT
from apps.core.files.errors import FileRefused
from apps.core.files.reading import (
    DrawingTimedOut,
    DrawingTooLarge,
    OcrMissing,
    OcrTimedOut,
    Word,
    draw_pages,
    drawing,
    ocr,
    ocr_languages,
    read_text,
)
from apps.core.files.reading.looks import look_of
from apps.core.files.reading.pages import Page
from apps.core.files.reading.pdf import _sign
from apps.core.files.signatures import Kind
from tests.makers import files

FONT = Path(font_roboto.__file__).parent / "files" / "Roboto-Regular.ttf"
MM = (210, 297)  # an A4 page
LINES = (
    "Справка о задержке рейса",
    "Flight departed five hours late",
    "Довідка про затримку рейсу",
    "Полис 7700123456, сумма 12500",
)
with_tesseract = pytest.mark.skipif(
    set(ocr_languages()) < {"rus", "eng"}, reason="no tesseract with Russian and English here"
)


def text_pdf(pages: int = 1, *, turned: int = 0) -> bytes:
    """An A4 PDF; "Здесь" stands 20 mm from the left and 100 mm from the top."""
    pdf = FPDF()
    pdf.add_font("roboto", fname=str(FONT))
    for _ in range(pages):
        pdf.add_page()
        pdf.set_font("roboto", size=14)
        for row, line in enumerate(LINES):
            pdf.text(20, 30 + 10 * row, line)
        pdf.text(20, 100, "Здесь")
    content = bytes(pdf.output())
    return files.rewritten(lambda writer: writer.pages[0].rotate(turned), content) if turned else content


def without_maps(writer: PdfWriter) -> None:
    for item in cast(Any, writer.pages[0])["/Resources"]["/Font"].values():
        del item.get_object()["/ToUnicode"]


def halved(writer: PdfWriter) -> None:
    """The letter "р" is mapped to the first half of a sign."""
    for item in cast(Any, writer.pages[0])["/Resources"]["/Font"].values():
        letters = item.get_object()["/ToUnicode"].get_object()
        letters.set_data(letters.get_data().replace(b"<0440>", b"<D83D>"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pages"


@pytest.fixture
def draw(tmp_path: Path, folder: Path):
    def drawn(content: bytes, kind: Kind, *, most_pages: int = 10):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return draw_pages(path, kind=kind, folder=folder, most_pages=most_pages)

    return drawn


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """The text page as a picture, upright."""
    path = tmp_path_factory.mktemp("scan")
    (path / "a.pdf").write_bytes(text_pdf())
    draw_pages(path / "a.pdf", kind="pdf", folder=path, most_pages=1)
    return Image.open(path / "page-001.jpg").convert("L")


def texts(words: tuple[Word, ...]) -> list[str]:
    return [word.text for word in words]


def test_a_pdfs_own_words_are_read_in_three_languages(draw):
    drawn = draw(text_pdf(), "pdf")

    assert " ".join(texts(drawn.words)) == " ".join([*LINES, "Здесь"])
    assert [word.line for word in drawn.words if word.text in ("Справка", "рейса", "Flight", "Здесь")] == [0, 0, 1, 4]
    assert (drawn.total, drawn.pages[0].has_text, drawn.pages[0].turned) == (1, True, 0)


def test_a_words_box_is_where_it_was_drawn(draw):
    here = draw(text_pdf(), "pdf").words[-1].box

    assert here.left == pytest.approx(20 / MM[0], abs=0.005)
    assert here.top < 100 / MM[1] < here.bottom + 0.005
    assert here.bottom - here.top == pytest.approx(14 * 0.3528 / MM[1], abs=0.008)


def test_a_pdf_page_is_drawn_as_its_rotation_says(draw, folder):
    drawn = draw(text_pdf(turned=90), "pdf")
    page = drawn.pages[0]
    here = next(word.box for word in drawn.words if word.text == "Здесь")

    assert (page.width, page.height) == (2200, pytest.approx(1556, abs=1))
    assert here.top == pytest.approx(20 / MM[0], abs=0.005)
    assert here.left < 1 - 100 / MM[1] + 0.005 < here.right + 0.01
    left, top, right, bottom = (here.left * 2200, here.top * 1556, here.right * 2200, here.bottom * 1556)
    with Image.open(folder / "page-001.jpg") as picture:
        assert min(picture.crop((int(left), int(top), int(right), int(bottom))).convert("L").tobytes()) < 100


def test_pages_and_thumbnails_are_written(draw, folder):
    drawn = draw(text_pdf(2), "pdf")

    assert sorted(path.name for path in folder.iterdir()) == [
        *("page-001.jpg", "page-002.jpg", "thumb-001.jpg", "thumb-002.jpg")
    ]
    assert [page.number for page in drawn.pages] == [1, 2]
    with Image.open(folder / "page-002.jpg") as page, Image.open(folder / "thumb-002.jpg") as thumb:
        assert (page.format, page.size, page.mode) == ("JPEG", (drawn.pages[1].width, drawn.pages[1].height), "L")
        assert max(thumb.size) == 320


def test_a_scanned_pdf_has_no_words_of_its_own(draw):
    drawn = draw(files.pdf_scanned(2), "pdf")

    assert (drawn.words, [page.has_text for page in drawn.pages]) == ((), [False, False])


def test_a_text_layer_without_a_map_of_its_letters_counts_as_none(draw):
    drawn = draw(files.rewritten(without_maps, text_pdf()), "pdf")

    assert (drawn.words, drawn.pages[0].has_text) == ((), False)


def test_a_photo_is_drawn_upright_and_smaller(draw):
    drawn = draw(files.photo(), "jpeg")

    assert (drawn.pages[0].width, drawn.pages[0].height, drawn.total) == (1650, 2200, 1)


def test_a_heic_is_drawn(draw, folder):
    drawn = draw(files.heic((400, 300)), "heic")

    assert (drawn.pages[0].width, drawn.pages[0].height) == (400, 300)
    assert Image.open(folder / "page-001.jpg").format == "JPEG"


def test_a_long_receipt_keeps_its_width(draw):
    drawn = draw(files.png(Image.new("L", (1000, 6000), 255)), "png")

    assert drawn.pages[0].width == 900


def test_of_300_pages_only_the_first_are_drawn(draw, folder):
    drawn = draw(files.pdf(300), "pdf", most_pages=3)

    assert (len(drawn.pages), drawn.total, len(list(folder.iterdir()))) == (3, 300, 6)


MEASURED = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print()\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("jpeg", partial(files.photo, 8064, 6048)),
        ("png", lambda: files.saved(files.picture(8064, 6048, "RGBA"), "PNG", compress_level=1)),
        ("heic", partial(files.heic, (8064, 6048))),
        ("pdf", partial(text_pdf, 30)),
    ],
    ids=["48 MP", "48 MP rgba", "48 MP heic", "30 pages"],
)
def test_large_files_are_drawn_in_700_mb(kind, make, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(make())

    command = [sys.executable, "-c", MEASURED, *drawing._command(path, kind, tmp_path, 30)]
    answer, peak = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.splitlines()

    assert answer.startswith(b'{"pages"')
    assert int(peak) < 700 * 1024  # KB


@pytest.mark.parametrize(
    ("code", "sign"),
    [(0x430, "а"), (2, "-"), (0x1F600, "😀"), (0, ""), (0xD800, ""), (0xDFFF, ""), (0xFDD0, ""), (0xFFFF, ""),
     (0x1FFFE, ""), (0x110000, "")],
)  # fmt: skip
def test_what_no_text_can_hold_is_no_sign(code, sign):
    assert _sign(code) == sign


def test_half_signs_in_a_text_layer_are_left_out(draw):
    drawn = draw(files.rewritten(halved, text_pdf()), "pdf")

    assert "Спавка" in "".join(word.text for word in drawn.words).encode().decode()


@pytest.mark.parametrize(("kind", "content"), [("pdf", b"%PDF-1.7 no more"), ("jpeg", files.cut(files.jpeg()))])
def test_a_broken_file_is_refused(kind, content, draw):
    with pytest.raises(FileRefused) as caught:
        draw(content, kind)

    assert caught.value.problems[0].code == refusals.BROKEN


def test_a_locked_pdf_is_refused(draw):
    with pytest.raises(FileRefused) as caught:
        draw(files.pdf_encrypted(), "pdf")

    assert caught.value.problems[0].code == refusals.ENCRYPTED


def test_a_child_that_takes_too_long_is_ended(draw, monkeypatch):
    monkeypatch.setattr(drawing, "WALL_S", 0.01)

    with pytest.raises(DrawingTimedOut):
        draw(text_pdf(), "pdf")


@pytest.mark.slow
def test_a_page_that_takes_too_much_work_ends_the_child(draw, monkeypatch):
    monkeypatch.setattr(drawing, "PAGE_CPU_S", 1)

    with pytest.raises(DrawingTimedOut):
        draw(files.pdf_of_nested_forms(5), "pdf")


@pytest.mark.slow
def test_a_child_that_works_too_long_is_ended(draw, monkeypatch):
    limited = "from apps.core.files.bounded import limit_this_process as l; l(memory_mb=200, cpu_s=1, file_mb=1)\n"
    monkeypatch.setattr(drawing, "_command", lambda *_: [sys.executable, "-c", limited + "while True: pass"])

    with pytest.raises(DrawingTimedOut):
        draw(text_pdf(), "pdf")


def test_a_child_without_memory_says_so(draw, monkeypatch):
    monkeypatch.setattr(drawing, "MEMORY_MB", 120)

    with pytest.raises(DrawingTooLarge):
        draw(files.saved(files.picture(7000, 5000), "PNG", compress_level=1), "png")


def test_the_child_that_draws_does_not_load_django(tmp_path):
    (tmp_path / "a").write_bytes(text_pdf())
    code = (
        "import sys; from apps.core.files.reading import draw\n"
        "assert draw.main(['a', '.', '--kind', 'pdf', '--most-pages', '1']) == 0; assert 'django' not in sys.modules"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )

    assert ended.returncode == 0, ended.stderr


def test_a_look_does_not_depend_on_the_resolution(scan):
    large, small = look_of(scan), look_of(scan.resize((scan.width // 2, scan.height // 2)))

    assert small.sharpness == pytest.approx(large.sharpness, rel=0.2)
    assert (small.brightness, small.contrast) == pytest.approx((large.brightness, large.contrast), abs=0.05)


def test_a_dark_photo_is_not_called_blurred_and_a_blurred_one_is(scan):
    sound = look_of(scan)
    dark = look_of(scan.point(lambda level: 30 + level / 5))
    blurred = look_of(scan.filter(ImageFilter.GaussianBlur(5)))

    assert dark.brightness < 0.4 < sound.brightness
    assert dark.sharpness == pytest.approx(sound.sharpness, rel=0.2)
    assert blurred.sharpness < sound.sharpness / 4


def test_an_empty_page_has_no_ink():
    look = look_of(Image.new("L", (500, 700), 255))

    assert (look.brightness, look.contrast, look.ink) == (1, 0, 0)


def test_what_is_seen_survives_json(draw):
    drawn = draw(text_pdf(), "pdf")

    assert Page.from_json(drawn.pages[0].to_json()) == drawn.pages[0]
    assert Word.from_json(drawn.words[0].to_json()) == drawn.words[0]


@with_tesseract
def test_a_scan_is_read_and_its_words_are_where_they_stand(tmp_path, scan):
    path = tmp_path / "page.jpg"
    scan.save(path)

    read = read_text(path, page=3, seconds=60)
    found = {word.text: word for word in read.words}

    assert {"Справка", "задержке", "Flight", "departed"} <= found.keys()
    assert (read.turned, found["Flight"].page, found["Flight"].line) == (0, 3, 1)
    assert found["Flight"].box.left == pytest.approx(20 / MM[0], abs=0.01)
    assert found["Flight"].box.bottom == pytest.approx(40 / MM[1], abs=0.01)


@with_tesseract
def test_a_page_on_its_side_is_turned_and_rewritten(tmp_path, scan):
    path = tmp_path / "page.jpg"
    scan.transpose(Image.Transpose.ROTATE_90).save(path)

    read = read_text(path, page=1, seconds=60)
    flight = next(word for word in read.words if word.text == "Flight")

    assert read.turned == 90
    assert Image.open(path).size == scan.size
    assert (flight.box.left, flight.box.bottom) == pytest.approx((20 / MM[0], 40 / MM[1]), abs=0.01)


@pytest.mark.slow
@with_tesseract
def test_without_the_data_for_turns_a_page_upside_down_is_found_all_the_same(tmp_path, scan, monkeypatch):
    path = tmp_path / "page.jpg"
    scan.transpose(Image.Transpose.ROTATE_180).save(path)
    monkeypatch.setattr(ocr, "_installed", lambda tesseract: frozenset({"rus", "eng"}))

    read = read_text(path, page=1, seconds=120)

    assert read.turned == 180
    assert {"Справка", "Flight"} <= set(texts(read.words))


@with_tesseract
def test_ocr_ends_when_its_time_is_out(tmp_path, scan):
    path = tmp_path / "page.jpg"
    scan.save(path)

    with pytest.raises(OcrTimedOut):
        read_text(path, page=1, seconds=0)


def test_without_tesseract_ocr_says_so(tmp_path, scan, monkeypatch):
    path = tmp_path / "page.jpg"
    scan.save(path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert ocr_languages() == ()
    with pytest.raises(OcrMissing):
        read_text(path, page=1, seconds=60)
