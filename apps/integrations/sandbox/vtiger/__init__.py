"""vTiger 8.0: HTTP 200 for every error, one challenge for each user, sessions whose calls wait for each other."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item
from apps.integrations.sandbox.vtiger import custom, page, wire
from apps.integrations.sandbox.vtiger.operations import OPERATIONS, Caller, Operation, decoded
from apps.integrations.sandbox.vtiger.records import is_record
from apps.integrations.sandbox.vtiger.sessions import sessions_of
from apps.integrations.sandbox.vtiger.values import module_of

__all__ = ["custom", "vtiger"]

_END_SESSIONS = "END_SESSIONS"

vtiger = System(
    "vtiger",
    order=30,
    title=gettext_lazy("CRM"),
    empty=gettext_lazy("No records yet. Contacts, projects and tickets of the CRM appear here."),
    address=lambda host, world: f"http://{host}/vtiger/webservice.php",
    refusals={
        _END_SESSIONS: gettext_lazy("End all sessions, then answer as usual"),
        "INVALID_SESSIONID": gettext_lazy("Session unknown"),
        "ACCESS_DENIED": gettext_lazy("No permission"),
        "MANDATORY_FIELDS_MISSING": gettext_lazy("A field is missing"),
        "REFERENCE_INVALID": gettext_lazy("A reference is wrong"),
        "0": gettext_lazy("Duplicate"),
        "INTERNAL_SERVER_ERROR": gettext_lazy("Broken inside"),
        "DATABASE_QUERY_ERROR": gettext_lazy("Database broken"),
        "FATAL": gettext_lazy("HTTP 500, empty"),
    },
    listed=is_record,
)


@vtiger.route("/webservice.php", "GET", "POST")
def webservice(request: Request, world: World) -> Answer:
    call = wire.read(request)
    wanted = OPERATIONS.get(call.either("operation").lower())
    if call.either("format").lower() not in ("", "json"):
        return wire.fatal(wire.JSON)
    if wanted is None:
        return wire.fatal()
    try:
        return wire.success(_result(wanted, call, world))
    except wire.Refused as error:
        return wire.failure(error)
    except wire.Fatal:
        return wire.fatal()


def _result(wanted: Operation, call: wire.Call, world: World) -> Any:
    sessions, name = sessions_of(world), call.either("sessionName")
    session = sessions.find(name)
    if not name and not wanted.before_login:
        raise wire.Refused("AUTHENTICATION_REQUIRED", "Authencation required")
    if name and session is None:
        raise wire.Refused("INVALID_SESSIONID", "Session Identifier provided is Invalid")
    side = call.get if wanted.method == "GET" else call.post
    caller = Caller(world.store, sessions, session, call.files)
    return wanted.function(caller, *(side.get(parameter, "") for parameter in wanted.parameters))


@contextlib.contextmanager
def _one_after_another(request: Request, world: World) -> Iterator[None]:
    """PHP locks a session's file for as long as a call takes."""
    session = sessions_of(world).find(wire.read(request).either("sessionName"))
    with session.lock if session else contextlib.nullcontext():
        yield


def _label(request: Request) -> str:
    """The operation and its module: "create HelpDesk"."""
    call = wire.read(request)
    asked = {**call.get, **call.post}
    wanted = OPERATIONS.get(asked.get("operation", "").lower())
    name = wanted.name if wanted else asked.get("operation", "")
    return f"{name} {_module_name(asked)}".rstrip()


def _module_name(asked: Mapping[str, str]) -> str:
    from_ = re.search(r"\bFROM\s+(\w+)", asked.get("query", ""), re.IGNORECASE)
    id_ = asked.get("id") or str(decoded(asked.get("element", "")).get("id", ""))
    module = module_of(id_)
    return (
        asked.get("elementType") or asked.get("relatedType") or (from_[1] if from_ else module.name if module else "")
    )


vtiger.guard = _one_after_another
vtiger.label = _label


@vtiger.deceit
def refuse(code: str, request: Request, world: World) -> Answer:
    if code == _END_SESSIONS:
        sessions_of(world).end_all()
        return webservice(request, world)
    if code == "FATAL":
        return wire.fatal()
    return wire.failure(wire.Refused(int(code) if code.isdigit() else code, "The sandbox refuses on purpose"))


@vtiger.route("/index.php", "GET")
def index(request: Request, world: World) -> Answer:
    return page.record_page(request, world)


@vtiger.card_in
def card(item: Item, world: World) -> Card:
    return page.card(item, world)
