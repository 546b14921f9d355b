"""Wakes the workers through Celery. A wake-up is a hint: whoever never gets it is found by the sweeper."""

import atexit
import os
import threading
import time
from collections.abc import Callable

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.core.drain import drain, end_worthless
from apps.core.outbox import on_wake

log = structlog.get_logger(__name__)
SILENCE = 5.0  # s without wake-ups after the broker did not answer; the sweeper finds the rows meanwhile
STALE = 3600  # s: what a broker has held for longer was swept long ago. Generous, since clocks of machines differ
PARTING = 1.0  # s that a process waits at its end for its last wake-up to leave


@shared_task(name="core.drain")
def drain_deliveries() -> int:
    return drain("quick")


# One try may take some minutes where each of its calls is answered late; a try that is cut off is found by its lease.
@shared_task(name="core.drain_slow", soft_time_limit=1200, time_limit=1230)
def drain_slow_deliveries() -> int:
    return drain("slow")


@shared_task(name="core.drain_heavy", soft_time_limit=1200, time_limit=1230)
def drain_heavy_deliveries() -> int:
    return drain("heavy")


@shared_task(name="core.end_worthless")
def end_worthless_deliveries() -> int:
    return end_worthless()


class Waker:
    """Sends wake-ups from a thread of its own, several at once as one: no request waits for a broker that is away."""

    def __init__(self, send: Callable[[], object], *, silence: float = SILENCE) -> None:
        self._send, self._silence = send, silence
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Begin anew: a forked process has neither the thread nor a lock that can be trusted."""
        self._lock, self._asked, self._idle = threading.Lock(), threading.Event(), threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        with self._lock:
            self._idle.clear()
            self._asked.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="waker", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether the last wake-up has left, or was given up, within `seconds`."""
        return self._idle.wait(seconds)

    def _work(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            sent = self._sent()
            with self._lock:
                if not self._asked.is_set():
                    self._idle.set()
            if not sent:
                time.sleep(self._silence)

    def _sent(self) -> bool:
        try:
            self._send()
        except (OperationalError, OSError) as error:
            log.warning("wake_lost", error=type(error).__name__)
            return False
        return True


wake_workers = Waker(lambda: drain_deliveries.apply_async(expires=STALE))
wake_slow_workers = Waker(lambda: drain_slow_deliveries.apply_async(expires=STALE))
wake_heavy_workers = Waker(lambda: drain_heavy_deliveries.apply_async(expires=STALE))
on_wake("quick", wake_workers)
on_wake("slow", wake_slow_workers)
on_wake("heavy", wake_heavy_workers)
for waker in (wake_workers, wake_slow_workers, wake_heavy_workers):
    atexit.register(waker.wait, PARTING)
