"""How fast a gigabyte of files becomes a ZIP and in how much memory, beside a loop that reads, sums and writes."""

import multiprocessing
import os
import re
import statistics
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from apps.core.files.bundle import Entry, bundle
from apps.core.files.storage import CHUNK
from bench.figures import Figure, spread
from bench.place import Place

MB = 1024 * 1024
FILES, EACH = 20, 1024 * MB // 20
ROUNDS = 5
PEAK_GROWTH = 30  # MB


def measure(place: Place) -> list[Figure]:
    folder = place.folder / "bundle"
    folder.mkdir()
    papers = [folder / f"{n:02}.pdf" for n in range(FILES)]
    for paper in papers:
        paper.write_bytes(os.urandom(EACH))
    target = folder / "written"
    rates: dict[str, list[float]] = {"ours": [], "loop": []}
    for _round in range(ROUNDS):
        for name, pieces in (("loop", _summed), ("ours", _zipped)):
            rates[name].append(_rate(pieces, papers, target))
    growth, peak = _in_child(papers, target)
    for file in (*papers, target):
        file.unlink()
    ours, loop = (statistics.median(rates[name]) for name in ("ours", "loop"))
    label = f"ZIP of {FILES} files, {FILES * EACH / MB:.0f} MB"
    return [
        Figure("bundle", label, f"{ours:.0f} MB/s {spread(rates['ours'])}",
               f"read, CRC, write: {loop:.0f} MB/s {spread(rates['loop'])}", f"{ours / loop:.2f}x",
               "G7: ≥ 0.75x", ours >= 0.75 * loop),
        Figure("bundle", f"{label}, memory of the process", f"+{growth:.0f} MB, {peak:.0f} MB at the peak", "", "",
               f"G7: ≤ +{PEAK_GROWTH} MB", growth <= PEAK_GROWTH),
    ]  # fmt: skip


def _rate(pieces: Callable[[list[Path]], Iterator[bytes]], papers: list[Path], target: Path) -> float:
    """MB a second."""
    began = time.perf_counter()
    _write(pieces(papers), target)
    return FILES * EACH / MB / (time.perf_counter() - began)


def _write(pieces: Iterator[bytes], target: Path) -> None:
    with target.open("wb") as out:
        for piece in pieces:
            out.write(piece)


def _zipped(papers: list[Path]) -> Iterator[bytes]:
    return bundle(Entry(paper.name, paper.name, EACH, lambda paper=paper: paper.open("rb")) for paper in papers)


def _summed(papers: list[Path]) -> Iterator[bytes]:
    for paper in papers:
        crc = 0
        with paper.open("rb") as stream:
            while piece := stream.read(CHUNK):
                crc = zlib.crc32(piece, crc)
                yield piece


def _in_child(papers: list[Path], target: Path) -> tuple[float, float]:
    """Growth and peak (MB) of a process that only makes the ZIP; a forked one would begin with what this one held."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watched, (papers, target))


def _watched(papers: list[Path], target: Path) -> tuple[float, float]:
    before = _peak_mb()
    _write(_zipped(papers), target)
    return _peak_mb() - before, _peak_mb()


def _peak_mb() -> float:
    # Not ru_maxrss: a child inherits its parent's.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0
