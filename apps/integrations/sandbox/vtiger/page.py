"""The records of the sandbox's vTiger for people: a card on the sandbox's page, and a page of its own."""

from urllib.parse import parse_qs

from django.utils.translation import gettext as _

from apps.integrations.sandbox import console
from apps.integrations.sandbox.registry import Answer, Card, Link, Request, World
from apps.integrations.sandbox.store import Item
from apps.integrations.sandbox.vtiger.modules import MODULES
from apps.integrations.sandbox.vtiger.records import SYSTEM, Records, is_record, whole_id
from apps.integrations.sandbox.vtiger.sessions import USERS


def card(item: Item, world: World) -> Card:
    name = " ".join(str(item.data.get(field, "")) for field in MODULES[item.kind].label_fields).strip()
    shown = {
        "mobile": _("Phone"), "email": _("Email"), "ticketstatus": _("Status"), "cf_1885": _("Policy"),
        "filename": _("File"),
    }  # fmt: skip
    return Card(
        id=item.id,
        at=item.at,
        title=f"{_number(item)} · {name}",
        text=str(item.data.get("description", "")),
        kind=_kind(item),
        fields=tuple((label, str(item.data.get(field, ""))) for field, label in shown.items()),
        url=url(item),
        links=links(item, world),
    )


def links(item: Item, world: World) -> tuple[Link, ...]:
    """What the record refers to, and what it is related to: ↔ for a relation that stands both ways, → or ← for one."""
    module = MODULES[item.kind]
    found: dict[int, str] = {}
    for row in world.store.items(SYSTEM, kind="relation"):
        for one, other, sign in (
            (row.data["source"], row.data["target"], "→"),
            (row.data["target"], row.data["source"], "←"),
        ):
            if one == item.id:
                found[other] = "↔" if found.get(other, sign) != sign else sign
    for field in module.fields.values():
        number = str(item.data.get(field.name, "")).partition("x")[2]
        if field.type == "reference" and number.isdigit():
            found.setdefault(int(number), "")
    partners = [(sign, world.store.item(SYSTEM, id_)) for id_, sign in sorted(found.items())]
    return tuple(Link(sign, _number(one), url(one)) for sign, one in partners if one and is_record(one))


def url(item: Item) -> str:
    return f"/{SYSTEM}/index.php?module={item.kind}&view=Detail&record={item.id}"


def record_page(request: Request, world: World) -> Answer:
    asked = parse_qs(request.query)
    number = asked.get("record", [""])[0]
    item = world.store.item(SYSTEM, int(number)) if number.isascii() and number.isdigit() else None
    if item is None or not is_record(item) or asked.get("module", [item.kind])[0] != item.kind:
        return console.html(request, "integrations/sandbox_record.html", lambda: {"record": None}, status=404)
    return console.html(request, "integrations/sandbox_record.html", lambda: {"record": _record(item, world)})


def _record(item: Item, world: World) -> dict[str, object]:
    record = Records(world.store, USERS["sandbox"]).read(item)
    fields = MODULES[item.kind].fields
    rows = [
        (fields[name].label, name, value)
        for name, value in record.items()
        if name in fields and value not in ("", fields[name].empty)
    ]
    return {
        "title": _number(item), "kind": _kind(item), "id": whole_id(item), "at": item.at, "rows": rows,
        "links": links(item, world),
    }  # fmt: skip


def _number(item: Item) -> str:
    return str(item.data.get(MODULES[item.kind].number[0]) or whole_id(item))


def _kind(item: Item) -> str:
    kinds = {
        "Contacts": _("Contact"), "Project": _("Project"), "HelpDesk": _("Ticket"), "Documents": _("Document"),
        "ModComments": _("Comment"),
    }  # fmt: skip
    return kinds[item.kind]
