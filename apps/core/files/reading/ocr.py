"""Reads the words of a page's picture by tesseract, in a process of its own with limits; turns the page if it lies."""

import csv
import io
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from apps.core.files.bounded import Ended, bounded_command, run_bounded
from apps.core.files.reading.errors import OcrFailed, OcrMissing, OcrTimedOut
from apps.core.files.reading.pages import Box, Word

LANGUAGES = ("rus", "ukr", "eng")
LISTING_S = 10
MEMORY_MB = 1024
WRITES_MB = 20
ANSWER_BYTES = 4 * 1024 * 1024
WORD_LEVEL = "5"  # of tesseract's table; above it stand blocks and lines
SURE_TURN = 2.0  # tesseract's own measure; upright or not is told apart from about 1
SURE_WORD = 0.6
SURE_SHARE = 0.3  # of all letters; a page upside down reads as nonsense of which a fifth passes for sure
ENOUGH_LETTERS = 24  # in sure words; below, the page may lie on its side
SMALL_SIDE = 1400  # px; below, letters are too small for tesseract
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True)
class Read:
    """The words in reading order, and by how many degrees clockwise the picture was turned to read them."""

    words: tuple[Word, ...]
    turned: int


def ocr_languages() -> tuple[str, ...]:
    """Those of our languages that tesseract has here, none without tesseract."""
    tesseract = shutil.which("tesseract")
    return tuple(name for name in LANGUAGES if name in _installed(tesseract)) if tesseract else ()


def read_text(image: Path, *, page: int, seconds: int) -> Read:
    """The words of the picture at `image`, which is rewritten upright if it was not.

    Raises OcrMissing, OcrTimedOut after `seconds` in all, OcrFailed.
    """
    tesseract, languages = shutil.which("tesseract"), ocr_languages()
    if not tesseract or not languages:
        raise OcrMissing("no tesseract on PATH" if not tesseract else "no language of ours")
    reader = _Reader(tesseract, "+".join(languages), page, time.monotonic() + seconds)
    with tempfile.TemporaryDirectory(dir=image.parent) as folder:  # whoever removes what is left of one has both
        read = reader.read(image, Path(folder))
    if read.turned:
        turn_picture(image, read.turned)
    return read


@cache
def _installed(tesseract: str) -> frozenset[str]:
    ended = run_bounded([tesseract, "--list-langs"], seconds=LISTING_S, more_env=_environment())
    return frozenset(ended.answer.decode(errors="replace").split())


def _environment() -> dict[str, str]:
    # One thread: OpenMP's threads double the work and hold up the neighbours.
    own = {"TESSDATA_PREFIX": os.environ["TESSDATA_PREFIX"]} if "TESSDATA_PREFIX" in os.environ else {}
    return {"OMP_THREAD_LIMIT": "1", **own}


@dataclass(frozen=True)
class _Tried:
    """A reading, and how many letters of it make sense: lines that lie on their side do not count."""

    read: Read
    legible: int


@dataclass(frozen=True)
class _Reader:
    tesseract: str
    languages: str
    page: int
    deadline: float  # monotonic

    def read(self, image: Path, folder: Path) -> Read:
        """As tesseract says the page stands; if that gives next to nothing, the best of all four turns."""
        with Image.open(image) as opened:
            prepared = _prepared(opened)
        first = self._turn_told(prepared, folder)
        best = self._words(prepared, first, folder)
        if best.legible >= ENOUGH_LETTERS:
            return best.read
        return max([best, *self._others(prepared, first, folder)], key=lambda tried: tried.legible).read

    def _others(self, prepared: Image.Image, first: int, folder: Path) -> Iterator["_Tried"]:
        """The other turns that are really read, while there is time: noise reads as a word or two in any turn."""
        try:
            for turn in (0, 90, 270, 180):
                if turn != first and (tried := self._words(prepared, turn, folder)).legible >= ENOUGH_LETTERS:
                    yield tried
        except OcrTimedOut:
            return

    def _turn_told(self, prepared: Image.Image, folder: Path) -> int:
        """By how many degrees clockwise the page must be turned, as far as tesseract is sure; 0 if it is not."""
        if "osd" not in _installed(self.tesseract):
            return 0
        said = self._run(prepared, folder, "-l", "osd", "--psm", "0").answer.decode(errors="replace")
        turn, sure = (
            re.search(r"^Rotate: (\d+)", said, re.M),
            re.search(r"^Orientation confidence: ([\d.]+)", said, re.M),
        )
        return int(turn[1]) if turn and sure and float(sure[1]) >= SURE_TURN else 0

    def _words(self, prepared: Image.Image, turn: int, folder: Path) -> "_Tried":
        seen = prepared.transpose(TURNS[turn]) if turn else prepared
        ended = self._run(seen, folder, "-l", self.languages, "tsv")
        if ended.code != 0:
            raise OcrFailed(f"tesseract ended with {ended.code}")
        words = _words_of(ended.answer.decode(errors="replace"), self.page, seen.size)
        return _Tried(Read(words, turn), _legible(words, seen.size))

    def _run(self, seen: Image.Image, folder: Path, *options: str) -> Ended:
        left = self.deadline - time.monotonic()
        path = folder / "page.pgm"
        seen.save(path)
        command = bounded_command(
            [self.tesseract, str(path), "-", *options],
            memory_mb=MEMORY_MB,
            cpu_s=max(int(left) + 1, 1),
            file_mb=WRITES_MB,
        )
        ended = run_bounded(command, seconds=max(left, 0), answer_bytes=ANSWER_BYTES, more_env=_environment())
        if ended.code is None or ended.out_of_cpu:
            raise OcrTimedOut(f"page {self.page}")
        return ended


def _prepared(opened: Image.Image) -> Image.Image:
    """Grey, and larger if it is small. A dark page is left as it is: tesseract finds its own levels better."""
    grey = opened.convert("L")
    if max(grey.size) < SMALL_SIDE:
        grey = grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.LANCZOS)
    return grey


def turn_picture(image: Path, degrees: int) -> None:
    """Rewrite the JPEG turned clockwise by 90, 180 or 270; the old one stands until the new one is whole."""
    with Image.open(image) as opened:
        turned = opened.transpose(TURNS[degrees])
    beside = image.with_suffix(".turned")
    turned.save(beside, "JPEG", quality=80)
    beside.replace(image)


def _words_of(table: str, page: int, size: tuple[int, int]) -> tuple[Word, ...]:
    rows = [row for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
            if row["level"] == WORD_LEVEL and (row["text"] or "").strip()]  # fmt: skip
    lines: dict[tuple[str, ...], int] = {}
    return tuple(
        Word(
            row["text"].strip(),
            page,
            lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines)),
            _box(row, size),
            max(float(row["conf"]), 0) / 100,
        )
        for row in rows
    )


def _box(row: dict[str, str], size: tuple[int, int]) -> Box:
    left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
    return Box(left / size[0], top / size[1], (left + width) / size[0], (top + height) / size[1])


def _legible(words: tuple[Word, ...], size: tuple[int, int]) -> int:
    sure = sum(len(word.text) for word in words if word.sure >= SURE_WORD and word.text.isalnum() and _wide(word, size))
    return sure if sure >= SURE_SHARE * sum(len(word.text) for word in words) else 0


def _wide(word: Word, size: tuple[int, int]) -> bool:
    """Is it a word of three and more signs, wider than high as upright words are?"""
    width, height = (word.box.right - word.box.left) * size[0], (word.box.bottom - word.box.top) * size[1]
    return len(word.text) >= 3 and width > height
