"""The n8n client against the sandbox as it is, and against the recorded answers."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from structlog.testing import capture_logs

from apps.core import signatures
from apps.integrations.automation import get_automation
from apps.integrations.automation.n8n import N8n
from apps.integrations.envelope import Envelope
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable

CLAIM = "0193a1b2-0000-7000-8000-0000000000c1"
AT = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
FIXTURES = json.loads((Path(__file__).parent / "fixtures" / "n8n.json").read_text())


@pytest.fixture(autouse=True)
def _ours(sandbox, settings) -> None:
    settings.N8N_URL = f"{sandbox.url}/n8n/webhook/claimdesk"
    settings.N8N_TOKEN = "sandbox"
    settings.N8N_SECRETS = ["new-secret", "old-secret"]
    settings.SITE_URL = "http://127.0.0.1:9"  # nobody is there to be called back


def an_event(name: str = "claim.registered", **data: str) -> Envelope:
    return Envelope(uuid.uuid4(), name, AT, data or {"claim_id": CLAIM}, "req-12345678")


def tell(envelope: Envelope | None = None) -> None:
    get_automation().tell(envelope or an_event(), now=timezone.now())


def failure(act: Callable[[], object] = tell) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        act()
    return caught.value


def turn_on(sandbox, **fault) -> None:
    requests.post(f"{sandbox.url}/_faults/n8n", json=fault, timeout=5).raise_for_status()


def held(sandbox) -> Any:
    return requests.get(f"{sandbox.url}/_held/n8n", timeout=5).json()["items"]


def answering(httpserver, *, status: int, body: str, kind: str = "application/json") -> N8n:
    httpserver.expect_request("/webhook/x").respond_with_data(body, status=status, content_type=kind)
    return N8n(url=httpserver.url_for("/webhook/x"), secret="s", callback_url="", allow_private=True, read=2)


# --- with the sandbox


def test_an_event_arrives_signed_and_with_its_id(sandbox):
    told = an_event()

    tell(told)

    [event] = held(sandbox)
    assert event["signed"] is True
    assert (event["event_id"], event["key"], event["request_id"]) == (str(told.event_id),) * 2 + ("req-12345678",)
    assert (event["event"], event["version"], event["data"]) == ("claim.registered", "1", {"claim_id": CLAIM})
    assert event["occurred_at"] == "2026-11-21T12:00:00.250Z"
    assert event["callback_url"] == "http://127.0.0.1:9/api/v1/hooks/n8n/"


def test_an_event_that_is_told_again_carries_the_same_id(sandbox):
    told = an_event()

    tell(told)
    tell(told)

    assert [(event["event_id"], event["seen"]) for event in held(sandbox)] == [
        (str(told.event_id), 2),
        (str(told.event_id), 1),
    ]


def test_the_other_side_sees_a_signature_of_a_secret_it_does_not_know(sandbox, settings):
    stranger = N8n(url=settings.N8N_URL, secret="guessed", callback_url="", token="sandbox", allow_private=True)

    stranger.tell(an_event(), now=timezone.now())

    assert held(sandbox)[0]["signed"] is False


def test_the_page_shows_what_came_and_whether_its_signature_is_right(sandbox):
    tell()

    page = requests.get(f"{sandbox.url}/?lang=en", timeout=5).text

    assert "claim.registered" in page
    assert f"claim_id: {CLAIM}" in page
    assert "not valid" not in page and "valid" in page


def test_a_wrong_token_is_the_account_and_not_the_event(sandbox, settings):
    settings.N8N_TOKEN = "wrong"

    error = failure()

    assert (type(error), error.code) == (AccountRejected, "n8n_token_refused")
    assert held(sandbox) == []


def test_a_workflow_that_is_not_active_is_waited_for(sandbox, settings):
    settings.N8N_URL = f"{sandbox.url}/n8n/webhook/another"

    error = failure()

    assert (type(error), error.code) == (Unavailable, "n8n_not_registered")


@pytest.mark.parametrize(
    ("fault", "kind", "code", "arrived"),
    [
        ({"kind": "refuse", "code": "not_registered"}, Unavailable, "n8n_not_registered", False),
        ({"kind": "refuse", "code": "workflow_error"}, Unavailable, "http_500", False),
        ({"kind": "refuse", "code": "empty_body"}, Unavailable, "answer_garbled", False),
        ({"kind": "refuse", "code": "token"}, AccountRejected, "n8n_token_refused", False),
        ({"kind": "status", "status": 429}, Unavailable, "http_429", False),
        ({"kind": "status", "status": 413}, Rejected, "http_413", False),
        ({"kind": "status", "status": 524, "when": "after"}, Unavailable, "http_524", True),
        ({"kind": "cut", "when": "after"}, Unavailable, "cut", True),
        ({"kind": "garbage"}, Unavailable, "answer_garbled", True),
    ],
)
def test_each_bad_day_of_n8n(sandbox, fault, kind, code, arrived):
    turn_on(sandbox, **fault)

    error = failure()

    assert (type(error), error.code) == (kind, code)
    assert bool(held(sandbox)) == arrived


def test_silence_is_told_again(sandbox, settings):
    turn_on(sandbox, kind="silence")
    client = N8n(url=settings.N8N_URL, secret="s", callback_url="", allow_private=True, read=0.3)

    error = failure(lambda: client.tell(an_event(), now=timezone.now()))

    assert (type(error), error.code) == (Unavailable, "timeout")


def test_a_check_starts_no_workflow(sandbox):
    health = get_automation().check()

    assert (health.ok, health.code) == (True, "ok")
    assert held(sandbox) == []


def test_a_check_sees_that_n8n_is_away(sandbox, settings):
    turn_on(sandbox, kind="status", status=502)
    assert get_automation().check().code == "http_502"

    settings.N8N_URL = f"{sandbox.url}/nobody/webhook/claimdesk"  # JSON, 404: n8n or not, somebody speaks its way
    sandbox.stop()
    assert get_automation().check().code == "connect_failed"


def test_secrets_and_token_stay_out_of_the_log(sandbox, settings):
    settings.N8N_TOKEN = "Bearer tok-482913"

    with capture_logs() as logs:
        failure()

    assert "482913" not in str(logs)
    assert "-secret" not in str(logs)


# --- with what n8n was seen to answer


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("immediate", None),
        ("contact_create_ok", None),
        ("no_item", None),
        ("not_registered", Unavailable),
        ("header_auth_wrong", AccountRejected),
        ("basic_missing", AccountRejected),
        ("workflow_error", Unavailable),
        ("respond_node_not_reached", Unavailable),
        ("proxy_timeout", Unavailable),
    ],
)
def test_each_recorded_answer(httpserver, name, kind):
    seen = FIXTURES[name]
    body = json.dumps(seen["body"]) if "body" in seen else seen["body_text"]
    client = answering(httpserver, status=seen["http"], body=body, kind=seen.get("content_type", "application/json"))

    def act() -> None:
        client.tell(an_event(), now=timezone.now())

    if kind:
        assert type(failure(act)) is kind
    else:
        act()


@pytest.mark.parametrize("body", ["[]", '[{"claim_id": "7"}]', "{}"])
def test_a_workflow_may_answer_with_a_list(httpserver, body):
    answering(httpserver, status=200, body=body).tell(an_event(), now=timezone.now())


@pytest.mark.parametrize("body", ["", "OK", "null", "true", '"started"', "{", "<html>"])
def test_success_without_json_is_none(httpserver, body):
    client = answering(httpserver, status=200, body=body)

    assert type(failure(lambda: client.tell(an_event(), now=timezone.now()))) is Unavailable


def test_a_redirect_is_not_followed(httpserver, sandbox):
    httpserver.expect_request("/webhook/x").respond_with_data(
        "", status=308, headers={"Location": f"{sandbox.url}/n8n/webhook/claimdesk"}
    )
    client = N8n(url=httpserver.url_for("/webhook/x"), secret="s", callback_url="", token="sandbox", allow_private=True)

    error = failure(lambda: client.tell(an_event(), now=timezone.now()))

    assert (type(error), error.code) == (AccountRejected, "n8n_address_moved")
    assert held(sandbox) == []


def test_the_bytes_that_are_signed_are_those_that_are_sent(httpserver):
    client = answering(httpserver, status=200, body="{}")

    client.tell(an_event(note="Їжак, 💧"), now=AT)

    [(request, _)] = httpserver.log
    signatures.verify(request.headers[signatures.HEADER], request.data, secrets=["s"], now=AT)
    assert json.loads(request.data)["data"] == {"note": "Їжак, 💧"}
    assert request.headers["Content-Type"] == "application/json"
    assert "Authorization" not in request.headers


def test_a_page_of_somebody_else_is_not_n8n(httpserver):
    client = answering(httpserver, status=404, body="<html>", kind="text/html")

    assert (client.check().ok, client.check().code) == (False, "n8n_not_there")


@pytest.mark.parametrize("missing", [{"N8N_URL": ""}, {"N8N_SECRETS": []}, {"N8N_SECRETS": [""]}])
def test_n8n_needs_an_address_and_a_secret(settings, missing):
    for name, value in missing.items():
        setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured):
        get_automation()
