"""What the sandbox says about itself: the page for people and the JSON for tests."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.integrations.sandbox import faults
from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item

SHOWN = 50  # items of each system on the page; the JSON has all
_ASSETS = {
    "tokens.css": ("site", "text/css"),
    "sandbox.css": ("integrations", "text/css"),
    "sandbox.js": ("integrations", "text/javascript"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # "no-referrer" would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Systems = Mapping[str, System]


def answer(request: Request, world: World, systems: Systems) -> Answer:
    """Answer a request that is for no fake system."""
    for method, shape, function in _ROUTES:
        match = re.fullmatch(shape, request.path)
        if match and request.method in (method, "HEAD" if method == "GET" else method):
            return function(request, world, systems, *match.groups())
    return Answer.json({"error": "no such page"}, 404)


def _page(request: Request, world: World, systems: Systems) -> Answer:
    return html(request, "integrations/sandbox.html", lambda: _context(request, world, systems))


def _part(request: Request, world: World, systems: Systems) -> Answer:
    """What changes, for the page's refresh; 304 while nothing has changed."""
    answer = html(request, "integrations/sandbox_main.html", lambda: _context(request, world, systems))
    tag = f'"{hashlib.sha256(answer.content).hexdigest()[:24]}"'
    headers = {**answer.headers, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Answer(304, b"", answer.type, headers)
    return Answer(200, answer.content, answer.type, headers)


def html(request: Request, template: str, context: Callable[[], dict[str, Any]], *, status: int = 200) -> Answer:
    """The page that `template` makes of `context`, both in the reader's language."""
    language = _language(request)
    with translation.override(language):
        values = {**context(), "language": language, "languages": settings.LANGUAGES}
        content = render_to_string(template, values).encode()
    return Answer(status, content, "text/html; charset=utf-8", {**_HEADERS, "Content-Language": language})


def _context(request: Request, world: World, systems: Systems) -> dict[str, Any]:
    """The systems at a glance, and the one that is looked at; without one, the newest of all."""
    view = request.form().get("view", "")
    host = request.headers.get("Host", "")
    held = {name: _listed(system, world) for name, system in systems.items()}
    tiles = [_tile(system, world, len(held[name])) for name, system in systems.items()]
    chosen = systems.get(view)
    items = held[view] if chosen else sorted((one for all_ in held.values() for one in all_), key=_age, reverse=True)
    cards = [(systems[item.system], _card(systems[item.system], item, world)) for item in items[:SHOWN]]
    return {
        "tiles": [tile for tile in tiles if tile["shown"]],
        "others": [tile for tile in tiles if not tile["shown"]],
        "view": view if chosen else "",
        "section": _section(chosen, world, host) if chosen else None,
        "cards": [(system, card) for system, card in cards if card],
        "count": len(items),
        "more": max(0, len(items) - SHOWN),
    }


def _listed(system: System, world: World) -> list[Item]:
    return [item for item in world.store.items(system.name) if system.listed(item)]


def _age(item: Item) -> int:
    return item.id


def _tile(system: System, world: World, count: int) -> dict[str, Any]:
    fault = world.faults.current(system.name)
    wanted = ("down" if "status" in system.kinds else "cut", "silent", "slow")
    labels = {"down": _("Down (503)"), "cut": _("Cut the line"), "silent": _("Does it, but never answers")}
    labels["slow"] = _("Slow, 10 s")
    return {
        "name": system.name,
        "title": system.title,
        "count": count,
        "shown": system.shown() or count or fault,
        "fault": fault,
        "fault_label": _kind_labels()[fault.kind] if fault else "",
        "presets": [(name, labels[name]) for name in wanted],
    }


def _section(system: System, world: World, host: str) -> dict[str, Any]:
    labels = _kind_labels()
    return {
        "name": system.name,
        "title": system.title,
        "empty": system.empty,
        "address": system.address(host, world),
        "fault": world.faults.current(system.name),
        "refusals": system.refusals.items(),
        "takes_status": "status" in system.kinds,
        "kinds": [(kind, labels[kind]) for kind in system.kinds],
    }


def _card(system: System, item: Item, world: World) -> Card | None:
    if system.show_in:
        return system.show_in(item, world)
    return system.show(item) if system.show else None


def _kind_labels() -> dict[str, str]:
    return {
        "status": _("Answer with an HTTP status"),
        "delay": _("Be slow"),
        "cut": _("Cut the line"),
        "silence": _("Never answer"),
        "garbage": _("Answer with garbage"),
        "slow_body": _("Drip the answer"),
        "refuse": _("Refuse"),
    }


def _language(request: Request) -> str:
    """The language of ?lang=, else of the browser, else the default."""
    asked = request.form().get("lang", "")
    offered = dict(settings.LANGUAGES)
    if asked in offered:
        return asked
    for wanted in request.headers.get("Accept-Language", "")[:200].split(","):
        code = wanted.partition(";")[0].strip().lower().partition("-")[0]
        if code in offered:
            return code
    return str(settings.LANGUAGE_CODE)


def _asset(request: Request, world: World, systems: Systems, name: str) -> Answer:
    folder, kind = _ASSETS.get(name, ("", ""))
    path = finders.find(f"{folder}/{name}") if folder else None
    if not isinstance(path, str):
        return Answer.json({"error": "no such file"}, 404)
    with open(path, "rb") as file:
        return Answer(200, file.read(), f"{kind}; charset=utf-8")


def _ready(request: Request, world: World, systems: Systems) -> Answer:
    return Answer.json({"ready": True, "systems": list(systems), "smtp_port": world.smtp_port})


def _held(request: Request, world: World, systems: Systems, name: str) -> Answer:
    system = systems.get(name)
    if system is None:
        return Answer.json({"error": "no such system"}, 404)
    return Answer.json({"system": name, "items": [_item(system, item) for item in world.store.items(name)]})


def _item(system: System, item: Item) -> dict[str, Any]:
    files = [
        {"name": f.name, "type": f.type, "size": f.size, "url": f"/_held/{item.system}/{item.id}/files/{f.n}"}
        for f in item.files
    ]
    shown = {**item.data, "id": item.id, "kind": item.kind, "at": item.at.isoformat(), "files": files}
    return {**shown, "code": system.show(item).code} if system.show else shown


def _file(request: Request, world: World, systems: Systems, name: str, item: str, n: str) -> Answer:
    file = world.store.file(name, int(item), int(n))
    if file is None:
        return Answer.json({"error": "no such file"}, 404)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Answer(200, file.content, "application/octet-stream", headers)


def _faults(request: Request, world: World, systems: Systems) -> Answer:
    current = {name: world.faults.current(name) for name in systems}
    return Answer.json({name: vars(fault) if fault else None for name, fault in current.items()})


def _set_fault(request: Request, world: World, systems: Systems, name: str) -> Answer:
    system = systems.get(name)
    if system is None:
        return Answer.json({"error": "no such system"}, 404)
    try:
        values = _values(request)
        values = faults.PRESETS.get(str(values.get("preset")), values)
        fault = faults.read(values, kinds=system.kinds, codes=system.refusals)
    except ValueError as error:  # FaultInvalid, or a body that is not JSON
        return Answer.json({"error": str(error)}, 400)
    if fault:
        world.faults.put(name, fault)
    else:
        world.faults.clear(name)
    return _done(request)


def _clear(request: Request, world: World, systems: Systems) -> Answer:
    """Forget what is held and turn the faults off: of `system`, or of all."""
    try:
        name = str(_values(request).get("system") or "")
    except ValueError as error:
        return Answer.json({"error": str(error)}, 400)
    if name and name not in systems:
        return Answer.json({"error": "no such system"}, 404)
    world.store.clear(name)
    world.faults.clear(name)
    return _done(request)


def _values(request: Request) -> Mapping[str, object]:
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        return request.form()
    try:
        values = json.loads(request.body or b"{}")
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(values, dict):
        raise ValueError("an object is needed")
    return values


def _done(request: Request) -> Answer:
    """Back to the page for its own forms, JSON for others."""
    if not request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return Answer.json({"done": True})
    view = request.form().get("view", "")
    query = urlencode({"lang": _language(request)} | ({"view": view} if view else {}))
    return Answer(303, b"", headers={"Location": f"/?{query}"})


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", "/", _page),
    ("GET", "/_part", _part),
    ("GET", "/_static/([a-z.]+)", _asset),
    ("GET", "/_ready", _ready),
    ("GET", "/_held/([a-z0-9_]+)", _held),
    ("GET", "/_held/([a-z0-9_]+)/([0-9]{1,15})/files/([0-9]{1,6})", _file),
    ("GET", "/_faults", _faults),
    ("POST", "/_faults/([a-z0-9_]+)", _set_fault),
    ("POST", "/_clear", _clear),
]
