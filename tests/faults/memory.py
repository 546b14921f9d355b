"""How much memory the rig's processes held at most, by what they do."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.faults.rig import Rig

MB = 1024  # kB
DRAWING, READING_WORDS = "reading.draw", " tsv"  # of a child's command line
MARKS = {"worker": "celery", "drawing": DRAWING, "tesseract": "tesseract", "inspection": "files.inspect"}
# The children's own limits are of address space, which is more.
MOST = {"worker": 600 * MB, "drawing": 1536 * MB, "tesseract": 1024 * MB, "inspection": 1024 * MB}


class Memory:
    """`peaks` in kB, of the processes that looked at files while `watched` was open."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.peaks = rig, dict[str, int]()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[over], daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def line(self) -> str:
        return ", ".join(f"{kind} {kb // MB} MB" for kind, kb in self.peaks.items())

    def flaws(self) -> list[str]:
        too_much = [f"{kind} held {kb // MB} MB" for kind, kb in self.peaks.items() if kb > MOST[kind]]
        return [*too_much, *(f"no {kind} was seen" for kind in MARKS.keys() - self.peaks)]

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            for name in ("heavy", "web"):
                with contextlib.suppress(KeyError):  # it is being started again
                    self._weigh(self.rig.below(name))

    def _weigh(self, found: dict[int, str]) -> None:
        for pid, line in found.items():
            kind = next((kind for kind in reversed(MARKS) if MARKS[kind] in line), None)
            if kind is None:
                continue
            with contextlib.suppress(OSError, IndexError):
                status = Path(f"/proc/{pid}/status").read_text()
                self.peaks[kind] = max(self.peaks.get(kind, 0), int(status.split("VmHWM:")[1].split()[0]))
