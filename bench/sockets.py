"""One change of a claim, told to many pages that are open on it: how late each hears, and whether one does not."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import websockets
from channels.layers import get_channel_layer
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from websockets.typing import Origin

from apps.core.realtime import group_name
from bench import drafts
from bench.drafts import Draft
from bench.figures import Figure, p50_p95, percentile
from bench.peers.hub import CHANNEL
from bench.place import HOST, Place, Server

EVENTS = 20
PAUSE = 0.1  # s between two events: nobody queues behind the one before
PATIENCE = 10  # s until a hint counts as lost
BARE = "bench.bare"
AT_ONCE = 20  # sockets that are being opened
Send = Callable[[dict[str, Any]], Awaitable[Any]]


@dataclass
class Heard:
    """What the pages of one way heard: seconds after the send, for each page and event."""

    pages: int
    seconds: list[float] = field(default_factory=list)
    sent: int = 0
    began: float = 0.0
    by_all: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, text: str | bytes) -> None:
        if json.loads(text).get("number") == self.sent:
            self.seconds.append(time.perf_counter() - self.began)
            if not self.lost:
                self.by_all.set()

    @property
    def lost(self) -> int:
        return self.pages * self.sent - len(self.seconds)

    @property
    def p95(self) -> float:
        return percentile(self.seconds, 0.95)

    def text(self) -> str:
        return f"{p50_p95(self.seconds)}, {self.lost} lost"


def measure(place: Place) -> list[Figure]:
    draft = drafts.make(1, filled=False, series=4)[0]
    with place.asgi() as live, place.asgi("bench.peers.hub:application") as hub:
        few = asyncio.run(_run(place, draft, live, hub, pages=200))
        many = asyncio.run(_run(place, draft, live, hub, pages=1000))
    ours, hubs, bare = few
    line = "sockets on one claim"
    return [
        Figure("sockets", f"200 {line}, p50 / p95", ours.text(), f"200 bare Redis subscribers: {bare.text()}",
               f"{ours.p95 / bare.p95:.1f}x", "G5: p95 ≤ 150 ms, 0 lost", ours.p95 <= 0.15 and not ours.lost),
        Figure("sockets", f"200 {line}, p50 / p95", ours.text(), f"one subscription, no Channels: {hubs.text()}",
               f"{ours.p95 / hubs.p95:.1f}x"),
        Figure("sockets", f"1,000 {line}, p50 / p95", many[0].text(),
               f"one subscription, no Channels: {many[1].text()}", f"{many[0].p95 / many[1].p95:.1f}x",
               "G5: p95 ≤ 3x, 0 lost", many[0].p95 <= 3 * many[1].p95 and not many[0].lost),
    ]  # fmt: skip


async def _run(place: Place, draft: Draft, live: Server, hub: Server, *, pages: int) -> list[Heard]:
    """The three ways in turn for each event: Channels, the hub, bare subscribers (in this order)."""
    layer = get_channel_layer()
    group = group_name("claim", str(draft.claim_id))
    redis = Redis.from_url(place.redis_url, socket_timeout=None)
    ways: list[tuple[Heard, Send]] = [
        (Heard(pages), lambda hint: layer.group_send(group, {"type": "hint", "hint": hint})),
        (Heard(pages), lambda hint: redis.publish(CHANNEL, json.dumps(hint))),
        (Heard(pages), lambda hint: redis.publish(BARE, json.dumps(hint))),
    ]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(redis.aclose)
        gate = asyncio.Semaphore(AT_ONCE)
        urls = (f"ws://{HOST}:{live.port}/ws/claims/{draft.number}/", f"ws://{HOST}:{hub.port}/")
        for url, (heard, _send) in zip(urls, ways[:2], strict=True):
            await asyncio.gather(*(_open(stack, gate, url, draft, live.url, heard) for _page in range(pages)))
        await asyncio.gather(*(_subscribe(stack, gate, place, ways[2][0]) for _page in range(pages)))
        for _event in range(EVENTS):
            for heard, send in ways:
                await _tell(heard, send)
    await layer.flush()
    return [heard for heard, _send in ways]


async def _tell(heard: Heard, send: Send) -> None:
    heard.sent += 1
    heard.by_all.clear()
    heard.began = time.perf_counter()
    # Of the size of a real hint.
    await send({"type": "claim.changed", "number": heard.sent, "version": heard.sent, "what": ["documents"]})
    with contextlib.suppress(TimeoutError):  # then some are lost, and counted
        await asyncio.wait_for(heard.by_all.wait(), PATIENCE)
    await asyncio.sleep(PAUSE)


async def _open(
    stack: AsyncExitStack, gate: asyncio.Semaphore, url: str, draft: Draft, origin: str, heard: Heard
) -> None:
    async with gate:
        page = await stack.enter_async_context(
            websockets.connect(
                url,
                origin=Origin(origin),
                additional_headers={"Authorization": f"Bearer {draft.token}"},
                open_timeout=60,
                ping_interval=None,
                compression=None,
            )
        )
        await page.recv()  # hello: it listens now

    async def listen() -> None:
        async for text in page:
            heard.note(text)

    _keep(stack, asyncio.create_task(listen()))


async def _subscribe(stack: AsyncExitStack, gate: asyncio.Semaphore, place: Place, heard: Heard) -> None:
    async with gate:
        redis = await stack.enter_async_context(Redis.from_url(place.redis_url, socket_timeout=None))
        pubsub: PubSub = await stack.enter_async_context(redis.pubsub())
        await pubsub.subscribe(BARE)
        await pubsub.get_message(timeout=5)

    async def listen() -> None:
        async for message in pubsub.listen():
            if message["type"] == "message":
                heard.note(message["data"])

    _keep(stack, asyncio.create_task(listen()))


def _keep(stack: AsyncExitStack, task: "asyncio.Task[None]") -> None:
    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)
