"""The vTiger client against a CRM that follows a script: sessions, envelopes, ids, health."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from werkzeug import Response

from apps.core.mutex import mutex
from apps.integrations.crm import ids, vtiger, wire
from apps.integrations.crm import map as maps
from apps.integrations.crm.vtiger import Vtiger
from apps.integrations.errors import AccountRejected, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.tests.crm_script import KEY, PERSON, Crm, Refused, created, describe, failure, forget

pytestmark = pytest.mark.django_db
SESSION_CODES = [
    "INVALID_SESSIONID",
    "AUTHENTICATION_REQUIRED",
    "AUTHENTICATION_FAILURE",
    "SESSION_EXPIRED",
    "SESSION_LEFT_IDLE",
]


@pytest.fixture
def crm(httpserver, monkeypatch) -> Crm:
    forget(monkeypatch)
    return Crm(httpserver)


# --- sessions


def test_a_session_is_kept_between_calls_and_each_thread_has_its_own(crm):
    together = threading.Barrier(3)

    def find_twice(_: int) -> None:
        together.wait(5)  # so that no thread takes another's turn
        for _again in range(2):
            crm.client().contact_find(PERSON)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(find_twice, range(3)))

    by_session = [params["sessionName"] for params in crm.asked("query")]
    assert len(crm.asked("login")) == len(set(by_session)) == 3
    assert all(by_session.count(name) == 2 for name in by_session)


@pytest.mark.parametrize("code", SESSION_CODES)
def test_an_ended_session_is_renewed_and_the_call_repeated_once(crm, code):
    crm.on("create", Refused(code), created("12x9"))

    made = crm.client().contact_create(PERSON)

    assert made.id == "12x9"
    first, second = (params["sessionName"] for params in crm.asked("create"))
    assert first != second
    assert len(crm.asked("login")) == 2


def test_a_session_that_ends_again_at_once_is_unavailable_and_no_doubt(crm):
    crm.on("create", Refused("INVALID_SESSIONID"))

    error = failure(lambda: crm.client().contact_create(PERSON))

    assert isinstance(error, Unavailable)
    assert len(crm.asked("create")) == 2


def test_a_login_is_tried_again_once_when_another_took_our_challenge(crm):
    crm.on("login", Refused("INVALID_USER_CREDENTIALS"), {"sessionName": "s", "userId": "19x6"})

    assert crm.client().contact_find(PERSON) is None
    assert len(crm.asked("getchallenge")) == 2


@pytest.mark.parametrize(
    ("code", "kind"), [("INVALID_USER_CREDENTIALS", AccountRejected), ("INVALID_AUTH_TOKEN", Unavailable)]
)
def test_a_login_that_fails_twice_is_given_up(crm, code, kind):
    crm.on("login", Refused(code))

    error = failure(lambda: crm.client().contact_create(PERSON))

    assert type(error) is kind
    assert len(crm.asked("login")) == 2


def test_a_login_without_an_access_key_there_is_not_repeated(crm):
    crm.on("login", Refused("ACCESSKEY_UNDEFINED"))

    assert isinstance(failure(lambda: crm.client().contact_find(PERSON)), AccountRejected)
    assert len(crm.asked("login")) == 1


@pytest.mark.parametrize("answer", [None, [], {}, {"token": ""}, {"token": 5}, "x"])
def test_a_challenge_that_is_none_means_try_later(crm, answer):
    crm.on("getchallenge", answer)

    assert failure(lambda: crm.client().contact_create(PERSON)).code == "answer_garbled"


def test_logins_that_others_are_busy_with_are_waited_for_and_then_put_off(crm, monkeypatch):
    monkeypatch.setattr(wire, "LOGIN_WAIT", 0.2)

    with mutex(f"vtiger login {crm.url} intake", wait=5):
        error = failure(lambda: crm.client().contact_create(PERSON))

    assert (type(error), error.code) == (Unavailable, "crm_login_busy")
    assert crm.seen == []


def test_after_silence_the_next_call_has_a_session_of_its_own(crm):
    def dawdle(_params: dict[str, str]) -> None:
        time.sleep(0.8)

    crm.on("create", dawdle, created("12x9"))

    error = failure(lambda: crm.client(read=0.3).contact_create(PERSON))
    crm.client().contact_create(PERSON)

    assert (type(error), error.code) == (OutcomeUnknown, "timeout")
    first, second = (params["sessionName"] for params in crm.asked("create"))
    assert first != second


def test_nothing_secret_and_nothing_personal_is_logged(crm, caplog):
    crm.on("create", created("12x9"))
    crm.on("query", Response("<b>Warning</b> sessionName=5e55ion0000000001 {", 200))

    with capture_logs() as logs:
        crm.client().contact_create(PERSON)
        failure(lambda: crm.client().contact_find(PERSON))

    written = repr(logs)
    assert "crm_answer_garbled" in written
    login = crm.asked("login")[0]
    for secret in (
        KEY,
        "t0ken-t0ken-t0ken",
        login["accessKey"],
        "5e55ion0000000001",
        PERSON.phone,
        "Петрова",
        "example.com",
    ):
        assert secret not in written
    assert "5e55ion" not in repr(wire.Wire(url=crm.url, user="u", access_key="k", read=1, allow_private=True).session())


# --- envelopes

GARBAGE = [
    ("", "answer_garbled"),
    ("null", "answer_garbled"),
    ("[]", "answer_garbled"),
    ('"ok"', "answer_garbled"),
    ("{}", "answer_garbled"),
    ('{"success":false}', "answer_garbled"),
    ('{"success":"true","result":[]}', "answer_garbled"),
    ('{"success":false,"error":"no"}', "answer_garbled"),
    ("<html>maintenance</html>", "answer_garbled"),
    ('<br /><b>Warning</b>{"success":true,"result":{"id":"12x1"}}', "answer_garbled"),
    ('{"success":false,"error":{"code":"INTERNAL_SERVER_ERROR"}}', "crm_internal_server_error"),
    ('{"success":false,"error":{"code":"DATABASE_QUERY_ERROR"}}', "crm_database_query_error"),
    ('{"success":false,"error":{"code":"FAILED_TO_CREATE"}}', "crm_failed_to_create"),
    ('{"success":false,"error":{"code":"MADE UP BY THE COMPANY"}}', "crm_error"),
    ('{"success":false,"error":{"code":null,"message":["x"]}}', "crm_none"),
]


@pytest.mark.parametrize(("body", "code"), GARBAGE)
def test_an_unclear_answer_is_a_doubt_after_a_write_and_none_after_a_read(crm, body, code):
    crm.on("create", Response(body, 200))
    crm.on("query", Response(body, 200))

    write = failure(lambda: crm.client().contact_create(PERSON))
    read = failure(lambda: crm.client().contact_find(PERSON))

    assert (type(write), write.code) == (OutcomeUnknown, code)
    assert (type(read), read.code) == (Unavailable, code)


@pytest.mark.parametrize(
    ("status", "write", "read"),
    [
        (500, OutcomeUnknown, Unavailable),
        (502, OutcomeUnknown, Unavailable),
        (503, OutcomeUnknown, Unavailable),
        (429, Unavailable, Unavailable),
        (301, AccountRejected, AccountRejected),
        (403, AccountRejected, AccountRejected),
        (404, AccountRejected, AccountRejected),
        (414, Rejected, Rejected),
    ],
)
def test_what_the_web_server_before_it_says(crm, status, write, read):
    crm.on("create", Response("", status))
    crm.on("query", Response("", status))

    assert type(failure(lambda: crm.client().contact_create(PERSON))) is write
    assert type(failure(lambda: crm.client().contact_find(PERSON))) is read


@pytest.mark.parametrize(
    "code", ["LEAD_ALREADY_CONVERTED", "CURRENCY_INACTIVE", "OPERATION_NOT_SUPPORTED", "UNKNOWN_OPERATION"]
)
def test_refusals_that_were_not_recorded(crm, code):
    crm.on("create", Refused(code))

    assert type(failure(lambda: crm.client().contact_create(PERSON))) is Rejected


@pytest.mark.parametrize("rows", ["x", {"id": "12x1"}, [None], [{"mobile": "1"}], [{"id": ""}], [{"id": "12x"}]])
def test_rows_that_are_none_are_not_taken_for_nobody(crm, rows):
    crm.on("query", rows)

    assert failure(lambda: crm.client().contact_find(PERSON)).code == "answer_garbled"


# --- ids and addresses


@pytest.mark.parametrize(
    ("text", "whole"),
    [("123", "33x123"), ("33x123", "33x123"), (" 33X0123 ", "33x123"), ("33х123", "33x123")],
)
def test_what_staff_type_becomes_a_whole_id(crm, text, whole):
    assert crm.client().normalise("project", text) == whole


@pytest.mark.parametrize(
    "text", ["", "x", "33x", "x5", "12x5", "0", "33x0", "-5", "5.0", "٣", "33x5x5", "5 OR 1=1", "9" * 30]
)
def test_what_is_no_id_of_that_kind_is_refused(crm, text):
    assert failure(lambda: crm.client().normalise("project", text)).code == "id_invalid"


@given(st.text(max_size=30), st.sampled_from(["12", "33"]))
def test_an_id_is_whole_or_nothing(text, prefix):
    found = ids.whole(text, prefix)

    assert found == "" or (found.startswith(f"{prefix}x") and ids.whole(found, prefix) == found)


def test_people_open_a_record_by_its_bare_number(crm):
    client = crm.client()

    assert client.url("17x42") == f"{crm.url}/index.php?module=HelpDesk&view=Detail&record=42"
    assert client.url("33x7", "project").endswith("/index.php?module=Project&view=Detail&record=7")
    assert crm.seen == []


# --- health


def test_a_crm_that_lets_us_work_is_green(crm):
    health = crm.client().check()

    assert (health.ok, health.code) == (True, "ok")
    assert "8.0.0" in health.detail


@pytest.mark.parametrize(
    ("described", "code", "says"),
    [
        (Refused("ACCESS_DENIED"), "crm_module_hidden", "Contacts"),
        (describe("Contacts", createable=False), "crm_not_createable", "Contacts"),
        (describe("Contacts", fields=[{"name": "mobile"}]), "crm_field_missing", "lastname"),
        (
            describe("Contacts", more=[{"name": "cf_9", "mandatory": True, "type": {"name": "string"}}]),
            "crm_field_required",
            "cf_9",
        ),
        (describe("Contacts", idPrefix=""), "answer_garbled", ""),
        ([], "answer_garbled", ""),
    ],
)
def test_what_a_module_lacks_is_said(crm, described, code, says):
    crm.on("describe", described)

    health = crm.client().check()

    assert (health.ok, health.code) == (False, code)
    assert says in health.detail


def test_a_status_that_the_crm_does_not_list_is_said(crm):
    values = [{"value": "Open", "label": "Open"}]
    status = {"name": "ticketstatus", "type": {"name": "picklist", "picklistValues": values}}
    crm.on("describe", lambda params: describe(params["elementType"], more=[status]))

    health = crm.client().check()

    assert (health.ok, health.code) == (False, "crm_value_unlisted")
    assert "ticketstatus: рассмотрение" in health.detail


def test_a_changed_access_key_is_seen_though_a_session_stands(crm):
    crm.client().contact_find(PERSON)
    crm.on("login", Refused("INVALID_USER_CREDENTIALS"))

    assert crm.client().check().code == "crm_invalid_user_credentials"


def test_a_check_never_outlives_its_patience(raw_server, monkeypatch):
    monkeypatch.setattr(vtiger, "CHECK_SECONDS", 2.6)

    def say_nothing(connection: socket.socket) -> None:
        connection.recv(10_000)
        time.sleep(5)

    url = raw_server(say_nothing)
    started = time.monotonic()

    client = Vtiger(url=url, user="u", access_key="k", field_map=maps.load(""), allow_private=True)
    health = client.check()

    assert not health.ok
    assert time.monotonic() - started < 4
