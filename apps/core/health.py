"""Is this installation able to work? Each part is asked with a bound of three seconds."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from datetime import timedelta

import redis
import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.utils import timezone
from kombu import Connection

from apps.core.deliveries import oldest_unfinished
from apps.core.files import storage

log = structlog.get_logger(__name__)
BOUND = 3  # s
LATE = timedelta(minutes=10)


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    finally:
        connection.close()


def _broker() -> None:
    if settings.CELERY_BROKER_URL != "memory://":
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)


def _channel_layer() -> None:
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as server:
            server.ping()
    async_to_sync(get_channel_layer().group_send)("health", {"type": "hint", "hint": {}})


def _deliveries() -> None:
    try:
        age = oldest_unfinished(now=timezone.now())
    finally:
        connection.close()
    if age > LATE:
        raise RuntimeError(f"the oldest unfinished delivery is {int(age.total_seconds())} s old")


PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "channel_layer": _channel_layer,
    "storage": storage.check,
    "deliveries": _deliveries,
}
# Late deliveries are ops' concern; taking the web away for them would lose what still works.
WARNS = {"deliveries"}


def ready() -> tuple[bool, dict[str, str]]:
    """Whether all parts answer, and for each `ok` or in one word what is wrong (no hosts, no secrets)."""
    pool = ThreadPoolExecutor(max_workers=len(PARTS))
    asked = {name: pool.submit(part) for name, part in PARTS.items()}
    states: dict[str, str] = {}
    for name, answer in asked.items():
        try:
            answer.result(timeout=BOUND)
            states[name] = "ok"
        except TooSlow:
            states[name] = "no answer in time"
        except Exception as error:  # noqa: BLE001  whatever the part's library raises: told in the answer and in the log
            states[name] = str(error) if name in WARNS else type(error).__name__
            log.warning("not_ready", part=name, error=type(error).__name__)
    pool.shutdown(wait=False, cancel_futures=True)
    return all(state == "ok" for name, state in states.items() if name not in WARNS), states
