"""vTiger CRM by its web services: stock ones, or the company's own CreateWeb* operations (`settings.CRM_MODE`)."""

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Self, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from apps.integrations.crm import Case, Person, Record, Ticket, ids
from apps.integrations.crm.fields import prepared, storable, text, unfilled, unlisted
from apps.integrations.crm.making import CustomMaker, StockMaker
from apps.integrations.crm.map import KINDS, FieldMap, Kind, load
from apps.integrations.crm.modules import Modules
from apps.integrations.crm.search import Search, rows_of
from apps.integrations.crm.wire import Wire, as_object
from apps.integrations.errors import IntegrationError, Rejected
from apps.integrations.health import Health
from apps.integrations.http import in_our_network

CHECK_SECONDS = 10.0
FULL_LIST = 100  # the CRM shows no more related records than these
_PHONE = re.compile(r"[0-9]{8,15}", re.ASCII)
_GONE = {"crm_gone", "crm_record_not_found"}


class Vtiger:
    """The CRM whose pages are below `url`. `custom` makes records by the company's operations; `read` is in seconds."""

    def __init__(
        self,
        *,
        url: str,
        user: str,
        access_key: str,
        field_map: FieldMap,
        read: float = 75.0,
        custom: bool = False,
        allow_private: bool = False,
    ) -> None:
        self._url, self._map, self._custom = url.rstrip("/"), field_map, custom
        self._wired = partial(Wire, url=self._url, user=user, access_key=access_key, allow_private=allow_private)
        self._wire = self._wired(read=read)
        self._modules = Modules(self._wire)
        self._search = Search(self._wire, field_map)
        self._maker = (CustomMaker if custom else StockMaker)(self._wire, field_map, self._modules)

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.CRM_URL and settings.CRM_USER and settings.CRM_ACCESS_KEY):
            raise ImproperlyConfigured(
                "A CRM needs CLAIMDESK_CRM_URL, CLAIMDESK_CRM_USER and CLAIMDESK_CRM_ACCESS_KEY."
            )
        try:
            return cls(
                url=settings.CRM_URL,
                user=settings.CRM_USER,
                access_key=settings.CRM_ACCESS_KEY,
                field_map=load(settings.CRM_MAP),
                read=settings.CRM_READ_SECONDS,
                custom=settings.CRM_MODE == "custom",
                allow_private=in_our_network(settings.CRM_URL),
            )
        except ValueError:
            raise ImproperlyConfigured("CLAIMDESK_CRM_URL must be an address like https://crm.example.com.") from None

    # --- contacts

    def contact_find(self, person: Person) -> Record | None:
        return self._search.contact(_phone(person))

    def contact_create(self, person: Person) -> Record:
        first, _space, rest = " ".join(person.full_name.split()).partition(" ")
        facts = {
            "phone": _phone(person),
            "surname": person.surname or first or person.phone,
            "given_names": person.given_names or ("" if person.surname else rest),
            "full_name": person.full_name,
            "email": person.email,
        }
        return self._maker.make("contact", facts, {})

    # --- projects

    def project_find(self, case: Case) -> Record | None:
        module, field = self._map.modules["project"], self._map.project_policy
        value = {field: case.policy_number or case.key}
        stored, _changed = prepared(value, self._modules.described(module.name), module.limits)
        return self._search.project(self.normalise("contact", case.contact_id), stored.get(field, ""))

    def project_create(self, case: Case) -> Record:
        policy = case.policy_number or case.key
        facts = {
            "key": case.key,
            "policy_number": case.policy_number,
            "policy": policy,
            "title": case.title or policy,
            **self._reference("contact", case.contact_id),
        }
        return self._maker.make("project", facts, {})

    # --- tickets

    def ticket_find(self, ticket: Ticket) -> Record | None:
        return next(iter(self._search.tickets([ticket.key])[ticket.key]), None)

    def ticket_create(self, ticket: Ticket) -> Record:
        facts = {
            "key": ticket.key,
            "title": ticket.title,
            "description": ticket.description,
            **self._reference("contact", ticket.contact_id),
            **self._reference("project", ticket.project_id),
        }
        answers = {place: ticket.answers.get(question, "") for question, place in self._map.answers.items()}
        return self._maker.make("ticket", facts, answers)

    def ticket_append(self, ticket_id: str, lines: Sequence[str]) -> None:
        module = self._map.modules["ticket"]
        field = next((name for name, one in module.fields.items() if "{description}" in one), "")
        record_id = self.normalise("ticket", ticket_id)
        [row] = rows_of([self._wire.read("retrieve", id=record_id)])
        stands = text(row.get(field))
        new = [line for line in map(storable, lines) if line not in stands]
        if not field or not new:
            return
        told = {field: "\n".join([stands, *new])}
        ready, cut = prepared(told, self._modules.described(module.name), module.limits)
        if cut:
            raise Rejected(_("There is no room left in the ticket's description."), "ticket_full")
        got = as_object(self._wire.write("revise", element=json.dumps({"id": record_id, **ready}, ensure_ascii=False)))
        if text((got or {}).get(field)) != ready[field]:
            raise Rejected(_("The CRM did not keep the answers."), "lines_not_stored")

    def record_read(self, kind: str, record_id: str) -> Record | None:
        try:
            row = self._wire.read("retrieve", id=self.normalise(kind, record_id))
        except Rejected as error:
            if error.code in _GONE:
                return None
            raise
        [found] = rows_of([row])
        return self._search.record(cast(Kind, kind), found)

    def tickets_by_key(self, keys: Sequence[str]) -> dict[str, list[Record]]:
        return self._search.tickets(keys)

    def ticket_relate(self, *, project_id: str, ticket_id: str) -> None:
        project, ticket = self.normalise("project", project_id), self.normalise("ticket", ticket_id)
        ways = [
            (project, ticket, "ticket", self._label("project", "ticket", self._map.project_to_ticket)),
            (ticket, project, "project", self._label("ticket", "project", self._map.ticket_to_project)),
        ]
        for record_id in (project, ticket):  # a relation to what is not there would be stored and dangle
            self._wire.read("retrieve", id=record_id)
        for source, target, _kind, label in ways:  # one call writes one way; what stands already it leaves
            self._wire.write("add_related", sourceRecordId=source, relatedRecordId=target, relationIdLabel=label)
        for source, target, kind, label in ways:  # it answers "successful" also when it stored nothing
            self._confirm_related(source, target, cast(Kind, kind), label)

    def _label(self, source: Kind, target: Kind, told: str) -> str:
        modules = self._map.modules
        if not (label := told or self._modules.label(modules[source].name, modules[target].name)):
            raise _not_stored()
        return label

    def _confirm_related(self, source: str, target: str, kind: Kind, label: str) -> None:
        module = self._map.modules[kind].name
        try:
            rows = rows_of(self._wire.read("retrieve_related", id=source, relatedType=module, relatedLabel=label))
        except Rejected as error:
            raise (_not_stored() if error.code == "crm_unkown_entity" else error) from None
        # Reading looks both ways: where a project's list is full, the ticket's own list is the proof.
        is_cut = kind == "ticket" and len(rows) >= FULL_LIST
        if not is_cut and target not in {row["id"] for row in rows}:
            raise _not_stored()

    # --- ids

    def normalise(self, kind: str, text: str) -> str:
        prefix = self._modules.described(self._map.modules[cast(Kind, kind)].name).prefix
        if not (record_id := ids.whole(text, prefix)):
            raise Rejected(_("This is not the id of such a record in the CRM."), "id_invalid")
        return record_id

    def url(self, record_id: str, kind: str = "ticket") -> str:
        module = self._map.modules[cast(Kind, kind)].name
        return f"{self._url}/index.php?module={module}&view=Detail&record={ids.tail(record_id)}"

    def _reference(self, kind: Kind, record_id: str) -> dict[str, str]:
        whole = self.normalise(kind, record_id) if record_id else ""
        return {f"{kind}_id": whole, f"{kind}_crmid": ids.tail(whole)}

    # --- health

    def check(self) -> Health:
        wire = self._wired(read=CHECK_SECONDS - 2, patience=CHECK_SECONDS)
        modules = Modules(wire)
        try:
            version = wire.login().version
            problem = next(filter(None, (self._problem(modules, kind) for kind in KINDS)), None)
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        return problem or Health(True, "ok", _("The CRM lets us in; it is vTiger %(version)s.") % {"version": version})

    def _problem(self, modules: Modules, kind: Kind) -> Health | None:
        """What of a module is not as we need it."""
        module = self._map.modules[kind]
        words = {"module": module.name}
        try:
            seen = modules.described(module.name, fresh=True)
        except Rejected:
            hidden = _("The CRM does not show us the module %(module)s: give our user the right to it.")
            return Health(False, "crm_module_hidden", hidden % words)
        if not seen.createable:
            refused = _("Our user may not create records in the CRM's module %(module)s.")
            return Health(False, "crm_not_createable", refused % words)
        used = {*self._map.searched(kind), *(() if self._custom else self._map.written(kind))}
        if missing := ", ".join(sorted(used - seen.fields.keys())):
            absent = _("The CRM's module %(module)s has no field %(fields)s: correct the field map.")
            return Health(False, "crm_field_missing", absent % {**words, "fields": missing})
        if self._custom:
            return None
        if required := ", ".join(unfilled(seen, self._map.written(kind))):
            empty = _("The CRM's module %(module)s requires %(fields)s: add it to the field map.")
            return Health(False, "crm_field_required", empty % {**words, "fields": required})
        if odd := ", ".join(f"{name}: {value}" for name, value in unlisted(seen, self._map.constants(kind)).items()):
            unknown = _("The CRM's module %(module)s does not list %(values)s: add it there, or correct the field map.")
            return Health(False, "crm_value_unlisted", unknown % {**words, "values": odd})
        return None


def _phone(person: Person) -> str:
    if not _PHONE.fullmatch(person.phone):
        raise Rejected(_("This is not a phone number."), "phone_invalid")
    return person.phone


def _not_stored() -> Rejected:
    return Rejected(
        _("The CRM did not store the relation of project and ticket: correct its label in the field map."),
        "relation_not_stored",
    )
