"""What the sandbox's vTiger can do: each operation belongs to GET or to POST and reads its parameters there alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.integrations.sandbox.store import File, Store
from apps.integrations.sandbox.vtiger import vtql
from apps.integrations.sandbox.vtiger.modules import MODULES, Module
from apps.integrations.sandbox.vtiger.records import MOST, Records
from apps.integrations.sandbox.vtiger.sessions import Session, Sessions
from apps.integrations.sandbox.vtiger.wire import Fatal, Refused, denied


@dataclass(frozen=True)
class Caller:
    """Who calls and what stands at hand; `session` is None before the login."""

    store: Store
    sessions: Sessions
    session: Session | None
    files: tuple[File, ...] = ()

    @property
    def records(self) -> Records:
        if self.session is None:
            raise Refused("AUTHENTICATION_REQUIRED", "Authencation required")
        return Records(self.store, self.session.user)


Function = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    parameters: tuple[str, ...]
    function: Function
    before_login: bool = False


OPERATIONS: dict[str, Operation] = {}


def operation(name: str, method: str, *parameters: str, before_login: bool = False) -> Callable[[Function], Function]:
    """Register the decorated function: it gets the caller and each parameter, "" for one that is absent."""

    def register(function: Function) -> Function:
        OPERATIONS[name.lower()] = Operation(name, method, parameters, function, before_login)
        return function

    return register


@operation("getchallenge", "GET", "username", before_login=True)
def getchallenge(caller: Caller, username: str) -> Any:
    return caller.sessions.challenge(username)


@operation("login", "POST", "username", "accessKey", before_login=True)
def login(caller: Caller, username: str, access_key: str) -> Any:
    session = caller.sessions.login(username, access_key)
    about = {
        "username": session.user.name, "first_name": "", "last_name": session.user.name.title(),
        "email": f"{session.user.name}@example.com", "time_zone": "Europe/Moscow", "hour_format": "24",
        "date_format": "dd-mm-yyyy", "is_admin": "off", "call_duration": "5", "other_event_duration": "5",
    }  # fmt: skip
    return about | session.described()


@operation("extendsession", "POST", before_login=True)
def extendsession(caller: Caller) -> Any:
    if caller.session is None:
        raise Refused("AUTHENTICATION_FAILURE", "Authencation required")
    return caller.session.described()


@operation("logout", "POST")
@operation("sync", "GET", "modifiedTime", "elementType")
@operation("files_retrieve", "GET", "id")
def broken_on_php_8(caller: Caller, *parameters: str) -> Any:
    raise Fatal


@operation("listtypes", "GET", "fieldTypeList")
def listtypes(caller: Caller, field_types: str) -> Any:
    asked = _json(field_types)
    wanted = set(map(str, asked)) if isinstance(asked, list) else set()
    modules = [
        module
        for module in MODULES.values()
        if not wanted or wanted & {one.type for one in module.fields.values()}
    ]  # fmt: skip
    told = {one.name: {"isEntity": True, "label": one.label, "singular": one.singular} for one in modules}
    return {"types": list(told), "information": told}


@operation("describe", "GET", "elementType")
def describe(caller: Caller, element_type: str) -> Any:
    if element_type == "Users":
        raise denied()
    return _module(element_type).described()


@operation("relatedtypes", "GET", "elementType")
def relatedtypes(caller: Caller, element_type: str) -> Any:
    lists = _module(element_type).lists
    told = {one.label: {"name": one.module, "label": one.label, "isEntity": "1"} for one in lists}
    return {"types": [one.module for one in lists], "information": told}


@operation("create", "POST", "elementType", "element")
def create(caller: Caller, element_type: str, element: str) -> Any:
    module = MODULES.get(element_type)
    if module is None:
        raise denied()
    made = caller.records.create(module, decoded(element), caller.files)
    return caller.records.read_labelled(made)


@operation("retrieve", "GET", "id")
def retrieve(caller: Caller, id_: str) -> Any:
    return caller.records.read_labelled(caller.records.get(id_))


@operation("update", "POST", "element")
def update(caller: Caller, element: str) -> Any:
    values = decoded(element)
    return caller.records.read_labelled(caller.records.change(str(values.get("id", "")), values, whole=True))


@operation("revise", "POST", "element")
def revise(caller: Caller, element: str) -> Any:
    values = decoded(element)
    return caller.records.read_labelled(caller.records.change(str(values.get("id", "")), values, whole=False))


@operation("delete", "POST", "id")
def delete(caller: Caller, id_: str) -> Any:
    caller.records.delete(id_)
    return {"status": "successful"}


@operation("query", "GET", "query")
def query(caller: Caller, text: str) -> Any:
    if not text:
        raise denied(" for query")
    try:
        return vtql.run(vtql.parse(text), caller.records)
    except vtql.Torn:
        return []


@operation("query_related", "GET", "query", "id", "relatedLabel")
def query_related(caller: Caller, text: str, id_: str, label: str) -> Any:
    try:
        asked = vtql.parse(f"{text};")
    except vtql.Torn:
        return []
    found = caller.records.related(caller.records.get(id_), label, asked.module)
    return vtql.run(asked, caller.records, among=found)


@operation("retrieve_related", "GET", "id", "relatedType", "relatedLabel")
def retrieve_related(caller: Caller, id_: str, element_type: str, label: str) -> Any:
    item = caller.records.get(id_)
    found = caller.records.related(item, label, _module(element_type).name)
    return [caller.records.read(one) for one in found[:MOST]]


@operation("add_related", "POST", "sourceRecordId", "relatedRecordId", "relationIdLabel")
def add_related(caller: Caller, source: str, target: str, label: str) -> Any:
    caller.records.relate(source, target, label)
    return {"message": "successfull"}


def _module(name: str) -> Module:
    if name not in MODULES:
        raise denied(f" for name : {name}")
    return MODULES[name]


def decoded(text: str) -> dict[str, Any]:
    """The fields of an `element`; what is no JSON object has none."""
    value = _json(text)
    return value if isinstance(value, dict) else {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
