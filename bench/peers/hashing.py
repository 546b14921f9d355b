"""The least that a server can do with an upload: read it and hash it."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

CHUNK = 256 * 1024  # bytes


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    digest = hashlib.sha256()
    while piece := environ["wsgi.input"].read(CHUNK):
        digest.update(piece)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [digest.hexdigest().encode()]
