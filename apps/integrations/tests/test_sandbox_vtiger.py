"""The sandbox's vTiger: it answers as a real 8.0 was recorded to do, and keeps its quirks."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from apps.integrations.sandbox.vtiger import sessions, vtql
from apps.integrations.sandbox.vtiger.sessions import sessions_of
from apps.integrations.sandbox.vtiger.wire import Refused

RECORDED = json.loads((Path(__file__).parent / "fixtures" / "vtiger.json").read_text())
OWNER = {"assigned_user_id": "19x5"}
TICKET = {"ticket_title": "CLM-1 Delay", "ticketstatus": "Open", "ticketpriorities": "Low", **OWNER}


@dataclass
class Crm:
    """One that speaks to it as `user`."""

    url: str
    user: str = "sandbox"
    session: str = ""

    def send(self, method: str, operation: str, **fields: str) -> requests.Response:
        form = {"operation": operation, **({"sessionName": self.session} if self.session else {}), **fields}
        url = f"{self.url}/vtiger/webservice.php"
        return requests.get(url, form, timeout=20) if method == "GET" else requests.post(url, form, timeout=20)

    def get(self, operation: str, **fields: str) -> Any:
        return self.send("GET", operation, **fields).json()

    def post(self, operation: str, **fields: str) -> Any:
        return self.send("POST", operation, **fields).json()

    def key(self, token: str) -> str:
        return hashlib.md5((token + self.user).encode()).hexdigest()

    def challenge(self) -> str:
        return str(self.get("getchallenge", username=self.user)["result"]["token"])

    def login(self, token: str = "") -> Any:
        self.session = ""
        answer = self.post("login", username=self.user, accessKey=self.key(token or self.challenge()))
        self.session = answer["result"]["sessionName"] if answer["success"] else ""
        return answer

    def create(self, module: str, **element: Any) -> dict[str, str]:
        return dict(self.post("create", elementType=module, element=json.dumps(OWNER | element))["result"])

    def query(self, text: str) -> Any:
        return self.get("query", query=text)


@pytest.fixture
def crm(sandbox) -> Crm:
    one = Crm(sandbox.url)
    one.login()
    return one


def code(answer: Any) -> Any:
    return answer["error"]["code"]


# --- like the real one

_ID = re.compile(r"\b(12|15|17|33|34)x(\d+)\b")
_VARIES = re.compile(r"\b(TT|CON|PROJ|DOC)\d+\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b(?:12|15|17|33|34)x\d+\b")


def alike(value: Any) -> Any:
    """`value` without what differs from one installation and moment to another."""
    return re.sub(_VARIES, "…", json.dumps(value, ensure_ascii=False, sort_keys=False))


def replay(step: dict[str, Any], crms: dict[str, Crm], ids: dict[str, str]) -> requests.Response:
    def ours(text: str) -> str:
        return _ID.sub(lambda found: f"{found[1]}x{ids.get(found[2], found[2])}", text)

    fields = {name: ours(value) for name, value in step["params"].items()}
    return crms[step["as"]].send(step["method"], fields.pop("operation", ""), **fields)


def test_it_answers_as_a_real_one_was_recorded_to(sandbox):
    crms = {"": Crm(sandbox.url), "sandbox": Crm(sandbox.url), "readonly": Crm(sandbox.url, "readonly")}
    crms["sandbox"].login()
    crms["readonly"].login()
    ids: dict[str, str] = {}
    differences = []

    for step in RECORDED:
        answer = replay(step, crms, ids)
        got = {"status": answer.status_code, "type": answer.headers["Content-Type"]}
        if answer.content:
            got["body"] = body = answer.json()
            if step["params"].get("operation") == "create" and body["success"]:
                ids[step["body"]["result"]["id"].partition("x")[2]] = body["result"]["id"].partition("x")[2]
            if step["params"].get("operation") == "describe" and body["success"]:
                body["result"]["fields"] = [field["name"] for field in body["result"]["fields"]]
                del body["result"]["labelFields"]
        wanted = {key: step[key] for key in ("status", "type", "body") if key in step}
        if alike(got) != alike(wanted):
            differences.append((step["note"], got, wanted))

    assert differences == []


def test_text_goes_out_escaped_as_php_escapes_it(crm):
    sent = crm.send("POST", "create", elementType="Contacts", element=json.dumps({"lastname": "Як/ов", **OWNER}))

    assert rb'"lastname":"\u042f\u043a\/\u043e\u0432"' in sent.content
    assert sent.headers["Content-Type"] == "application/json"


def test_a_body_that_is_no_form_is_not_read(crm, sandbox):
    form = {"operation": "getchallenge", "username": "sandbox"}

    answer = requests.post(f"{sandbox.url}/vtiger/webservice.php", json=form, timeout=5)

    assert (answer.status_code, answer.content) == (500, b"")


# --- login and sessions


def test_a_second_challenge_kills_the_first(crm):
    first, second = crm.challenge(), crm.challenge()

    assert code(crm.login(first)) == "INVALID_USER_CREDENTIALS"
    assert crm.login(second)["success"]
    assert crm.login(second)["success"]  # it is not used up


def test_a_challenge_grows_old(crm, monkeypatch):
    token = crm.challenge()
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)

    assert code(crm.login(token)) == "INVALID_AUTH_TOKEN"


def test_a_session_left_idle_ends(crm, sandbox):
    session = sessions_of(sandbox.world).find(crm.session)
    assert session
    session.used -= sessions.IDLE + 1

    assert code(crm.get("listtypes")) == "INVALID_SESSIONID"


def test_all_sessions_can_be_ended_at_once(crm, sandbox):
    requests.post(
        f"{sandbox.url}/_faults/vtiger", json={"kind": "refuse", "code": "END_SESSIONS", "times": 1}, timeout=5
    )

    assert code(crm.get("listtypes")) == "INVALID_SESSIONID"
    assert crm.login()["success"]
    assert crm.get("listtypes")["success"]


def timed(call: Callable[[], Any]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.parametrize(("sessions_used", "waits"), [(1, True), (2, False)])
def test_calls_of_one_session_wait_for_each_other(crm, sandbox, sessions_used, waits):
    other = crm if sessions_used == 1 else Crm(sandbox.url)
    if other is not crm:
        other.login()
    slow = {"kind": "delay", "seconds": 1, "match": "describe", "times": 1}
    requests.post(f"{sandbox.url}/_faults/vtiger", json=slow, timeout=5)

    thread = threading.Thread(target=crm.get, args=("describe",), kwargs={"elementType": "Contacts"})
    thread.start()
    time.sleep(0.3)
    took = timed(lambda: other.get("listtypes"))
    thread.join()

    assert (took > 0.5) == waits


# --- records


def test_ids_count_over_all_modules_and_numbers_in_each(crm):
    made = [crm.create(module, lastname="Orlova", projectname="P", **TICKET) for module in ("Contacts", "Project")]
    made += [crm.create("HelpDesk", **TICKET), crm.create("HelpDesk", **TICKET)]

    assert [record["id"].partition("x")[0] for record in made] == ["12", "33", "17", "17"]
    assert len({record["id"].partition("x")[2] for record in made}) == 4
    assert [made[0]["contact_no"], made[1]["project_no"], made[2]["ticket_no"], made[3]["ticket_no"]] == [
        "CON1", "PROJ1", "TT1", "TT2",
    ]  # fmt: skip


def test_parallel_tickets_get_numbers_of_their_own(sandbox):
    crms = [Crm(sandbox.url) for _ in range(4)]
    for one in crms:
        one.login()

    with ThreadPoolExecutor(4) as pool:
        numbers = pool.map(lambda one: [one.create("HelpDesk", **TICKET)["ticket_no"] for _ in range(10)], crms)

    assert sorted(int(number[2:]) for some in numbers for number in some) == list(range(1, 41))


def test_the_project_of_a_ticket_is_the_companys_own_field(crm):
    project = crm.create("Project", projectname="P")

    assert crm.create("HelpDesk", **TICKET, cf_2066=project["id"])["cf_2066"] == project["id"]
    assert crm.create("HelpDesk", **TICKET, cf_2066="33x99999")["cf_2066"] == ""


def test_a_file_comes_with_a_document(crm, sandbox):
    element = json.dumps({"notes_title": "Scan", "filename": "scan.pdf", "filelocationtype": "I", **OWNER})
    form = {"operation": "create", "sessionName": crm.session, "elementType": "Documents", "element": element}
    answer = requests.post(
        f"{sandbox.url}/vtiger/webservice.php",
        data=form, files={"filename": ("scan.pdf", b"%PDF\r\n\x00\xff", "application/pdf")}, timeout=5,
    )  # fmt: skip

    item = int(answer.json()["result"]["id"].partition("x")[2])

    assert sandbox.world.store.file("vtiger", item, 0).content == b"%PDF\r\n\x00\xff"


def test_the_companys_operations_make_a_record_each_time(crm, sandbox):
    contact = crm.post("CreateWebContact", mobile="79161234567", lastname="Orlova")["result"]["contact_id"]
    again = crm.post("CreateWebContact", mobile="79161234567", lastname="Orlova")["result"]["contact_id"]
    project = crm.post("CreateWebProject", contact_id=contact, policy_number="E1")["result"]["project_id"]
    claim = {"contact_id": f"12x{contact}", "project_id": project, "title": "Delay", "claim_id": "CLM-1"}
    ticket = crm.post("CreateWebClaim", **claim)["result"]

    assert contact.isdigit()
    assert contact != again
    assert set(ticket) == {"ticket_id", "ticket_number"}
    stored = crm.get("retrieve", id=f"17x{ticket['ticket_id']}")["result"]
    assert (stored["ticketstatus"], stored["cf_2066"], stored["contact_id"]) == (
        "рассмотрение", f"33x{project}", f"12x{contact}",
    )  # fmt: skip
    [row] = sandbox.world.store.items("vtiger", kind="relation")
    assert row.data == {"source": int(project), "target": int(ticket["ticket_id"])}


@pytest.mark.parametrize("operation", ["CreateWebContact", "CreateWebProject", "CreateWebClaim"])
def test_the_companys_operations_read_nothing_from_the_query(crm, operation):
    answer = crm.get(operation, mobile="79161234567", contact_id="1", title="x")

    assert code(answer) == "MANDATORY_FIELDS_MISSING"


# --- relations


def test_a_relation_is_written_one_way_and_read_both_ways(crm, sandbox):
    project, ticket = crm.create("Project", projectname="P")["id"], crm.create("HelpDesk", **TICKET)["id"]
    for _ in range(2):
        crm.post("add_related", sourceRecordId=project, relatedRecordId=ticket, relationIdLabel="HelpDesk")

    tickets = crm.get("retrieve_related", id=project, relatedType="HelpDesk", relatedLabel="HelpDesk")["result"]
    projects = crm.get("retrieve_related", id=ticket, relatedType="Project", relatedLabel="Projects")["result"]

    assert ([one["id"] for one in tickets], [one["id"] for one in projects]) == ([ticket], [project])
    assert len(sandbox.world.store.items("vtiger", kind="relation")) == 1


# --- queries


@pytest.fixture
def people(crm: Crm) -> Crm:
    for lastname, mobile in (("O'Neil", "+79161234567"), ("Орлова", "8 (916) 123-45-67"), ("back\\slash", "50%")):
        crm.create("Contacts", lastname=lastname, mobile=mobile, firstname="Анна")
    return crm


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("lastname = 'O''Neil'", ["O'Neil"]),
        ("lastname = 'o''neil'", ["O'Neil"]),
        ("lastname = 'ОРЛОВА'", ["Орлова"]),
        ("lastname = 'back\\\\slash'", ["back\\slash"]),
        ("lastname LIKE '%лов%'", ["Орлова"]),
        ("mobile like '%7%9%1%6%1%2%3%4%5%6%7'", ["O'Neil"]),
        ("mobile LIKE '50\\%'", ["back\\slash"]),
        ("mobile LIKE '_79161234567'", ["O'Neil"]),
        ("lastname in ('Орлова', 'O''Neil')", ["O'Neil", "Орлова"]),
        ("lastname != 'Орлова' AND firstname='Анна'", ["O'Neil", "back\\slash"]),
        ("mobile='50%' OR lastname='Орлова' AND firstname='Анна'", ["Орлова", "back\\slash"]),
        ("mobile='50%' AND firstname='x' OR lastname='Орлова'", ["Орлова"]),
        ("lastname = 'O'Neil'", []),
        ("lastname = 'O\\'Neil'", []),
        ("lastname = 'a\\'", []),
        ("lastname = 'a\\''b'", []),
        ("mobile='nobody'", []),
    ],
)
def test_what_a_condition_finds(people, where, found):
    answer = people.query(f"SELECT lastname FROM Contacts WHERE {where};")

    assert [row["lastname"] for row in answer["result"]] == found


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT id FROM Contacts", "QUERY_SYNTAX_ERROR"),
        ("SELECT id FROM Contacts; SELECT 1;", "QUERY_SYNTAX_ERROR"),
        ("SELECT id FROM Contacts WHERE mobile IS NULL;", "QUERY_SYNTAX_ERROR"),
        ("SELECT Contacts.id FROM Contacts;", "QUERY_SYNTAX_ERROR"),
        ("SELECT id FROM Contacts LIMIT x;", "QUERY_SYNTAX_ERROR"),
        ("DELETE FROM Contacts;", "QUERY_SYNTAX_ERROR"),
        ("SELECT id FROM contacts;", "ACCESS_DENIED"),
        ("SELECT id FROM Contacts ORDER BY nosuch;", "ACCESS_DENIED"),
        ("SELECT id FROM Contacts WHERE id='12';", "INVALID_ID_ATTRIBUTE"),
        ("SELECT id FROM HelpDesk WHERE contact_id='5';", "INVALID_ID_ATTRIBUTE"),
        ("SELECT id FROM Contacts WHERE lastname='' OR lastname='x';", "INTERNAL_SERVER_ERROR"),
    ],
)
def test_what_the_query_language_refuses(people, text, error):
    assert code(people.query(text)) == error


def test_no_more_than_a_hundred_rows(crm, sandbox):
    for n in range(105):
        sandbox.world.store.add("vtiger", "Contacts", {"lastname": f"Bulk {n}"})

    rows = crm.query("SELECT id FROM Contacts LIMIT 200;")["result"]
    rest = crm.query("SELECT id FROM Contacts ORDER BY id LIMIT 100,200;")["result"]

    assert (len(rows), len(rest)) == (100, 5)
    assert crm.query("SELECT count(*) FROM Contacts;")["result"] == [{"count": "105"}]


def test_references_are_compared_by_their_ids(crm):
    contact = crm.create("Contacts", lastname="Orlova")["id"]
    ticket = crm.create("HelpDesk", **TICKET, contact_id=contact)["id"]

    assert crm.query(f"SELECT ticket_no FROM HelpDesk WHERE contact_id='{contact}';")["result"] == [
        {"ticket_no": "TT1", "id": ticket}
    ]


@pytest.mark.parametrize("text", ["", ";", "SELECT", "SELECT * FROM", "'", "SELECT * FROM Contacts WHERE id IN ();"])
def test_a_broken_query_is_an_error_of_its_own(text):
    with pytest.raises((Refused, vtql.Torn)):
        vtql.parse(text)


# --- faults, and the page


@pytest.mark.parametrize(
    ("method", "fields", "label"),
    [
        ("POST", {"operation": "create", "elementType": "HelpDesk", "element": "{}"}, "create HelpDesk"),
        ("GET", {"operation": "query", "query": "SELECT id FROM Contacts;"}, "query Contacts"),
        ("POST", {"operation": "revise", "element": '{"id": "17x5"}'}, "revise HelpDesk"),
        ("POST", {"operation": "add_related", "sourceRecordId": "33x1"}, "add_related"),
        ("GET", {"operation": "retrieve", "id": "33x1"}, "retrieve Project"),
        ("POST", {"operation": "createwebclaim"}, "CreateWebClaim"),
        ("POST", {"operation": "login"}, "login"),
    ],
)
def test_a_fault_is_aimed_by_operation_and_module(sandbox, method, fields, label):
    aimed = {"kind": "status", "status": 502, "match": label, "times": 1}
    requests.post(f"{sandbox.url}/_faults/vtiger", json=aimed, timeout=5)
    fields = dict(fields)

    missed = Crm(sandbox.url).send("GET", "listtypes")
    hit = Crm(sandbox.url).send(method, fields.pop("operation"), **fields)

    assert (missed.status_code, hit.status_code) == (200, 502)


def test_a_ticket_can_be_made_without_an_answer(crm, sandbox):
    requests.post(f"{sandbox.url}/_faults/vtiger", json={"kind": "cut", "when": "after", "match": "create"}, timeout=5)

    with pytest.raises(requests.ConnectionError):
        crm.create("HelpDesk", **TICKET)

    assert crm.query("SELECT ticket_no FROM HelpDesk;")["result"][0]["ticket_no"] == "TT1"


def test_a_duplicate_is_refused_with_the_number_0(crm, sandbox):
    requests.post(f"{sandbox.url}/_faults/vtiger", json={"kind": "refuse", "code": "0", "times": 1}, timeout=5)

    assert code(crm.post("create", elementType="Contacts", element="{}")) == 0


def test_a_record_has_a_page_with_its_relations(crm, sandbox):
    contact = crm.create("Contacts", lastname="<b>Orlova</b>")["id"]
    project = crm.create("Project", projectname="P")["id"]
    ticket = crm.create("HelpDesk", **TICKET, contact_id=contact, description="<script>alert(1)</script>")["id"]
    crm.post("add_related", sourceRecordId=project, relatedRecordId=ticket, relationIdLabel="HelpDesk")

    where = {"module": "HelpDesk", "view": "Detail", "record": ticket.partition("x")[2], "lang": "en"}
    page = requests.get(f"{sandbox.url}/vtiger/index.php", params=where, timeout=5)
    elsewhere = requests.get(f"{sandbox.url}/vtiger/index.php", params=where | {"module": "Project"}, timeout=5)
    console = requests.get(f"{sandbox.url}/?lang=en&view=vtiger", timeout=5).text

    assert page.status_code == 200
    assert "&lt;script&gt;alert" in page.text
    assert re.search(r"<span>←</span> <a [^>]+>PROJ1</a>", page.text)
    assert ">CON1</a>" in page.text
    assert elsewhere.status_code == 404
    assert "TT1 · CLM-1 Delay" in console
    assert "<b>Orlova" not in console


@pytest.mark.parametrize("record", ["", "x", "-1", "999", "9" * 30, "²"])
def test_a_record_that_is_not_there_has_no_page(sandbox, record):
    answer = requests.get(f"{sandbox.url}/vtiger/index.php", params={"record": record}, timeout=5)

    assert answer.status_code == 404
