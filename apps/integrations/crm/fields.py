"""What the CRM's fields hold: it cuts, drops and stores nearly anything without a word, so we look before and after."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.integrations.crm.ids import tail

# Its tables hold characters of three bytes at most: an emoji, with all it is joined of, becomes one mark for "lost".
_FOUR_BYTES = re.compile(r"[\U00010000-\U0010ffff](?:[\ufe0e\ufe0f\u200d]*[\U00010000-\U0010ffff])*\ufe0f?")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LOST = "\ufffd"
_YES = {"1", "true", "yes", "on"}
_NUMBERS = {"double", "integer", "currency"}
_EMPTY = ("", "0000-00-00", "0000-00-00 00:00:00")


@dataclass(frozen=True)
class Field:
    """A field as the CRM describes it; `length` in characters where it says so, else 0; `values` of a list."""

    type: str
    mandatory: bool = False
    length: int = 0
    default: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Described:
    """A module as the CRM describes it. `prefix` stands before the x of its ids, and differs from CRM to CRM."""

    prefix: str
    createable: bool
    fields: Mapping[str, Field]


def described(found: Any) -> Described | None:
    """What the answer of `describe` says; None if it is no such answer."""
    if not isinstance(found, dict) or not re.fullmatch(r"[0-9]{1,9}", str(found.get("idPrefix") or "")):
        return None
    fields = found.get("fields")
    named = [one for one in fields if isinstance(one, dict) and one.get("name")] if isinstance(fields, list) else []
    return Described(
        str(found["idPrefix"]), is_true(found.get("createable")), {str(one["name"]): _field(one) for one in named}
    )


def _field(one: Mapping[str, Any]) -> Field:
    kind = one.get("type")
    kind = kind if isinstance(kind, dict) else {}
    length = str(kind.get("length") or "")
    values = kind.get("picklistValues")
    values = values if kind.get("name") == "picklist" and isinstance(values, list) else []
    return Field(
        type=str(kind.get("name") or ""),
        mandatory=is_true(one.get("mandatory")),
        length=int(length) if re.fullmatch(r"[0-9]{1,6}", length) else 0,
        default=text(one.get("default")),
        values=tuple(text(value.get("value")) for value in values if isinstance(value, dict)),
    )


def is_true(value: object) -> bool:
    return value is True or str(value).lower() in _YES


def text(value: object) -> str:
    """A value of the CRM's as text; all its ways to say "nothing" are the empty one."""
    if value is None or isinstance(value, dict | list):
        return ""
    found = str(value).strip()
    return "" if found in _EMPTY else found


def storable(value: str) -> str:
    """`value` as its tables can hold it: three bytes a character, lines that end in \\n, no control characters."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _FOUR_BYTES.sub(_LOST, _SURROGATE.sub(_LOST, lines))).strip()


def prepared(
    values: Mapping[str, str], module: Described, limits: Mapping[str, int]
) -> tuple[dict[str, str], set[str]]:
    """What to send of `values`, and the names of those that were cut, left out, or are not in the field's list.

    Empty ones are not sent.
    """
    ready, changed = {}, set()
    for name, value in values.items():
        whole = storable(value)
        field = module.fields.get(name, Field("string"))
        fit = _of_type(whole, field.type)
        cut = fit[: limits.get(name) or field.length or None].strip()
        if cut:
            ready[name] = cut
        if cut != fit or (whole and not fit) or (cut and field.values and cut not in field.values):
            changed.add(name)
    return ready, changed


def _of_type(value: str, kind: str) -> str:
    """`value` as a field of this type takes it, or nothing where the CRM would silently store something else."""
    if kind == "date":
        return _date(value)
    if kind == "boolean":
        return str(int(is_true(value))) if value else ""
    if kind in _NUMBERS:
        number = value.replace("\u00a0", "").replace(" ", "").replace(",", ".")
        return number if re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,8})?", number, re.ASCII) else ""
    return value


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat() if len(value) == 10 else ""
    except ValueError:
        return ""


def differences(sent: Mapping[str, str], got: Mapping[str, Any], module: Described) -> set[str]:
    """The names of the fields that the CRM gives back otherwise than they were sent."""
    return {
        name
        for name, value in sent.items()
        if not _alike(value, text(got.get(name)), module.fields.get(name, Field("string")).type)
    }


def _alike(sent: str, got: str, kind: str) -> bool:
    if text(sent) == got.replace("\r\n", "\n"):
        return True
    if kind == "owner":  # some builds drop the prefix
        return tail(sent) == tail(got)
    if kind == "boolean":
        return is_true(sent) == is_true(got)
    try:
        return kind in _NUMBERS and Decimal(sent) == Decimal(got)
    except InvalidOperation:
        return False


def unfilled(module: Described, filled: Iterable[str]) -> list[str]:
    """Fields that the CRM requires and nobody fills."""
    known = {*filled, "assigned_user_id"}
    return [
        name for name, field in module.fields.items() if field.mandatory and not field.default and name not in known
    ]


def unlisted(module: Described, values: Mapping[str, str]) -> dict[str, str]:
    """Those of `values` whose fields have a list that they are not in: the CRM stores them, and nobody finds them."""
    lists = {name: field.values for name, field in module.fields.items() if field.values}
    return {name: value for name, value in values.items() if name in lists and value not in lists[name]}
