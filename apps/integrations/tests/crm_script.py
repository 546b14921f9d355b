"""A CRM that follows a script, for the tests of the vTiger client."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from apps.integrations.crm import Case, Person, Ticket, modules, wire
from apps.integrations.crm import map as maps
from apps.integrations.crm.vtiger import Vtiger
from apps.integrations.errors import IntegrationError

KEY = "Ak3yAk3yAk3yAk3y"
PERSON = Person(phone="79161234567", full_name="Петрова  Анна Ильинична", email="anna@example.com")
CASE = Case(key="case-1", contact_id="12x5", policy_number="E1000-1", title="Полис E1000-1")
TICKET = Ticket(
    key="CLM-2026-11-21-AB12", contact_id="12x5", project_id="33x7", title="Рейс", description="Задержка",
    answers={"flight": "SU 100", "delayed_on": "2026-11-20"},
)  # fmt: skip
PREFIXES = {"Contacts": "12", "Project": "33", "HelpDesk": "17"}
FIELDS = {
    "Contacts": ["lastname", "firstname", "mobile", "phone", "email", "contact_no"],
    "Project": ["projectname", "linktoaccountscontacts", "cf_1885", "project_no"],
    "HelpDesk": [
        "ticket_title",
        "ticketstatus",
        "ticketpriorities",
        "contact_id",
        "cf_2066",
        "description",
        "ticket_no",
    ],
}
Reply = Any  # what an operation gives: a result, a Response, an error code in a Refused, or a function of the request


class Refused(str):
    """An error code that the CRM answers with."""


def describe(module: str, *, more: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    named = [{"name": name, "mandatory": False, "type": {"name": "string"}, "default": ""} for name in FIELDS[module]]
    return {"name": module, "createable": True, "fields": named + (more or []), "idPrefix": PREFIXES[module], **changes}


class Crm:
    """Answers each operation by its script; the last line of a script stays."""

    def __init__(self, httpserver) -> None:
        self.url = httpserver.url_for("/crm")
        self.seen: list[dict[str, str]] = []
        self.scripts: dict[str, list[Reply]] = {}
        self._lock, self._logins = threading.Lock(), 0
        httpserver.expect_request("/crm/webservice.php").respond_with_handler(self._answer)
        self.on("getchallenge", {"token": "t0ken-t0ken-t0ken"})
        self.on("login", self._login)
        self.on("describe", lambda params: describe(params["elementType"]))
        self.on("query", [])

    def on(self, operation: str, *script: Reply) -> None:
        self.scripts[operation] = list(script)

    def asked(self, operation: str) -> list[dict[str, str]]:
        return [params for params in self.seen if params["operation"] == operation]

    def client(self, *, read: float = 5, custom: bool = False, key: str = KEY, field_map: str = "") -> Vtiger:
        return Vtiger(
            url=self.url, user="intake", access_key=key, field_map=maps.load(field_map), read=read, custom=custom,
            allow_private=True,
        )  # fmt: skip

    def _login(self, _params: dict[str, str]) -> dict[str, str]:
        self._logins += 1
        return {"sessionName": f"5e55ion{self._logins:010}", "userId": "19x6", "vtigerVersion": "8.0.0"}

    def _answer(self, request: Request) -> Response:
        with self._lock:
            params = {**request.args.to_dict(), **request.form.to_dict()}
            self.seen.append(params)
            script = self.scripts[params["operation"]]
            reply = script.pop(0) if len(script) > 1 else script[0]
        found = reply(params) if callable(reply) and not isinstance(reply, Response) else reply
        if isinstance(found, Response):
            return found
        if isinstance(found, Refused):
            return _json({"success": False, "error": {"message": "no", "code": str(found)}})
        return _json({"success": True, "result": found})


def _json(value: Any) -> Response:
    return Response(json.dumps(value), content_type="application/json")


def forget(monkeypatch) -> None:
    """Let no session and nothing that a CRM said outlive the test."""
    monkeypatch.setattr(wire, "_threads", threading.local())
    monkeypatch.setattr(modules, "_described", {})
    monkeypatch.setattr(modules, "_labels", {})


def changed_map(folder: Path, change: Callable[[dict[str, Any]], Any]) -> str:
    """The path of a field map that differs from the bundled one by `change`."""
    data = json.loads(maps.BUNDLED.read_text())
    change(data)
    path = folder / f"map-{time.monotonic_ns()}.json"
    path.write_text(json.dumps(data))
    return str(path)


def created(record_id: str, **changes: Any) -> Callable[[dict[str, str]], dict[str, Any]]:
    return lambda params: {**json.loads(params["element"]), "id": record_id, **changes}


def failure(act: Callable[[], Any]) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        act()
    return caught.value
