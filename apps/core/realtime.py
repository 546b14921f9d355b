"""The one gateway for live updates. What it sends are hints (ids and versions); the page reads the truth."""

import asyncio
import os
import re
import threading
import time
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
BOUND = 1.0  # s that a hint may hold a request up
SILENCE = 5.0  # s without hints after one was lost: many requests must not wait for one dead server
_silent_until = 0.0
_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a thread does not live on in a forked child
_one_loop = threading.Lock()


def group_name(topic: str, key: str = "") -> str:
    """A channel-layer group for `topic` and `key`; anything but ASCII letters, digits, - and . becomes _."""
    return re.sub(r"[^A-Za-z0-9.\-]", "_", f"{topic}.{key}" if key else topic)[:99]


def tell(group: str, kind: str, **hint: Any) -> None:
    """After commit, send `{"type": kind, **hint}` to every page in `group`. A lost hint is no error: pages poll too."""
    transaction.on_commit(lambda: _send(group, {"type": kind, **hint}), robust=True)


def _send(group: str, hint: dict[str, Any]) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        _deliver(group, {"type": "hint", "hint": hint})
    except ChannelFull:
        log.warning("hint_lost", group=group, error="ChannelFull")
    except (RedisError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("hint_lost", group=group, error=type(error).__name__)


def _deliver(group: str, message: dict[str, Any]) -> None:
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        async_to_sync(_bounded)(group, message)  # its queues belong to the loop of the pages
    else:
        asyncio.run_coroutine_threadsafe(_bounded(group, message), _own_loop()).result()


def _own_loop() -> asyncio.AbstractEventLoop:
    """One loop for all hints of this process. A loop for each would open a connection for each: a fifth of a save."""
    with _one_loop:
        if os.getpid() not in _loops:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="hints", daemon=True).start()
        return _loops[os.getpid()]


async def _bounded(group: str, message: dict[str, Any]) -> None:
    """The layer's own connections read without a limit (settings say why), so the limit is set here."""
    await asyncio.wait_for(get_channel_layer().group_send(group, message), BOUND)
