"""The field map: which of our facts goes into which field of the company's CRM. It is data, in a JSON file."""

import functools
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

from apps.integrations.crm.vtql import is_name

BUNDLED = Path(__file__).with_name("vtiger_map.json")
Kind = Literal["contact", "project", "ticket"]
KINDS: tuple[Kind, ...] = ("contact", "project", "ticket")
FACTS: Mapping[Kind, frozenset[str]] = {
    "contact": frozenset({"phone", "surname", "given_names", "full_name", "email"}),
    "project": frozenset({"key", "policy_number", "policy", "title", "contact_id", "contact_crmid"}),
    "ticket": frozenset(
        {"key", "title", "description", "contact_id", "contact_crmid", "project_id", "project_crmid"}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Custom:
    """An operation of the company's own: its parameters as templates, and the keys of its result."""

    operation: str
    parameters: Mapping[str, str]
    limits: Mapping[str, int]
    id: str
    number: str
    is_new: str


@dataclass(frozen=True)
class Module:
    """How one kind of our records stands in the CRM. `limits` are characters; `number` is the field people quote."""

    name: str
    number: str
    fields: Mapping[str, str]
    limits: Mapping[str, int]
    custom: Custom


@dataclass(frozen=True)
class FieldMap:
    modules: Mapping[Kind, Module]
    phones: tuple[str, ...]
    project_contact: str
    project_policy: str
    key_field: str
    key_begins: bool
    answers: Mapping[str, str]
    project_to_ticket: str
    ticket_to_project: str

    def carries(self, value: str, key: str) -> bool:
        """Whether a ticket's key field with this value is of the claim `key`, and not of a longer number alike."""
        value, key = value.casefold(), key.casefold()
        after = value[len(key) : len(key) + 1]
        return value == key or (self.key_begins and value.startswith(key) and not (after.isalnum() or after in "-_"))

    def searched(self, kind: Kind) -> tuple[str, ...]:
        """The fields that our queries name."""
        found = {
            "contact": self.phones,
            "project": (self.project_contact, self.project_policy),
            "ticket": (self.key_field,),
        }[kind]
        return (*found, self.modules[kind].number)

    def written(self, kind: Kind) -> tuple[str, ...]:
        """The fields that we fill."""
        return (*self.modules[kind].fields, *(self.answers.values() if kind == "ticket" else ()))

    def constants(self, kind: Kind) -> dict[str, str]:
        """The fields that hold the same in every record."""
        return {name: template for name, template in self.modules[kind].fields.items() if "{" not in template}


def rendered(templates: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Each template with the facts in their places, without blanks around it."""
    return {name: template.format_map(facts).strip() for name, template in templates.items()}


def load(path: str) -> FieldMap:
    """The map at `path`, or the bundled one for an empty path. Raises ImproperlyConfigured."""
    file = Path(path) if path else BUNDLED
    try:
        return _load(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise _wrong(file, f"cannot be read ({error.strerror})") from None


@functools.lru_cache(maxsize=8)
def _load(file: Path, _changed: int) -> FieldMap:
    try:
        return _read(_Node(file, "", json.loads(file.read_text(encoding="utf-8"))))
    except (ValueError, RecursionError):
        raise _wrong(file, "is not a file of JSON in UTF-8") from None


def _wrong(file: Path, what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"The CRM's field map {file} {what}.")


class _Node:
    """A place in the file: what is taken from it is of the right shape, or a sentence says where it is not."""

    def __init__(self, file: Path, place: str, value: Any) -> None:
        self.file, self.place, self.value = file, place, value

    def wrong(self, what: str) -> ImproperlyConfigured:
        return _wrong(self.file, f"must have {what} at {self.place or 'its top'}")

    def __getitem__(self, key: str) -> "_Node":
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return _Node(self.file, f"{self.place}.{key}".lstrip("."), self.value.get(key))

    def items(self) -> dict[str, "_Node"]:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return {key: self[key] for key in self.value}

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def name(self) -> str:
        if not is_name(self.text()):
            raise self.wrong("the name of a field, module or operation")
        return self.text()

    def names(self) -> tuple[str, ...]:
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong("a list of fields")
        return tuple(_Node(self.file, self.place, one).name() for one in self.value)

    def number(self) -> int:
        if type(self.value) is not int or self.value < 1:
            raise self.wrong("a whole number above 0")
        return self.value

    def limits(self) -> dict[str, int]:
        return {field: limit.number() for field, limit in self.items().items()}

    def template(self, facts: frozenset[str]) -> str:
        try:
            places = [place for _text, *place in string.Formatter().parse(self.text())]
        except ValueError:
            raise self.wrong("a template with a } for each {") from None
        for fact, spec, conversion in places:
            if fact is not None and (fact not in facts or spec or conversion):
                raise self.wrong(f"a template of {', '.join(sorted(facts))}")
        return self.text()

    def templates(self, facts: frozenset[str]) -> dict[str, str]:
        found = {key: node.template(facts) for key, node in self.items().items()}
        if not all(map(is_name, found)):
            raise self.wrong("only names of fields or parameters")
        return found


def _read(top: _Node) -> FieldMap:
    modules = {kind: _module(kind, top[kind], top["custom"][kind]) for kind in KINDS}
    key, relation = top["ticket"]["key"], top["relation"]
    match = key["match"].text()
    if match not in ("begins", "equals"):
        raise key["match"].wrong('"begins" or "equals"')
    template = modules["ticket"].fields.get(key["field"].name(), "")
    if not (template == "{key}" or (match == "begins" and template.startswith("{key} "))):
        raise top["ticket"]["fields"].wrong(f'a template for {key["field"].name()} that {match} with "{{key}}"')
    return FieldMap(
        modules=modules,
        phones=top["contact"]["phones"].names(),
        project_contact=top["project"]["contact"].name(),
        project_policy=top["project"]["policy"].name(),
        key_field=key["field"].name(),
        key_begins=match == "begins",
        answers={question: node.name() for question, node in top["ticket"]["answers"].items().items()},
        project_to_ticket=relation["project_to_ticket"].text(),
        ticket_to_project=relation["ticket_to_project"].text(),
    )


def _module(kind: Kind, node: _Node, custom: _Node) -> Module:
    result = custom["result"]
    return Module(
        name=node["module"].name(),
        number=node["number"].name(),
        fields=node["fields"].templates(FACTS[kind]),
        limits=node["limits"].limits(),
        custom=Custom(
            operation=custom["operation"].name(),
            parameters=custom["parameters"].templates(FACTS[kind]),
            limits=custom["limits"].limits(),
            id=result["id"].name(),
            number=result["number"].text(),
            is_new=result["is_new"].text(),
        ),
    )
