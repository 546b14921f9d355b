"""What the sandbox's vTiger makes of a value it is given: it cuts, bends and drops in silence, as MySQL lets it."""

import re
from collections.abc import Mapping
from datetime import date
from html.entities import codepoint2name
from typing import Any

from apps.integrations.sandbox.vtiger.modules import MODULES, PREFIXES, Field, Module
from apps.integrations.sandbox.vtiger.sessions import USERS
from apps.integrations.sandbox.vtiger.wire import Refused

_OWNERS = {user.id for user in USERS.values()} | {"20x1", "20x2"}
_NUMBER = re.compile(r"\s*([+-]?[0-9]*\.?[0-9]+)")


def plain(value: Any) -> str:
    """`value` as PHP writes it into a string."""
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def check(module: Module, element: Mapping[str, Any], *, whole: bool) -> None:
    """Raises Refused for what is never stored: a reference to a wrong module, a missing field if `whole`, an owner."""
    for field in module.fields.values():
        value = plain(element.get(field.name))
        if field.type == "reference" and field.editable and value and not _may_refer(field, value):
            raise Refused("REFERENCE_INVALID", f"Invalid reference specified for {field.name}")
    for field in module.fields.values():
        sent = field.name in element
        if field.mandatory and (whole or sent) and not plain(element.get(field.name)):
            raise Refused("MANDATORY_FIELDS_MISSING", f"{field.name} does not have a value")
    owner = element.get("assigned_user_id")
    if owner is not None and plain(owner) not in _OWNERS:
        raise Refused("ACCESS_DENIED", "Cannot assign record to the given user")


def _may_refer(field: Field, value: str) -> bool:
    prefix, _, number = value.partition("x")
    return number.isdigit() and prefix in {PREFIXES[name] for name in field.choices}


def stored(field: Field, value: Any) -> str:
    """What of `value` lands in the column."""
    text = plain(value)
    if field.type == "date":
        return _date(text)
    if field.type == "boolean":
        return "1" if text.lower() in ("1", "on", "true", "yes") else "0"
    if field.type in ("double", "integer"):
        number = _NUMBER.match(text)
        read = float(number.group(1)) if number else 0.0
        return f"{read:.8f}" if field.type == "double" else str(int(read))
    narrow = re.sub(r"[\U00010000-\U0010ffff]", "????", text)  # the tables hold three bytes for a character
    return narrow[: field.length]


def _date(text: str) -> str:
    """The API's user writes dd-mm-yyyy; yyyy-mm-dd is read too."""
    if shape := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        year, month, day = map(int, shape.groups())
    elif shape := re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})", text):
        day, month, year = map(int, shape.groups())
    else:
        return ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return "0000-00-00"


def label(module: Module, record: Mapping[str, str]) -> str:
    """The record's name, escaped for HTML as vTiger does it here and nowhere else."""
    text = " ".join(record[name] for name in module.label_fields if record[name])
    named = {39: "#039", **codepoint2name}
    return "".join(f"&{named[ord(letter)]};" if ord(letter) in named else letter for letter in text)


def module_of(id_: str) -> Module | None:
    """The module that the prefix of `id_` stands for."""
    prefix = id_.partition("x")[0]
    return next((module for module in MODULES.values() if module.prefix == prefix), None)
