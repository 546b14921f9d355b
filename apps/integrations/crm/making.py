"""Making records: by the stock operation `create`, or by operations of the company's own.

All that has to be asked is asked before the deed: after it nothing but its own answer may fail.
"""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from django.utils.translation import gettext as _

from apps.integrations.crm import Record, ids
from apps.integrations.crm.fields import differences, is_true, prepared, text
from apps.integrations.crm.map import FieldMap, Kind, rendered
from apps.integrations.crm.modules import Modules
from apps.integrations.crm.wire import Wire, as_object
from apps.integrations.errors import IntegrationError, OutcomeUnknown

log = structlog.get_logger(__name__)

_REFERENCES = ("{contact_id}", "{project_id}")


class StockMaker:
    """Makes records by `create`. Raises Unavailable, Rejected or OutcomeUnknown."""

    def __init__(self, wire: Wire, field_map: FieldMap, modules: Modules) -> None:
        self._wire, self._map, self._modules = wire, field_map, modules

    def make(self, kind: Kind, facts: Mapping[str, str], answers: Mapping[str, str]) -> Record:
        """A record of `facts` by their templates; `answers` are further values by the CRM's field."""
        module = self._map.modules[kind]
        seen = self._modules.described(module.name)
        element, changed = prepared({**answers, **rendered(module.fields, facts)}, seen, module.limits)
        element.setdefault("assigned_user_id", self._wire.session().user_id)
        got = self._wire.write("create", elementType=module.name, element=json.dumps(element, ensure_ascii=False))
        record_id = ids.whole(text(got.get("id")), seen.prefix) if isinstance(got, dict) else ""
        if not record_id:
            raise _nameless()
        unlike = _noted(module.name, record_id, changed | differences(element, got, seen))
        return Record(record_id, text(got.get(module.number)), True, unlike)


class CustomMaker:
    """Makes records by the company's operations, whose PHP decides what becomes of what it is given."""

    def __init__(self, wire: Wire, field_map: FieldMap, modules: Modules) -> None:
        self._wire, self._map, self._modules = wire, field_map, modules

    def make(self, kind: Kind, facts: Mapping[str, str], answers: Mapping[str, str]) -> Record:
        """`answers` are further values by the operation's parameter."""
        module, custom = self._map.modules[kind], self._map.modules[kind].custom
        seen = self._modules.described(module.name)
        parameters = {**answers, **rendered(custom.parameters, facts)}
        ready, changed = prepared(parameters, seen, custom.limits)
        # Every parameter is sent, empty ones too: PHP 7 takes them by their place.
        got = as_object(self._wire.write(custom.operation, **{name: ready.get(name, "") for name in parameters}))
        record_id = ids.whole(text(got.get(custom.id)), seen.prefix) if got else ""
        if not got or not record_id:
            raise _nameless()
        is_new = custom.is_new not in got or is_true(got[custom.is_new])
        row = self._look(record_id)
        unlike = _noted(module.name, record_id, changed | self._unlike(kind, row, facts))
        return Record(record_id, text(got.get(custom.number)) or text(row.get(module.number)), is_new, unlike)

    def _look(self, record_id: str) -> Mapping[str, Any]:
        """The record as it stands; empty if that cannot be seen now: it is made, and this is no reason to fail."""
        try:
            row = self._wire.read("retrieve", id=record_id)
        except IntegrationError as error:
            log.warning("crm_record_not_seen", id=record_id, code=error.code)
            return {}
        return row if isinstance(row, dict) else {}

    def _unlike(self, kind: Kind, row: Mapping[str, Any], facts: Mapping[str, str]) -> set[str]:
        """Which of the fields that we find records by are not as they should be."""
        if not row:
            return set()
        templates = self._map.modules[kind].fields
        wanted = rendered({name: one for name, one in templates.items() if one in _REFERENCES}, facts)
        unlike = {name for name, value in wanted.items() if text(row.get(name)) != value}
        field = self._map.key_field
        is_lost = kind == "ticket" and not self._map.carries(text(row.get(field)), facts["key"])
        return unlike | ({field} if is_lost else set())


def _noted(module: str, record_id: str, unlike: set[str]) -> tuple[str, ...]:
    names = tuple(sorted(unlike))
    if names:
        log.warning("crm_record_differs", module=module, id=record_id, fields=", ".join(names))
    return names


def _nameless() -> OutcomeUnknown:
    return OutcomeUnknown(_("The CRM says that it made the record, but not under which id."), "crm_no_id")
