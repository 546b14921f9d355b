"""The SMSC client against the sandbox as it is, and against the recorded answers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from apps.integrations.errors import AccountRejected, IntegrationError, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.http import Answer
from apps.integrations.sandbox import smsc as fake
from apps.integrations.sandbox import texting
from apps.integrations.sms import DeliveryState, get_gateway
from apps.integrations.sms.smsc import SmscGateway, message_id

PHONE = "79161234567"
TEXT = "Код 482913. Никому его не сообщайте."
FIXTURES = json.loads((Path(__file__).parent / "fixtures" / "smsc.json").read_text())


def turn_on(sandbox, **fault) -> None:
    requests.post(f"{sandbox.url}/_faults/smsc", json=fault, timeout=5).raise_for_status()


def held(sandbox):
    return requests.get(f"{sandbox.url}/_held/smsc", timeout=5).json()["items"]


def quick(sandbox) -> SmscGateway:
    return SmscGateway(url=f"{sandbox.url}/smsc", login="sandbox", password="sandbox", allow_private=True, deadline=0.7)


def recorded(httpserver, body, *, status: int = 200) -> SmscGateway:
    for path in ("/sys/send.php", "/sys/status.php", "/sys/balance.php"):
        httpserver.expect_request(path).respond_with_json(body, status=status)
    return SmscGateway(url=httpserver.url_for(""), login="me", password="secret", sender="Shop", allow_private=True)


def failure(act) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        act()
    return caught.value


# --- with the sandbox


def test_an_sms_arrives_as_it_was_written(sandbox):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a-1")

    [sms] = held(sandbox)
    assert (sms["phone"], sms["text"], sms["code"]) == (PHONE, TEXT, "482913")
    assert (sent.id, sent.parts, sent.cost) == ("a-1", 1, Decimal("2.15"))


def test_a_long_text_goes_in_parts(sandbox):
    assert get_gateway().send(phone=PHONE, text="я" * 70, key="a").parts == 1
    assert get_gateway().send(phone=PHONE, text="я" * 71, key="b").parts == 2
    assert get_gateway().send(phone=PHONE, text="a" * 160, key="c").parts == 1
    assert get_gateway().send(phone=PHONE, text="a" * 161, key="d").parts == 2


def test_the_same_text_within_a_minute_is_to_be_sent_later(sandbox):
    get_gateway().send(phone=PHONE, text=TEXT, key="a")

    error = failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="b"))

    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after) == ("sms_slow_down", 60.0)
    assert len(held(sandbox)) == 1


def test_a_wrong_password_is_the_account_and_not_the_message(sandbox, settings):
    gateway = SmscGateway(url=settings.SMS_URL, login="sandbox", password="wrong", allow_private=True)

    error = failure(lambda: gateway.send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, AccountRejected)
    assert error.code == "sms_login_refused"
    assert gateway.check().code == "sms_login_refused"
    assert held(sandbox) == []


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("2", AccountRejected, "sms_login_refused"),
        ("3", AccountRejected, "sms_no_money"),
        ("4", AccountRejected, "sms_address_blocked"),
        ("6", Rejected, "sms_text_forbidden"),
        ("7", Rejected, "sms_number_invalid"),
        ("8", Rejected, "sms_number_unreachable"),
        ("9", Unavailable, "sms_slow_down"),
    ],
)
def test_each_refusal_of_the_gateway(sandbox, code, kind, ours):
    turn_on(sandbox, kind="refuse", code=code)

    error = failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is kind
    assert error.code == ours
    assert held(sandbox) == []


@pytest.mark.parametrize(
    ("fault", "kind", "arrived"),
    [
        ({"kind": "status", "status": 500}, OutcomeUnknown, False),
        ({"kind": "status", "status": 502, "when": "after"}, OutcomeUnknown, True),
        ({"kind": "status", "status": 429}, Unavailable, False),
        ({"kind": "status", "status": 403}, Rejected, False),
        ({"kind": "cut", "when": "before"}, OutcomeUnknown, False),
        ({"kind": "cut", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "silence", "when": "before"}, OutcomeUnknown, False),
        ({"kind": "silence", "when": "after"}, OutcomeUnknown, True),
        ({"kind": "delay", "seconds": 1.5, "when": "after"}, OutcomeUnknown, True),
        ({"kind": "slow_body", "seconds": 0.2}, OutcomeUnknown, True),
        ({"kind": "garbage"}, OutcomeUnknown, True),
    ],
)
def test_every_fault_is_told_apart_and_a_doubt_can_be_asked_about(sandbox, fault, kind, arrived):
    turn_on(sandbox, **fault, times=1)

    error = failure(lambda: quick(sandbox).send(phone=PHONE, text=TEXT, key="claim-7"))

    assert type(error) is kind
    assert bool(held(sandbox)) is arrived
    if isinstance(error, OutcomeUnknown):
        state = get_gateway().status(id=error.remote_id, phone=PHONE).state
        assert state is (DeliveryState.WAITING if arrived else DeliveryState.NOT_FOUND)


def test_a_short_delay_is_no_fault_at_all(sandbox):
    turn_on(sandbox, kind="delay", seconds=0.1)

    assert quick(sandbox).send(phone=PHONE, text=TEXT, key="a").id == "a"


def test_a_gateway_that_is_down_is_unavailable(sandbox):
    gateway = quick(sandbox)
    sandbox.stop()

    error = failure(lambda: gateway.send(phone=PHONE, text=TEXT, key="a"))

    assert type(error) is Unavailable
    assert gateway.check().ok is False


@pytest.mark.parametrize("kind", ["status", "cut", "silence", "garbage", "slow_body"])
def test_asking_for_a_status_leaves_no_doubt(sandbox, kind):
    turn_on(sandbox, kind=kind, seconds=0.2)

    assert type(failure(lambda: quick(sandbox).status(id="a", phone=PHONE))) is Unavailable


def test_a_message_is_delivered_after_a_while(sandbox, monkeypatch):
    sent = get_gateway().send(phone=PHONE, text=TEXT, key="a")
    assert get_gateway().status(id=sent.id, phone=PHONE).state is DeliveryState.WAITING

    monkeypatch.setattr(fake, "ON_THE_WAY", 0.0)
    assert get_gateway().status(id=sent.id, phone=PHONE).code == "0"

    monkeypatch.setattr(texting, "DELIVERED_AFTER", 0.0)
    status = get_gateway().status(id=sent.id, phone=PHONE)
    assert status.state is DeliveryState.DELIVERED
    assert status.at is not None
    assert abs((datetime.now(UTC) - status.at).total_seconds()) < 60


def test_the_check_tells_the_balance_and_sees_it_end(sandbox, monkeypatch):
    get_gateway().send(phone=PHONE, text=TEXT, key="a")
    health = get_gateway().check()
    assert (health.ok, health.balance) == (True, Decimal("9997.85"))

    monkeypatch.setattr(texting, "FUNDS", Decimal("2.15"))
    health = get_gateway().check()
    assert (health.ok, health.code) == (False, "sms_no_money")
    assert failure(lambda: get_gateway().send(phone=PHONE, text="more", key="b")).code == "sms_no_money"


@pytest.mark.parametrize("kind", ["status", "cut", "silence", "garbage", "slow_body", "refuse"])
def test_the_check_never_raises(sandbox, kind):
    turn_on(sandbox, kind=kind, code="4", seconds=0.2)

    health = quick(sandbox).check()

    assert health.ok is False
    assert health.detail


# --- what must not leave


@pytest.mark.parametrize(
    "phone", ["", "7916", "+79161234567", "79161234567,79160000000", "79161234567\n", "٧٩١٦١٢٣٤٥٦٧"]
)
def test_what_is_no_phone_is_not_sent(sandbox, phone):
    error = failure(lambda: get_gateway().send(phone=phone, text=TEXT, key="a"))

    assert error.code == "sms_number_invalid"
    assert held(sandbox) == []


@pytest.mark.parametrize("text", ["", "   ", "я" * 1001])
def test_a_text_of_no_or_too_much_length_is_not_sent(sandbox, text):
    assert failure(lambda: get_gateway().send(phone=PHONE, text=text, key="a")).code == "sms_text_invalid"


def test_neither_phone_nor_text_nor_password_is_logged(sandbox):
    with capture_logs() as logs:
        get_gateway().send(phone=PHONE, text=TEXT, key="a")
        failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a"))
        get_gateway().status(id="a", phone=PHONE)

    assert len(logs) >= 3
    for secret in (PHONE, "482913", "psw", "'sandbox'"):
        assert secret not in str([{k: v for k, v in line.items() if k != "event"} for line in logs])


def test_a_gateway_without_a_login_stops_the_start(settings):
    settings.SMS_LOGIN = ""

    with pytest.raises(ImproperlyConfigured):
        get_gateway()


def test_only_the_sandbox_may_be_on_our_own_machine(sandbox, settings):
    settings.SANDBOX_URL = ""

    assert failure(lambda: get_gateway().send(phone=PHONE, text=TEXT, key="a")).code == "address_refused"


# --- the recorded answers


def test_the_form_is_as_the_gateway_wants_it(httpserver):
    recorded(httpserver, FIXTURES["ok"]["body"]).send(phone=PHONE, text=TEXT, key="a-1")

    [(request, _)] = httpserver.log
    assert request.method == "POST"
    assert request.query_string == b""
    assert request.form.to_dict() == {
        "login": "me",
        "psw": "secret",
        "phones": PHONE,
        "mes": TEXT,
        "id": "a-1",
        "sender": "Shop",
        "charset": "utf-8",
        "fmt": "3",
        "cost": "3",
    }


def test_the_recorded_success(httpserver):
    sent = recorded(httpserver, FIXTURES["ok"]["body"]).send(phone=PHONE, text=TEXT, key="a")

    assert (sent.id, sent.parts, sent.cost) == ("1234", 2, Decimal("4.30"))


@pytest.mark.parametrize("fixture", FIXTURES["errors"], ids=lambda fixture: fixture["body"]["error"])
def test_the_recorded_errors(httpserver, fixture):
    expected = {2: "sms_login_refused", 3: "sms_no_money", 7: "sms_number_invalid", 9: "sms_slow_down"}
    gateway = recorded(httpserver, fixture["body"], status=fixture["http"])

    error = failure(lambda: gateway.send(phone=PHONE, text=TEXT, key="a"))

    assert error.code == expected[fixture["body"]["error_code"]]
    assert not isinstance(error, OutcomeUnknown)


def test_the_recorded_status(httpserver):
    status = recorded(httpserver, FIXTURES["status_ok"]).status(id="1", phone=PHONE)

    assert status.state is DeliveryState.DELIVERED
    assert status.at == datetime(2025, 11, 14, 9, 0, 11, tzinfo=UTC)  # 12:00:11 in Moscow, where last_date is told


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (-3, "not_found"),
        (-2, "failed"),
        (-1, "waiting"),
        (0, "waiting"),
        (1, "delivered"),
        (2, "delivered"),
        (3, "failed"),
        (20, "failed"),
        (22, "failed"),
        (23, "failed"),
        (24, "failed"),
        (25, "failed"),
        ("1", "delivered"),
        (99, "unclear"),
    ],
)
def test_every_status_number(httpserver, number, state):
    assert recorded(httpserver, {"status": number}).status(id="1", phone=PHONE).state == state


@pytest.mark.parametrize(
    "body",
    [None, [], {}, "ok", 1, {"id": None, "cnt": 1}, {"id": True}, {"id": ""}, {"id": {}}, {"cnt": 1}],
)
def test_a_success_without_an_id_is_a_doubt(httpserver, body):
    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, OutcomeUnknown)
    assert error.remote_id == "a"


def test_a_success_with_odd_extras_is_still_one(httpserver):
    body = {"id": "a", "cnt": "x", "cost": "NaN", "new": [1]}

    sent = recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a")

    assert (sent.id, sent.parts, sent.cost) == ("a", 1, None)


@pytest.mark.parametrize("number", [1, 5, 10, 99, "7", "x", None, True])
def test_an_error_of_any_number_means_not_sent(httpserver, number):
    body = {"error": "some words", "error_code": number}

    error = failure(lambda: recorded(httpserver, body).send(phone=PHONE, text=TEXT, key="a"))

    assert isinstance(error, Rejected)
    assert "some words" not in error.detail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
answers = st.dictionaries(
    st.sampled_from(["id", "cnt", "cost", "balance", "status", "last_timestamp", "error", "error_code"]), json_values
)


class _Canned:
    """Stands where the HTTP client would, to try thousands of answers; the wire itself is tried above."""

    def __init__(self, body: object) -> None:
        self._answer = Answer(200, {}, json.dumps(body).encode(), safe=False)

    def call(self, *args: object, **kwargs: object) -> object:
        return self._answer


@given(st.one_of(answers, json_values))
def test_no_answer_breaks_the_reader(body):
    gateway = SmscGateway(url="https://sms.example.com", login="me", password="secret")
    setattr(gateway, "_http", _Canned(body))  # noqa: B010 - it is of another type on purpose

    for act in (lambda: gateway.send(phone=PHONE, text=TEXT, key="a"), lambda: gateway.status(id="a", phone=PHONE)):
        try:
            act()
        except IntegrationError as error:
            assert error.code
    assert gateway.check().ok in (True, False)


@given(st.text())
def test_every_key_becomes_an_id_that_the_gateway_takes(key):
    own = message_id(key.encode("utf-8", "ignore").decode())

    assert 1 <= len(own) <= 40
    assert own.isascii()
    assert not set(own) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_different_keys_become_different_ids():
    assert message_id("claim/1") != message_id("claim/2")
    assert message_id("claim/1") == message_id("claim/1")


def test_fifteen_at_once_are_slowed_down(sandbox, monkeypatch):
    real = fake._take

    def take_slowly(form, world):
        time.sleep(0.5)
        return real(form, world)

    monkeypatch.setattr(fake, "_take", take_slowly)

    def send(n: int) -> str:
        try:
            get_gateway().send(phone=PHONE, text=f"text {n}", key=str(n))
        except Unavailable as error:
            return error.code
        return "sent"

    with ThreadPoolExecutor(30) as pool:
        outcomes = list(pool.map(send, range(30)))

    assert set(outcomes) == {"sent", "sms_slow_down"}
    assert outcomes.count("sent") >= 14
