"""The SMS.ru client against the sandbox as it is, and against the recorded answers."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from apps.integrations.errors import AccountRejected, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.sandbox import texting
from apps.integrations.sandbox.process import Sandbox
from apps.integrations.sms import DeliveryState, get_gateway
from apps.integrations.sms.smsru import SmsRuGateway, read_reports
from apps.integrations.tests.sms import PHONE, TEXT, failure, held, json_values, try_to_break, turn_on, use

FIXTURES = json.loads((Path(__file__).parent / "fixtures" / "smsru.json").read_text())


@pytest.fixture(autouse=True)
def smsru(settings: Any, sandbox: Sandbox) -> None:
    use(settings, sandbox, "smsru")


def quick(sandbox: Sandbox) -> SmsRuGateway:
    return SmsRuGateway(url=f"{sandbox.url}/smsru", api_id="sandbox", allow_private=True, deadline=0.7)


def recorded(httpserver, body: Any) -> SmsRuGateway:
    for path in ("/sms/send", "/sms/status", "/my/balance"):
        httpserver.expect_request(path).respond_with_json(body)
    return SmsRuGateway(url=httpserver.url_for(""), api_id="secret", sender="Shop", allow_private=True)


def told(entry: Any, key: str = PHONE) -> dict[str, Any]:
    return {"status": "OK", "status_code": 100, "sms": {key: entry}}


# --- with the sandbox


def test_an_sms_arrives_as_it_was_written(sandbox):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a-1")

    [sms] = held(sandbox, "smsru")
    assert (sms["phone"], sms["text"]) == (PHONE, TEXT)
    assert (sent.id, sent.parts, sent.cost) == (sms["sms_id"], 1, None)


def test_a_message_is_delivered_after_a_while(monkeypatch):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a")
    assert get_gateway().status(id=sent.id, phone="").state is DeliveryState.WAITING

    monkeypatch.setattr(texting, "DELIVERED_AFTER", 0.0)
    status = get_gateway().status(id=sent.id, phone="")
    assert (status.state, status.code) == (DeliveryState.DELIVERED, "103")


def test_a_message_that_never_was_is_not_found():
    assert get_gateway().status(id="000000-1", phone="").state is DeliveryState.NOT_FOUND


def test_the_same_text_within_a_minute_is_to_be_sent_later(sandbox):
    get_gateway().send(phone=PHONE, text=TEXT, key="a")

    error = failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="b"))

    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after) == ("sms_slow_down", 60.0)
    assert len(held(sandbox, "smsru")) == 1


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("200", AccountRejected, "sms_login_refused"),
        ("201", AccountRejected, "sms_no_money"),
        ("302", AccountRejected, "sms_account_unconfirmed"),
        ("202", Rejected, "sms_number_invalid"),
        ("207", Rejected, "sms_number_unreachable"),
        ("209", Rejected, "sms_number_unreachable"),
        ("220", Unavailable, "sms_slow_down"),
        ("230", Unavailable, "sms_slow_down"),
    ],
)
def test_each_refusal_of_the_gateway(sandbox, code, kind, ours):
    turn_on(sandbox, "smsru", kind="refuse", code=code)

    error = failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is kind
    assert error.code == ours
    assert held(sandbox, "smsru") == []


@pytest.mark.parametrize(
    ("fault", "kind", "arrived"),
    [
        ({"kind": "status", "status": 500}, OutcomeUnknown, False),
        ({"kind": "status", "status": 502, "when": "after"}, OutcomeUnknown, True),
        ({"kind": "status", "status": 429}, Unavailable, False),
        ({"kind": "cut", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "silence", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "garbage"}, OutcomeUnknown, True),
    ],
)
def test_every_fault_is_told_apart(sandbox, fault, kind, arrived):
    turn_on(sandbox, "smsru", **fault, times=1)

    error = failure(lambda: quick(sandbox).send(phone=PHONE, text=TEXT, key="claim-7"))

    assert type(error) is kind
    assert bool(held(sandbox, "smsru")) is arrived


def test_the_check_tells_the_balance_and_sees_a_wrong_key(sandbox):
    health = get_gateway().check()
    assert (health.ok, health.balance) == (True, Decimal("10000.0"))

    stranger = SmsRuGateway(url=f"{sandbox.url}/smsru", api_id="wrong", allow_private=True)
    assert stranger.check().code == "sms_login_refused"


def test_neither_phone_nor_text_nor_key_is_logged():
    with capture_logs() as logs:
        get_gateway().send(phone=PHONE, text=TEXT, key="a")
        failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a"))

    assert len(logs) >= 2
    for secret in (PHONE, "482913", "api_id", "'sandbox'"):
        assert secret not in str([{k: v for k, v in line.items() if k != "event"} for line in logs])


def test_a_gateway_without_its_key_stops_the_start_and_needs_no_login(settings):
    settings.SMS_LOGIN = ""
    assert get_gateway().check().ok

    settings.SMS_PASSWORD = ""
    with pytest.raises(ImproperlyConfigured):
        get_gateway()


# --- the recorded answers


def test_the_form_is_as_the_gateway_wants_it(httpserver):
    recorded(httpserver, FIXTURES["ok_mixed"]).send(phone="79001112233", text=TEXT, key="a-1")

    [(request, _)] = httpserver.log
    assert (request.method, request.query_string) == ("POST", b"")
    assert request.form.to_dict() == {
        "api_id": "secret", "json": "1", "to": "79001112233", "msg": TEXT, "from": "Shop",
    }  # fmt: skip


def test_the_recorded_answer_is_read_for_each_number_by_itself(httpserver):
    gateway = recorded(httpserver, FIXTURES["ok_mixed"])

    assert gateway.send(phone="79001112233", text=TEXT, key="a").id == "000000-10000000"
    assert failure(lambda: gateway.send(phone="79001112234", text=TEXT, key="a")).code == "sms_number_unreachable"


def test_the_recorded_wrong_key(httpserver):
    error = failure(lambda: recorded(httpserver, FIXTURES["bad_key"]).send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, AccountRejected)
    assert error.code == "sms_login_refused"


def test_the_recorded_status(httpserver):
    status = recorded(httpserver, FIXTURES["status"]).status(id="000000-10000000", phone="")

    assert (status.state, status.code) == (DeliveryState.DELIVERED, "103")


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (100, "waiting"), (101, "waiting"), (102, "waiting"), (103, "delivered"), (110, "delivered"), (104, "failed"),
        (105, "failed"), (106, "failed"), (107, "failed"), (108, "failed"), (150, "failed"), ("103", "delivered"),
        (199, "unclear"), (202, "unclear"),
    ],
)  # fmt: skip
def test_every_status_number(httpserver, number, state):
    gateway = recorded(httpserver, told({"status": "OK", "status_code": number}, "1"))

    assert gateway.status(id="1", phone="").state == state


def test_an_error_about_a_status_is_no_status(httpserver):
    gateway = recorded(httpserver, told({"status": "ERROR", "status_code": 202}, "1"))

    assert failure(lambda: gateway.status(id="1", phone="")).code == "sms_number_invalid"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize(("number", "wait"), [(231, 60), (220, 60), (500, 60), (206, 3600), (230, 3600), (232, 3600)])
def test_what_may_go_later_says_when(httpserver, number, wait, inside):
    entry = {"status": "ERROR", "status_code": number}
    gateway = recorded(httpserver, told(entry) if inside else entry)

    error = failure(lambda: gateway.send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, Unavailable)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, "OK", {"status": "OK"}, {"status": "OK", "status_code": 100},
        {"status": "OK", "status_code": 100, "sms": []}, told(None), told({}), told({"status": "OK"}),
        told({"status": "OK", "status_code": 100}), told({"status": "OK", "status_code": 100, "sms_id": True}),
        told({"status": "OK", "status_code": 103, "sms_id": "a"}), told({"status": "ERROR"}), {"status": "ERROR"},
        {"status": "ERROR", "status_code": "x"}, {"status": "SOMETHING", "status_code": 200},
        {"status": "OK", "status_code": 100, "sms": {"1": {}, "2": {}}},
    ],
)  # fmt: skip
def test_what_is_neither_a_success_nor_a_plain_refusal_is_a_doubt(httpserver, body):
    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("number", [1, 99, 203, 204, 205, 208, 210, 211, 212, 213, 214, 215, 999, "999"])
def test_a_plain_refusal_of_any_other_number_means_not_sent(httpserver, number):
    body = told({"status": "ERROR", "status_code": number, "status_text": "some words"})

    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is Rejected
    assert "some words" not in error.detail


parts = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["OK", "ERROR"]) | json_values,
        "status_code": st.sampled_from([100, 103, 200, 202, "100"]) | json_values,
        "sms_id": json_values, "cost": json_values, "balance": json_values,
    },
)  # fmt: skip
answers = st.builds(lambda outer, inner: {**outer, "sms": {PHONE: inner, "a": inner}}, parts, parts | json_values)


@given(st.one_of(answers, parts, json_values))
def test_no_answer_breaks_the_reader(body):
    try_to_break(SmsRuGateway(url="https://sms.example.com", api_id="secret"), body)


@given(st.lists(st.text(max_size=60) | st.builds("sms_status\n{}\n{}\n{}".format, st.text(), st.text(), st.text())))
def test_no_signed_report_breaks_the_reader(entries):
    entries = [entry.encode("utf-8", "replace").decode() for entry in entries]
    form = {f"data[{n}]": entry for n, entry in enumerate(entries)}
    form["hash"] = hashlib.sha256(("secret" + "".join(entries)).encode()).hexdigest()

    if entries:
        assert len(read_reports(form, api_id="secret")) <= len(entries)
