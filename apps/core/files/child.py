"""Looks into an uploaded file in a child process: whatever the file does to its parser, this process goes on."""

import json
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import structlog
from django.conf import settings

from apps.core.files import refusals
from apps.core.files.bounded import run_bounded
from apps.core.files.errors import FileRefused, FilesBusy
from apps.core.files.signatures import MIME, Kind

log = structlog.get_logger(__name__)

# A 50-megapixel PNG with transparency takes 490 MB of address space, a HEIC of that size 410 MB, both with headroom.
MEMORY_MB = 1024
CPU_S = 10
WALL_S = 20
WRITES_MB = 20
WAIT_S = 60  # for a free slot

_slots = threading.BoundedSemaphore(settings.FILE_INSPECTIONS)


@dataclass(frozen=True)
class Inspection:
    """What a file is. `pages` is 1 for a picture; `width` and `height` are pixels as seen, None for a PDF."""

    kind: Kind
    mime: str
    pages: int
    width: int | None
    height: int | None

    @property
    def has_preview(self) -> bool:
        """Were a preview and a thumbnail drawn?"""
        return self.kind != "pdf"


def inspect_file(path: Path, *, preview_to: Path, thumb_to: Path) -> Inspection:
    """What the file at `path` is; for a picture its preview and thumbnail (JPEG, no metadata) are written as well.

    The file itself is only read. Raises FileRefused (then no preview is left), or FilesBusy after a minute's wait.
    """
    if not _slots.acquire(timeout=WAIT_S):
        raise FilesBusy
    try:
        answer = _ask_child(path, preview_to, thumb_to)
        if "refused" in answer:
            raise FileRefused(str(answer["refused"]), str(answer.get("reason", "")))
        return _inspection(answer)
    except BaseException:
        preview_to.unlink(missing_ok=True)
        thumb_to.unlink(missing_ok=True)
        raise
    finally:
        _slots.release()


def _ask_child(path: Path, preview_to: Path, thumb_to: Path) -> dict[str, Any]:
    ended = run_bounded(_command(path.absolute(), preview_to.absolute(), thumb_to.absolute()), seconds=WALL_S)
    if ended.code is None:
        raise FileRefused(refusals.BOMB, f"still being read after {WALL_S} s")
    if ended.out_of_cpu or ended.killed:
        raise FileRefused(refusals.BOMB, f"the reader was stopped by {signal.Signals(-ended.code).name}")
    if ended.code != 0:
        # Either a crash that the file caused or an installation without its parsers: the log tells which.
        log.error("file_inspection_crashed", code=ended.code, at=ended.last_frame)
        raise FileRefused(refusals.BROKEN, f"the reader ended with {ended.code}")
    return _parsed(ended.answer)


def _command(path: Path, preview_to: Path, thumb_to: Path) -> list[str]:
    return [
        *(sys.executable, "-E", "-s", "-m", "apps.core.files.inspect", str(path)),
        *("--preview-to", str(preview_to), "--thumb-to", str(thumb_to)),
        *("--max-pixels", str(settings.MAX_IMAGE_MEGAPIXELS * 1_000_000), "--max-pages", str(settings.MAX_PDF_PAGES)),
        *("--memory-mb", str(MEMORY_MB), "--cpu-s", str(CPU_S), "--file-mb", str(WRITES_MB)),
    ]


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(answer)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or ("refused" in parsed and parsed["refused"] not in refusals.CODES):
        raise FileRefused(refusals.BROKEN, "the reader's answer makes no sense")
    return parsed


def _inspection(answer: dict[str, Any]) -> Inspection:
    kind, pages, width, height = (answer.get(name) for name in ("kind", "pages", "width", "height"))
    if kind not in MIME or not isinstance(pages, int) or not all(isinstance(n, int | None) for n in (width, height)):
        raise FileRefused(refusals.BROKEN, "the reader's answer makes no sense")
    known = cast(Kind, kind)
    return Inspection(kind=known, mime=MIME[known], pages=pages, width=width, height=height)
