"""`python -m apps.core.files.reading.draw`: draw one file's pages, in a process of its own that may be killed.

Writes one line of JSON to standard output: {"pages", "words", "total"}, {"refused", "reason"} or {"too_large"}.
Nothing of Django is imported; the limits of this process are set before any parser is loaded.
"""

import argparse
import errno
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.core.files.bounded import limit_next_work, limit_this_process
from apps.core.files.reading.pages import Page, Word
from apps.core.files.refusals import Refused

if TYPE_CHECKING:
    from PIL import Image

LONG_SIDE = 2200  # px; an A4 page has 188 dpi then, enough for tesseract
# A till receipt is so long that its letters would vanish: then the short side decides.
SHORT_SIDE = 900  # px
LONGEST_SIDE = 8000  # px
THUMB_SIDE = 320  # px
GREY_SPREAD = 12  # levels between the channels that nobody sees as colour


def main(arguments: list[str] | None = None) -> int:
    """Draw the file that the arguments name and print what was drawn. Always 0; a crash is seen by its own code."""
    options = _options(arguments)
    limit_this_process(memory_mb=options.memory_mb, cpu_s=options.cpu_s, file_mb=options.file_mb)
    try:
        answer = draw(options)
    except Refused as error:
        answer = {"refused": error.code, "reason": error.reason}
    except MemoryError:
        answer = {"too_large": f"needs more than {options.memory_mb} MB"}
    except OSError as error:
        if error.errno not in (errno.EFBIG, errno.ENOMEM):
            raise
        answer = {"too_large": error.strerror}
    json.dump(answer, sys.stdout)
    return 0


def draw(options: argparse.Namespace) -> dict[str, Any]:
    """The pages and words of the file as JSON. Raises Refused."""
    pages, words, total = _draw_pdf(options) if options.kind == "pdf" else _draw_picture(options)
    return {"pages": [page.to_json() for page in pages], "words": [word.to_json() for word in words], "total": total}


def _draw_pdf(options: argparse.Namespace) -> tuple[list[Page], list[Word], int]:
    from apps.core.files.reading.pdf import opened_pdf, page_drawn, page_words

    pages, words = list[Page](), list[Word]()
    with opened_pdf(options.path) as document:
        for number in range(1, min(len(document), options.most_pages) + 1):
            limit_next_work(options.page_cpu_s)
            page = document[number - 1]
            try:
                image = page_drawn(page, _size(*page.get_size(), grow=True))
                own = page_words(page, number)
                words += own
            finally:
                page.close()
            pages.append(_keep(image, number, options.folder, has_text=bool(own)))
        return pages, words, len(document)


def _draw_picture(options: argparse.Namespace) -> tuple[list[Page], list[Word], int]:
    from apps.core.files.images import opened_picture, size_seen, upright

    with opened_picture(options.path, options.kind, max_pixels=options.max_pixels) as opened:
        image = upright(opened, _size(*size_seen(opened), grow=False))
    return [_keep(image, 1, options.folder, has_text=False)], [], 1


def _size(width: float, height: float, *, grow: bool) -> tuple[int, int]:
    """Pixels to draw something of this shape in; smaller things are enlarged only if they may `grow`."""
    long, short = max(width, height), min(width, height)
    scale = min(max(LONG_SIDE / long, SHORT_SIDE / short), LONGEST_SIDE / long)
    if not grow:
        scale = min(scale, 1)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _keep(image: "Image.Image", number: int, folder: Path, *, has_text: bool) -> Page:
    """Write the page's picture and thumbnail; say how it looks."""
    from apps.core.files.reading.looks import look_of

    thumb = image.copy()
    thumb.thumbnail((THUMB_SIDE, THUMB_SIDE), reducing_gap=2.0)
    if _is_grey(thumb):
        image, thumb = image.convert("L"), thumb.convert("L")
    image.save(folder / f"page-{number:03}.jpg", "JPEG", quality=80)
    thumb.save(folder / f"thumb-{number:03}.jpg", "JPEG", quality=80)
    return Page(number, image.width, image.height, look_of(image), has_text=has_text)


def _is_grey(image: "Image.Image") -> bool:
    from PIL import ImageChops

    if image.mode == "L":
        return True
    red, green, blue = image.split()
    spreads = (ImageChops.difference(red, green), ImageChops.difference(green, blue))
    return all(int(spread.getextrema()[1]) <= GREY_SPREAD for spread in spreads)  # type: ignore[arg-type]


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="draw", description="Draw one file's pages.")
    parser.add_argument("path", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=["pdf", "jpeg", "png", "heic"], required=True)
    parser.add_argument("--most-pages", type=int, required=True)
    parser.add_argument("--max-pixels", type=int, default=50_000_000)
    parser.add_argument("--memory-mb", type=int, default=1536)
    parser.add_argument("--cpu-s", type=int, default=40)
    parser.add_argument("--page-cpu-s", type=int, default=10)
    parser.add_argument("--file-mb", type=int, default=20)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
