"""Live pages without Channels: one subscription for the whole process, a frame made once and sent to each socket."""

import asyncio
import os
from typing import Any

from redis.asyncio import Redis

CHANNEL = "bench.hub"
sockets: set[Any] = set()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        task = asyncio.create_task(_pass_on())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        task.cancel()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    else:
        await receive()
        await send({"type": "websocket.accept"})
        sockets.add(send)
        await send({"type": "websocket.send", "text": '{"type":"hello"}'})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        sockets.discard(send)


async def _pass_on() -> None:
    async with Redis.from_url(os.environ["CLAIMDESK_REDIS_URL"], socket_timeout=None) as redis, redis.pubsub() as heard:
        await heard.subscribe(CHANNEL)
        async for message in heard.listen():
            if message["type"] == "message":
                frame = {"type": "websocket.send", "text": message["data"].decode()}
                for send in list(sockets):
                    await send(frame)
