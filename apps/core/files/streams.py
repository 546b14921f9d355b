"""Kept files sent to a browser piece by piece, under WSGI as under ASGI, never whole in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import IO

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from apps.core.files.storage import CHUNK, open_stream

NOTHING = "default-src 'none'; sandbox; frame-ancestors 'none'"
# Chromium's reader of PDFs does not start in a sandbox; it has a process of its own, and none of our cookies.
PDF_IN_FRAME = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def file_response(
    request: HttpRequest, key: str, *, content_type: str, disposition: str, size: int | None = None, csp: str = NOTHING
) -> StreamingHttpResponse:
    """The kept file `key`, streamed. Raises StorageFailed if it is not there."""
    stream = open_stream(key)
    pieces = _async_pieces(stream) if isinstance(request, ASGIRequest) else _pieces(stream)
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = csp
    response["Cache-Control"] = "private, no-store"
    if size is not None:
        response["Content-Length"] = str(size)
    if csp is PDF_IN_FRAME:
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(CHUNK):
            yield piece


async def _async_pieces(stream: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(stream.read, CHUNK):
            yield piece
    finally:
        stream.close()
