"""What the API must answer to input that no form sends: an exact status and code, one shape, and nothing changed.

Each row of a table is one input that was tried against the product and found to matter (or that once broke it). Bodies
go over a real socket, since half of them never get past a test client.
"""

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import time_machine
from django.core.cache import cache
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import api_token_create
from apps.claims.models import Claim
from apps.claims.services.drafts import EDITABLE
from apps.contacts.models import VerificationCode
from apps.core.api.throttles import AddressThrottle
from tests.applicant import BANK, Applicant, some_phone
from tests.live import HOST, Live, let_code_limits_pass
from tests.makers import files

MB = 1024 * 1024
JSON = "application/json"
FORM = "multipart/form-data; boundary=x"
HIDDEN = "\u200b\u202e\ufeff"  # zero-width space, right-to-left override, byte order mark


@dataclass(frozen=True)
class Bad:
    """One bad input and one of the errors that it must get. `{claim}` in `path` is the path of the claim itself."""

    what: str
    code: str
    status: int = 400
    attr: str | None = None
    body: Any = None  # bytes go as they are, anything else as JSON
    method: str = "PATCH"
    path: str = "{claim}"
    type: str | None = JSON
    headers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.what


def rows(table: list[Bad]) -> Any:
    return pytest.mark.parametrize("bad", table, ids=str)


@pytest.fixture(scope="module")
def maria(live: Live) -> Applicant:
    """Someone half way through: described, answered, one file sent."""
    maria = live.applicant(language="en")
    maria.describe()
    maria.patch(event_type="flight_delayed", event_date=yesterday(), event_place="Ереван", email="maria@example.com")
    maria.patch(answers={"applicant_name": "Мария Иванова", "flight_number": "SU 2137", "own_expenses": True})
    return maria


@pytest.fixture(autouse=True)
def _ceiling_of_the_address_starts_anew() -> None:
    cache.clear()


@pytest.fixture
def nothing_changes(maria: Applicant) -> Iterator[None]:
    before = maria.read()
    yield
    assert maria.read() == before


def yesterday() -> str:
    return (timezone.localdate() - timedelta(days=1)).isoformat()


def send(person: Applicant, bad: Bad) -> requests.Response:
    kept = person.http.headers["Authorization"]
    headers = {"Authorization": kept, "Accept-Language": "en", "Content-Type": bad.type, **bad.headers}
    url = f"{person.base}/api/v1/{bad.path.format(claim=person.path)}"
    body = bad.body if bad.body is None or isinstance(bad.body, bytes) else json.dumps(bad.body)
    plain = {name: value for name, value in headers.items() if value is not None}
    return requests.request(bad.method, url, data=body, headers=plain, timeout=60)


def assert_refused(answer: requests.Response, status: int, code: str, attr: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == JSON
    body = answer.json()
    assert set(body) == {"type", "errors"} and body["errors"]
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
        assert error["detail"] and not error["detail"].endswith("Error")
        assert "non_field_errors" not in (error["attr"] or "")
    expected = "server_error" if status >= 500 else "client_error"
    assert body["type"] in ("validation_error", expected)
    assert (code, attr) in {(error["code"], error["attr"]) for error in body["errors"]}, body


# --- the body itself

nested = '{"answers":{"delay_hours":'


@pytest.mark.usefixtures("nothing_changes")
@rows(
    [
        Bad("NUL in text", "parse_error", body=b'{"event_place":"a\\u0000b"}'),
        Bad("NUL in a key", "parse_error", body=b'{"answers":{"a\\u0000":"b"}}'),
        Bad("a raw NUL", "parse_error", body=b'{"event_place":"a\x00b"}'),
        Bad("half a surrogate pair", "parse_error", body=b'{"event_place":"\\ud83d"}'),
        Bad("the other half", "parse_error", body=b'{"event_place":"\\ude00\\ud83d"}'),
        Bad("bytes that are no UTF-8", "parse_error", body=b'{"event_place":"\xff\xfe"}'),
        Bad("UTF-16", "parse_error", body='{"event_place":"x"}'.encode("utf-16")),
        Bad("UTF-32", "parse_error", body='{"event_place":"x"}'.encode("utf-32")),
        Bad("KOI8 and says so", "parse_error",
            body='{"event_place":"ж"}'.encode("koi8-r"), type=f"{JSON}; charset=koi8-r"),
        Bad("a charset that is none", "parse_error", body=b"{}", type=f"{JSON}; charset=zzz"),
        Bad("NaN", "parse_error", body=b'{"answers":{"delay_hours":NaN}}'),
        Bad("Infinity", "parse_error", body=b'{"answers":{"delay_hours":-Infinity}}'),
        Bad("1e999", "parse_error", body=b'{"answers":{"delay_hours":1e999}}'),
        Bad("a number of 5,000 digits", "parse_error", body=f"{nested}{'9' * 5000}}}}}".encode()),
        Bad("a number of 4,000 digits", "number_invalid", attr="answers.delay_hours",
            body=f"{nested}{'9' * 4000}}}}}".encode()),
        Bad("lists 2,000 deep", "parse_error", body=f"{nested}{'[' * 2000}{']' * 2000}}}}}".encode()),
        Bad("lists 100,000 deep", "parse_error", body=f"{nested}{'[' * 100_000}{']' * 100_000}}}}}".encode()),
        Bad("objects 100,000 deep and unfinished", "parse_error", body=b'{"a":' * 50_000),
        Bad("objects 100 deep", "parse_error", body=('{"a":' * 100 + "1" + "}" * 100).encode()),
        Bad("a key twice", "parse_error", body=b'{"event_place":"a","event_place":"b"}'),
        Bad("a key twice inside", "parse_error", body=b'{"answers":{"flight_number":"a","flight_number":"b"}}'),
        Bad("a list", "parse_error", body=b"[]"),
        Bad("null", "parse_error", body=b"null"),
        Bad("a text", "parse_error", body=b'"event_place"'),
        Bad("nothing", "parse_error", body=b""),
        Bad("nothing, as a form", "parse_error", body=b"", type="application/x-www-form-urlencoded"),
        Bad("blanks", "parse_error", body=b"  \n "),
        Bad("something after the end", "parse_error", body=b'{"event_place":"a"} {"event_place":"b"}'),
        Bad("Python's quotes", "parse_error", body=b"{'event_place':'a'}"),
        Bad("a trailing comma", "parse_error", body=b'{"event_place":"a",}'),
        Bad("300 KB", "request_too_large", 413, body={"event_place": "a" * 300_000}),
        Bad("3 MB of keys", "request_too_large", 413, body={f"key{n}": n for n in range(200_000)}),
        Bad("60 MB", "request_too_large", 413, body=b'"' + b"a" * (60 * MB) + b'"'),
        Bad("no content type", "unsupported_media_type", 415, body=b'{"event_place":"a"}', type=None),
        Bad("text/plain", "unsupported_media_type", 415, body=b'{"event_place":"a"}', type="text/plain"),
        Bad("a form", "unsupported_media_type", 415, body=b"event_place=a", type="application/x-www-form-urlencoded"),
        Bad("a multipart form", "unsupported_media_type", 415, body=b"--x--", type=FORM),
        Bad("a content type of garbage", "unsupported_media_type", 415, body=b"{}", type=";;=,"),
        Bad("packed", "unsupported_media_type", 415, body=b"{}", headers={"Content-Encoding": "gzip"}),
    ]
)  # fmt: skip
def test_a_body_that_is_no_clean_json_is_refused_whole(maria: Applicant, bad: Bad) -> None:
    assert_refused(send(maria, bad), bad.status, bad.code, bad.attr)


@pytest.mark.usefixtures("nothing_changes")
def test_a_body_in_chunks_is_not_taken_for_an_empty_one(maria: Applicant) -> None:
    headers = {"Authorization": maria.http.headers["Authorization"], "Content-Type": JSON}

    answer = requests.patch(
        f"{maria.base}/api/v1/{maria.path}", data=iter([b'{"event_place":', b'"Rome"}']), headers=headers, timeout=10
    )

    assert_refused(answer, 411, "length_required")


# --- addresses, methods, headers


@pytest.mark.usefixtures("nothing_changes")
@rows(
    [
        Bad("an address that is none", "not_found", 404, method="GET", path="nothing/here",
            headers={"Accept": "text/html"}),
        Bad("the API's root", "not_found", 404, method="GET", path="", headers={"Accept": "text/html"}),
        Bad("a slash too many", "not_found", 404, method="GET", path="{claim}/"),
        Bad("a way up", "not_found", 404, method="GET", path="intake/claims/..%2f..%2fetc%2fpasswd"),
        Bad("NUL in the address", "not_found", 404, method="GET", path="intake/claims/%00"),
        Bad("no UTF-8 in the address", "not_found", 404, method="GET", path="intake/claims/%ff%fe"),
        Bad("a line end in the number", "not_found", 404, method="GET", path="{claim}%0a"),
        Bad("Arabic digits in the number", "not_found", 404, method="GET", path="intake/claims/CLM-٢٠٢٦-11-21-0000"),
        Bad("an address of 3,000 signs", "not_found", 404, method="GET", path="intake/claims/" + "a" * 3000),
        Bad("a document that is no id", "not_found", 404, method="GET", path="{claim}/documents/%2e%2e%2fx"),
        Bad("PUT of a claim", "method_not_allowed", 405, method="PUT", body={}),
        Bad("DELETE of a claim", "method_not_allowed", 405, method="DELETE"),
        Bad("TRACE", "method_not_allowed", 405, method="TRACE"),
        Bad("PROPFIND", "method_not_allowed", 405, method="PROPFIND"),
        Bad("GET of a code", "method_not_allowed", 405, method="GET", path="sms/send"),
        Bad("a version without quotes", "if_match_invalid", attr="If-Match", body={}, headers={"If-Match": "7"}),
        Bad("a version of words", "if_match_invalid", attr="If-Match", body={}, headers={"If-Match": '"new"'}),
        Bad("two versions", "if_match_invalid", attr="If-Match", body={}, headers={"If-Match": '"1", "2"'}),
        Bad("a version of twenty digits", "if_match_invalid", attr="If-Match", body={},
            headers={"If-Match": f'"{"9" * 20}"'}),
        Bad("a version in Arabic digits", "if_match_invalid", attr="If-Match", body={},
            headers={"If-Match": '"٧"'.encode()}),
        Bad("an old version", "version_conflict", 412, body={"event_place": "Rome"}, headers={"If-Match": '"1"'}),
    ]
)  # fmt: skip
def test_addresses_and_headers_are_read_strictly(maria: Applicant, bad: Bad) -> None:
    assert_refused(send(maria, bad), bad.status, bad.code, bad.attr)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", ";;;,,=", "*/*;q=zzz", ""])
def test_the_answer_is_json_whatever_is_accepted(maria: Applicant, accept: str) -> None:
    answer = maria.call("GET", maria.path, headers={"Accept": accept}, expect=200)

    assert answer.headers["Content-Type"] == JSON


@pytest.mark.parametrize("language", ["a" * 5000, "xx", "ru;q=zzz", "-" * 600, ""])
def test_a_language_that_is_none_gets_russian(maria: Applicant, language: str) -> None:
    answer = maria.call("PATCH", maria.path, json={"event_type": "alien"}, headers={"Accept-Language": language})

    assert_refused(answer, 400, "event_type_unknown", "event_type")
    assert answer.headers["Content-Language"] == "ru"


# --- who asks


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Token apl_x", "not_authenticated"),
        ("Basic YXBsOng=", "not_authenticated"),
        ("Bearer x", "session_ended"),
        ("Bearer " + "x" * 5000, "session_ended"),
        ("Bearer apl_" + "x" * 43, "session_ended"),
        ("Bearer apl_\xff\xfe", "session_ended"),
        ("Bearer apl_' OR 1=1 --", "session_ended"),
        ("Bearer cdk_" + "x" * 43, "session_ended"),
    ],
)
def test_a_token_that_is_none_opens_nothing(maria: Applicant, header: str | None, code: str) -> None:
    raw = header.encode("latin-1") if header else None

    answer = send(maria, Bad("", code, body={"event_place": "Rome"}, headers={"Authorization": raw}))

    assert_refused(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_who_sends_no_token_is_told_how_to_get_one(maria: Applicant) -> None:
    answer = requests.get(f"{maria.base}/api/v1/{maria.path}", headers={"Accept-Language": "en"}, timeout=10)

    assert_refused(answer, 401, "not_authenticated")
    assert answer.json()["errors"][0]["detail"] == "Confirm your phone first: send the token that you get for the code."


@pytest.mark.usefixtures("nothing_changes")
def test_another_systems_token_opens_no_claim(maria: Applicant) -> None:
    robot = User.objects.create_user(username="robot", password="x", is_staff=True, is_superuser=True)
    _token, secret = api_token_create(user=robot, name="robot", expires_at=None, actor=None, now=timezone.now())

    answer = send(maria, Bad("", "", method="GET", headers={"Authorization": f"Bearer {secret}"}))

    assert_refused(answer, 401, "session_ended")


@pytest.mark.parametrize("place", ["token", "access_token", "claimdesk_applicant", "Authorization"])
def test_a_token_in_the_address_opens_nothing(maria: Applicant, place: str) -> None:
    token = str(maria.http.headers["Authorization"]).removeprefix("Bearer ")

    answer = requests.get(f"{maria.base}/api/v1/{maria.path}", params={place: token}, timeout=10)

    assert_refused(answer, 401, "not_authenticated")


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    "origin", [None, "", "null", "https://evil.example.com", "http://[", "{url}.evil.example.com", "file://", "\xff"]
)
def test_a_cookie_writes_only_from_our_own_pages(maria: Applicant, origin: str | None) -> None:
    token = str(maria.http.headers["Authorization"]).removeprefix("Bearer ")
    headers: dict[str, Any] = {"Authorization": None, "Cookie": f"claimdesk_applicant={token}"}
    if origin is not None:
        headers["Origin"] = origin.format(url=maria.base).encode("latin-1")

    assert_refused(send(maria, Bad("", "", body={"event_place": "Rome"}, headers=headers)), 403, "foreign_origin")
    assert send(maria, Bad("", "", method="GET", headers=headers)).status_code == 200


# --- answers


def answer(key: str, value: Any) -> dict[str, Any]:
    return {"answers": {key: value}}


@pytest.mark.usefixtures("nothing_changes")
@rows(
    [
        Bad("a day that is none", "date_invalid", attr="event_date", body={"event_date": "2026-02-30"}),
        Bad("a day as people write it", "date_invalid", attr="event_date", body={"event_date": "20.11.2026"}),
        Bad("a day with a time", "date_invalid", attr="event_date", body={"event_date": "2026-11-20T10:00:00Z"}),
        Bad("a day in Arabic digits", "date_invalid", attr="event_date", body={"event_date": "٢٠٢٦-١١-٢٠"}),
        Bad("a day as a number", "date_invalid", attr="event_date", body={"event_date": 20261120}),
        Bad("a day as false", "date_invalid", attr="event_date", body={"event_date": False}),
        Bad("a day as a list", "date_invalid", attr="event_date", body={"event_date": []}),
        Bad("a week's day", "date_invalid", attr="event_date", body={"event_date": "2026-W47-5"}),
        Bad("tomorrow", "date_in_future", attr="event_date",
            body={"event_date": (timezone.now() + timedelta(days=2)).date().isoformat()}),
        Bad("long ago", "date_too_old", attr="event_date", body={"event_date": "1999-12-31"}),
        Bad("an event that is none", "event_type_unknown", attr="event_type", body={"event_type": "alien"}),
        Bad("an event as an object", "event_type_unknown", attr="event_type", body={"event_type": {"code": "baggage"}}),
        Bad("an event as zero", "event_type_unknown", attr="event_type", body={"event_type": 0}),
        Bad("an event as an empty list", "event_type_unknown", attr="event_type", body={"event_type": []}),
        Bad("a place as true", "text_expected", attr="event_place", body={"event_place": True}),
        Bad("a place as a number", "text_expected", attr="event_place", body={"event_place": 5}),
        Bad("a place of 201 letters", "too_long", attr="event_place", body={"event_place": "я" * 201}),
        Bad("no email", "email_invalid", attr="email", body={"email": "maria"}),
        Bad("two at-signs", "email_invalid", attr="email", body={"email": "maria@example@com"}),
        Bad("no domain", "email_invalid", attr="email", body={"email": "maria@localhost1"}),
        Bad("an address for an email", "email_invalid", attr="email", body={"email": "maria@[192.0.2.1]"}),
        Bad("two emails", "email_invalid", attr="email", body={"email": "a@example.com,b@example.com"}),
        Bad("a header in the email", "email_invalid", attr="email",
            body={"email": "a@example.com\r\nBcc: b@example.com"}),
        Bad("a name with the email", "email_invalid", attr="email", body={"email": "Мария <maria@example.com>"}),
        Bad("a Cyrillic email", "email_invalid", attr="email", body={"email": "мария@example.com"}),
        Bad("an endless email", "too_long", attr="email", body={"email": "a" * 250 + "@example.com"}),
        Bad("a language that is none", "language_unknown", attr="language", body={"language": "de"}),
        Bad("no language", "language_unknown", attr="language", body={"language": None}),
        Bad("answers as a list", "answers_expected", attr="answers", body={"answers": []}),
        Bad("answers as text", "answers_expected", attr="answers", body={"answers": "flight_number"}),
        Bad("answers as null", "answers_expected", attr="answers", body={"answers": None}),
        Bad("answers as zero", "answers_expected", attr="answers", body={"answers": 0}),
        Bad("an unknown question", "unknown_question", attr="answers.shoe_size", body=answer("shoe_size", "41")),
        Bad("another event's question", "unknown_question", attr="answers.damage", body=answer("damage", "x")),
        Bad("true for text", "text_expected", attr="answers.flight_number", body=answer("flight_number", True)),
        Bad("a number for text", "text_expected", attr="answers.flight_number", body=answer("flight_number", 2137)),
        Bad("an object for text", "text_expected", attr="answers.flight_number",
            body=answer("flight_number", {"a": 1})),
        Bad("a list for text", "text_expected", attr="answers.flight_number", body=answer("flight_number", ["SU 1"])),
        Bad("21 letters where 20 fit", "too_long", attr="answers.flight_number",
            body=answer("flight_number", "x" * 21)),
        Bad("a choice that is none", "choice_unknown", attr="answers.delay_reason", body=answer("delay_reason", "sun")),
        Bad("a choice by its place", "choice_unknown", attr="answers.delay_reason", body=answer("delay_reason", 1)),
        Bad("words for a number", "number_invalid", attr="answers.delay_hours", body=answer("delay_hours", "много")),
        Bad("Arabic digits", "number_invalid", attr="answers.delay_hours", body=answer("delay_hours", "٨")),
        Bad("a number with an exponent", "number_invalid", attr="answers.delay_hours",
            body=answer("delay_hours", "1e1")),
        Bad("true for a number", "number_invalid", attr="answers.delay_hours", body=answer("delay_hours", True)),
        Bad("a negative number", "too_small", attr="answers.delay_hours", body=answer("delay_hours", -8)),
        Bad("too great a number", "too_large", attr="answers.delay_hours", body=answer("delay_hours", 241)),
        Bad("yes in words", "yes_no_expected", attr="answers.own_expenses", body=answer("own_expenses", "yes")),
        Bad("yes as one", "yes_no_expected", attr="answers.own_expenses", body=answer("own_expenses", 1)),
        Bad("money as text", "money_invalid", attr="answers.expenses", body=answer("expenses", "100 EUR")),
        Bad("negative money", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": "-5", "currency": "EUR"})),
        Bad("a thousandth of money", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": "5.123", "currency": "EUR"})),
        Bad("money as a float", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": 5.1, "currency": "EUR"})),
        Bad("money in Arabic digits", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": "٥", "currency": "EUR"})),
        Bad("endless money", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": "Infinity", "currency": "EUR"})),
        Bad("money of no country", "currency_unknown", attr="answers.expenses",
            body=answer("expenses", {"amount": "5", "currency": "XXX"})),
        Bad("currencies", "currency_unknown", attr="answers.expenses",
            body=answer("expenses", {"amount": "5", "currency": ["EUR"]})),
        Bad("money and more", "money_invalid", attr="answers.expenses",
            body=answer("expenses", {"amount": "5", "currency": "EUR", "rate": 1})),
        Bad("a birthday before 1900", "date_invalid", attr="answers.date_of_birth",
            body=answer("date_of_birth", "1899-12-31")),
        Bad("right and wrong at once", "email_invalid", attr="email",
            body={"event_place": "Rome", "email": "x", **answer("flight_number", "SU 1")}),
        Bad("a field that is none", "unknown_field", attr="eventplace", body={"eventplace": "Rome"}),
        Bad("a field without a name", "unknown_field", body={"": "Rome"}),
        Bad("a field of 5,000 letters", "unknown_field", attr="x" * 80, body={"x" * 5000: 1}),
    ]
)  # fmt: skip
def test_an_answer_that_cannot_be_is_refused_with_all_that_came_with_it(maria: Applicant, bad: Bad) -> None:
    assert_refused(send(maria, bad), bad.status, bad.code, bad.attr)


FIELDS_OF_A_CLAIM = sorted(
    {name for f in Claim._meta.get_fields() for name in (f.name, getattr(f, "attname", f.name))} - set(EDITABLE)
)


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("name", FIELDS_OF_A_CLAIM)
def test_no_other_field_of_a_claim_can_be_set(maria: Applicant, name: str) -> None:
    bad = Bad(name, "unknown_field", body={name: str(uuid.uuid4()), "event_place": "Rome"})

    assert_refused(send(maria, bad), 400, "unknown_field", name)


def test_signs_that_nobody_sees_are_taken_out(maria: Applicant) -> None:
    kept = maria.patch(event_place=f"{HIDDEN}Ере{HIDDEN}ван\u0007  аэро\nпорт")

    assert kept["event_place"] == "Ереван аэро порт"
    maria.patch(event_place="Ереван")


# --- description, policy, requisites, submit


@pytest.mark.usefixtures("nothing_changes")
@rows(
    [
        Bad("no claim named", "required", attr="session_id", path="claims/description", method="POST",
            body={"text": "x"}),
        Bad("a claim as a number", "invalid", attr="session_id", path="claims/description", method="POST",
            body={"session_id": 5, "text": "x"}),
        Bad("a claim that is none", "not_found", 404, path="claims/description", method="POST",
            body={"session_id": "CLM-2026-01-01-0000", "text": "x"}),
        Bad("a policy of nothing", "blank", attr="number", path="{claim}/policy", method="POST", body={"number": " "}),
        Bad("a policy as a number", "invalid", attr="number", path="{claim}/policy", method="POST", body={"number": 7}),
        Bad("a policy in words", "policy_number_invalid", attr="number", path="{claim}/policy", method="POST",
            body={"number": "не помню"}),
        Bad("half a policy number", "policy_number_invalid", attr="number", path="{claim}/policy", method="POST",
            body={"number": "TRV-2026"}),
        Bad("a policy in SQL", "policy_number_invalid", attr="number", path="{claim}/policy", method="POST",
            body={"number": "1'; DROP TABLE claims--"}),
        Bad("a policy in Arabic digits", "policy_number_invalid", attr="number", path="{claim}/policy", method="POST",
            body={"number": "١٢٣٤٥٦٧٨"}),
        Bad("a policy of 61 signs", "max_length", attr="number", path="{claim}/policy", method="POST",
            body={"number": "1" * 61}),
        Bad("requisites of no kind", "required", attr="kind", path="{claim}/requisites", method="PUT", body={}),
        Bad("requisites of another kind", "invalid_choice", attr="kind", path="{claim}/requisites", method="PUT",
            body={"kind": "cash"}),
        Bad("a list of kinds", "invalid_choice", attr="kind", path="{claim}/requisites", method="PUT",
            body={"kind": ["card"]}),
        Bad("a slip in the account", "account_checksum", attr="account", path="{claim}/requisites", method="PUT",
            body={**BANK, "account": "40817810700000012346"}),
        Bad("a BIK in Arabic digits", "bik_invalid", attr="bik", path="{claim}/requisites", method="PUT",
            body={**BANK, "bik": "٠٤٤٥٢٥٢٢٥"}),
        Bad("a slip in the card", "card_checksum", attr="number", path="{claim}/requisites", method="PUT",
            body={"kind": "card", "number": "4111111111111112"}),
        Bad("a card as a number", "invalid", attr="number", path="{claim}/requisites", method="PUT",
            body={"kind": "card", "number": 4111111111111111}),
        Bad("a card's secret", "unknown_field", attr="cvv", path="{claim}/requisites", method="PUT",
            body={"kind": "card", "number": "2200000000000004", "cvv": "123"}),
        Bad("a bank that is none", "bank_unknown", attr="bank_id", path="{claim}/requisites", method="PUT",
            body={"kind": "sbp", "phone": "+79161234567", "bank_id": "1"}),
        Bad("a code for no requisites", "requisites_missing", 409, path="{claim}/requisites/confirm", method="POST",
            body={"code": "123456"}),
    ]
)  # fmt: skip
def test_each_step_refuses_what_it_cannot_use(maria: Applicant, bad: Bad) -> None:
    assert_refused(send(maria, bad), bad.status, bad.code, bad.attr)


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("value", [["lost"], True, {"lost": 1}, 5, "ы" * 10_000, ""], ids=lambda one: str(one)[:9])
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("PUT", "{claim}/slots/ticket/waiver", "reason"),
        ("PUT", "{claim}/requisites", "kind"),
        ("POST", "intake/claims", "language"),
    ],
)
def test_a_choice_that_is_none_is_refused_and_not_repeated(
    maria: Applicant, method: str, path: str, name: str, value: Any
) -> None:
    answer = send(maria, Bad("", "", method=method, path=path, body={name: value}))

    assert_refused(answer, 400, "invalid_choice", name)
    assert answer.json()["errors"][0]["detail"] == "Choose one of the answers."


AGREED = [{"kind": "personal_data", "version": "2026-11-01"}, {"kind": "truthfulness", "version": "2026-11-01"}]
OLD = {"kind": "personal_data", "version": "2020-01-01"}
KEY = {"Idempotency-Key": "submit-0001"}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("body", "headers", "code", "attr"),
    [
        ({"consents": AGREED}, {}, "idempotency_key_required", "Idempotency-Key"),
        ({"consents": AGREED}, {"Idempotency-Key": ""}, "idempotency_key_required", "Idempotency-Key"),
        ({"consents": AGREED}, {"Idempotency-Key": "short"}, "idempotency_key_invalid", "Idempotency-Key"),
        ({"consents": AGREED}, {"Idempotency-Key": "x" * 201}, "idempotency_key_invalid", "Idempotency-Key"),
        ({"consents": AGREED}, {"Idempotency-Key": "ключ-ключ".encode()}, "idempotency_key_invalid", "Idempotency-Key"),
        ({}, KEY, "required", "consents"),
        ({"consents": None}, KEY, "null", "consents"),
        ({"consents": {}}, KEY, "not_a_list", "consents"),
        ({"consents": "personal_data"}, KEY, "not_a_list", "consents"),
        ({"consents": [5]}, KEY, "invalid", "consents.0"),
        ({"consents": [{}]}, KEY, "required", "consents.0.kind"),
        ({"consents": [{"kind": True, "version": "1"}]}, KEY, "invalid", "consents.0.kind"),
        ({"consents": AGREED * 11}, KEY, "max_length", "consents"),
        ({"consents": []}, KEY, "consent_required", "consents.personal_data"),
        ({"consents": AGREED[:1]}, KEY, "consent_required", "consents.truthfulness"),
        ({"consents": [OLD, AGREED[1]]}, KEY, "consent_unknown", "consents.personal_data"),
        ({"consents": [*AGREED, AGREED[0]]}, KEY, "consent_repeated", "consents"),
        ({"consents": [*AGREED, {"kind": "house", "version": "1"}]}, KEY, "consent_unknown", "consents.house"),
        ({"consents": AGREED, "status": "paid"}, KEY, "unknown_field", "status"),
    ],
)
def test_a_submit_that_lacks_something_is_none(
    maria: Applicant, body: dict[str, Any], headers: dict[str, Any], code: str, attr: str
) -> None:
    bad = Bad("", code, path="{claim}/submit", method="POST", body=body, headers=headers)

    assert_refused(send(maria, bad), 400, code, attr)


# --- codes


@rows(
    [
        Bad("no phone", "required", attr="phone", body={}),
        Bad("an empty phone", "blank", attr="phone", body={"phone": ""}),
        Bad("null", "null", attr="phone", body={"phone": None}),
        Bad("a phone as a number", "invalid", attr="phone", body={"phone": 79161234567}),
        Bad("a list of phones", "invalid", attr="phone", body={"phone": ["79161234567"]}),
        Bad("words", "phone_invalid", attr="phone", body={"phone": "мой номер"}),
        Bad("Arabic digits", "phone_invalid", attr="phone", body={"phone": "٧٩١٦١٢٣٤٥٦٧"}),
        Bad("a digit too few", "phone_invalid", attr="phone", body={"phone": "+7 916 123-45-6"}),
        Bad("an extension", "phone_invalid", attr="phone", body={"phone": "+7 916 123-45-67 доб. 5"}),
        Bad("two phones", "phone_invalid", attr="phone", body={"phone": "79161234567,79161234568"}),
        Bad("a line in an office", "phone_not_mobile", attr="phone", body={"phone": "+7 495 123-45-67"}),
        Bad("a country that is not served", "country_not_served", attr="phone", body={"phone": "+1 202 555 0100"}),
        Bad("100 digits", "max_length", attr="phone", body={"phone": "7" * 100}),
        Bad("a field too many", "unknown_field", attr="debug", body={"phone": "+7 916 123-45-67", "debug": True}),
    ]
)
def test_no_code_goes_to_what_is_no_mobile(maria: Applicant, bad: Bad) -> None:
    before = VerificationCode.objects.count()

    answer = requests.post(f"{maria.base}/api/v1/sms/send", json=bad.body, timeout=10)

    assert_refused(answer, bad.status, bad.code, bad.attr)
    assert VerificationCode.objects.count() == before


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "12 34 56", "١٢٣٤٥٦", "１２３４５６", "12345a", 123456, True, ["123456"], {}]
)
def test_what_is_no_code_costs_no_try(live: Live, code: Any) -> None:
    igor = live.stranger()
    right = igor.ask_code()

    refused = igor.call("POST", "sms/verify", json={"phone": igor.phone, "code": code})

    assert_refused(refused, 400, "invalid", "code")
    assert VerificationCode.objects.latest("created_at").attempts == 0
    igor.log_in(right)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def verify(person: Applicant, code: str, phone: str = "") -> requests.Response:
    return person.call("POST", "sms/verify", json={"phone": phone or person.phone, "code": code})


def test_the_sixth_try_of_a_code_is_refused_even_if_right(live: Live) -> None:
    igor = live.stranger()
    right = igor.ask_code()

    tries = [verify(igor, wrong(right)) for _ in range(5)]

    assert [one.json()["errors"][0]["code"] for one in tries] == ["code_invalid"] * 4 + ["code_used_up"]
    assert "4" in tries[0].json()["errors"][0]["detail"] and "1" in tries[3].json()["errors"][0]["detail"]
    assert_refused(verify(igor, right), 400, "code_used_up", "code")


def test_a_code_dies_after_five_minutes(live: Live) -> None:
    with time_machine.travel(timezone.now(), tick=True) as clock:
        igor = live.stranger()
        right = igor.ask_code()
        clock.shift(timedelta(minutes=5, seconds=1))

        assert_refused(verify(igor, right), 400, "code_expired", "code")


def test_a_code_is_used_once(live: Live) -> None:
    igor = live.stranger()
    right = igor.ask_code()
    igor.log_in(right)

    assert_refused(verify(igor, right), 400, "code_expired", "code")


def test_a_new_code_kills_the_old_one(live: Live) -> None:
    igor = live.stranger()
    old = igor.ask_code()
    let_code_limits_pass()
    new = igor.ask_code()

    if old != new:
        assert_refused(verify(igor, old), 400, "code_invalid", "code")
    assert verify(igor, new).status_code == 200


def test_a_code_of_another_phone_is_wrong_and_of_an_unknown_one_expired(live: Live) -> None:
    igor, anna = live.stranger(), live.stranger()
    of_igor = igor.ask_code()
    let_code_limits_pass()
    of_anna = anna.ask_code()

    if of_igor != of_anna:
        assert_refused(verify(anna, of_igor), 400, "code_invalid", "code")
    assert_refused(verify(igor, of_igor, phone=some_phone()), 400, "code_expired", "code")


def test_a_code_for_coming_in_confirms_no_payout(live: Live) -> None:
    igor = live.applicant()
    let_code_limits_pass()
    payout = igor.call("PUT", f"{igor.path}/requisites", json=BANK, expect=200).json()["code"]["debug_code"]
    let_code_limits_pass()
    entry = igor.ask_code()

    if entry != payout:
        refused = igor.call("POST", f"{igor.path}/requisites/confirm", json={"code": entry})
        assert_refused(refused, 400, "code_invalid", "code")
        assert_refused(verify(igor, payout), 400, "code_invalid", "code")
    assert igor.read()["requisites"]["confirmed"] is False


# --- files


def upload(person: Applicant, content: bytes, *, name: str = "a.jpg", slot: str | None = "ticket") -> requests.Response:
    return person.call(
        "POST", f"{person.path}/documents", files={"file": (name, content)}, data={"slot": slot} if slot else {}
    )


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.jpg", "file_empty"),
        (b"\xff", "a.jpg", "file_type_refused"),
        (files.svg(), "a.jpg", "file_type_refused"),
        (files.HTML, "a.pdf", "file_type_refused"),
        (files.exe(), "a.jpg", "file_type_refused"),
        (files.archive(), "a.jpg", "file_type_refused"),
        (files.docx(), "a.docx", "file_type_refused"),
        (files.gif_with_script(), "a.jpg", "file_type_refused"),
        (files.jpeg_with_zip(), "a.jpg", "file_polyglot"),
        (files.html_before_pdf(), "a.pdf", "file_polyglot"),
        (files.pdf_with_attachment(), "a.pdf", "file_polyglot"),
        (files.pdf_with_open_action(), "a.pdf", "file_active_content"),
        (files.pdf_encrypted(), "a.pdf", "file_encrypted"),
        (files.png_bomb(), "a.png", "file_bomb"),
        (files.pdf_with_stream_bomb(), "a.pdf", "file_bomb"),
        (files.cut(files.jpeg(1600, 1200)), "a.jpg", "file_broken"),
        (files.cut(files.pdf()), "a.pdf", "file_broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_file_that_is_not_what_it_says_is_refused(maria: Applicant, content: bytes, name: str, code: str) -> None:
    assert_refused(upload(maria, content, name=name), 400, code, "file")


def part(head: str, content: bytes = b"") -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"


SLOT, FILE = part('name="slot"', b"ticket"), part('name="file"; filename="a.jpg"', files.jpeg())


@pytest.mark.usefixtures("nothing_changes")
@rows(
    [
        Bad("no boundary", "parse_error", body=SLOT + FILE + b"--x--", type="multipart/form-data"),
        Bad("an endless boundary", "parse_error", body=b"x", type="multipart/form-data; boundary=" + "x" * 300),
        Bad("JSON", "unsupported_media_type", 415, body=b"{}"),
        Bad("nothing", "required", attr="file", body=b"", type=FORM),
        Bad("garbage", "required", attr="file", body=b"garbage", type=FORM),
        Bad("cut off within the file", "required", attr="file", body=(SLOT + FILE)[:-900], type=FORM),
        Bad("no file", "required", attr="file", body=SLOT + b"--x--", type=FORM),
        Bad("the file as a text", "required", attr="file", body=SLOT + part('name="file"', b"x") + b"--x--", type=FORM),
        Bad("two files", "one_file_at_a_time", attr="file", body=SLOT + FILE + FILE + b"--x--", type=FORM),
        Bad("no slot", "required", attr="slot", body=FILE + b"--x--", type=FORM),
        Bad("a slot that is none", "slot_unknown", attr="slot", type=FORM,
            body=part('name="slot"', b"passport") + FILE + b"--x--"),
        Bad("another event's slot", "slot_unknown", attr="slot", type=FORM,
            body=part('name="slot"', b"pir") + FILE + b"--x--"),
        Bad("NUL in the slot", "slot_unknown", attr="slot", type=FORM,
            body=part('name="slot"', b"tick\x00et") + FILE + b"--x--"),
        Bad("no UTF-8 in the slot", "slot_unknown", attr="slot", type=FORM,
            body=part('name="slot"', b"\xff\xfe") + FILE + b"--x--"),
        Bad("2,001 fields", "parse_error", type=FORM,
            body=b"".join(part(f'name="f{n}"', b"v") for n in range(2001)) + b"--x--"),
        Bad("2,001 files", "parse_error", type=FORM,
            body=b"".join(part(f'name="f{n}"; filename="a"', b"v") for n in range(2001)) + b"--x--"),
        Bad("a field of 3 MB", "request_too_large", 413, type=FORM,
            body=part('name="slot"', b"v" * 3 * MB) + b"--x--"),
        Bad("a name of 5,000 letters", "parse_error", type=FORM,
            body=SLOT + part(f'name="file"; filename="{"a" * 5000}.jpg"', b"v") + b"--x--"),
        Bad("base64 that is none", "file_empty", attr="file", type=FORM,
            body=SLOT + part('name="file"; filename="a"\r\nContent-Transfer-Encoding: base64', b"!!!!") + b"--x--"),
        Bad("a short key", "idempotency_key_invalid", attr="Idempotency-Key", type=FORM,
            body=SLOT + FILE + b"--x--", headers={"Idempotency-Key": "short"}),
    ]
)  # fmt: skip
def test_an_upload_that_is_none_is_refused(maria: Applicant, bad: Bad) -> None:
    sent = Bad(bad.what, bad.code, bad.status, bad.attr, bad.body, "POST", "{claim}/documents", bad.type, bad.headers)

    assert_refused(send(maria, sent), bad.status, bad.code, bad.attr)


@pytest.mark.usefixtures("nothing_changes")
def test_a_file_that_is_too_large_by_its_header_is_refused(maria: Applicant) -> None:
    assert_refused(upload(maria, bytes(51 * MB)), 413, "file_too_large")


@pytest.mark.usefixtures("nothing_changes")
def test_a_file_one_byte_too_large_is_refused(maria: Applicant, settings: Any) -> None:
    settings.MAX_FILE_MB = 1

    assert_refused(upload(maria, files.jpeg() + bytes(MB + 1)), 413, "file_too_large")


@pytest.mark.usefixtures("nothing_changes")
def test_a_file_in_chunks_is_refused_before_it_fills_the_disk(maria: Applicant) -> None:
    pieces = (bytes(MB) for _ in range(60))
    headers = {"Authorization": maria.http.headers["Authorization"], "Content-Type": FORM}

    answer = requests.post(f"{maria.base}/api/v1/{maria.path}/documents", data=pieces, headers=headers, timeout=60)

    assert_refused(answer, 411, "length_required")


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("length", ["abc", "-5", "9" * 30, "1e3"])
def test_a_length_that_is_none_is_refused(maria: Applicant, length: str) -> None:
    status, _body = by_hand(maria, f"Content-Length: {length}", FILE)

    assert status in (400, 413)  # most are refused by the server itself, before any code of ours


@pytest.mark.usefixtures("nothing_changes")
def test_a_body_shorter_than_its_length_keeps_nothing(maria: Applicant) -> None:
    threads = threading.active_count()

    by_hand(maria, f"Content-Length: {len(SLOT + FILE) + 1000}", SLOT + FILE, hang_up=True)

    time.sleep(0.3)
    assert threading.active_count() <= threads + 4


def by_hand(person: Applicant, length: str, body: bytes, *, hang_up: bool = False) -> tuple[int, bytes]:
    """Send an upload as no library would; the status and what came with it (0 if we hung up)."""
    where = urlsplit(person.base)
    head = [f"POST /api/v1/{person.path}/documents HTTP/1.1", f"Host: {where.netloc}", "Connection: close",
            f"Authorization: {person.http.headers['Authorization']}", f"Content-Type: {FORM}", length]  # fmt: skip
    with socket.create_connection((HOST, where.port or 80), timeout=10) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode() + body)
        if hang_up:
            return 0, b""
        got = b""
        while piece := line.recv(65536):
            got += piece
    return int(got.split(b" ", 2)[1]), got.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\Мария\\скан.jpg", "скан.jpg"),
        ("..\\..\\a.jpg", "a.jpg"),
        ("я" * 127 + ".jpg", "я" * 98 + ".jpg"),  # 258 bytes; 200 are kept, the ending whole
        ("\u202egpj.exe", "gpj.exe"),
        ("a\u2028b\u200b.jpg", "ab.jpg"),
        ("CON", "_CON"),
        ("nul.jpg", "_nul.jpg"),
        ("a.jpg.php", "a.jpg.php"),
        (".htaccess", "htaccess"),
        ("скан «полиса».jpg", "скан «полиса».jpg"),
        ("a;b=c, d.jpg", "a;b=c, d.jpg"),
        ("100%25.jpg", "100%25.jpg"),
        ("и\u0306.jpg", "й.jpg"),
        ("😀.jpg", "😀.jpg"),
        ("<script>.jpg", "_script_.jpg"),
        ("a\tb.jpg", "ab.jpg"),
        ("   .jpg", "jpg"),
    ],
)
def test_an_odd_name_is_cleaned_and_comes_back_whole(maria: Applicant, sent: str, kept: str) -> None:
    raw = sent.replace("\\", "\\\\").replace('"', '\\"')
    body = SLOT + part(f'name="file"; filename="{raw}"', files.jpeg()) + b"--x--"
    bad = Bad("", "", path="{claim}/documents", method="POST", body=body, type=FORM)

    answer = send(maria, bad)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    header = maria.http.get(f"{maria.base}{document['download_url']}", timeout=10).headers["Content-Disposition"]
    maria.call("DELETE", f"{maria.path}/documents/{document['id']}", expect=204)

    assert document["name"] == kept
    assert header.startswith('attachment; filename="') and header.isascii() and header.count('"') == 2
    assert unquote(header.partition("filename*=UTF-8''")[2]) == kept


@pytest.mark.parametrize("evil", ['a"\r\nX-Evil: 1\r\n\r\n.jpg', "a\x00b.jpg", 'a\r\nSet-Cookie: a=b; ".jpg'])
def test_a_name_cannot_break_out_of_the_header(maria: Applicant, evil: str) -> None:
    body = SLOT + part(f'name="file"; filename="{evil}"', files.jpeg()) + b"--x--"

    answer = send(maria, Bad("", "", path="{claim}/documents", method="POST", body=body, type=FORM))

    assert answer.status_code in (201, 400)
    if answer.status_code == 201:
        there = maria.http.get(f"{maria.base}{answer.json()['download_url']}", timeout=10)
        assert "X-Evil" not in there.headers and "Set-Cookie" not in there.headers
        assert there.headers["Content-Disposition"].startswith('attachment; filename="')
        maria.call("DELETE", f"{maria.path}/documents/{answer.json()['id']}", expect=204)


def test_a_slot_and_a_claim_hold_only_so_many_files(live: Live, settings: Any) -> None:
    igor = live.applicant(language="en")
    igor.patch(event_type="flight_delayed")
    pictures = [files.jpeg(40 + n, 30) for n in range(7)]
    for picture in pictures[:5]:
        assert upload(igor, picture).status_code == 201

    assert_refused(upload(igor, pictures[5]), 400, "too_many_files", "file")
    settings.MAX_CLAIM_FILES = 6
    assert upload(igor, pictures[5], slot="id_page").status_code == 201
    assert_refused(upload(igor, pictures[6], slot="id_page"), 400, "too_many_files", "file")


# --- floods


def test_a_flood_of_calls_is_slowed_down_in_the_same_shape(maria: Applicant, monkeypatch: Any) -> None:
    monkeypatch.setitem(AddressThrottle.THROTTLE_RATES, "address", "20/min")

    answers = [maria.call("GET", "intake/session") for _ in range(21)]

    assert [one.status_code for one in answers[:20]] == [200] * 20
    answer = answers[20]
    assert_refused(answer, 429, "throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_policy_numbers_cannot_be_tried_one_after_another(live: Live) -> None:
    igor = live.applicant()

    answers = [igor.call("POST", f"{igor.path}/policy", json={"number": f"7700{n:06d}"}) for n in range(31)]

    assert [one.status_code for one in answers[:30]] == [200] * 30
    assert_refused(answers[30], 429, "too_many_policy_checks")
    assert 0 < int(answers[30].headers["Retry-After"]) <= 3601


def test_the_sixth_unfinished_draft_is_refused(live: Live) -> None:
    igor = live.applicant()
    for _ in range(4):
        igor.call("POST", "intake/claims", json={}, expect=201)

    assert_refused(igor.call("POST", "intake/claims", json={}), 409, "too_many_drafts")
