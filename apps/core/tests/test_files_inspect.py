"""Each kind of file gets its answer, from the real child process."""

import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from apps.core.files import child, refusals
from apps.core.files.bounded import ROOT
from apps.core.files.child import Inspection, inspect_file
from apps.core.files.errors import SENTENCES, FileRefused, FilesBusy
from tests.makers import files

Look = Callable[[bytes], Inspection]


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    return tmp_path / "preview.jpg"


@pytest.fixture
def thumb(tmp_path: Path) -> Path:
    return tmp_path / "thumb.jpg"


@pytest.fixture
def look(tmp_path: Path, preview: Path, thumb: Path) -> Look:
    def inspect(content: bytes) -> Inspection:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return inspect_file(path, preview_to=preview, thumb_to=thumb)

    return inspect


TAKEN: dict[str, tuple[Callable[[], bytes], tuple[str, int, int | None, int | None]]] = {
    "jpeg": (files.jpeg, ("jpeg", 1, 400, 300)),
    "photo on its side": (files.photo, ("jpeg", 1, 3000, 4000)),
    "progressive jpeg": (partial(files.jpeg, progressive=True, subsampling=0), ("jpeg", 1, 400, 300)),
    "cmyk jpeg": (files.jpeg_cmyk, ("jpeg", 1, 400, 300)),
    "jpeg, broken exif": (files.jpeg_with_broken_exif, ("jpeg", 1, 400, 300)),
    "jpeg, profile for other channels": (partial(files.jpeg, icc_profile=b"no profile"), ("jpeg", 1, 400, 300)),
    "motion photo": (files.motion_photo, ("jpeg", 1, 400, 300)),
    "multi-picture jpeg": (files.jpeg_with_second_picture, ("jpeg", 1, 400, 300)),
    "padded jpeg": (files.jpeg_padded, ("jpeg", 1, 400, 300)),
    "png": (files.png, ("png", 1, 400, 300)),
    "png, older tail": (files.png_with_older_tail, ("png", 1, 400, 300)),
    "transparent png": (files.png_transparent, ("png", 1, 400, 300)),
    "palette png": (files.png_palette, ("png", 1, 400, 300)),
    "16-bit grey png": (files.png_grey_16, ("png", 1, 64, 48)),
    "16-bit rgb png": (files.png_rgb_16, ("png", 1, 64, 48)),
    "1-bit png": (files.png_1_bit, ("png", 1, 400, 300)),
    "apng of three": (partial(files.apng, 3), ("png", 1, 1, 1)),
    "heic": (files.heic, ("heic", 1, 400, 300)),
    "heic of two, second is primary": (partial(files.heic, (64, 48), (320, 200), primary=1), ("heic", 1, 320, 200)),
    "pdf": (files.pdf, ("pdf", 1, None, None)),
    "pdf of 300 pages": (partial(files.pdf, 300), ("pdf", 300, None, None)),
    "scanned pdf": (files.pdf_scanned, ("pdf", 6, None, None)),
    "pdf locked against copying": (files.pdf_owner_locked, ("pdf", 1, None, None)),
    "pdf, compressed objects": (lambda: files.compressed_objects(files.pdf(2)), ("pdf", 2, None, None)),
    "pdf, forms that draw forms": (partial(files.pdf_of_nested_forms, 3), ("pdf", 1, None, None)),
    "pdf, byte order mark and padding": (lambda: b"\xef\xbb\xbf" + files.pdf() + bytes(5000), ("pdf", 1, None, None)),
}

REFUSED: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "nothing": (lambda: b"", refusals.EMPTY),
    "one byte": (lambda: b"\xff", refusals.TYPE_REFUSED),
    "jpeg of three bytes": (lambda: b"\xff\xd8\xff", refusals.BROKEN),
    "half a jpeg": (lambda: files.cut(files.photo()), refusals.BROKEN),
    "most of a jpeg": (lambda: files.cut(files.photo(), 0.99), refusals.BROKEN),
    "half a progressive jpeg": (lambda: files.cut(files.jpeg(progressive=True)), refusals.BROKEN),
    "half a png": (lambda: files.cut(files.png()), refusals.BROKEN),
    "half a heic": (lambda: files.cut(files.heic()), refusals.BROKEN),
    "half a pdf": (lambda: files.cut(files.pdf()), refusals.BROKEN),
    "most of a pdf": (lambda: files.cut(files.pdf_scanned(), 0.999), refusals.BROKEN),
    "pdf head alone": (lambda: b"%PDF-1.7\n%%EOF", refusals.BROKEN),
    "pdf with an early end": (lambda: b"%PDF-1.7\n%%EOF\n" + files.cut(files.pdf(3), 0.9)[9:], refusals.BROKEN),
    "pdf without pages": (files.pdf_without_pages, refusals.BROKEN),
    "pdf whose pages loop": (files.pdf_with_looping_pages, refusals.BROKEN),
    "pdf whose content is missing": (files.pdf_with_missing_content, refusals.BROKEN),
    "encrypted pdf": (files.pdf_encrypted, refusals.ENCRYPTED),
    "encrypted pdf, old way": (partial(files.pdf_encrypted, "RC4-128"), refusals.ENCRYPTED),
    "pdf of 301 pages": (partial(files.pdf, 301), refusals.TOO_MANY_PAGES),
    "pdf of one page, a million times": (files.pdf_with_page_repeated, None),
    "script on opening": (files.pdf_with_open_action, refusals.ACTIVE_CONTENT),
    "named script": (files.pdf_with_named_javascript, refusals.ACTIVE_CONTENT),
    "script in escaped names": (files.pdf_with_escaped_javascript, refusals.ACTIVE_CONTENT),
    "script on a link": (files.pdf_with_link_script, refusals.ACTIVE_CONTENT),
    "script after a link": (files.pdf_with_chained_script, refusals.ACTIVE_CONTENT),
    "program start": (files.pdf_with_launch, refusals.ACTIVE_CONTENT),
    "jump into another file": (files.pdf_with_remote_jump, refusals.ACTIVE_CONTENT),
    "xfa form": (files.pdf_with_xfa, refusals.ACTIVE_CONTENT),
    "pdf, attached text": (
        lambda: files.rewritten(lambda writer: writer.add_attachment("a.txt", b"text")),
        refusals.ACTIVE_CONTENT,
    ),
    "pdf, attachment in compressed objects": (
        lambda: files.compressed_objects(files.rewritten(lambda writer: writer.add_attachment("a.txt", b"text"))),
        refusals.ACTIVE_CONTENT,
    ),
    "pdf, attached program": (files.pdf_with_attachment, refusals.POLYGLOT),
    "jpeg and zip": (files.jpeg_with_zip, refusals.POLYGLOT),
    "zip in a jpeg's comment": (files.jpeg_with_zip_in_comment, refusals.POLYGLOT),
    "motion photo and zip": (lambda: files.motion_photo() + files.archive(), refusals.POLYGLOT),
    "png and zip": (lambda: files.png() + files.archive(), refusals.POLYGLOT),
    "heic and zip": (lambda: files.heic() + files.archive(), refusals.POLYGLOT),
    "pdf and zip": (lambda: files.pdf() + files.archive(), refusals.POLYGLOT),
    "jpeg and program": (lambda: files.jpeg() + files.exe(), refusals.POLYGLOT),
    "jpeg and pdf": (lambda: files.jpeg() + files.pdf(), refusals.POLYGLOT),
    "jpeg and html": (lambda: files.jpeg() + files.HTML, refusals.POLYGLOT),
    "jpeg, script in the comment": (partial(files.jpeg, comment=files.SCRIPT), refusals.POLYGLOT),
    "jpeg and php": (partial(files.jpeg, comment=b"<?php system($_GET[0]);"), refusals.POLYGLOT),
    "png and svg": (lambda: files.png() + files.svg(), refusals.POLYGLOT),
    "jpeg and rar": (lambda: files.jpeg() + b"Rar!\x1a\x07\x01\x00" + bytes(99), refusals.POLYGLOT),
    "pdf and html": (lambda: files.pdf() + files.HTML, refusals.POLYGLOT),
    "html in a pdf's head": (files.pdf_with_html_head, refusals.POLYGLOT),
    "html before a pdf": (files.html_before_pdf, refusals.POLYGLOT),
    "pdf and much else": (lambda: files.pdf() + b"\x01" * 2000, refusals.POLYGLOT),
    "gif and script": (files.gif_with_script, refusals.TYPE_REFUSED),
    "exe": (files.exe, refusals.TYPE_REFUSED),
    "svg": (files.svg, refusals.TYPE_REFUSED),
    "html": (lambda: files.HTML, refusals.TYPE_REFUSED),
    "javascript": (lambda: b"alert(1)//", refusals.TYPE_REFUSED),
    "mht": (files.mht, refusals.TYPE_REFUSED),
    "zip": (files.archive, refusals.TYPE_REFUSED),
    "docx": (files.docx, refusals.TYPE_REFUSED),
    "gif": (files.gif, refusals.TYPE_REFUSED),
    "webp": (files.webp, refusals.TYPE_REFUSED),
    "avif": (files.avif, refusals.TYPE_REFUSED),
    "mp4": (files.film, refusals.TYPE_REFUSED),
    "text": (lambda: "справка".encode(), refusals.TYPE_REFUSED),
    "png head, no picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 50, refusals.BROKEN),
    "png of 900 megapixels": (files.png_bomb, refusals.BOMB),
    "png of 144 megapixels": (partial(files.png_bomb, 12_000), refusals.BOMB),
    "png of 51 megapixels": (partial(files.png_bomb, 7_142), refusals.BOMB),
    "png, text of 200 MB": (files.png_text_bomb, refusals.BOMB),
    "apng of 10 000 frames": (files.apng, refusals.BOMB),
    "pdf, stream of 300 MB": (files.pdf_with_stream_bomb, refusals.BOMB),
    "pdf, image of 3600 megapixels": (files.pdf_with_image_bomb, refusals.BOMB),
    "pdf, forms that draw forms": (files.pdf_of_nested_forms, refusals.BOMB),
    "pdf, forms by a name in disguise": (partial(files.pdf_of_nested_forms, name=b"/#46"), refusals.BOMB),
    "pdf, forms by a name in a string": (partial(files.pdf_of_nested_forms, name=b"(F)"), refusals.BOMB),
    "pdf, forms within forms": (partial(files.pdf_of_nested_forms, 60, 1), refusals.BOMB),
    "pdf, 400 000 objects": (files.pdf_of_many_objects, None),
    "pdf, nested without end": (files.pdf_nested, None),
}
# pypdf's own bounds may stop these first: which of the two words is told does not matter, that it ends does.
EITHER = {refusals.BROKEN, refusals.BOMB, refusals.TOO_MANY_PAGES}


@pytest.mark.parametrize("name", TAKEN)
def test_what_people_send_is_taken(name, look):
    make, (kind, pages, width, height) = TAKEN[name]

    found = look(make())

    assert (found.kind, found.pages, found.width, found.height) == (kind, pages, width, height)
    assert found.mime == {"pdf": "application/pdf"}.get(kind, f"image/{kind}")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_by_its_code(name, look, preview, thumb):
    make, code = REFUSED[name]

    with pytest.raises(FileRefused) as caught:
        look(make())

    problem = caught.value.problems[0]
    assert problem.code in ({code} if code else EITHER)
    assert (problem.attr, caught.value.status, problem.detail) == ("file", 400, SENTENCES[problem.code])
    assert not preview.exists()
    assert not thumb.exists()


def colour(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return found


def test_every_code_has_a_sentence():
    assert set(SENTENCES) == refusals.CODES


def test_preview_is_upright_small_and_without_metadata(look, preview, thumb):
    look(files.photo(orientation=6))

    for path, size in ((preview, (1200, 1600)), (thumb, (240, 320))):
        with Image.open(path) as drawn:
            assert (drawn.format, drawn.mode, drawn.size) == ("JPEG", "RGB", size)
            assert not drawn.getexif()
            assert {"exif", "icc_profile", "comment", "xmp"}.isdisjoint(drawn.info)
            top, bottom = colour(drawn, (size[0] // 2, 5)), colour(drawn, (size[0] // 2, size[1] - 5))
            assert top[0] > top[2]  # the red half was left, and is up after a quarter turn to the right
            assert bottom[2] > bottom[0]
    assert b"Example Phone" not in preview.read_bytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_drawn_as_pillow_would_turn_it(orientation, look, preview):
    from PIL import ImageOps

    content = files.photo(160, 120, orientation)

    found = look(content)

    with Image.open(io.BytesIO(content)) as original, Image.open(preview) as drawn:
        expected = ImageOps.exif_transpose(original)
        assert (found.width, found.height) == drawn.size == expected.size
        for place in ((5, 5), (expected.width - 6, expected.height - 6), (5, expected.height - 6)):
            near = zip(colour(drawn, place), colour(expected, place), strict=True)
            assert all(abs(one - other) < 40 for one, other in near)


def test_heic_becomes_a_jpeg_without_its_place(look, preview):
    look(files.heic(exif_gps=True))

    with Image.open(preview) as drawn:
        assert drawn.format == "JPEG"
        assert not drawn.getexif()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (files.png_grey_16, (128, 128, 128)),
        (files.png_rgb_16, (128, 64, 32)),
        (files.png_transparent, (255, 255, 255)),
        (files.jpeg_cmyk, (200, 30, 30)),
        (files.heic, (200, 30, 30)),
    ],
)
def test_preview_has_the_colours_of_the_original(make, expected, look, preview):
    look(make())

    with Image.open(preview) as drawn:
        assert all(abs(got - want) < 12 for got, want in zip(colour(drawn, (10, 10)), expected, strict=True))


def test_original_is_not_touched(tmp_path, look):
    content = files.photo()

    look(content)

    assert (tmp_path / "upload").read_bytes() == content


MEASURED = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print()\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


@pytest.mark.parametrize(
    "make",
    [
        files.photo,
        partial(files.photo, 8064, 6048),
        lambda: files.saved(files.picture(8064, 6048), "JPEG", progressive=True, subsampling=0),
        lambda: files.saved(files.picture(8064, 6048, "RGBA"), "PNG", compress_level=1),
        lambda: files.saved(files.picture(8064, 6048, "P"), "PNG", compress_level=1, transparency=0),
        partial(files.heic, (8064, 6048)),
        partial(files.pdf, 300),
    ],
    ids=["12 MP", "48 MP", "48 MP progressive", "48 MP rgba", "48 MP palette", "48 MP heic", "300 pages"],
)
def test_large_files_are_read_in_600_mb(make, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(make())

    # A process in between, because Linux counts the peak of whoever starts a process as that process's own.
    command = [sys.executable, "-c", MEASURED, *child._command(path, tmp_path / "p", tmp_path / "t")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    answer, peak = ended.stdout.splitlines()

    assert b"refused" not in answer
    assert int(peak) < 600 * 1024  # KB


CRASHES = {
    "segmentation fault": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", refusals.BROKEN),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", refusals.BOMB),
    "no parser installed": ("import a_parser_that_is_not_there", refusals.BROKEN),
    "no answer": ("", refusals.BROKEN),
    "nonsense": ("print('{')", refusals.BROKEN),
    "unknown refusal": ('print(\'{"refused": "because"}\')', refusals.BROKEN),
    "unknown kind": ('print(\'{"kind": "gif", "pages": 1}\')', refusals.BROKEN),
    "hangs": ("import time; time.sleep(60)", refusals.BOMB),
}
LIMITED = "from apps.core.files.inspect import limit_this_process as l; l(memory_mb=200, cpu_s=1, file_mb=1)\n"


@pytest.mark.parametrize("name", CRASHES)
def test_a_child_gone_wild_is_a_refusal(name, look, monkeypatch):
    code, expected = CRASHES[name]
    monkeypatch.setattr(child, "WALL_S", 2)
    monkeypatch.setattr(child, "_command", lambda *paths: [sys.executable, "-c", code])

    with pytest.raises(FileRefused) as caught:
        look(files.jpeg())

    assert caught.value.problems[0].code == expected


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "bytearray(400_000_000)",
        "open('/dev/stdout', 'wb').write(bytes(9_000_000))",
        "import os; os.abort()",
    ],
)
def test_the_childs_own_limits_end_it(code, look, monkeypatch):
    monkeypatch.setattr(child, "_command", lambda *paths: [sys.executable, "-c", LIMITED + code])

    with pytest.raises(FileRefused):
        look(files.jpeg())


def test_out_of_memory_is_a_bomb(look, monkeypatch):
    monkeypatch.setattr(child, "MEMORY_MB", 120)

    with pytest.raises(FileRefused) as caught:
        look(files.saved(files.picture(7000, 7000), "PNG", compress_level=1))

    assert caught.value.problems[0].code == refusals.BOMB


def test_the_child_knows_nothing_of_ours(look, monkeypatch):
    monkeypatch.setenv("CLAIMDESK_SECRET_KEY", "not for the child")
    tell = "import os, sys; sys.exit(9 if any(name.startswith('CLAIMDESK') for name in os.environ) else 0)"
    monkeypatch.setattr(child, "_command", lambda *paths: [sys.executable, "-c", tell])

    with pytest.raises(FileRefused) as caught:
        look(files.jpeg())

    assert caught.value.reason == "the reader's answer makes no sense"


def test_the_child_does_not_load_django(tmp_path):
    (tmp_path / "a").write_bytes(files.jpeg())
    (tmp_path / "b").write_bytes(files.pdf())
    code = (
        "import sys; from apps.core.files import inspect\n"
        "for name in 'ab': assert inspect.main([name, '--preview-to', 'p', '--thumb-to', 't']) == 0\n"
        "assert 'django' not in sys.modules"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


def test_only_so_many_are_looked_at_at_once(look, monkeypatch):
    import threading

    monkeypatch.setattr(child, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(child, "WAIT_S", 0.01)

    with child._slots, pytest.raises(FilesBusy) as caught:
        look(files.jpeg())
    after = look(files.jpeg())

    assert (caught.value.status, caught.value.retry_after) == (503, 10)
    assert after.kind == "jpeg"
