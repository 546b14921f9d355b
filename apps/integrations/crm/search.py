"""Finding records: by queries that may give too much, and a look at each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.integrations.crm import Record, phones, vtql
from apps.integrations.crm.fields import text
from apps.integrations.crm.ids import tail
from apps.integrations.crm.map import FieldMap, Kind
from apps.integrations.crm.wire import Wire
from apps.integrations.errors import Rejected, Unavailable

Row = Mapping[str, Any]


class Search:
    """Finds the records of `field_map`'s modules. Everything raises Unavailable or Rejected."""

    def __init__(self, wire: Wire, field_map: FieldMap) -> None:
        self._wire, self._map = wire, field_map

    def contact(self, phone: str) -> Record | None:
        wanted, fields = phones.digits(phone), self._map.phones
        ways = [*(("=", one) for one in phones.spellings(wanted)), ("like", phones.pattern(wanted))]
        rows = self._rows("contact", [_condition(field, *way) for field in fields for way in ways])
        return self._first("contact", rows, lambda row: wanted in {phones.digits(text(row.get(f))) for f in fields})

    def project(self, contact_id: str, policy: str) -> Record | None:
        """`policy` as it is stored: cut, and without what the CRM cannot hold."""
        contact_field, policy_field = self._map.project_contact, self._map.project_policy
        asked = f"{_condition(contact_field, '=', contact_id)} AND {_condition(policy_field, '=', policy)}"

        def fits(row: Row) -> bool:
            same = text(row.get(policy_field)).casefold() == policy.casefold()
            return same and text(row.get(contact_field)) == contact_id

        return self._first("project", self._rows("project", [asked]), fits)

    def tickets(self, keys: Sequence[str]) -> dict[str, list[Record]]:
        """For each key its tickets, the oldest first."""
        found: dict[str, dict[str, Record]] = {key: {} for key in keys}
        for row in self._rows("ticket", [self._of_key(key) for key in found]):
            record = self.record("ticket", row)
            for key in found:
                if self._map.carries(text(row.get(self._map.key_field)), key):
                    found[key][record.id] = record
        return {key: sorted(records.values(), key=lambda one: int(tail(one.id))) for key, records in found.items()}

    def record(self, kind: Kind, row: Row) -> Record:
        return Record(id=str(row["id"]), number=text(row.get(self._map.modules[kind].number)))

    def _of_key(self, key: str) -> str:
        begins = self._map.key_begins
        return _condition(self._map.key_field, "like" if begins else "=", f"{key}%" if begins else key)

    def _first(self, kind: Kind, rows: Iterator[Row], fits: Callable[[Row], bool]) -> Record | None:
        return next((self.record(kind, row) for row in rows if fits(row)), None)

    def _rows(self, kind: Kind, conditions: Sequence[str]) -> Iterator[Row]:
        """The rows that meet any of the conditions; within one query the oldest come first."""
        for where in vtql.any_of(conditions):
            yield from self._pages(kind, where)

    def _pages(self, kind: Kind, where: str) -> Iterator[Row]:
        """Page by page up to an empty one: rows that we may not see are dropped, so a short one is not the last."""
        module, fields = self._map.modules[kind].name, self._map.searched(kind)
        seen: set[str] = set()
        offset = 0
        while page := rows_of(self._wire.read("query", query=vtql.select(module, fields, where, offset=offset))):
            fresh = [row for row in page if row["id"] not in seen]
            if not fresh:  # a build that pays no heed to the offset
                return
            yield from fresh
            seen.update(row["id"] for row in fresh)
            offset += vtql.PAGE


def rows_of(found: Any) -> list[Row]:
    """The records in an answer; each has an id. Raises Unavailable where it is no such list."""
    rows = [] if found is None else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) and _has_id(row) for row in rows):
        raise Unavailable(_("The system's answer could not be understood."), "answer_garbled")
    return rows


def _has_id(row: Row) -> bool:
    return isinstance(row.get("id"), str) and tail(row["id"]).isdecimal()


def _condition(field: str, operator: str, value: str) -> str:
    try:
        return vtql.condition(field, operator, value)
    except vtql.Unaskable:
        raise Rejected(_("The CRM cannot be asked for this value."), "crm_value_invalid") from None
