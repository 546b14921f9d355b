"""An event as the outside sees it: one shape for webhooks and for the broker."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

VERSION = 1  # of the body's shape; a new key does not change it


@dataclass(frozen=True)
class Envelope:
    """`data` holds ids, or masked what is asked about. The id is the event's own: who gets it twice knows by it."""

    event_id: UUID
    event: str
    occurred_at: datetime
    data: Mapping[str, Any]
    request_id: str = ""

    def body(self, **more: Any) -> bytes:
        """The JSON that goes out, with `more` keys; the same bytes whenever it is asked."""
        at = self.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        shown = {
            "event_id": str(self.event_id), "event": self.event, "version": VERSION, "occurred_at": at,
            "data": dict(self.data), **more,
        }  # fmt: skip
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
