"""The vTiger client against the sandbox's CRM, in both modes, with everything that goes wrong there."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.db import connections
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_for
from hypothesis import strategies as st

from apps.integrations.crm import Case, Crm, Person, Ticket, fields, get_crm, wire
from apps.integrations.crm.map import load
from apps.integrations.crm.vtiger import Vtiger
from apps.integrations.errors import AccountRejected, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.tests.crm_script import changed_map, failure, forget

pytestmark = pytest.mark.django_db
ANNA = Person(phone="79161234567", full_name="Петрова Анна Ильинична", email="anna@example.com")
OKSANA = Person(phone="380671234567", full_name="Шевченко Оксана")
KEY = "CLM-2026-11-21-AB12"
both_modes = pytest.mark.parametrize("mode", ["stock", "custom"])


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch) -> None:
    forget(monkeypatch)


@pytest.fixture
def crm(sandbox, settings) -> Crm:
    settings.CRM_BACKEND = "apps.integrations.crm.vtiger.Vtiger"
    settings.CRM_URL = f"{sandbox.url}/vtiger"
    settings.CRM_USER = settings.CRM_ACCESS_KEY = "sandbox"
    settings.CRM_MODE, settings.CRM_MAP, settings.CRM_READ_SECONDS = "stock", "", 10
    return get_crm()


def client(sandbox, **changes: Any) -> Vtiger:
    account = {"url": f"{sandbox.url}/vtiger", "user": "sandbox", "access_key": "sandbox", "read": 10}
    return Vtiger(**{**account, "field_map": load(""), "allow_private": True, **changes})


def turn_on(sandbox, **fault: Any) -> None:
    requests.post(f"{sandbox.url}/_faults/vtiger", json=fault, timeout=5).raise_for_status()


def held(sandbox, kind: str) -> list[dict[str, Any]]:
    items = requests.get(f"{sandbox.url}/_held/vtiger", timeout=5).json()["items"]
    return [item for item in items if item["kind"] == kind]


def registered(crm: Crm, *, description: str = "Рейс задержан") -> tuple[str, str, str]:
    """Contact, project and ticket of one claim, related."""
    contact = crm.contact_create(ANNA).id
    project = crm.project_create(Case(key="p-1", contact_id=contact, policy_number="E1000-1", title="Полис E1000-1")).id
    ticket = crm.ticket_create(
        Ticket(key=KEY, contact_id=contact, project_id=project, title="Рейс", description=description)
    ).id
    crm.ticket_relate(project_id=project, ticket_id=ticket)
    return contact, project, ticket


@both_modes
def test_a_claim_is_registered_and_everything_is_found_again(crm, sandbox, settings, mode):
    settings.CRM_MODE = mode
    crm = get_crm()
    assert crm.contact_find(ANNA) is None

    contact, project, ticket = registered(crm)

    found = (
        crm.contact_find(ANNA),
        crm.project_find(Case("p-1", contact, "E1000-1", "")),
        crm.ticket_find(Ticket(KEY, "", "", "", "")),
    )
    assert [record and record.id for record in found] == [contact, project, ticket]
    assert crm.tickets_by_key([KEY, "CLM-2026-11-21-AB1"]) == {KEY: [found[2]], "CLM-2026-11-21-AB1": []}
    [stored] = held(sandbox, "HelpDesk")
    assert (stored["cf_2066"], stored["ticketstatus"]) == (project, "рассмотрение")
    assert stored["ticket_title"] == f"{KEY} Рейс"
    numbers = {int(project.partition("x")[2]), int(ticket.partition("x")[2])}
    ways = [(row["source"], row["target"]) for row in held(sandbox, "relation")]
    assert len(ways) == 2
    assert all({*way} == numbers for way in ways)


@both_modes
def test_what_was_made_says_how_it_is_called_and_that_it_is_new(crm, settings, mode):
    settings.CRM_MODE = mode
    crm = get_crm()

    made = crm.contact_create(ANNA)
    ticket = crm.ticket_create(Ticket(key=KEY, contact_id=made.id, project_id="", title="Рейс", description="a"))

    assert (made.is_new, made.differences) == (True, ())
    assert ticket.number.startswith("TT")
    assert ticket.differences == ()


def test_relating_again_adds_nothing(crm, sandbox):
    _contact, project, ticket = registered(crm)

    crm.ticket_relate(project_id=project, ticket_id=ticket)

    assert len(held(sandbox, "relation")) == 2


@pytest.mark.parametrize(
    ("person", "written"),
    [
        (ANNA, "+79161234567"), (ANNA, "89161234567"), (ANNA, "8 (916) 123-45-67"), (ANNA, "+7 916 123 45 67"),
        (OKSANA, "+380671234567"), (OKSANA, "0671234567"), (OKSANA, "(067) 123-45-67"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["mobile", "phone"])
def test_a_contact_is_found_by_its_phone_in_any_spelling_and_field(crm, sandbox, tmp_path, person, written, field):
    written_so = {"fields": {"lastname": "{surname}", field: written}}
    field_map = load(changed_map(tmp_path, lambda data: data["contact"].update(written_so)))
    stored = client(sandbox, field_map=field_map).contact_create(person)

    found = crm.contact_find(person)

    assert found
    assert found.id == stored.id


NASTY = ["O'Neil", "a\\", "\\'", "'' OR 1=1", "a;b", "%", "_", "«Полис»", "a\\\\'b", "E1 😀", "x--y", '"a"', "(1)"]


@pytest.mark.parametrize("number", NASTY)
def test_a_policy_number_of_any_letters_is_found_and_no_other_is(crm, number):
    contact = crm.contact_create(ANNA).id
    case = Case(key="p", contact_id=contact, policy_number=number, title="Полис")
    assert crm.project_find(case) is None
    made = crm.project_create(case)
    crm.project_create(Case(key="q", contact_id=contact, policy_number="another", title="Полис"))

    found = crm.project_find(case)

    assert found
    assert found.id == made.id
    assert made.differences == ()


@settings_for(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from(list("'\\\"%_;() aЯ😀\x00")), min_size=1, max_size=12).filter(fields.storable))
def test_whatever_is_typed_is_found_as_it_is_stored(crm, number):
    contact, stranger = crm.contact_create(ANNA).id, crm.contact_create(OKSANA).id
    case = Case(key="p", contact_id=contact, policy_number=number, title="Полис")
    made = crm.project_create(case)

    found = crm.project_find(case)

    assert found
    assert found.id == made.id
    assert crm.project_find(Case(key="p", contact_id=stranger, policy_number=number, title="")) is None


def test_a_long_story_with_emoji_is_kept_as_far_as_the_crm_can(crm):
    made = crm.contact_create(Person(phone="79161234567", full_name="Я" * 200 + " 😀"))

    assert made.differences == ("lastname",)


def test_a_deleted_or_foreign_ticket_is_gone(crm):
    contact, _project, ticket = registered(crm)

    assert crm.record_read("ticket", ticket)
    assert crm.record_read("ticket", "999999") is None
    assert failure(lambda: crm.record_read("ticket", contact)).code == "id_invalid"


def test_staff_may_type_the_bare_number(crm):
    _contact, project, ticket = registered(crm)

    assert crm.normalise("project", project.partition("x")[2]) == project
    assert failure(lambda: crm.normalise("project", ticket)).code == "id_invalid"


def test_a_relation_to_what_is_not_there_is_not_left_dangling(crm, sandbox):
    contact = crm.contact_create(ANNA).id
    project = crm.project_create(Case(key="p-1", contact_id=contact, policy_number="", title="x")).id

    assert failure(lambda: crm.ticket_relate(project_id=project, ticket_id="999999")).code == "crm_gone"
    assert failure(lambda: crm.ticket_relate(project_id="999999", ticket_id="999999")).code == "crm_gone"
    assert held(sandbox, "relation") == []


def test_a_wrong_label_is_found_out(crm, sandbox, tmp_path):
    contact, project, _ticket = registered(crm)
    field_map = load(changed_map(tmp_path, lambda data: data["relation"].update(project_to_ticket="Trouble Tickets")))
    mistaken = client(sandbox, field_map=field_map)
    ticket = crm.ticket_create(
        Ticket(key="CLM-2", contact_id=contact, project_id=project, title="x", description="")
    ).id

    error = failure(lambda: mistaken.ticket_relate(project_id=project, ticket_id=ticket))

    assert (type(error), error.code) == (Rejected, "relation_not_stored")


# --- what goes wrong


DEEDS: dict[str, tuple[str, str]] = {"stock": ("create HelpDesk", "HelpDesk"), "custom": ("CreateWebClaim", "HelpDesk")}


@both_modes
@pytest.mark.parametrize(
    ("fault", "kind", "stored"),
    [
        ({"kind": "silence", "when": "after"}, OutcomeUnknown, 1),
        ({"kind": "silence", "when": "before"}, OutcomeUnknown, 0),
        ({"kind": "cut", "when": "after"}, OutcomeUnknown, 1),
        ({"kind": "delay", "when": "after", "seconds": 3}, OutcomeUnknown, 1),
        ({"kind": "status", "status": 502, "when": "after"}, OutcomeUnknown, 1),
        ({"kind": "garbage", "when": "after"}, OutcomeUnknown, 1),
        ({"kind": "refuse", "code": "FATAL"}, OutcomeUnknown, 0),
        ({"kind": "refuse", "code": "INTERNAL_SERVER_ERROR"}, OutcomeUnknown, 0),
        ({"kind": "refuse", "code": "MANDATORY_FIELDS_MISSING"}, Rejected, 0),
        ({"kind": "refuse", "code": "0"}, Rejected, 0),
        ({"kind": "status", "status": 429}, Unavailable, 0),
    ],
)
def test_a_ticket_that_may_have_been_made_is_found_before_another_is(crm, sandbox, settings, mode, fault, kind, stored):
    settings.CRM_MODE = mode
    contact = crm.contact_create(ANNA).id
    quick = client(sandbox, read=1, custom=mode == "custom")
    ticket = Ticket(key=KEY, contact_id=contact, project_id="", title="Рейс", description="a")
    turn_on(sandbox, **fault, match=DEEDS[mode][0], times=1)

    error = failure(lambda: quick.ticket_create(ticket))

    assert type(error) is kind
    found = crm.ticket_find(ticket)
    assert len(held(sandbox, "HelpDesk")) == stored
    assert bool(found) is bool(stored)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "silence"}, {"kind": "cut"}, {"kind": "garbage"}, {"kind": "refuse", "code": "FATAL"},
        {"kind": "refuse", "code": "DATABASE_QUERY_ERROR"}, {"kind": "status", "status": 503},
    ],
)  # fmt: skip
def test_a_search_that_fails_is_never_taken_for_nobody(crm, sandbox, fault):
    turn_on(sandbox, **fault, match="query Contacts")

    assert type(failure(lambda: client(sandbox, read=0.5).contact_find(ANNA))) is Unavailable


@pytest.mark.parametrize(
    "fault", [{"kind": "silence"}, {"kind": "cut", "when": "after"}, {"kind": "status", "status": 500}]
)
def test_a_login_that_fails_leaves_no_doubt_about_the_deed(crm, sandbox, fault):
    turn_on(sandbox, **fault, match="login")

    assert type(failure(lambda: client(sandbox, read=0.5).contact_create(ANNA))) is Unavailable


def test_sessions_that_end_are_not_noticed(crm, sandbox):
    contact = crm.contact_create(ANNA).id

    turn_on(sandbox, kind="refuse", code="END_SESSIONS", match="create HelpDesk", times=1)
    made = crm.ticket_create(Ticket(key=KEY, contact_id=contact, project_id="", title="x", description="a"))

    assert made.id
    assert len(held(sandbox, "HelpDesk")) == 1


def test_many_threads_that_start_at_once_all_get_in(crm):
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait(10)
        return crm.contact_find(ANNA) is None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def _log_in(url: str, times: int, done: Any) -> None:
    connections.close_all()
    one = wire.Wire(url=url, user="sandbox", access_key="sandbox", read=10, allow_private=True)
    for _ in range(times):
        one.login()
    done.put(times)


def test_processes_that_log_in_at_once_never_spoil_each_others_challenge(crm, sandbox, monkeypatch):
    monkeypatch.setattr(wire.Wire, "_login_twice", wire.Wire._login_once)  # no second chance
    fork = multiprocessing.get_context("fork")
    done = fork.Queue()
    processes = [fork.Process(target=_log_in, args=(f"{sandbox.url}/vtiger", 10, done), daemon=True) for _ in range(3)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert sorted(done.get(timeout=5) for _ in processes) == [10, 10, 10]


def test_after_silence_the_next_call_does_not_wait_behind_the_lost_one(crm, sandbox):
    contact = crm.contact_create(ANNA).id
    quick = client(sandbox, read=1)
    turn_on(sandbox, kind="delay", when="after", seconds=6, match="create HelpDesk", times=1)
    ticket = Ticket(key=KEY, contact_id=contact, project_id="", title="x", description="a")
    assert isinstance(failure(lambda: quick.ticket_create(ticket)), OutcomeUnknown)
    started = time.monotonic()

    assert quick.contact_find(ANNA)

    assert time.monotonic() - started < 2


# --- health


def test_a_working_crm_is_green(crm):
    health = crm.check()

    assert (health.ok, health.code) == (True, "ok")


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ({"access_key": "wrong"}, "crm_invalid_user_credentials"),
        ({"user": "nobody"}, "crm_user_unknown"),
    ],
)
def test_what_is_wrong_with_our_user_is_said(sandbox, account, code):
    health = client(sandbox, **account).check()

    assert (health.ok, health.code) == (False, code)


def test_a_user_without_rights_is_the_account_and_not_the_record(sandbox):
    error = failure(lambda: client(sandbox, user="readonly", access_key="readonly").contact_create(ANNA))

    assert isinstance(error, AccountRejected)
    assert held(sandbox, "Contacts") == []


def test_a_crm_that_is_away_is_red(crm, sandbox):
    sandbox.stop()

    assert not crm.check().ok


def test_later_answers_go_below_what_people_wrote_in_the_ticket_and_only_once(crm, sandbox):
    ticket = registered(crm, description="Рейс задержан")[2]
    lines = ["Кто вас встречал?: Брат", "Сумма: 120,50 EUR 😀"]

    crm.ticket_append(ticket, lines[:1])
    crm.ticket_append(ticket, lines)
    crm.ticket_append(ticket, lines)

    [row] = held(sandbox, "HelpDesk")
    assert row["description"] == "Рейс задержан\nКто вас встречал?: Брат\nСумма: 120,50 EUR \ufffd"


def test_answers_that_find_no_room_in_the_ticket_are_not_cut_in_silence(crm, sandbox):
    ticket = registered(crm, description="а" * 15_990)[2]

    with pytest.raises(Rejected) as refused:
        crm.ticket_append(ticket, ["Кто вас встречал?: Брат"])

    assert refused.value.code == "ticket_full"


def test_an_answer_that_the_crm_did_not_keep_is_told(crm, sandbox):
    ticket = registered(crm)[2]
    turn_on(sandbox, kind="status", status=500, match="revise HelpDesk", when="after", times=1)

    with pytest.raises(OutcomeUnknown):
        crm.ticket_append(ticket, ["Кто вас встречал?: Брат"])
    crm.ticket_append(ticket, ["Кто вас встречал?: Брат"])

    assert held(sandbox, "HelpDesk")[0]["description"].count("Брат") == 1
