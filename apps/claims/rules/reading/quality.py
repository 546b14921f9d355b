"""What keeps a page from being read: told from how it looks and how sure OCR was."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from apps.core.files.reading.pages import Page, Word

DARK_BRIGHTNESS = 0.35  # 0 black to 1 white: paper that is darker than this
BLURRED_SHARPNESS = 0.03  # steepness of edges: a blurred page has 0.01, a photo of things 0.04, a readable page 0.08
SMALL_SIDE = 480  # pixels, of the shorter side
SMALL_LETTERS = 10  # pixels, the usual word's height
EMPTY_INK = 0.002  # share of the page
EMPTY_CONTRAST = 0.06  # 0 to 1: an empty sheet photographed has 0.03, pale print 0.3
CUT_EDGE = 0.006  # share of the page between a cut line and the edge
CUT_LINES = 2  # lines that run into the left or right edge
SURE = 0.6  # 0 to 1: tesseract's words above it are nearly always right
FEW_SURE = 4  # sure words of three letters; fewer is no text


@dataclass(frozen=True)
class Trouble:
    """`code`: too_dark, blurred, too_small, cut, empty or unreadable. `page` is the page's number.

    A page that is both too_dark and empty is black: nothing at all is to be seen on it.
    """

    code: str
    page: int


def troubles_of(pages: Sequence[Page], words: Sequence[Word]) -> list[Trouble]:
    """What is wrong with each page. An empty page between others is nothing wrong."""
    own = {page.number: [word for word in words if word.page == page.number] for page in pages}
    empty = [_is_empty(page, own[page.number]) for page in pages]
    if pages and all(empty):
        return [Trouble("empty", pages[0].number)]
    if pages and all(_is_black(page, own[page.number]) for page in pages):
        return [Trouble(code, pages[0].number) for code in ("too_dark", "empty")]
    return [
        Trouble(code, page.number)
        for page, nothing in zip(pages, empty, strict=True)
        if not nothing and not page.has_text
        for code in _codes(page, own[page.number])
    ]


def sure_words(words: Sequence[Word]) -> int:
    """How many words of three letters and more OCR is sure of."""
    return sum(word.sure >= SURE and sum(map(str.isalnum, word.text)) > 2 for word in words)


def _codes(page: Page, words: Sequence[Word]) -> list[str]:
    is_dark = page.look.brightness < DARK_BRIGHTNESS
    is_blurred = page.look.sharpness < BLURRED_SHARPNESS
    is_unread = sure_words(words) < FEW_SURE and (bool(words) or is_dark or is_blurred)
    signs = {
        "too_dark": is_dark,
        "blurred": is_blurred,
        "too_small": _is_small(page, words),
        "cut": _is_cut(words),
        "unreadable": is_unread,
    }
    return [code for code, is_so in signs.items() if is_so]


def _is_empty(page: Page, words: Sequence[Word]) -> bool:
    is_blank = not words and page.look.ink < EMPTY_INK
    is_grain = not sure_words(words) and page.look.contrast < EMPTY_CONTRAST
    return (is_blank or is_grain) and page.look.brightness >= DARK_BRIGHTNESS


def _is_black(page: Page, words: Sequence[Word]) -> bool:
    look = page.look
    return (
        look.brightness < DARK_BRIGHTNESS
        and look.contrast < EMPTY_CONTRAST
        and not (page.has_text or sure_words(words))
    )


def _is_small(page: Page, words: Sequence[Word]) -> bool:
    heights = [(word.box.bottom - word.box.top) * page.height for word in words]
    return min(page.width, page.height) < SMALL_SIDE or bool(heights and median(heights) < SMALL_LETTERS)


def _is_cut(words: Sequence[Word]) -> bool:
    sure = [word for word in words if word.sure >= SURE and sum(map(str.isalnum, word.text)) > 1]
    left = {word.line for word in sure if word.box.left < CUT_EDGE}
    right = {word.line for word in sure if word.box.right > 1 - CUT_EDGE}
    return max(len(left), len(right)) >= CUT_LINES
