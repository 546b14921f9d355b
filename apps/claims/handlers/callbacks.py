"""What other systems may tell us about a claim."""

from datetime import datetime
from typing import Any

from apps.claims.services.advice import advice_called_back
from apps.claims.services.registration import claim_note_add
from apps.integrations.automation import callback


@callback("note")
def note(about: str, data: dict[str, Any], now: datetime) -> None:
    """A workflow's note for staff: `about` is the claim's number or id, `data["text"]` what it says."""
    text = data.get("text")
    claim_note_add(about=about, source="n8n", text=text if isinstance(text, str) else "", now=now)


@callback("advice")
def advice(about: str, data: dict[str, Any], now: datetime) -> None:
    """A workflow's advice: `{summary, event_type, required_documents, extra_questions}`, and `asked` as it was told."""
    asked = data.get("asked")
    advice_called_back(about=about, asked=asked if isinstance(asked, str) else "", raw=data, now=now)
