"""What is under us goes away for a while: no submit is refused that could be kept, nothing is done that isn't."""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from redis import Redis

from tests.faults.attack import Report, drain
from tests.faults.clients import Clients
from tests.faults.judge import Judge
from tests.faults.rig import PROCESSES, Rig
from tests.makers.files import photo

EACH = 3  # claims submitted during each outage
SLOWEST_SUBMIT = 5.0  # s, also while everything is away
LIES = ("SlowDown", "hollow", "half", "etag")  # refuses, keeps nothing, keeps half, names a wrong checksum
LINGER = 3.0  # s that an archive is lied to
SLOW = 5.0  # s, longer than the client waits
LEFT = 100 * 1024  # bytes of room on the full disk


@dataclass
class Outcome:
    told: list[str] = field(default_factory=list)
    report: Report = field(default_factory=lambda: Report(0))
    seconds: float = 0.0
    flaws: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        told = "; ".join(self.told)
        return [f"outages: {told}; in {self.seconds:.0f} s", self.report.verdict.line()]


class Outages:
    def __init__(self, rig: Rig, *, down: float, say: Callable[[str], None], brief: bool = False) -> None:
        self.rig, self.down, self.say, self.outcome = rig, down, say, Outcome()
        self.steps: list[Callable[[], Iterator[None]]] = [
            self.redis_flushed, self.redis_down, self.rabbitmq_down,
            *(lambda code=code: self.archive(kind="refuse", code=code) for code in LIES),
            lambda: self.archive(kind="delay", when="before", seconds=SLOW),
            self.disks_full,
        ]  # fmt: skip
        if brief:  # what takes longest is left to `make faults`
            self.steps = [self.redis_flushed, self.redis_down, self.steps[5], self.disks_full]
        self.clients = Clients(rig, rig.run("drafts", str(EACH * len(self.steps) + 2)), seed=0)
        self.count = 0

    def run(self) -> Outcome:
        began = time.monotonic()
        self.rig.start(*PROCESSES)
        self.rig.wait_for_web()
        self._submit(1)
        self._drain()
        for step in self.steps:
            with contextlib.contextmanager(step)():
                self._submit(EACH)
            self._drain()
        self.clients.finish()
        verdict = self.outcome.report.verdict = Judge(self.rig, self.clients.acknowledged).judge()
        self.outcome.flaws += [*self.clients.flaws, *verdict.all()]
        self.outcome.flaws += [f"a submit was refused with {status}" for status in self.clients.refused]
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # --- what goes away

    def redis_flushed(self) -> Iterator[None]:
        with self._redis() as redis:
            redis.flushall()
        yield
        with self._redis() as redis:
            redis.flushall()
        self._tell("Redis flushed twice")

    def redis_down(self) -> Iterator[None]:
        self.rig.kill("redis")
        end = time.monotonic() + self.down
        yield
        time.sleep(max(0.0, end - time.monotonic()))
        self.rig.start("redis")
        self._tell(f"Redis down {self.down:.0f} s")

    def rabbitmq_down(self) -> Iterator[None]:
        self.rig.rabbitmq.kill()
        told, end = self._done("rabbitmq"), time.monotonic() + self.down
        yield
        time.sleep(max(0.0, end - time.monotonic()))
        if (now := self._done("rabbitmq")) != told:
            self.outcome.flaws.append(f"{now - told} events were called told while RabbitMQ was away")
        self.rig.rabbitmq.start()
        self._tell(f"RabbitMQ down {self.down:.0f} s")

    def archive(self, **fault: Any) -> Iterator[None]:
        self.rig.fault("s3", **fault)
        before = self._archived()
        yield
        time.sleep(LINGER)
        if (after := self._archived()) != before:
            self.outcome.flaws.append(f"{after - before} archives were called stored while S3 did {fault}")
        self.rig.mend()
        self._tell(f"S3 {fault.get('code', fault['kind'])}")

    def disks_full(self) -> Iterator[None]:
        """Both: where uploads arrive, and where files stay. Submits go on; uploads are told that there is no room."""
        if not self.rig.has_small_disk:
            yield
            return self._tell("disks full: LEFT OUT (mounting one is not permitted)")
        arriving, staying = (self._fill(self.rig.folder / name) for name in ("uploads", "files"))
        self._upload(expect=507)
        yield
        arriving.unlink()
        self._upload(expect=507)
        staying.unlink()
        self._upload(expect=201)
        self._tell("disks full")

    # --- how

    def _redis(self) -> Redis:
        return Redis.from_url(self.rig.redis.url)

    def _archived(self) -> int:
        noted = self.rig.number("SELECT count(*) FROM claims_registration WHERE archived_at IS NOT NULL")
        return noted + self._done("archive")

    def _done(self, target: str) -> int:
        return self.rig.number(f"SELECT count(*) FROM core_delivery WHERE target = '{target}' AND state = 'done'")

    def _fill(self, folder: Path) -> Path:
        ballast, room = folder / "ballast", os.statvfs(folder)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - LEFT)
        return ballast

    def _upload(self, *, expect: int) -> None:
        """Send a photo larger than what is left, into the draft that is submitted when all is over."""
        draft = self.clients.drafts[-1]
        answer = requests.post(
            f"{self.rig.url}/api/v1/intake/claims/{draft['number']}/documents",
            data={"slot": "boarding_pass"}, files={"file": ("photo.jpg", photo(1600, 1200))},
            headers={"Authorization": f"Bearer {draft['token']}", "Idempotency-Key": str(uuid.uuid4())}, timeout=60,
        )  # fmt: skip
        is_json = answer.headers["Content-Type"].startswith("application/json")
        if answer.status_code != expect or not is_json or (expect == 507 and not answer.json().get("errors")):
            self.outcome.flaws.append(f"an upload was answered {answer.status_code}, not {expect}: {answer.text[:200]}")

    def _submit(self, count: int) -> None:
        self.count += count
        self.clients.release(self.count)
        end = time.monotonic() + 30
        while len(self.clients.acknowledged) < self.count and time.monotonic() < end:
            time.sleep(0.05)
        if len(self.clients.acknowledged) < self.count:
            self.outcome.flaws.append("a submit was not acknowledged while it could be kept")
        if (slowest := max(self.clients.seconds)) > SLOWEST_SUBMIT:
            self.outcome.flaws.append(f"a submit took {slowest:.1f} s")
            self.clients.seconds = [0.0]

    def _drain(self) -> None:
        drain(self.rig, self.outcome.report)

    def _tell(self, what: str) -> None:
        self.outcome.told.append(what)
        self.say(f"  {what}")
