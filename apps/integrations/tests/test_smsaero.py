"""The SMSAero client against the sandbox as it is, and against the recorded answers."""

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.errors import AccountRejected, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.sandbox import texting
from apps.integrations.sandbox.process import Sandbox
from apps.integrations.sms import DeliveryState, get_gateway
from apps.integrations.sms.smsaero import SmsAeroGateway
from apps.integrations.tests.sms import PHONE, TEXT, failure, held, json_values, try_to_break, turn_on, use

FIXTURES = json.loads((Path(__file__).parent / "fixtures" / "smsaero.json").read_text())


@pytest.fixture(autouse=True)
def smsaero(settings: Any, sandbox: Sandbox) -> None:
    use(settings, sandbox, "smsaero")


def quick(sandbox: Sandbox) -> SmsAeroGateway:
    url = f"{sandbox.url}/smsaero"
    return SmsAeroGateway(url=url, login="sandbox", password="sandbox", allow_private=True, deadline=0.7)


def recorded(httpserver, body: Any, *, status: int = 200) -> SmsAeroGateway:
    for path in ("/v2/sms/send", "/v2/sms/status", "/v2/balance"):
        httpserver.expect_request(path).respond_with_json(body, status=status)
    return SmsAeroGateway(url=httpserver.url_for("/v2"), login="me@example.com", password="key", allow_private=True)


def told(**data: Any) -> dict[str, Any]:
    return {"success": True, "data": data, "message": None}


# --- with the sandbox


def test_an_sms_arrives_as_it_was_written(sandbox):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a-1")

    [sms] = held(sandbox, "smsaero")
    assert (sms["phone"], sms["text"]) == (PHONE, TEXT)
    assert (sent.parts, sent.cost) == (1, Decimal("2.15"))
    assert sent.id.isdigit()


def test_a_message_is_delivered_after_a_while(monkeypatch):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a")
    assert get_gateway().status(id=sent.id, phone="").state is DeliveryState.WAITING

    monkeypatch.setattr(texting, "DELIVERED_AFTER", 0.0)
    assert get_gateway().status(id=sent.id, phone="").state is DeliveryState.DELIVERED


def test_a_message_that_never_was_is_not_found():
    assert get_gateway().status(id="17", phone="").state is DeliveryState.NOT_FOUND


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("credentials", AccountRejected, "sms_login_refused"),
        ("no credits", AccountRejected, "sms_no_money"),
        ("number", Rejected, "sms_number_invalid"),
        ("reject", Rejected, "sms_refused"),
    ],
)
def test_each_refusal_of_the_gateway(sandbox, code, kind, ours):
    turn_on(sandbox, "smsaero", kind="refuse", code=code)

    error = failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is kind
    assert error.code == ours
    assert held(sandbox, "smsaero") == []


@pytest.mark.parametrize(
    ("fault", "kind", "arrived"),
    [
        ({"kind": "status", "status": 500}, OutcomeUnknown, False),
        ({"kind": "status", "status": 403}, AccountRejected, False),
        ({"kind": "status", "status": 429}, Unavailable, False),
        ({"kind": "cut", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "silence", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "garbage"}, OutcomeUnknown, True),
    ],
)
def test_every_fault_is_told_apart(sandbox, fault, kind, arrived):
    turn_on(sandbox, "smsaero", **fault, times=1)

    error = failure(lambda: quick(sandbox).send(phone=PHONE, text=TEXT, key="claim-7"))

    assert type(error) is kind
    assert bool(held(sandbox, "smsaero")) is arrived


def test_the_check_tells_the_balance_and_sees_a_wrong_key(sandbox):
    health = get_gateway().check()
    assert (health.ok, health.balance) == (True, Decimal("10000.0"))

    stranger = SmsAeroGateway(url=f"{sandbox.url}/smsaero", login="x", password="y", allow_private=True)
    assert stranger.check().code == "sms_login_refused"


def test_a_form_is_not_what_the_gateway_reads(sandbox):
    form = {"number": PHONE, "text": TEXT, "sign": "Shop"}

    answer = requests.post(f"{sandbox.url}/smsaero/sms/send", data=form, auth=("sandbox", "sandbox"), timeout=5)

    assert answer.json()["message"] == "Validation error."
    assert held(sandbox, "smsaero") == []


def test_a_gateway_without_a_login_stops_the_start(settings):
    settings.SMS_LOGIN = ""

    with pytest.raises(ImproperlyConfigured):
        get_gateway()


@pytest.mark.parametrize("text", ["", "   ", "a", "я" * 641])
def test_a_text_of_no_or_too_much_length_is_not_sent(sandbox, text):
    assert failure(lambda: get_gateway().send(phone=PHONE, text=text, key="a")).code == "sms_text_invalid"
    assert held(sandbox, "smsaero") == []


# --- the recorded answers


def test_the_call_is_as_the_gateway_wants_it(httpserver):
    recorded(httpserver, FIXTURES["ok_one"]).send(phone=PHONE, text=TEXT, key="a-1")

    [(request, _)] = httpserver.log
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"me@example.com:key").decode()
    assert request.get_json() == {"number": PHONE, "text": TEXT, "sign": "SMS Aero"}


@pytest.mark.parametrize("shape", ["alone", "in a list", "by number"])
def test_the_recorded_success_in_each_of_its_shapes(httpserver, shape):
    one = FIXTURES["ok_one"]["data"]
    data = {"alone": one, "in a list": [one], "by number": {one["number"]: one}}[shape]

    sent = recorded(httpserver, {"success": True, "data": data}).send(phone=PHONE, text=TEXT, key="a")

    assert (sent.id, sent.cost) == ("1", Decimal("5.49"))


@pytest.mark.parametrize(
    ("fixture", "kind", "ours"),
    [
        ("validation", Rejected, "sms_number_invalid"),
        ("bad_credentials", AccountRejected, "sms_login_refused"),
        ("legacy_reject", Rejected, "sms_refused"),
        ("legacy_no_credits", AccountRejected, "sms_no_money"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_recorded_refusals_whatever_their_http_status(httpserver, fixture, kind, ours, status):
    gateway = recorded(httpserver, FIXTURES[fixture], status=status)

    error = failure(lambda: gateway.send(phone=PHONE, text=TEXT, key="a"))

    assert (type(error), error.code) == (kind, ours)


def test_the_recorded_status(httpserver):
    status = recorded(httpserver, FIXTURES["status_delivered"]).status(id="1", phone="")

    assert (status.state, status.code) == (DeliveryState.DELIVERED, "1")
    assert status.at == datetime.fromtimestamp(1763110820, UTC)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (0, "waiting"), (3, "waiting"), (4, "waiting"), (8, "waiting"), (1, "delivered"), (2, "failed"),
        (6, "failed"), ("1", "delivered"), (77, "unclear"),
    ],
)  # fmt: skip
def test_every_status_number(httpserver, number, state):
    assert recorded(httpserver, told(id=1, status=number)).status(id="1", phone="").state == state


def test_an_address_that_is_not_the_gateway_s_says_nothing_about_a_message(httpserver):
    gateway = recorded(httpserver, {"name": "Not Found", "message": "Page not found."}, status=404)

    assert failure(lambda: gateway.status(id="1", phone="")).code == "sms_refused"


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, "ok", {"success": True}, {"success": None, "data": {"id": 1}}, {"success": "true"},
        {"success": True, "data": []}, {"success": True, "data": [{"id": 1}, {"id": 2}]}, told(id=None),
        told(id=True), told(id=[1]), told(id="a b"), {"result": "accepted"}, {"success": True, "data": "1"},
    ],
)  # fmt: skip
def test_what_is_neither_a_success_nor_a_plain_refusal_is_a_doubt(httpserver, body):
    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is OutcomeUnknown


def test_a_limit_is_for_later(httpserver):
    body = {"success": False, "data": None, "message": "Too many requests."}

    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, Unavailable)
    assert error.retry_after == 60


parts = st.fixed_dictionaries(
    {},
    optional={"id": json_values, "status": json_values, "cost": json_values, "balance": json_values,
              "number": json_values, "dateAnswer": json_values},
)  # fmt: skip
answers = st.fixed_dictionaries(
    {"success": st.booleans() | json_values},
    optional={"data": parts | st.lists(parts, max_size=2) | json_values, "message": json_values, "result": json_values},
)


@given(st.one_of(answers, parts, json_values), st.sampled_from([200, 400, 401, 404]))
def test_no_answer_breaks_the_reader(body, status):
    try_to_break(SmsAeroGateway(url="https://sms.example.com", login="me", password="secret"), body, status)
