"""Hints reach open pages after the commit; a channel layer that is away costs nobody anything."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer
from redis.exceptions import ConnectionError as RedisAway

from apps.core import realtime
from apps.core.realtime import group_name, tell

pytestmark = pytest.mark.django_db


class Layer:
    """A channel layer that does to each message what it is told to."""

    def __init__(self, act: Any) -> None:
        self.act, self.asked = act, 0

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.asked += 1
        await self.act()


@pytest.fixture(autouse=True)
def no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "_silent_until", 0.0)


def use(monkeypatch: pytest.MonkeyPatch, act: Any) -> Layer:
    layer = Layer(act)
    monkeypatch.setattr(realtime, "get_channel_layer", lambda: layer)
    return layer


@pytest.mark.parametrize(
    ("topic", "key", "name"),
    [("claim", "12-ab", "claim.12-ab"), ("staff.claims", "", "staff.claims"), ("a", "б/в г", "a._____"),
     ("x" * 200, "", "x" * 99)],
)  # fmt: skip
def test_a_group_s_name_is_one_that_every_layer_takes(topic: str, key: str, name: str) -> None:
    assert group_name(topic, key) == name


def test_a_hint_reaches_the_pages_of_its_group_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    layer = InMemoryChannelLayer()
    monkeypatch.setattr(realtime, "get_channel_layer", lambda: layer)
    async_to_sync(layer.group_add)("claim.1", "page")

    with django_capture_on_commit_callbacks(execute=True):
        tell("claim.1", "claim.changed", version=3)
        tell("claim.2", "claim.changed", version=9)
        assert "page" not in layer.channels

    hint = {"type": "claim.changed", "version": 3}
    assert async_to_sync(layer.receive)("page") == {"type": "hint", "hint": hint}


async def away() -> None:
    raise RedisAway


async def hangs() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("act", [away, hangs])
def test_a_lost_hint_neither_raises_nor_holds_up_and_is_followed_by_silence(
    monkeypatch: pytest.MonkeyPatch, act: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(realtime, "BOUND", 0.05)
    layer = use(monkeypatch, act)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            tell("claim.1", "claim.changed")

    assert layer.asked == 1
    assert realtime._silent_until > time.monotonic()


def test_hints_go_on_after_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fine() -> None:
        return None

    layer = use(monkeypatch, fine)
    monkeypatch.setattr(realtime, "_silent_until", time.monotonic() - 0.01)
    realtime._send("claim.1", {"type": "claim.changed"})

    assert layer.asked == 1


def test_all_hints_go_through_one_loop_that_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = set()

    async def note() -> None:
        loops.add(asyncio.get_running_loop())

    use(monkeypatch, note)
    for _ in range(3):
        realtime._send("claim.1", {"type": "claim.changed"})

    assert len(loops) == 1


def test_one_page_that_does_not_read_silences_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from channels.exceptions import ChannelFull

    async def full() -> None:
        raise ChannelFull

    layer = use(monkeypatch, full)
    realtime._send("claim.1", {"type": "claim.changed"})
    realtime._send("claim.2", {"type": "claim.changed"})

    assert layer.asked == 2
