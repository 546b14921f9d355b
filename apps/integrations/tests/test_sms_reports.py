"""What becomes of an SMS: sent at most once, followed by signed reports in any order, asked about where none comes."""

import hashlib
import itertools
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from structlog.testing import capture_logs

from apps.accounts.models import User
from apps.core.deliveries import delivery_retry
from apps.core.models import InboxMessage
from apps.core.tests.conftest import House, house  # noqa: F401  a fixture
from apps.integrations.checks import sms_settings
from apps.integrations.models import SmsMessage
from apps.integrations.sandbox import texting
from apps.integrations.sms import sms_send
from apps.integrations.sms.polling import MOST, sms_poll
from apps.integrations.tests.sms import BACKENDS, PHONE, TEXT, held, turn_on, use
from tests.parallel import at_once

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
SECRET, API_ID = "report-secret", "api-id"
State = SmsMessage.State


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.SMS_REPORT_SECRET = SECRET


def message(gateway: str = "smsc", gateway_id: str = "1234", **of: Any) -> SmsMessage:
    """A message that the gateway took a while ago."""
    default = {"state": State.WAITING, "phone": PHONE, "sent_at": NOW, "ask_at": NOW + timedelta(minutes=1)}
    return SmsMessage.objects.create(gateway=gateway, gateway_id=gateway_id, **{**default, **of})


def ts(seconds: float) -> int:
    return int(NOW.timestamp() + seconds)


def smsc_form(status: int = 1, *, id: str = "1234", after: float = 9, secret: str = SECRET) -> dict[str, str]:  # noqa: A002
    digest = hashlib.md5(f"{id}:{PHONE}:{status}:{secret}".encode()).hexdigest()
    return {
        "id": id, "phone": PHONE, "status": str(status), "time": "21.11.2026 15:00:09", "ts": str(ts(after)),
        "err": "0", "cnt": "1", "type": "0", "flag": "0", "md5": digest,
    }  # fmt: skip


def smsru_form(*entries: str, api_id: str = API_ID) -> dict[str, str]:
    digest = hashlib.sha256((api_id + "".join(entries)).encode()).hexdigest()
    return {**{f"data[{n}]": entry for n, entry in enumerate(entries)}, "hash": digest}


def post(form: dict[str, str], gateway: str = "smsc") -> Any:
    body = "&".join(f"{name}={value.replace('%', '%25')}" for name, value in form.items()).replace("\n", "%0A")
    return Client().post(
        f"/api/v1/hooks/sms/{gateway}/",
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"accept": "*/*"},
    )


def state_of(row: SmsMessage) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.code


# --- reports


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "state"),
    [(1, "delivered"), (2, "delivered"), (0, "waiting"), (3, "failed"), (20, "failed"), (25, "failed"), (7, "waiting")],
)
def test_smsc_tells_how_far_a_message_came(status: int, state: str) -> None:
    row = message()

    answer = post(smsc_form(status))

    assert (answer.status_code, answer.content) == (200, b"OK")
    assert state_of(row)[0] == state
    assert bool(row.phone) is (state == "waiting")


@pytest.mark.django_db
def test_sms_ru_tells_of_many_at_once_and_hears_its_hundred(settings: Any) -> None:
    settings.SMS_PASSWORD = API_ID
    rows = [message("smsru", f"000000-{n}") for n in range(3)]

    answer = post(
        smsru_form(
            f"sms_status\n000000-0\n103\n{ts(5)}", f"sms_status\n000000-1\n108\n{ts(5)}",
            f"callcheck\n17\n401\n{ts(5)}", f"sms_status\n000000-9\n103\n{ts(5)}", "nonsense",
            f"sms_status\n000000-2\n102\n{ts(5)}",
        ),
        "smsru",
    )  # fmt: skip

    assert (answer.status_code, answer.content, answer["Content-Type"].split(";")[0]) == (200, b"100", "text/plain")
    assert [state_of(row)[0] for row in rows] == ["delivered", "failed", "waiting"]


@pytest.mark.django_db
def test_a_report_that_comes_again_does_nothing() -> None:
    row = message()
    post(smsc_form(1))
    SmsMessage.objects.update(code="kept")

    answer = post(smsc_form(1))

    assert answer.status_code == 200
    assert state_of(row) == ("delivered", "kept")
    assert InboxMessage.objects.count() == 1


def test_reports_in_any_order_end_alike() -> None:
    told = [
        ("waiting", "-1", 1),
        ("waiting", "0", 3),
        ("delivered", "1", 9),
        ("delivered", "2", 60),
        ("unclear", "7", 90),
    ]
    for order in itertools.permutations(told):
        row = SmsMessage(state=State.UNCLEAR, sent_at=NOW, phone=PHONE, ask_at=NOW)
        for state, code, after in order:
            row.follow(state, code, NOW + timedelta(seconds=after))
        assert (row.state, row.code, row.phone, row.ask_at) == ("delivered", "2", "", None)


@pytest.mark.parametrize(
    ("first", "then", "end"),
    [
        (("delivered", 9), ("waiting", 12), "delivered"),
        (("delivered", 9), ("failed", 12), "delivered"),
        (("failed", 9), ("waiting", 12), "failed"),
        (("failed", 12), ("delivered", 9), "delivered"),
        (("not_found", 12), ("delivered", 9), "delivered"),
        (("waiting", 9), ("unclear", 12), "waiting"),
    ],
)
def test_the_furthest_state_stays(first: tuple[str, int], then: tuple[str, int], end: str) -> None:
    row = SmsMessage(state=State.WAITING, sent_at=NOW)

    for state, after in (first, then):
        row.follow(state, "", NOW + timedelta(seconds=after))

    assert row.state == end


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form",
    [
        smsc_form(1, secret="guessed"),
        smsc_form(1, secret=""),
        {**smsc_form(1), "status": "3"},
        {**smsc_form(1), "phone": "79160000000"},
        {**smsc_form(1), "md5": ""},
        {**smsc_form(1), "md5": "%D0%B6"},
        {name: value for name, value in smsc_form(1).items() if name != "md5"},
        {},
    ],
)
def test_a_report_of_a_stranger_is_refused_and_told_in_the_log(form: dict[str, str]) -> None:
    row = message()

    with capture_logs() as logs:
        answer = post(form)

    assert answer.status_code == 401
    assert answer.json() == {
        "type": "client_error",
        "errors": [{"code": "signature_invalid", "detail": answer.json()["errors"][0]["detail"], "attr": None}],
    }
    assert state_of(row)[0] == "waiting"
    assert [line["gateway"] for line in logs if line["event"] == "sms_report_forged"] == ["smsc"]
    assert PHONE not in str(logs)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "form",
    [
        smsru_form("sms_status\n1\n103\n1", api_id="guessed"),
        smsru_form("sms_status\n1\n103\n1", api_id=""),
        {**smsru_form("sms_status\n1\n103\n1"), "data[1]": "sms_status\n2\n103\n1"},
        {"hash": smsru_form()["hash"]},
        smsru_form(*[f"sms_status\n{n}\n103\n1" for n in range(101)]),
    ],
    ids=["another key", "no key", "an entry more", "no entry", "too many"],
)
def test_what_sms_ru_did_not_sign_is_refused(settings: Any, form: dict[str, str]) -> None:
    settings.SMS_PASSWORD = API_ID
    row = message("smsru", "1")

    assert post(form, "smsru").status_code == 401
    assert state_of(row)[0] == "waiting"


@pytest.mark.django_db
@pytest.mark.parametrize("gateway", ["smsc", "smsru"])
def test_without_a_secret_no_report_is_believed(settings: Any, gateway: str) -> None:
    settings.SMS_REPORT_SECRET = settings.SMS_PASSWORD = ""
    form = smsc_form(secret="") if gateway == "smsc" else smsru_form("sms_status\n1\n103\n1", api_id="")

    assert post(form, gateway).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("id_", ["999", "", "a%00b", "x" * 200, "a b", "1:2"])
def test_a_report_about_no_message_of_ours_is_thanked_for_and_let_go(id_: str) -> None:
    form = smsc_form(1, id=id_.replace("%00", "\0"))

    answer = post({**form, "id": id_.replace("%00", "\0")})

    assert answer.status_code == 200
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_flood_in_one_report_is_refused_before_it_is_read() -> None:
    answer = post({**smsc_form(1), "mes": "x" * 70_000})

    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "request_too_large"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "kind", "status"), [("get", None, 405), ("post", "application/json", 415), ("post", "text/plain", 415)]
)
def test_what_is_no_form_is_no_report(method: str, kind: str | None, status: int) -> None:
    call = getattr(Client(), method)

    answer = call("/api/v1/hooks/sms/smsc/", **({"data": "{}", "content_type": kind} if kind else {}))

    assert answer.status_code == status
    assert answer.json()["errors"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_of_each_report_at_once_in_no_order_have_one_effect_and_are_all_thanked_for() -> None:
    row = message()
    forms = [smsc_form(status, after=after) for status, after in ((-1, 1), (0, 2), (1, 9), (2, 30))] * 10
    random.Random(7).shuffle(forms)

    with capture_logs() as logs:
        answers = at_once(len(forms), lambda n: post(forms[n]).status_code, threads=10)

    assert set(answers) == {200}
    assert state_of(row) == ("delivered", "2")
    assert InboxMessage.objects.count() == 4
    assert len([line for line in logs if line["event"] == "sms_reported"]) == 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_equal_reports_of_sms_ru_at_once_are_one(settings: Any) -> None:
    settings.SMS_PASSWORD = API_ID
    rows = [message("smsru", f"0-{n}") for n in range(5)]
    entries = [f"sms_status\n0-{n}\n103\n{ts(9)}" for n in range(5)]
    forms = [smsru_form(*random.Random(n).sample(entries, 5)) for n in range(10)]

    answers = at_once(10, lambda n: post(forms[n], "smsru").content, threads=10)

    assert answers == [b"100"] * 10
    assert {state_of(row) for row in rows} == {("delivered", "103")}
    assert InboxMessage.objects.count() == 5


# --- sending


def send_by(house: House, **options: Any) -> list[Any]:  # noqa: F811
    """A handler that sends one SMS when the lamp is lit."""
    return house.handler(
        "tell", lambda work: sms_send(work, phone=PHONE, text=TEXT, key=str(work.event_id)), repeat="never", **options
    )


@pytest.mark.django_db
@pytest.mark.parametrize("gateway", list(BACKENDS))
def test_a_message_that_was_taken_is_on_its_way(house, sandbox, settings, gateway) -> None:  # noqa: F811
    use(settings, sandbox, gateway)
    send_by(house)
    house.light()
    house.drain()

    row, delivery = SmsMessage.objects.get(), house.delivery("tell")
    assert (row.state, row.gateway, row.delivery_id, row.phone) == ("waiting", gateway, delivery.pk, PHONE)
    assert (delivery.state, delivery.remote_id) == ("done", row.gateway_id)
    assert row.ask_at == house.now + timedelta(seconds=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM integrations_smsmessage")
        assert PHONE not in cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(("when", "end", "arrived"), [("after", "waiting", 1), ("before", "not_found", 0)])
def test_after_an_unclear_outcome_smsc_is_asked_by_our_own_id_and_nothing_is_sent_again(
    house, sandbox, when, end, arrived  # noqa: F811
) -> None:  # fmt: skip
    turn_on(sandbox, "smsc", kind="cut", when=when, times=1)
    send_by(house)
    house.light()
    house.drain()
    assert (SmsMessage.objects.get().state, house.delivery("tell").state) == ("unclear", "needs_attention")

    assert sms_poll(now=house.now + timedelta(seconds=170)) == 0  # the gateway may still be at it
    assert sms_poll(now=house.now + timedelta(seconds=190)) == 1
    house.wait(days=2)
    house.drain()

    assert SmsMessage.objects.get().state == end
    assert len(held(sandbox, "smsc")) == arrived


@pytest.mark.django_db
@pytest.mark.parametrize("gateway", ["smsru", "smsaero"])
def test_a_gateway_that_knows_no_id_of_ours_leaves_it_unclear(house, sandbox, settings, gateway) -> None:  # noqa: F811
    use(settings, sandbox, gateway)
    turn_on(sandbox, gateway, kind="cut", when="after", times=1)
    send_by(house)
    house.light()
    house.drain()

    row = SmsMessage.objects.get()
    assert (row.state, row.code, row.gateway_id, row.phone, row.ask_at) == ("unclear", "cut", "", "", None)
    assert sms_poll(now=house.now + timedelta(hours=1)) == 0
    assert len(held(sandbox, gateway)) == 1


@pytest.mark.django_db
def test_a_refused_message_is_shown_as_failed(house, sandbox) -> None:  # noqa: F811
    turn_on(sandbox, "smsc", kind="refuse", code="8")
    send_by(house)
    house.light()
    house.drain()

    row = SmsMessage.objects.get()
    assert (row.state, row.code, row.phone, row.ask_at) == ("failed", "sms_number_unreachable", "", None)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 429}, {"kind": "refuse", "code": "9"}])
def test_a_message_that_goes_later_is_one_message(house, sandbox, fault) -> None:  # noqa: F811
    turn_on(sandbox, "smsc", **fault, times=1)
    send_by(house)
    house.light()
    house.drain()
    assert not SmsMessage.objects.exists()

    house.wait(minutes=5)
    house.drain()

    assert (SmsMessage.objects.get().state, len(held(sandbox, "smsc"))) == ("waiting", 1)


@pytest.mark.django_db
def test_a_message_that_staff_send_again_takes_the_id_over(house, sandbox) -> None:  # noqa: F811
    turn_on(sandbox, "smsc", kind="cut", when="before", times=1)
    send_by(house)
    house.light()
    house.drain()

    delivery_retry(delivery_id=house.delivery("tell").pk, actor=None, now=house.now)
    house.drain()

    new, old = SmsMessage.objects.all()
    assert (old.state, old.gateway_id, old.phone) == ("unclear", "", "")
    assert (new.state, new.gateway_id) == ("waiting", house.delivery("tell").remote_id)


@pytest.mark.django_db
def test_a_report_that_overtakes_the_gateway_s_answer_is_kept(house, sandbox, monkeypatch) -> None:  # noqa: F811
    from apps.integrations.sms.smsc import SmscGateway

    real = SmscGateway.send

    def send_and_report(self, **message: Any):
        sent = real(self, **message)
        assert post(smsc_form(1, id=sent.id)).status_code == 200
        return sent

    monkeypatch.setattr(SmscGateway, "send", send_and_report)
    send_by(house)
    house.light()
    house.drain()

    row = SmsMessage.objects.get()
    assert (row.state, row.code, row.phone, row.ask_at) == ("delivered", "1", "", None)
    assert row.cost is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gateway", ["smsc", "smsru"])
def test_the_gateway_s_own_report_arrives(house, sandbox, settings, live_server, monkeypatch, gateway) -> None:  # noqa: F811
    use(settings, sandbox, gateway)
    settings.SITE_URL, settings.SMS_PASSWORD = live_server.url, "sandbox"
    monkeypatch.setattr(texting, "DELIVERED_AFTER", 0.5)
    send_by(house)
    house.light()
    house.drain()
    assert SmsMessage.objects.get().state == "waiting"

    end = time.monotonic() + 15
    while SmsMessage.objects.get().state != "delivered" and time.monotonic() < end:
        time.sleep(0.1)

    row = SmsMessage.objects.get()
    assert (row.state, row.phone) == ("delivered", "")
    assert row.asked_at is None


# --- asking


@pytest.mark.django_db
def test_a_message_that_nobody_reports_is_asked_about_until_it_has_arrived(
    house, sandbox, settings, monkeypatch  # noqa: F811
) -> None:  # fmt: skip
    use(settings, sandbox, "smsaero")
    send_by(house)
    house.light()
    house.drain()

    assert [sms_poll(now=house.now + timedelta(seconds=after)) for after in (59, 61, 90, 122)] == [0, 1, 0, 1]
    monkeypatch.setattr(texting, "DELIVERED_AFTER", 0.0)
    assert sms_poll(now=house.now + timedelta(seconds=250)) == 1
    assert sms_poll(now=house.now + timedelta(hours=5)) == 0

    row = SmsMessage.objects.get()
    assert (row.state, row.phone, row.asked_at) == ("delivered", "", house.now + timedelta(seconds=250))


@pytest.mark.django_db
def test_pauses_grow_and_a_day_later_nobody_asks(sandbox, settings) -> None:
    use(settings, sandbox, "smsc")
    row = message(gateway_id="gone", state=State.UNCLEAR)
    turn_on(sandbox, "smsc", kind="status", status=503)
    asked, now = [], NOW
    while row.ask_at and now < NOW + timedelta(days=2):
        now = row.ask_at
        asked.append(now - NOW)
        sms_poll(now=now)
        row.refresh_from_db()

    assert [round(after.total_seconds() / 60) for after in asked[:8]] == [1, 2, 4, 8, 16, 32, 64, 128]
    assert len(asked) < 25
    assert (row.state, row.code, row.phone) == ("unclear", "expired", "")


@pytest.mark.django_db
def test_a_gateway_that_is_away_is_asked_once_in_a_run(sandbox) -> None:
    for n in range(3):
        message(gateway_id=f"m-{n}")
    turn_on(sandbox, "smsc", kind="status", status=503)

    with capture_logs() as logs:
        assert sms_poll(now=NOW + timedelta(hours=1)) == 0

    assert len([line for line in logs if line["event"] == "http_call_failed"]) == 1


@pytest.mark.django_db
def test_one_run_asks_about_so_many_and_of_its_own_gateway_only(sandbox) -> None:
    message("smsru", "other")
    for n in range(MOST + 5):
        message(gateway_id=f"m-{n}")

    assert sms_poll(now=NOW + timedelta(hours=1)) == MOST
    assert sms_poll(now=NOW + timedelta(hours=1)) == 5
    assert not SmsMessage.objects.filter(gateway="smsru", asked_at__isnull=False).exists()


@pytest.mark.django_db
def test_two_runs_do_not_ask_twice(sandbox, monkeypatch) -> None:
    message(gateway_id="m")
    later = NOW + timedelta(hours=1)
    from apps.integrations.sms.smsc import SmscGateway

    real = SmscGateway.status
    inner: list[int] = []

    def status_with_a_run_beside(self, **of: str):
        inner.append(sms_poll(now=later))
        return real(self, **of)

    monkeypatch.setattr(SmscGateway, "status", status_with_a_run_beside)

    assert sms_poll(now=later) == 1
    assert inner == [0]


# --- settings


@pytest.mark.parametrize(
    ("gateway", "login", "password", "lacks"),
    [
        ("smsc", "me", "secret", False), ("smsc", "", "secret", True), ("smsc", "me", "", True),
        ("smsru", "", "api-id", False), ("smsru", "", "", True),
        ("smsaero", "me@example.com", "key", False), ("smsaero", "", "key", True),
    ],
)  # fmt: skip
def test_production_needs_what_its_gateway_needs(settings, gateway, login, password, lacks) -> None:
    settings.SMS_BACKEND, settings.SMS_URL = BACKENDS[gateway], "https://sms.example.com"
    settings.SMS_LOGIN, settings.SMS_PASSWORD = login, password

    assert [error.id for error in sms_settings(None)] == (["integrations.E001"] if lacks else [])


def test_a_gateway_that_does_not_exist_is_told(settings) -> None:
    settings.SMS_BACKEND = "apps.integrations.sms.nobody.Gateway"

    assert [error.id for error in sms_settings(None)] == ["integrations.E001"]


@pytest.mark.parametrize(
    ("gateway", "more", "shown"),
    [
        ("smsc", {}, True),
        ("smsru", {}, True),
        ("smsaero", {}, True),
        ("smsru", {"CLAIMDESK_SMS_URL": "https://sms.ru"}, False),
        ("smsru", {"CLAIMDESK_SMS_URL": "http://127.0.0.1:8025/smsc"}, False),
        ("smsaero", {"CLAIMDESK_SANDBOX_URL": ""}, False),
    ],
)
def test_codes_are_shown_only_where_the_sandbox_s_own_gateway_stands_in(tmp_path, gateway, more, shown) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
    chosen = {
        "CLAIMDESK_VAR_DIR": str(tmp_path),
        "CLAIMDESK_SANDBOX_URL": "http://127.0.0.1:8025",
        "CLAIMDESK_SMS_BACKEND": BACKENDS[gateway],
    }
    program = "from config import settings; print(settings.SHOW_CODES)"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, **chosen, **more}, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == str(shown)


# --- the page of staff


@pytest.mark.django_db
def test_staff_see_how_far_each_message_came_and_not_whose_it_was(client: Client) -> None:
    row = message(gateway_id="m-1", code="102", cost="2.15")
    client.force_login(User.objects.create_superuser("olga"))

    pages = [client.get(f"/admin/integrations/smsmessage/{tail}") for tail in ("", f"{row.pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]
    for page in pages:
        assert "m-1" in page.content.decode()
        assert PHONE not in page.content.decode()
    assert client.post(f"/admin/integrations/smsmessage/{row.pk}/change/", {"state": "delivered"}).status_code == 403
    assert client.get("/admin/integrations/smsmessage/add/").status_code == 403
