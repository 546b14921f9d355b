"""What a workflow asks of us by POST /api/v1/hooks/n8n/: signed, and done once."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django.utils.translation import get_language, override
from structlog.testing import capture_logs

from apps.core import signatures
from apps.core.errors import Conflict, DomainError
from apps.core.models import InboxMessage
from apps.integrations.automation import callback, callbacks, get_automation
from apps.integrations.envelope import Envelope
from apps.integrations.sandbox import n8n
from tests.parallel import at_once

URL = "/api/v1/hooks/n8n/"
pytestmark = pytest.mark.django_db
Done = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _secrets(settings) -> None:
    settings.N8N_SECRETS = ["new-secret", "old-secret"]


@pytest.fixture
def done(monkeypatch) -> Done:
    """What callbacks of the kind "mark" have done; each leaves a row too, which a rollback would take with it."""
    monkeypatch.setattr(callbacks, "_callbacks", {})
    acts: Done = []

    @callback("mark")
    def mark(about: str, data: dict[str, Any], now: datetime) -> None:
        if data.get("refuse"):
            raise Conflict
        InboxMessage.objects.create(source="effect", external_id=uuid.uuid4().hex, received_at=now)
        acts.append((about, data))

    return acts


def effects() -> int:
    return InboxMessage.objects.filter(source="effect").count()


def a_callback(**changes: Any) -> dict[str, Any]:
    asked = {"id": "run-17.note", "kind": "mark", "about": "CLM-2026-11-21-A1B2", "data": {"text": "Їжак"}, **changes}
    return {key: value for key, value in asked.items() if value is not None}


def send(body: Any, *, secret: str = "new-secret", at: datetime | None = None, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    signed = {"X-Claimdesk-Signature": signatures.sign(raw, secret=secret, now=at or timezone.now())}
    kind = headers.pop("content_type", "application/json")
    return Client().post(URL, raw, content_type=kind, headers={**signed, **headers})


def problem(answer: Any) -> tuple[int, str, str | None]:
    [error] = answer.json()["errors"]
    return answer.status_code, error["code"], error["attr"]


# --- what is taken


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
def test_a_signed_callback_does_its_deed(done, secret):
    answer = send(a_callback(), secret=secret)

    assert (answer.status_code, answer.json()) == (200, {"repeated": False})
    assert done == [("CLM-2026-11-21-A1B2", {"text": "Їжак"})]


def test_a_callback_may_come_without_data(done):
    assert send(a_callback(data=None)).status_code == 200
    assert done == [("CLM-2026-11-21-A1B2", {})]


def test_a_repeated_callback_does_nothing_and_hears_that_it_arrived(done):
    answers = [send(a_callback()) for _ in range(3)]

    assert [(answer.status_code, answer.json()["repeated"]) for answer in answers] == [
        (200, False),
        (200, True),
        (200, True),
    ]
    assert effects() == len(done) == 1


def test_a_callback_that_was_refused_may_come_again_with_the_same_id(done):
    refused = send(a_callback(data={"refuse": True}))
    taken = send(a_callback())

    assert refused.status_code == 409
    assert taken.json() == {"repeated": False}
    assert effects() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_one_does_its_deed_and_all_hear_200(done):
    answers = at_once(10, lambda _: send(a_callback()), threads=10)

    assert [answer.status_code for answer in answers] == [200] * 10
    assert sorted(answer.json()["repeated"] for answer in answers) == [False] + [True] * 9
    assert effects() == 1


# --- who may not


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "missing"),
        ("", "missing"),
        ("t=1,v1=2", "malformed"),
        ("t=1795262400,v1=" + "0" * 64, "stale"),
    ],
)
def test_an_unsigned_callback_is_turned_away_and_counted(done, header, reason):
    headers = {} if header is None else {"X-Claimdesk-Signature": header}

    with capture_logs() as logs:
        answer = Client().post(URL, a_callback(), content_type="application/json", headers=headers)

    assert problem(answer) == (401, "signature_invalid", None)
    assert [(log["event"], log["reason"]) for log in logs if log["event"] != "request"] == [
        ("callback_unsigned", reason)
    ]
    assert done == []


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_from_another_time_is_not_taken(done, minutes):
    assert send(a_callback(), at=timezone.now() + timedelta(minutes=minutes)).status_code == 401
    assert done == []


def test_a_stranger_learns_nothing_about_the_body(done):
    answers = [send(body, secret="guessed") for body in (a_callback(), a_callback(kind="none"), b"{", b"")]

    assert {problem(answer) for answer in answers} == {(401, "signature_invalid", None)}


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nobody_gets_in(done, settings, secrets):
    settings.N8N_SECRETS = secrets

    assert send(a_callback()).status_code == 401


def test_a_body_changed_on_the_way_is_not_taken(done):
    header = signatures.sign(json.dumps(a_callback()).encode(), secret="new-secret", now=timezone.now())
    changed = json.dumps(a_callback(about="CLM-2026-11-21-ZZZZ")).encode()

    answer = Client().post(URL, changed, content_type="application/json", headers={"X-Claimdesk-Signature": header})

    assert answer.status_code == 401
    assert done == []


# --- what is not understood


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (a_callback(kind="unheard-of"), (422, "callback_kind_unknown", None)),
        (a_callback(id=None), (400, "required", "id")),
        (a_callback(id=""), (400, "blank", "id")),
        (a_callback(id="x" * 201), (400, "max_length", "id")),
        (a_callback(id=17), (400, "invalid", "id")),
        (a_callback(kind=None), (400, "required", "kind")),
        (a_callback(about=None), (400, "required", "about")),
        (a_callback(data=[1]), (400, "not_a_dict", "data")),
        (a_callback(more=1), (400, "unknown_field", "more")),
        (b"", (400, "required", "id")),
        (b"{", (400, "parse_error", None)),
        (b"[]", (400, "parse_error", None)),
        (b"null", (400, "parse_error", None)),
        (b'{"id":"a","id":"b","kind":"mark","about":"x"}', (400, "parse_error", None)),
        (b'{"id":"a","kind":"mark","about":"x","data":{"n":NaN}}', (400, "parse_error", None)),
        (b'{"id":"a\\u0000","kind":"mark","about":"x"}', (400, "parse_error", None)),
        (b'{"id":"a\\ud800","kind":"mark","about":"x"}', (400, "parse_error", None)),
        ("{}".encode("utf-16"), (400, "parse_error", None)),
        (b'{"data":' * 40 + b"1" + b"}" * 40, (400, "parse_error", None)),
        (b"[" * 100_000, (400, "parse_error", None)),
        (b'{"id":"' + b"x" * 300_000 + b'"}', (413, "request_too_large", None)),
        (b'{"id":"' + b"x" * 1_100_000 + b'"}', (413, "request_too_large", None)),
    ],
)
def test_a_signed_body_that_we_cannot_read_is_refused_in_the_one_shape(done, body, expected):
    answer = send(body)

    got = problem(answer) if len(answer.json()["errors"]) == 1 else (400, *_first(answer))
    assert got == expected
    assert done == []
    assert not InboxMessage.objects.exists()


def _first(answer: Any) -> tuple[str, str | None]:
    error = answer.json()["errors"][0]
    return error["code"], error["attr"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(done, kind):
    assert send(a_callback(), content_type=kind).status_code == 415


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_there_is_nothing_but_post(done, method):
    raw = b""
    header = signatures.sign(raw, secret="new-secret", now=timezone.now())

    answer = getattr(Client(), method)(URL, headers={"X-Claimdesk-Signature": header})

    assert answer.status_code == 405


def test_a_kind_is_registered_once(done):
    with pytest.raises(ValueError, match="mark"):
        callback("mark")(lambda about, data, now: None)


def test_the_schema_keeps_silent_about_hooks(tmp_path):
    call_command("spectacular", file=str(tmp_path / "schema.yml"))

    assert "hooks" not in (tmp_path / "schema.yml").read_text()


def test_a_deed_that_breaks_leaves_no_trace(done, monkeypatch):
    def breaks(about: str, data: dict[str, Any], now: datetime) -> None:
        InboxMessage.objects.create(source="effect", external_id="half", received_at=now)
        raise DomainError(code="half_done")

    monkeypatch.setitem(callbacks._callbacks, "mark", breaks)
    with transaction.atomic():
        answer = send(a_callback())

    assert answer.status_code == 400
    assert not InboxMessage.objects.exists()


# --- with the sandbox's n8n, there and back


@pytest.fixture
def product(live_server, settings, sandbox) -> Iterator[str]:
    settings.SITE_URL = live_server.url
    settings.N8N_URL = f"{sandbox.url}/n8n/webhook/claimdesk"
    settings.N8N_TOKEN = "sandbox"
    yield f"{sandbox.url}/_held/n8n"


@pytest.mark.django_db(transaction=True)
def test_an_event_starts_a_workflow_that_calls_back(product, done, monkeypatch):
    monkeypatch.setattr("apps.integrations.sandbox.n8n.PAUSES", (0.0, 0.2, 0.5))
    callback("note")(callbacks._callbacks["mark"])
    told = Envelope(uuid.uuid4(), "claim.submitted", datetime.now(UTC), {"claim_id": "c-1"})

    for _ in range(2):
        get_automation().tell(told, now=timezone.now())

    # The deed is done inside the callback's transaction: its commit, not the deed, is what can be waited for.
    _until(InboxMessage.objects.filter(source="n8n", external_id=f"{told.event_id}.ran").exists)
    assert [about for about, _ in done] == ["c-1"]
    assert InboxMessage.objects.filter(source="n8n").count() == 1
    assert [item["seen"] for item in requests.get(product, timeout=5).json()["items"]] == [2, 1]


def _until(true: Any) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def test_the_sandbox_s_note_is_in_the_language_of_the_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(n8n, "_", lambda text: f"{get_language()}: {text}")
    with override("en"):
        note = n8n._said({"event_id": "17", "event": "claim.submitted"})

    assert note["data"]["text"].startswith("ru: ")
