"""The one gateway for live updates. What it sends are hints (ids and versions); the page reads the truth."""

import re
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def group_name(topic: str, key: str = "") -> str:
    """A channel-layer group for `topic` and `key`; anything but ASCII letters, digits, - and . becomes _."""
    return re.sub(r"[^A-Za-z0-9.\-]", "_", f"{topic}.{key}" if key else topic)[:99]


def tell(group: str, kind: str, **hint: Any) -> None:
    """After commit, send `{"type": kind, **hint}` to every page in `group`. A lost hint is no error: pages poll too."""
    transaction.on_commit(lambda: _send(group, {"type": kind, **hint}), robust=True)


def _send(group: str, hint: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(group, {"type": "hint", "hint": hint})
    except (RedisError, OSError, TimeoutError, ChannelFull) as error:
        log.warning("hint_lost", group=group, error=type(error).__name__)
