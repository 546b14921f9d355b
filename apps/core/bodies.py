"""Keeps bodies that no view will take from filling the disk: under ASGI Django stores all of a body before any view."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]


class BoundedBodies:
    """Throws a body away as it comes if it is larger than `most` bytes or of no stated length.

    The application sees the headers and an empty body, and answers 413 or 411 by them. The rest is still read, up to
    four times `most`, since a client that is cut off while it sends never reads the answer.
    """

    def __init__(self, app: App, *, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_hopeless(dict(scope["headers"])):
            await _throw_away(receive, 4 * self._most)
            receive = _Emptied(receive)
        await self._app(scope, receive, send)

    def _is_hopeless(self, headers: dict[bytes, bytes]) -> bool:
        if b"transfer-encoding" in headers:
            return True
        length = headers.get(b"content-length", b"0")
        return not length.isdigit() or len(length) > 18 or int(length) > self._most


async def _throw_away(receive: Receive, most: int) -> None:
    seen, more = 0, True
    while more and seen <= most:
        message = await receive()
        seen += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


class _Emptied:
    """An empty body first, and then nothing but the client's leaving."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._given = receive, False

    async def __call__(self) -> Message:
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await self._receive())["type"] != "http.disconnect":
            continue
        return message
