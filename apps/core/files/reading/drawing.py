"""Draws a file's pages in a child process with limits: whatever the file does to its parser, this process goes on."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from apps.core.files import refusals
from apps.core.files.bounded import Ended, run_bounded
from apps.core.files.errors import FileRefused
from apps.core.files.reading.errors import DrawingTimedOut, DrawingTooLarge
from apps.core.files.reading.pages import Page, Word
from apps.core.files.signatures import Kind

log = structlog.get_logger(__name__)

MEMORY_MB = 1536  # address space; a scanned A4 page at 1200 dpi takes some 700 MB
CPU_S = 40
PAGE_CPU_S = 10  # of a PDF; a scanned A4 page at 1200 dpi takes some 1
WALL_S = 90
WRITES_MB = 20  # each file
ANSWER_BYTES = WRITES_MB * 1024 * 1024


@dataclass(frozen=True)
class Drawn:
    """The pages drawn, the words that the file itself carries, and how many pages the file has in all."""

    pages: tuple[Page, ...]
    words: tuple[Word, ...]
    total: int


def draw_pages(path: Path, *, kind: Kind, folder: Path, most_pages: int) -> Drawn:
    """Draw the first `most_pages` pages as `folder`/page-001.jpg … upright, each with its thumb-001.jpg.

    Raises FileRefused for a broken file, DrawingTimedOut or DrawingTooLarge; then pictures of some pages may be there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ended = run_bounded(
        _command(path.absolute(), kind, folder.absolute(), most_pages), seconds=WALL_S, answer_bytes=ANSWER_BYTES
    )
    answer = _answer(ended)
    if "refused" in answer:
        raise FileRefused(str(answer["refused"]), str(answer.get("reason", "")))
    if "too_large" in answer:
        raise DrawingTooLarge(str(answer["too_large"]))
    return Drawn(
        pages=tuple(Page.from_json(page) for page in answer["pages"]),
        words=tuple(Word.from_json(word) for word in answer["words"]),
        total=answer["total"],
    )


def _command(path: Path, kind: Kind, folder: Path, most_pages: int) -> list[str]:
    return [
        *(sys.executable, "-E", "-s", "-m", "apps.core.files.reading.draw", str(path), str(folder)),
        *("--kind", kind, "--most-pages", str(most_pages)),
        *("--max-pixels", str(settings.MAX_IMAGE_MEGAPIXELS * 1_000_000)),
        *("--memory-mb", str(MEMORY_MB), "--cpu-s", str(CPU_S), "--file-mb", str(WRITES_MB)),
        *("--page-cpu-s", str(PAGE_CPU_S)),
    ]


def _answer(ended: Ended) -> dict[str, Any]:
    if ended.code is None or ended.out_of_cpu:
        raise DrawingTimedOut(f"still drawing after {WALL_S} s, {CPU_S} s of work, or {PAGE_CPU_S} s of a page's")
    if ended.killed:
        raise DrawingTooLarge("the child was killed")
    if ended.code != 0:
        # Either a crash that the file caused or an installation without its parsers: the log tells which.
        log.error("file_drawing_crashed", code=ended.code, at=ended.last_frame)
        raise FileRefused(refusals.BROKEN, f"drawing ended with {ended.code}")
    answer: dict[str, Any] = json.loads(ended.answer)
    return answer
