"""Applicants who submit, and repeat a request that got no answer with the same key, as the form does."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.faults.rig import Rig

ANSWERS_WITHIN = 240.0  # s, with starts of web and database in between
CLIENTS = 4
AGAIN = 0.2  # of the answered requests are sent once more at once, as by an impatient finger


class Clients:
    """Submits `drafts` (as tests.faults.inside makes them) as far as `release` lets them."""

    def __init__(self, rig: Rig, made: dict[str, Any], *, seed: int) -> None:
        self.rig, self.consents, self.drafts = rig, made["consents"], made["drafts"]
        self.random = random.Random(seed)
        self.keys = {draft["number"]: str(uuid.UUID(int=self.random.getrandbits(128))) for draft in self.drafts}
        self.acknowledged: dict[str, Any] = {}
        self.seconds: list[float] = []  # that answers took
        self.broken_off = 0
        self.refused: Counter[int] = Counter()
        self.flaws: list[str] = []
        self._released = threading.Semaphore(0)
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._futures = [self._pool.submit(self._one, draft) for draft in self.drafts]
        self._count = 0

    def release(self, count: int) -> None:
        """Let all in all `count` drafts be submitted."""
        for _ in range(min(count, len(self.drafts)) - self._count):
            self._released.release()
            self._count += 1

    def finish(self) -> None:
        """Return when each draft has its answer, or has waited too long for one."""
        self.release(len(self.drafts))
        for future in self._futures:
            future.result()
        self._pool.shutdown()

    def submit(self, draft: dict[str, str]) -> requests.Response:
        return requests.post(
            f"{self.rig.url}/api/v1/intake/claims/{draft['number']}/submit",
            json={"consents": self.consents},
            headers={"Authorization": f"Bearer {draft['token']}", "Idempotency-Key": self.keys[draft["number"]]},
            timeout=30,
        )

    def _one(self, draft: dict[str, str]) -> None:
        self._released.acquire()
        end = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                answer = self.submit(draft)
            except requests.RequestException as broken:
                self.broken_off += not isinstance(broken, requests.ConnectTimeout) and "refused" not in str(broken)
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                self.seconds.append(time.monotonic() - began)
                self._take(draft, answer.json())
                return
            self.refused[answer.status_code] += 1
            if answer.status_code != 503 or not answer.headers.get("Retry-After"):
                self.flaws.append(f"{draft['number']}: answered {answer.status_code} {answer.text[:200]}")
            time.sleep(0.5)
        self.flaws.append(f"{draft['number']}: no answer")

    def _take(self, draft: dict[str, str], answer: Any) -> None:
        known = self.acknowledged.setdefault(draft["number"], answer)
        if known != answer:
            self.flaws.append(f"{draft['number']}: a repeat was answered {answer}, not {known}")
        elif self.random.random() < AGAIN and len(self.acknowledged) < len(self.drafts):
            self._again([draft])

    def ask_again(self) -> None:
        """Repeat every request: the answer must be the one that was given."""
        self._again(self.drafts)

    def _again(self, drafts: Sequence[dict[str, str]]) -> None:
        for draft in drafts:
            try:
                answer = self.submit(draft)
            except requests.RequestException:
                continue
            first = self.acknowledged.get(draft["number"])
            if answer.status_code != 503 and first is not None and (answer.status_code, answer.json()) != (200, first):
                self.flaws.append(f"{draft['number']}: a repeat was answered {answer.text[:200]}, not {first}")
