"""Is this installation able to work? All parts are asked at once, with one bound of three seconds."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
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
BOUND = 3.0  # s
LATE = timedelta(minutes=10)


class Late(Exception):
    """str() is for ops, and names neither hosts nor persons."""


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
        raise Late(f"the oldest unfinished delivery is {int(age.total_seconds())} s old")


PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "channel_layer": _channel_layer,
    "storage": storage.check,
    "deliveries": _deliveries,
}
# Late deliveries are ops' concern; taking the web away for them would lose what still works.
WARNS = {"deliveries"}

_asking = threading.Lock()
_asked: dict[str, Future[None]] = {}


def ready() -> tuple[bool, dict[str, str]]:
    """Whether all parts answer, and for each `ok` or in one word what is wrong (no hosts, no secrets)."""
    until = time.monotonic() + BOUND
    answers = {name: _ask(name, part) for name, part in PARTS.items()}
    states = {name: _state(name, answer, until - time.monotonic()) for name, answer in answers.items()}
    return all(state == "ok" for name, state in states.items() if name not in WARNS), states


def _ask(name: str, part: Callable[[], None]) -> Future[None]:
    """The part's answer to come. A part that hangs is not asked again meanwhile, and holds up no process that ends."""
    with _asking:
        known = _asked.get(name)
        if known and not known.done():
            return known
        answer: Future[None] = Future()
        _asked[name] = answer
    threading.Thread(target=_answer, args=(part, answer), name=f"health-{name}", daemon=True).start()
    return answer


def _answer(part: Callable[[], None], answer: Future[None]) -> None:
    try:
        part()
    except Exception as error:  # noqa: BLE001  whatever the part's library raises: told in the answer and the log
        answer.set_exception(error)
    else:
        answer.set_result(None)


def _state(name: str, answer: Future[None], seconds: float) -> str:
    try:
        error = answer.exception(timeout=max(0.0, seconds))
    except TooSlow:
        return "no answer in time"
    if error is None:
        return "ok"
    log.warning("not_ready", part=name, error=type(error).__name__)
    return str(error) if isinstance(error, Late) else type(error).__name__
