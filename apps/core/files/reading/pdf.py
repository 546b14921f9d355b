"""Draws a PDF's pages and reads the words it carries, by PDFium. Runs in the child; no Django here."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.core.files import refusals
from apps.core.files.reading.pages import Box, Word
from apps.core.files.refusals import Refused

if TYPE_CHECKING:
    from PIL import Image

MAX_LETTERS = 30_000  # of one page; a page of a telephone book has some 20 000
FEWEST_LETTERS = 12  # a page number or a scanner's stamp above a scan is no text layer
SOUND = 0.8  # the share of a layer's signs that must be known
GRID = 100_000  # places across a page that PDFium is asked for, as it answers in whole numbers
REPLACED = frozenset({0, 0xFFFD, 0xFFFE, 0xFFFF})
SURROGATES = range(0xD800, 0xE000)  # halves of signs, which no text can hold
PRIVATE = range(0xE000, 0xF900)  # where fonts without a map put their glyphs


@dataclass(frozen=True)
class Letter:
    """One sign of a text layer, empty if it is none, and its place; `known`: the font tells which sign it is."""

    sign: str
    box: Box
    known: bool


@contextmanager
def opened_pdf(path: Path) -> Iterator[Any]:
    """The PDF as a pypdfium2 document. What goes wrong inside is raised as Refused(file_broken, file_encrypted)."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
        try:
            yield document
        finally:
            document.close()
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Refused(refusals.ENCRYPTED if locked else refusals.BROKEN, str(error)) from error


def page_drawn(page: Any, size: tuple[int, int]) -> "Image.Image":
    """The page upright, with its rotation applied, at most `size` pixels wide and high."""
    width, height = page.get_size()
    scale = min(size[0] / width, size[1] / height)
    bitmap = page.render(scale=scale, limit_image_cache=True, rev_byteorder=True)
    try:
        image: Image.Image = bitmap.to_pil().convert("RGB")
        return image.copy()
    finally:
        bitmap.close()


def page_words(page: Any, number: int) -> list[Word]:
    """The words of the page's own text layer; none if it has no layer or one that says nothing."""
    letters = list(_letters(page))
    signs = [letter for letter in letters if not letter.sign.isspace()]
    if sum(letter.sign.isalnum() for letter in signs) < FEWEST_LETTERS:
        return []
    if sum(letter.known for letter in signs) < SOUND * len(signs):
        return []
    return _words(letters, number)


def _letters(page: Any) -> Iterator[Letter]:
    from pypdfium2 import raw

    text = page.get_textpage()
    try:
        for index in range(min(text.count_chars(), MAX_LETTERS)):
            code = raw.FPDFText_GetUnicode(text, index)
            sign = _sign(code)
            is_mapped = code not in REPLACED and code not in PRIVATE
            known = bool(sign) and is_mapped and raw.FPDFText_HasUnicodeMapError(text, index) != 1
            yield Letter(sign, _box(page, text, index), known)
    finally:
        text.close()


def _sign(code: int) -> str:
    """Empty for what is no sign: text that holds it can be neither encoded nor kept."""
    # PDFium marks a hyphen at a line's end so; the word goes on after it.
    return "-" if code in (2, 0xFFFE) else chr(code) if _is_sign(code) else ""


def _is_sign(code: int) -> bool:
    is_nothing = code in SURROGATES or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return 0 < code < 0x110000 and not is_nothing


def _box(page: Any, text: Any, index: int) -> Box:
    """Where the letter stands on the page as seen: PDFium turns and crops."""
    left, bottom, right, top = text.get_charbox(index, loose=True)
    (x1, y1), (x2, y2) = _seen(page, left, top), _seen(page, right, bottom)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _seen(page: Any, x: float, y: float) -> tuple[float, float]:
    from pypdfium2 import raw

    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, x, y, across, down)
    return _share(across.value), _share(down.value)


def _share(place: int) -> float:
    return min(max(place / GRID, 0.0), 1.0)


def _words(letters: list[Letter], number: int) -> list[Word]:
    """Letters put together; PDFium itself puts spaces and line ends between them, by their places."""
    rows: list[list[list[Letter]]] = [[[]]]
    for letter in letters:
        if not letter.sign:
            continue
        if letter.sign in "\r\n":
            rows.append([[]])
        elif letter.sign.isspace():
            rows[-1].append([])
        else:
            rows[-1][-1].append(letter)
    lines = [words for row in rows if (words := [word for word in row if word])]
    return [
        Word("".join(letter.sign for letter in word), number, line, _around(word))
        for line, words in enumerate(lines)
        for word in words
    ]


def _around(letters: list[Letter]) -> Box:
    boxes = [letter.box for letter in letters]
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
