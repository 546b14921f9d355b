"""What reads documents is killed, hangs and is given too much: claims go on, documents end in an honest state.

One heavy worker with one process, killed at each stage; tesseract is real, the virus scanner answers like clamd.
"""

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from PIL import Image

from apps.integrations.tests import clamd
from tests.faults.attack import Report, drain
from tests.faults.failpoints import HURRY
from tests.faults.form import Form
from tests.faults.judge import Judge
from tests.faults.memory import DRAWING, READING_WORDS, Memory
from tests.faults.rig import PROCESSES, Rig
from tests.faults.servers import wait_until
from tests.makers import files

STAGES = ("scan:file_scanned", "pages:before_pages", "pages:pages_drawn", "text:before_page", "text:page_read",
          "verdict:before_verdict")  # fmt: skip
SOME_PAGES, MOST_PAGES, MOST_PIXELS = 10, 300, 50_000_000
TOO_LARGE = (9000, 5600)  # px
MODEL_SECONDS = 2  # that the model may take
OUT_OF_TIME = "ocr_timeout"  # on a busy machine that happens by itself, and is as honest an end
MEETS_WITHIN, ENDS_WITHIN = 120.0, 300.0  # s
UNREAD = "handler LIKE 'reading.%' AND state NOT IN ('done', 'cancelled')"
TRIED = """SELECT delivery.state, array_agg(outcome) FROM core_delivery AS delivery
           JOIN core_deliveryattempt AS try ON try.delivery_id = delivery.id
           WHERE delivery.id = {} GROUP BY delivery.id"""
ASKING = "FROM core_delivery WHERE handler = 'advice.model' AND state"
EXPIRE = """UPDATE core_delivery SET expires_at = now() WHERE handler = 'advice.model' AND state <> 'done'
            RETURNING id"""
AGE = """UPDATE claims_advice SET at = at - interval '11 minutes' WHERE state = 'asked' RETURNING id"""


@dataclass
class Outcome:
    killed: int = 0
    done: list[str] = field(default_factory=list)
    documents: int = 0
    slow: int = 0  # documents that had no time for OCR though nobody hurried it
    left: int = 0  # pictures that no row knows of
    slowest: float = 0.0  # s
    memory: str = ""
    report: Report = field(default_factory=lambda: Report(0))
    seconds: float = 0.0
    flaws: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"reading: killed at {self.killed} of {len(STAGES)} stages; {'; '.join(self.done)}; "
            f"{self.documents} documents ended, {self.slow} too slow for OCR, {self.left} pictures left beside them; "
            f"slowest answer of the form {self.slowest:.1f} s; most memory: {self.memory}; in {self.seconds:.0f} s",
            self.report.verdict.line(),
        ]


class Readings:
    def __init__(self, rig: Rig, *, say: Callable[[str], None], brief: bool = False) -> None:
        self.rig, self.say, self.outcome, self.brief = rig, say, Outcome(), brief
        self.began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            made = rig.run("papers", str(len(STAGES) + 12), folder)
            self._take(Path(folder))
        self.form, self.memory = Form(rig, made), Memory(rig)
        self.expected: dict[str, tuple[str, ...]] = {}  # of a document: its state, code and note
        self.killed: dict[str, str] = {}  # a document whose reading was broken off, and what it is a copy of
        self.in_peace: dict[str, str] = {}  # what it is, and the document that was read undisturbed

    def run(self) -> Outcome:
        self.began = time.monotonic()
        with mock.patch.object(clamd, "MOST_BYTES", 60_000_000), clamd.running_clamd() as scanner:
            settings = {"OCR": True, "CLAMAV_URL": scanner.url, "ADVISER": "model", "LLM_SECONDS": MODEL_SECONDS}
            with self.rig.changed(**settings):
                self.rig.start(*PROCESSES)
                self.rig.wait_for_web()
                with self.memory.watched():
                    for part in (self.stages, self.out_of_time, self.large):
                        part()
                    if not self.brief:
                        self.children()
                        self.whole_worker()
                self.model_that_hangs()
                if not self.brief:
                    self.model_that_nobody_asks()
                drain(self.rig, self.outcome.report)
                self._judge()
        self.outcome.seconds = time.monotonic() - self.began
        return self.outcome

    def _take(self, folder: Path) -> None:
        self.pdf = (folder / "paper.pdf").read_bytes()
        with Image.open(folder / "photo.jpg") as photo:
            self.photo = photo.copy()
        self.page = files.saved(self.photo, "PDF", quality=80)
        self.scan = files.saved(self.photo, "PDF", save_all=True, append_images=[self.photo], quality=80)

    # --- what goes wrong

    def stages(self) -> None:
        """At each stage the worker is killed; while it is dead the claim is submitted."""
        for stage in STAGES:
            armed = self.rig.failpoints / f"reading.{stage}--kill"
            # Who was killed at two points of a step would be given up at its third try.
            armed.write_text(str(self.rig.number("SELECT COALESCE(max(id), 0) FROM core_delivery")))
            draft, document = self.form.uploaded(self.scan if stage.startswith("text") else self.pdf)
            self._until(lambda armed=armed: not armed.exists(), f"{stage} is not reached")
            self.form.submit(draft)
            self.killed[document] = "scan" if stage.startswith("text") else "pdf"
        for name, content in (("pdf", self.pdf), ("scan", self.scan)):
            draft, self.in_peace[name] = self.form.uploaded(content)
            self.form.submit(draft)
        self._settled()
        for stage in STAGES:
            self._check_killed(stage)
        self.say(f"  {self.outcome.killed} stages, {time.monotonic() - self.began:.0f} s")

    def children(self) -> None:
        """The child that draws, and the one that reads, are killed: nothing is made up for what they did not see."""
        whole = files.pdf(SOME_PAGES)
        for mark, content, note in ((DRAWING, whole, "reading_failed"), (READING_WORDS, self.page, "ocr_failed")):
            draft, document = self.form.uploaded(content)
            self._kill(mark)
            self.form.submit(draft)
            self._settled()
            self.expected[document] = ("doubtful", "not_read", note)
        self._tell("drawing and reading child killed")

    def out_of_time(self) -> None:
        (self.rig.failpoints / f"reading.text:before_page--{HURRY}").touch()
        draft, document = self.form.uploaded(files.pdf_scanned(1))
        self.form.submit(draft)
        self._settled()
        self.expected[document] = ("doubtful", "not_read", OUT_OF_TIME)
        self.rig.kill("heavy")
        self.rig.start("heavy")
        self._tell("OCR out of time")

    def large(self) -> None:
        """As much as is allowed is read as far as that is promised; more is refused in words."""
        draft, document = self.form.uploaded(files.pdf(MOST_PAGES))
        self.expected[document] = ("doubtful", "unsure_kind", "only_first_pages")
        self.form.refused(draft, files.pdf(MOST_PAGES + 1), "file_too_many_pages")
        _draft, document = self.form.uploaded(self._enlarged(), draft)
        self.expected[document] = ("accepted", "", "")
        self.form.refused(draft, files.jpeg(*TOO_LARGE), "file_bomb")
        self.form.submit(draft)
        self._settled()
        self._tell(f"{MOST_PAGES} pages and {MOST_PIXELS // 10**6} MP read, more refused")

    def whole_worker(self) -> None:
        """The worker with all its children: once while pictures are being kept, once while a page is being read."""
        draft, document = self.form.uploaded(files.pdf(SOME_PAGES))
        [(key,)] = self.rig.rows(f"SELECT key FROM claims_document WHERE id = '{document}'")
        self._until(lambda: any(self._kept(f"{key.rpartition('/')[0]}/pages/*.jpg")), "no picture is kept")
        self.rig.kill("heavy")
        self.rig.start("heavy")
        self.form.submit(draft)
        draft, second = self.form.uploaded(self.scan)
        self._kill(READING_WORDS, whole_worker=True)
        self.form.submit(draft)
        self._settled()
        self.killed[second] = "scan"
        self.expected[document] = ("doubtful", "unsure_kind", "")
        self._tell("whole worker killed twice")

    def model_that_hangs(self) -> None:
        """It never answers: the form's next step, and the submit, do not wait for it."""
        self.rig.fault("openai", kind="silence")
        draft = self.form.described()
        self._until(lambda: bool(self.rig.number(f"SELECT count(*) {ASKING} = 'running'")), "the model is not asked")
        self.form.gone_on(draft)
        self._until(lambda: self._advice(draft) != "asked", "the advice stays asked")
        self.rig.mend()
        self._tell(f"model silent: advice {self._advice(draft)}")

    def model_that_nobody_asks(self) -> None:
        """Whoever asks it is killed and does not come back in time: the advice does not stay asked for ever."""
        self.rig.fault("openai", kind="silence")
        self.rig.kill("slow")
        draft = self.form.described()
        self.form.gone_on(draft)
        self.rig.rows(EXPIRE)
        self.rig.rows(AGE)
        self.rig.start("slow")
        self._until(lambda: not self.rig.number(f"SELECT count(*) {ASKING} <> 'cancelled'"), "it is still due")
        self.rig.mend()
        self._leave_behind()
        self.rig.run("purge")
        if (state := self._advice(draft)) != "useless not_in_time":
            self.outcome.flaws.append(f"{draft['number']}: advice that nobody asked for is {state}")
        if left := sorted(path.name for path in (self.rig.folder / "uploads").iterdir()):
            self.outcome.flaws.append(f"killed workers' folders stay: {left}")
        self._tell("asker killed: advice not in time")

    def _advice(self, draft: dict[str, str]) -> str:
        [row] = [row for row in self.rig.run("advice") if row[0] == draft["number"]]
        return " ".join(row[1:]).strip()

    def _leave_behind(self) -> None:
        """Make what killed workers left a day older."""
        then = time.time() - 25 * 3600
        for path in (self.rig.folder / "uploads").iterdir():
            os.utime(path, (then, then))

    # --- how

    def _enlarged(self) -> bytes:
        """The photo with as many pixels as are allowed, or a few less."""
        scale = (MOST_PIXELS / (self.photo.width * self.photo.height)) ** 0.5
        size = (int(self.photo.width * scale), int(self.photo.height * scale))
        return files.saved(self.photo.resize(size), "JPEG", quality=80)

    def _kill(self, mark: str, *, whole_worker: bool = False) -> None:
        """SIGKILL to the child whose command line has `mark`, once there is one, or to its worker and all below it."""
        found: list[int] = []

        def seen() -> bool:
            found[:] = [pid for pid, line in self.rig.below("heavy").items() if mark in line]
            return bool(found)

        self._until(seen, f"no {mark}")
        if whole_worker:
            self.rig.kill("heavy")
            self.rig.start("heavy")
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(found[0], signal.SIGKILL)

    def _settled(self) -> None:
        """Wait until every document is read, or left to people."""

        def done() -> bool:
            self.outcome.report.ended_by_themselves.update(self.rig.raise_the_dead())
            return not self.rig.number(f"SELECT count(*) FROM core_delivery WHERE {UNREAD}")

        self._until(done, "readings do not end", within=ENDS_WITHIN)

    def _until(self, ready: Callable[[], bool], what: str, *, within: float = MEETS_WITHIN) -> None:
        wait_until(ready, what, within=within)

    # --- the judgement

    def _check_killed(self, stage: str) -> None:
        hit = self.rig.failpoints / f"hit--reading.{stage}--kill"
        [(state, outcomes)] = self.rig.rows(TRIED.format(int(hit.read_text())))
        if state != "done" or "lost" not in outcomes:
            self.outcome.flaws.append(f"{stage}: {state} after {outcomes}")
        else:
            self.outcome.killed += 1

    def _judge(self) -> None:
        outcome = self.outcome
        verdict = outcome.report.verdict = Judge(self.rig, self.form.submitted).judge()
        outcome.flaws += verdict.all()
        outcome.flaws += [f"staff had to press retry: {name}" for name in outcome.report.pressed if "reading" in name]
        read = {one["document"]: one for one in self.rig.run("readings")}
        outcome.documents = len(read)
        outcome.slow = sum(one["note"] == OUT_OF_TIME for one in read.values()) - 1
        for one in read.values():
            outcome.flaws += [f"{one['document']}: {flaw}" for flaw in self._flaws(one)]
        outcome.flaws += self._unexpected(read)
        outcome.slowest, outcome.memory = self.form.slowest, self.memory.line()
        outcome.flaws += [*self.form.flaws, *self.memory.flaws()]

    def _unexpected(self, read: dict[str, Any]) -> Iterator[str]:
        for document, expected in self.expected.items():
            found = tuple(read[document][name] for name in ("state", "code", "note"))
            if found != expected and found[2] != OUT_OF_TIME:
                yield f"{document}: {found}, not {expected}"
        for document, name in self.killed.items():
            one, other = read[document], read[self.in_peace[name]]
            if OUT_OF_TIME not in (one["note"], other["note"]):
                yield from _unlike(one, other)

    def _flaws(self, one: dict[str, Any]) -> Iterator[str]:
        numbers = [number for number, _read in one["pages"]]
        if not one["verdict"] or one["state"] != one["verdict"]:
            yield f"{one['state']} with the verdict {one['verdict'] or 'none'}"
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"its pages are {numbers}"
        if one["state"] != "accepted" and not one["reason"]:
            yield "the applicant is told no reason"
        if bool(one["note"]) != bool(one["told"]):
            yield f"of {one['note'] or 'nothing'} staff are told {one['told'] or 'nothing'}"
        here = {str(path.relative_to(self.rig.folder / "files")) for path in self._kept(f"{one['folder']}/**/*")}
        if missing := set(one["keys"]) - here:
            yield f"{len(missing)} of its files are not there"
        strays = here - set(one["keys"])
        self.outcome.left += len(strays)
        if any("/pages/" not in path for path in strays):  # those go with the document
            yield f"nobody knows {strays}"

    def _kept(self, pattern: str) -> list[Path]:
        return [path for path in (self.rig.folder / "files").glob(pattern) if path.is_file()]

    def _tell(self, what: str) -> None:
        self.outcome.done.append(what)
        self.say(f"  {what}, {time.monotonic() - self.began:.0f} s")


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """How a document was read otherwise than its like, which nobody disturbed."""
    for name in ("state", "code", "note", "total", "pages", "said"):
        if one[name] != other[name]:
            yield f"{one['document']}: its {name} is {str(one[name])[:200]}, of its like {str(other[name])[:200]}"
