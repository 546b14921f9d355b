"""Looks into an uploaded file in a child process: whatever the file does to its parser, this process goes on."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import structlog
from django.conf import settings

from apps.core.files import refusals
from apps.core.files.errors import FileRefused, FilesBusy
from apps.core.files.signatures import MIME, Kind

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parents[3]
# A 50-megapixel PNG with transparency takes 490 MB of address space, a HEIC of that size 410 MB, both with headroom.
MEMORY_MB = 1024
CPU_S = 10
WALL_S = 20
WRITES_MB = 20
WAIT_S = 60  # for a free slot
ANSWER_BYTES = 64 * 1024
OUT_OF_BOUNDS = frozenset({-signal.SIGXCPU, -signal.SIGKILL})  # past its time, or killed by the system for memory

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
    # Files, not pipes: what a child gone wild writes is bounded by its own limit and never by our memory.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as complaint:
        child = subprocess.Popen(
            _command(path.absolute(), preview_to.absolute(), thumb_to.absolute()),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=complaint,
            cwd=ROOT,
            # One arena: each thread's own would reserve 64 MB of the bounded address space.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
            start_new_session=True,
        )
        try:
            code = child.wait(timeout=WALL_S)
        except subprocess.TimeoutExpired as error:
            raise FileRefused(refusals.BOMB, f"still being read after {WALL_S} s") from error
        finally:
            _end(child)
        if code in OUT_OF_BOUNDS:
            raise FileRefused(refusals.BOMB, f"the reader was stopped by {signal.Signals(-code).name}")
        if code != 0:
            # Either a crash that the file caused or an installation without its parsers: the log tells which.
            log.error("file_inspection_crashed", code=code, at=_last_frame(complaint))
            raise FileRefused(refusals.BROKEN, f"the reader ended with {code}")
        answer.seek(0)
        return _parsed(answer.read(ANSWER_BYTES))


def _command(path: Path, preview_to: Path, thumb_to: Path) -> list[str]:
    return [
        *(sys.executable, "-E", "-s", "-m", "apps.core.files.inspect", str(path)),
        *("--preview-to", str(preview_to), "--thumb-to", str(thumb_to)),
        *("--max-pixels", str(settings.MAX_IMAGE_MEGAPIXELS * 1_000_000), "--max-pages", str(settings.MAX_PDF_PAGES)),
        *("--memory-mb", str(MEMORY_MB), "--cpu-s", str(CPU_S), "--file-mb", str(WRITES_MB)),
    ]


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


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


def _last_frame(complaint: IO[bytes]) -> str:
    """Where the child broke off: place and error's name, not its message, which may quote the file."""
    complaint.seek(0)
    lines = complaint.read(ANSWER_BYTES).decode(errors="replace").splitlines()
    frames = [line.strip() for line in lines if line.lstrip().startswith("File ")]
    return " ".join([*frames[-1:], *(line.partition(":")[0] for line in lines[-1:])])
