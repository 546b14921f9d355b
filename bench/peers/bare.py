"""No framework: ASGI by hand and psycopg's asynchronous pool. A stand-in for the fast peers that are not installed."""

import hashlib
import json
import os
from typing import Any

from psycopg_pool import AsyncConnectionPool

pool = AsyncConnectionPool(os.environ["CLAIMDESK_DATABASE_URL"], min_size=1, max_size=4, open=False)
BY_TOKEN = "SELECT contact_id FROM peer_session WHERE token_hash = %s AND expires_at > now()"
UPDATE = """
UPDATE peer_draft SET answers = %s, version = version + 1, updated_at = now()
WHERE id = %s AND contact_id = %s RETURNING version
"""
EVENT = "INSERT INTO peer_event (draft_id, name, data, at) VALUES (%s, 'changed', %s, now())"


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await pool.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        piece = await receive()
        body, more = body + piece.get("body", b""), piece.get("more_body", False)
    status, answer = (200, {}) if scope["path"] == "/healthz" else await patch(scope, json.loads(body))
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer, ensure_ascii=False).encode()})


async def patch(scope: dict[str, Any], given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    pk = int(scope["path"].rpartition("/")[2])
    token = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
    async with pool.connection() as line, line.transaction():
        found = await (await line.execute(BY_TOKEN, [hashlib.sha256(token).hexdigest()])).fetchone()
        if found is None:
            return 401, {}
        answers = json.dumps(given["answers"], ensure_ascii=False)
        row = await (await line.execute(UPDATE, [answers, pk, found[0]])).fetchone()
        if row is None:
            return 404, {}
        await line.execute(EVENT, [pk, json.dumps({"version": row[0]})])
    return 200, {"id": pk, "version": row[0], "answers": given["answers"]}
