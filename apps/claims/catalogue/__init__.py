"""The demo's catalogue, a travel insurer's: what can happen, what is asked then, which papers are needed.

It is content, in JSON: one file for each event type, so that an editor and a translator can work without reading
code. The order of questions and slots is the order in the file; what a file leaves out has a default here.
Once loaded into the database the rows are staff's, and these files are only where a new installation starts.
"""

import json
from copy import deepcopy
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

LANGUAGES = ("ru", "uk", "en")

_QUESTION: dict[str, Any] = {
    "help": dict.fromkeys(LANGUAGES, ""),
    "choices": [],
    "condition": None,
    "role": "",
    "min": None,
    "max": None,
    "pattern": None,
    "words": {},
    "on_advice": False,
}
_SLOT: dict[str, Any] = {
    "max_files": 5,
    "accepts": ["pdf", "jpeg", "png", "heic"],
    "kinds": [],
    "words": {},
    "on_advice": False,
}
_KINDS = "document_kinds.json"


def load() -> dict[str, Any]:
    """Return `{"event_types": [...], "common": {"questions", "slots"}, "kinds": [...]}` with nothing left out.

    Words are beginnings of words, in lower case and with "е" for "ё"; several with spaces between are a phrase.
    A slot's `kinds` are the codes of papers that fit it, empty for any; what is `on_advice` is on a form only when
    the adviser or staff ask for it.
    """
    event_types = [_read(f"event_types/{name}") for name in _event_type_files()]
    return {
        "event_types": sorted(map(_completed, event_types), key=lambda event_type: int(event_type["order"])),
        "common": _completed(_read("common.json")),
        "kinds": _read(_KINDS) if (files(__package__) / _KINDS).is_file() else [],
    }


def load_consents() -> dict[str, Any]:
    """Return `{"version", "consents": [{kind, required, title, text}]}`; the texts hold `{operator}`, the insurer."""
    content: dict[str, Any] = _read("consents.json")
    return content


def load_products() -> dict[str, Any]:
    """Return the products with their number formats, and the names of territories and risks by code."""
    content: dict[str, Any] = _read("products.json")
    return content


def load_policies(today: date) -> list[dict[str, Any]]:
    """Return invented policies, valid, expired and not yet valid on `today`, so that a demo never grows old."""
    return [_dated(policy, today) for policy in _read("policies.json")]


def _event_type_files() -> list[str]:
    return sorted(
        entry.name for entry in (files(__package__) / "event_types").iterdir() if entry.name.endswith(".json")
    )


def _read(name: str) -> Any:
    return json.loads((files(__package__) / name).read_text(encoding="utf-8"))


def _completed(content: dict[str, Any]) -> dict[str, Any]:
    """Return an event type, or the common part, with defaults and the order filled in."""
    return {
        **content,
        "questions": _ordered(content["questions"], _QUESTION),
        "slots": _ordered(content["slots"], _SLOT),
    }


def _ordered(rows: list[dict[str, Any]], defaults: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**deepcopy(defaults), **row, "order": place * 10} for place, row in enumerate(rows, start=1)]


def _dated(policy: dict[str, Any], today: date) -> dict[str, Any]:
    """Return the policy with its dates instead of its distances in days."""
    dates = {f"valid_{end}": today + timedelta(days=policy[f"valid_{end}_days"]) for end in ("from", "until")}
    return {key: value for key, value in policy.items() if not key.endswith("_days")} | dates
