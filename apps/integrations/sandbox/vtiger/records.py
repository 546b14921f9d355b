"""The records of the sandbox's vTiger, as one user may read and change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.integrations.sandbox.store import File, Item, Store
from apps.integrations.sandbox.vtiger.modules import MODULES, Field, Module, Related
from apps.integrations.sandbox.vtiger.sessions import User
from apps.integrations.sandbox.vtiger.values import check, label, module_of, stored
from apps.integrations.sandbox.vtiger.wire import Refused, broken, denied

SYSTEM = "vtiger"
MOST = 100  # rows of an answer
_ALWAYS_THERE = ("Users", "DocumentFolders")


def is_record(item: Item) -> bool:
    return item.kind in MODULES and "deleted" not in item.data


@dataclass(frozen=True)
class Records:
    store: Store
    user: User

    def all(self, module: Module) -> list[Item]:
        """The oldest first."""
        return [item for item in reversed(self.store.items(SYSTEM, kind=module.name)) if is_record(item)]

    def create(self, module: Module, element: Mapping[str, Any], files: Sequence[File] = ()) -> Item:
        """A new record with its number. Raises Refused."""
        if not self.user.may_write:
            raise Refused("ACCESS_DENIED", "Permission to write is denied")
        check(module, element, whole=True)
        with self.store.exclusive():
            name, start = module.number
            number = {name: f"{start}{len(self.store.items(SYSTEM, kind=module.name)) + 1}"} if name else {}
            now = _now()
            made = {"createdtime": now, "source": "WEBSERVICE", "creator": self.user.id, **number}
            id_ = self.store.add(SYSTEM, module.name, made | self._changes(module, element, now), files)
        return self._item(id_)

    def change(self, id_: str, element: Mapping[str, Any], *, whole: bool) -> Item:
        """The record with the sent fields changed; `whole` asks for every mandatory one. Raises Refused."""
        item = self.get(id_)
        if not self.user.may_write:
            raise Refused("ACCESS_DENIED", "Permission to read given object is denied")
        module = MODULES[item.kind]
        check(module, element, whole=whole)
        with self.store.exclusive():
            held = self._item(item.id)
            self.store.update(held, held.data | self._changes(module, element, _now()))
        return self._item(item.id)

    def delete(self, id_: str) -> None:
        item = self.get(id_)
        if not self.user.may_write:
            raise Refused("ACCESS_DENIED", "Permission to read given object is denied")
        self.store.update(item, item.data | {"deleted": "1"})

    def get(self, id_: str) -> Item:
        """Raises Refused as vTiger does: a record that is gone reads like one that is hidden."""
        module, number = module_of(id_), id_.partition("x")[2]
        if module is None or not number.isdigit():
            raise denied(" for id")
        item = self.store.item(SYSTEM, int(number))
        if item is None or not is_record(item):
            raise denied()
        if item.kind != module.name:
            raise Refused("INVALID_ID_ATTRIBUTE", "Id specified is incorrect")
        return item

    def read(self, item: Item, names: Sequence[str] = ()) -> dict[str, str]:
        """The record as an answer has it: the fields `names` and the id, or all."""
        fields = MODULES[item.kind].fields
        id_ = whole_id(item)
        record = {name: id_ if name == "id" else self._shown(fields[name], item) for name in names or fields}
        return record | {"id": id_}

    def read_labelled(self, item: Item) -> dict[str, str]:
        record = self.read(item)
        return record | {"label": label(MODULES[item.kind], record)}

    def relate(self, source: str, target: str, list_label: str) -> None:
        """One way, once. What the list does not fit is not stored and not said. Raises Refused."""
        try:
            item = self.get(source)
        except Refused:
            raise broken() from None
        module, number = module_of(target), target.partition("x")[2]
        if module is None or not number.isdigit():
            raise denied(" for id")
        lists = MODULES[item.kind].lists
        if any(one.module == module.name and list_label in ("", one.label) for one in lists):
            self.relate_rows(item.id, int(number))

    def relate_rows(self, source: int, target: int) -> None:
        """What stands in the table of relations; nothing there asks whether the records exist."""
        row = {"source": source, "target": target}
        with self.store.exclusive():
            if not any(item.data == row for item in self.store.items(SYSTEM, kind="relation")):
                self.store.add(SYSTEM, "relation", row)

    def related(self, item: Item, list_label: str, module_name: str = "") -> list[Item]:
        """The records of a related list, read in both directions. Raises Refused."""
        lists = MODULES[item.kind].lists
        found = next((one for one in lists if one.label == list_label and module_name in ("", one.module)), None)
        if found is None:
            raise Refused("UNKOWN_ENTITY", "Relation specified is incorrect")
        return self._listed(item, found)

    def _listed(self, item: Item, one: Related) -> list[Item]:
        wanted = self.partners(item.id)
        records = self.all(MODULES[one.module])
        if one.field:
            id_ = whole_id(item)
            return [record for record in records if record.data.get(one.field) == id_]
        return [record for record in records if record.id in wanted]

    def partners(self, id_: int) -> set[int]:
        rows = [item.data for item in self.store.items(SYSTEM, kind="relation")]
        return {row["target"] for row in rows if row["source"] == id_} | {
            row["source"] for row in rows if row["target"] == id_
        }

    def _item(self, id_: int) -> Item:
        item = self.store.item(SYSTEM, id_)
        if item is None:
            raise denied()
        return item

    def _changes(self, module: Module, element: Mapping[str, Any], now: str) -> dict[str, str]:
        fields = [field for field in module.fields.values() if field.editable and field.name in element]
        changes = {field.name: stored(field, element[field.name]) for field in fields}
        return changes | {"modifiedtime": now, "modifiedby": self.user.id}

    def _shown(self, field: Field, item: Item) -> str:
        """A reference to a record that is not there reads as nothing, though it is stored."""
        value = str(item.data.get(field.name, field.empty))
        if field.type != "reference" or not value or field.choices[0] in _ALWAYS_THERE:
            return value
        target = self.store.item(SYSTEM, int(value.partition("x")[2]))
        return value if target and is_record(target) and whole_id(target) == value else ""


def whole_id(item: Item) -> str:
    return f"{MODULES[item.kind].prefix}x{item.id}"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
