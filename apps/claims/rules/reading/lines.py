"""Words put together as lines, so that patterns can run over text and lead back to its place on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from apps.claims.rules.reading.letters import digits
from apps.core.files.reading.pages import Box, Word

WIDE_GAP = 0.025  # share of the page's width: a new column begins
WIDE_LETTERS = 2.0  # times a letter's width: nor does one begin within less, on a narrow paper such as a receipt
LEVEL = 0.6  # times the height of a word: two parts of one line are no further apart
LONG_LINE = 0.25  # share of the page's width; shorter lines do not tell a slope
MOST_COLUMNS = 4  # rows to look back for the rest of a line
MOST_LENGTH = 600  # characters of a line; OCR of a table's rules makes endless ones
COLUMN, SPACE = "\t", " "


@dataclass(frozen=True)
class Line:
    """`starts[n]` is where the n-th word begins in `text`; a tab stands between columns."""

    words: tuple[Word, ...]
    text: str
    starts: tuple[int, ...]

    def among(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that the characters from `start` to `end` belong to."""
        pairs = zip(self.starts, self.words, strict=True)
        return tuple(word for at, word in pairs if at < end and at + len(word.text) > start)


def lines_of(words: Sequence[Word]) -> list[Line]:
    """The words' lines in their order. Letters that look like digits are digits where nothing else makes sense."""
    by_line: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        if word.text.strip():
            by_line.setdefault((word.page, word.line), []).append(word)
    parts = list(by_line.values())
    slopes = {page: _slope([part for part in parts if part[0].page == page]) for page, _ in by_line}
    rows: list[list[Word]] = []
    for part in sorted(parts, key=lambda part: (part[0].page, _height(part[0], slopes[part[0].page]))):
        row = next((row for row in reversed(rows[-MOST_COLUMNS:]) if _beside(row, part, slopes[part[0].page])), None)
        if row is None:
            rows.append(list(part))
        else:
            row.extend(part)
            row.sort(key=lambda word: word.box.left)
    return [_line(row) for row in rows]


def below(line: Line, after: Line | None, start: int, end: int) -> Line | None:
    """The part of the next line that stands under the characters from `start` to `end`, to the next column."""
    label = line.among(start, end)
    if after is None or not label or after.words[0].page != label[0].page:
        return None
    left = label[0].box.left - WIDE_GAP / 2
    right = min((word.box.left for word in line.words if word.box.left > label[-1].box.right + WIDE_GAP), default=2.0)
    under = [word for word in after.words if left <= word.box.left < right - WIDE_GAP / 4]
    return _line(under) if under else None


def around(words: Sequence[Word]) -> Box:
    """The box around all of `words`, at least one."""
    boxes = [word.box for word in words]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    return Box(left, top, max(box.right for box in boxes), max(box.bottom for box in boxes))


def _slope(parts: Sequence[Sequence[Word]]) -> float:
    """How far lines fall from left to right on a page that lies askew, in shares of height to width."""
    ends = [(part[0], part[-1]) for part in parts if part[-1].box.left - part[0].box.left > LONG_LINE]
    falls = [(_height(b) - _height(a)) / (b.box.left - a.box.left) for a, b in ends]
    return median(falls) if falls else 0.0


def _beside(row: Sequence[Word], part: Sequence[Word], slope: float) -> bool:
    """Whether both stand at one height, as the columns of a table that OCR read one by one."""
    one, other = around(row), around(part)
    apart = abs(_height(row[0], slope) - _height(part[0], slope))
    is_level = apart < LEVEL * min(word.box.bottom - word.box.top for word in (row[0], part[0]))
    return row[0].page == part[0].page and is_level and (one.right <= other.left or other.right <= one.left)


def _height(word: Word, slope: float = 0.0) -> float:
    """The height of the word's middle, as if the page lay straight."""
    return (word.box.top + word.box.bottom) / 2 - slope * word.box.left


def _line(words: Sequence[Word]) -> Line:
    text, starts, kept = "", [], []
    for word, gap in zip(words, _gaps(words), strict=True):
        if len(text) + len(word.text) > MOST_LENGTH:
            break
        text += gap
        starts.append(len(text))
        kept.append(word)
        text += digits(word.text)
    return Line(tuple(kept), text, tuple(starts))


def _gaps(words: Sequence[Word]) -> Iterator[str]:
    yield ""
    wide = max(WIDE_GAP, WIDE_LETTERS * _letter(words))
    for before, word in pairwise(words):
        yield COLUMN if word.box.left - before.box.right > wide else SPACE


def _letter(words: Sequence[Word]) -> float:
    return median((word.box.right - word.box.left) / len(word.text) for word in words)
