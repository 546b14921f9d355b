"""Whatever carries an id answers a stranger as if that id did not exist: same status, same body, same headers."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import api_token_create
from apps.claims.api.urls import urlpatterns
from tests.applicant import BANK, Applicant
from tests.live import Live, let_code_limits_pass
from tests.makers import files

MISSING_CLAIM, MISSING_DOCUMENT = "CLM-2026-01-01-0000", "00000000-0000-4000-8000-000000000000"
OF_EACH_ANSWER = {"date", "x-request-id"}
METHODS = ("get", "post", "put", "patch", "delete")

# What each call would be, were it allowed. A new address with an id has no place here and fails the test below.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "claims/description"): {"json": {"session_id": "<number>", "text": "Это написал не хозяин заявки."}},
    ("GET", "intake/claims/<number>"): {},
    ("PATCH", "intake/claims/<number>"): {"json": {"event_place": "Рим"}},
    ("POST", "intake/claims/<number>/policy"): {"json": {"number": "TRV-2026-123456"}},
    ("PUT", "intake/claims/<number>/requisites"): {"json": BANK},
    ("POST", "intake/claims/<number>/requisites/code"): {},
    ("POST", "intake/claims/<number>/requisites/confirm"): {"json": {"code": "123456"}},
    ("POST", "intake/claims/<number>/submit"): {
        "json": {"consents": []}, "headers": {"Idempotency-Key": "stranger-0001"}
    },
    ("GET", "intake/claims/<number>/receipt.pdf"): {},
    ("GET", "intake/claims/<number>/documents"): {},
    ("POST", "intake/claims/<number>/documents"): {
        "files": {"file": ("a.jpg", files.jpeg())}, "data": {"slot": "ticket"}
    },
    ("GET", "intake/claims/<number>/documents/<document_id>"): {},
    ("DELETE", "intake/claims/<number>/documents/<document_id>"): {},
    ("POST", "intake/claims/<number>/documents/<document_id>/keep"): {},
    ("PUT", "intake/claims/<number>/slots/<slot>/waiver"): {"json": {"reason": "lost"}},
    ("DELETE", "intake/claims/<number>/slots/<slot>/waiver"): {},
    ("GET", "intake/claims/<number>/documents/<document_id>/file"): {},
    ("GET", "intake/claims/<number>/documents/<document_id>/preview"): {},
}  # fmt: skip
CALLS = pytest.mark.parametrize(("method", "path"), list(BODIES), ids=[f"{m} {p}" for m, p in BODIES])


def routes() -> Iterator[tuple[str, str]]:
    """Every call of the API that names a claim or a document, as its addresses say."""
    for pattern in urlpatterns:
        path = re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
        view = pattern.callback.view_class  # type: ignore[union-attr]
        for method in METHODS:
            if hasattr(view, method) and ("<" in path or path == "claims/description"):
                yield method.upper(), path


def test_every_call_with_an_id_is_tried() -> None:
    assert set(routes()) == set(BODIES)


@pytest.fixture(scope="module")
def maria(live: Live) -> Applicant:
    maria = live.applicant()
    maria.describe()
    maria.patch(event_type="flight_delayed", event_place="Ереван")
    ticket = {"files": {"file": ("билет.jpg", files.jpeg())}, "data": {"slot": "ticket"}}
    maria.call("POST", f"{maria.path}/documents", expect=201, **ticket)
    let_code_limits_pass()
    maria.call("PUT", f"{maria.path}/requisites", json=BANK, expect=200)
    maria.read()
    return maria


@pytest.fixture(scope="module")
def strangers(live: Live) -> dict[str, Applicant]:
    """Those who may not: another applicant, one who has left, nobody, and staff with all their rights."""
    igor, gone, nobody, page, robot = live.applicant(), live.applicant(), *(Applicant(live.url) for _ in range(3))
    gone.call("POST", "intake/session/end", expect=204)
    olga = User.objects.create_superuser(username="olga", password="x")
    browser = Client()
    browser.force_login(olga)
    name = settings.SESSION_COOKIE_NAME
    page.http.headers["Cookie"] = f"{name}={browser.cookies[name].value}"
    page.http.headers["Origin"] = live.url
    _row, secret = api_token_create(user=olga, name="robot", expires_at=None, actor=None, now=timezone.now())
    robot.http.headers["Authorization"] = f"Bearer {secret}"
    return {
        "another applicant": igor, "one whose session has ended": gone, "nobody": nobody,
        "staff by cookie": page, "staff by token": robot,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _ceiling_of_the_address_starts_anew() -> None:
    cache.clear()


def call(who: Applicant, method: str, path: str, number: str, document: str) -> requests.Response:
    request = dict(BODIES[method, path])
    if "session_id" in request.get("json", {}):
        request["json"] = {**request["json"], "session_id": number}
    named = path.replace("<number>", number).replace("<document_id>", document).replace("<slot>", "ticket")
    return who.call(method, named, **request)


def seen(answer: requests.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, answer.content, {name: headers[name] for name in headers.keys() - OF_EACH_ANSWER}


@CALLS
@pytest.mark.parametrize(
    ("who", "status"),
    [("another applicant", 404), ("one whose session has ended", 401), ("nobody", 401), ("staff by cookie", 401),
     ("staff by token", 401)],
)  # fmt: skip
def test_a_strangers_claim_answers_like_a_missing_one(
    maria: Applicant, strangers: dict[str, Applicant], method: str, path: str, who: str, status: int
) -> None:
    before = maria.read()
    document = before["slots"][0]["documents"][0]["id"]

    of_maria = call(strangers[who], method, path, maria.claim["number"], document)
    missing = call(strangers[who], method, path, MISSING_CLAIM, MISSING_DOCUMENT)

    assert seen(of_maria) == seen(missing)
    assert of_maria.status_code == status, of_maria.text
    assert maria.read() == before


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("DELETE", ""), ("POST", "/keep"), ("GET", "/file"), ("GET", "/preview")]
)
def test_a_strangers_document_is_not_reached_through_ones_own_claim(
    maria: Applicant, strangers: dict[str, Applicant], method: str, tail: str
) -> None:
    igor = strangers["another applicant"]
    document = maria.read()["slots"][0]["documents"][0]["id"]

    of_maria = igor.call(method, f"{igor.path}/documents/{document}{tail}")
    missing = igor.call(method, f"{igor.path}/documents/{uuid.uuid4()}{tail}")

    assert seen(of_maria) == seen(missing)
    assert of_maria.status_code == 404
    assert maria.read()["slots"][0]["documents"]


def test_a_list_holds_only_ones_own(maria: Applicant, strangers: dict[str, Applicant]) -> None:
    igor = strangers["another applicant"]

    listed = igor.call("GET", "intake/claims", expect=200).json()["results"]

    assert [row["number"] for row in listed] == [igor.claim["number"]]


def test_the_pages_of_a_claim_hold_nothing_of_it(maria: Applicant) -> None:
    """They are the same for every number: what they show comes by the API."""
    pages = [
        requests.get(f"{maria.base}/claims/{number}/", timeout=10) for number in (maria.claim["number"], MISSING_CLAIM)
    ]

    assert [page.status_code for page in pages] == [200, 200]
    blank = [re.sub(r'CLM-[0-9A-Z-]{15}|name="csrfmiddlewaretoken"[^>]*', "", page.text) for page in pages]
    assert blank[0] == blank[1]
