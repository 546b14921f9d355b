"""Whether a value fits a JSON schema of the kinds that we ask models for; a stranger's promise is no proof."""

import json
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def read(text: str, schema: dict[str, Any]) -> dict[str, Any] | None:
    """The object that `text` is in JSON, or None if it is no JSON, does not fit or holds what no database stores."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
        if not isinstance(value, dict) or not fits(value, schema):
            return None
        written = json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair raises here
    except (ValueError, RecursionError):
        return None
    return None if b"\\u0000" in written else value


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """`schema` knows type (one, or a list of them), enum, properties, items, maxItems, maxLength and anyOf."""
    if "anyOf" in schema:
        return any(fits(value, one) for one in schema["anyOf"])
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(_is(value, name) for name in names):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        inside = schema.get("properties", {})
        return value.keys() == inside.keys() and all(fits(value[key], one) for key, one in inside.items())
    if isinstance(value, list):
        return len(value) <= schema.get("maxItems", len(value)) and all(fits(one, schema["items"]) for one in value)
    return not isinstance(value, str) or len(value) <= schema.get("maxLength", len(value))


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON
