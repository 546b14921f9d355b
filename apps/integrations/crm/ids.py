"""The CRM's ids: `12x345` is record 345 of the module that this CRM has given the prefix 12."""

import re

_ID = re.compile(r"(?:([0-9]{1,9})[xX\u0445\u0425])?([0-9]{1,18})", re.ASCII)  # staff may type the Cyrillic letter


def whole(text: str, prefix: str) -> str:
    """`12x345` for "345" or "12x345"; empty for what is no id, or one of another prefix."""
    found = _ID.fullmatch(text.strip())
    if not found or not int(found[2]) or (found[1] and int(found[1]) != int(prefix)):
        return ""
    return f"{prefix}x{int(found[2])}"


def tail(record_id: str) -> str:
    """The part of an id after its prefix."""
    return record_id.rpartition("x")[2]
