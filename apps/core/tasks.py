import time

import structlog
from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from apps.core.drain import drain
from apps.core.outbox import on_wake

log = structlog.get_logger(__name__)
SILENCE = 5  # s without wake-ups after the broker did not answer; the sweeper finds the rows meanwhile
_silent_until = 0.0


@shared_task(name="core.drain")
def drain_deliveries() -> int:
    return drain()


def _wake_by_celery() -> None:
    global _silent_until
    if settings.CELERY_BROKER_URL == "memory://" or time.monotonic() < _silent_until:
        return
    try:
        drain_deliveries.delay()
    except (OperationalError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("wake_lost", error=type(error).__name__)


on_wake(_wake_by_celery)
