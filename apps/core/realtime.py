"""The one gateway for live updates. What it sends are hints (ids and versions); the page reads the truth."""

import asyncio
import re
import time
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
BOUND = 1.0  # s that a hint may hold a request up
SILENCE = 5.0  # s without hints after one was lost: many requests must not wait for one dead server
_silent_until = 0.0


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
        async_to_sync(_bounded)(group, {"type": "hint", "hint": hint})
    except ChannelFull:
        log.warning("hint_lost", group=group, error="ChannelFull")
    except (RedisError, OSError) as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("hint_lost", group=group, error=type(error).__name__)


async def _bounded(group: str, message: dict[str, Any]) -> None:
    """The layer's own connections read without a limit (settings say why), so the limit is set here."""
    await asyncio.wait_for(get_channel_layer().group_send(group, message), BOUND)
