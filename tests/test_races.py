"""What must hold when many come at the same moment: real threads on PostgreSQL, each with its own connection."""

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from apps.claims.errors import ClaimIncomplete
from apps.claims.events import ClaimSubmitted
from apps.claims.models import Claim, ClaimStatusChange, Consent, Document, FormDefinition, Requisites
from apps.claims.services import (
    applicant_verify,
    claim_begin,
    claim_patch,
    claim_submit,
    definition_publish,
    document_add,
    document_delete,
    requisites_put,
)
from apps.claims.services.changes import claim_lock
from apps.claims.services.submit import Agreed
from apps.claims.tests.factories import (
    ClaimFactory,
    DocumentFactory,
    EventTypeFactory,
    FormDefinitionFactory,
    RequisitesFactory,
)
from apps.contacts import services
from apps.contacts.errors import CodeExpired, CodeInvalid, CodeUsedUp, TooManyCodes
from apps.contacts.models import ApplicantSession, Contact, VerificationCode
from apps.contacts.services import code_check, code_send, contact_find_or_create, session_open
from apps.contacts.tests.factories import ContactFactory
from apps.core.files import storage
from apps.core.models import Delivery, IdempotencyKey, OutboxEvent
from apps.core.outbox import handlers
from apps.policies.models import PolicyProject
from apps.policies.services import project_for_policy
from apps.policies.tests.factories import PolicyFactory
from apps.projects.models import Project
from tests.makers import files
from tests.parallel import at_once, kinds

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARIA = "79161234567"
LOGIN = VerificationCode.Purpose.LOGIN
CONSENTS = [Agreed("personal_data", "1")]


@pytest.fixture(autouse=True)
def one_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    required = [{"kind": "personal_data", "version": "1", "required": True}]
    monkeypatch.setattr("apps.claims.services.submit.CONSENTS", required)


@pytest.fixture
def full_draft() -> Claim:
    """A draft that lacks nothing."""
    claim = ClaimFactory(draft=True)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot)
    RequisitesFactory(claim=claim)
    return claim


def ask(phone: str = MARIA, address: str = "192.0.2.1", now: datetime = NOW) -> str:
    return code_send(phone=phone, purpose=LOGIN, subject="", address=address, language="ru", now=now).code


# --- codes


@pytest.mark.parametrize("right", [0, 1, 5, 100], ids=["none right", "one right", "five right", "all right"])
def test_of_a_hundred_tries_at_once_five_are_evaluated_and_one_succeeds_at_most(
    monkeypatch: pytest.MonkeyPatch, right: int
) -> None:
    secret = ask()
    wrong = f"{(int(secret) + 1) % 10**6:06d}"
    evaluated: list[str] = []
    hashed = services._code_hash
    monkeypatch.setattr(services, "_code_hash", lambda code, told: evaluated.append(told) or hashed(code, told))

    def tell(number: int) -> VerificationCode:
        said = secret if number % 100 < right else wrong
        return code_check(phone=MARIA, purpose=LOGIN, subject="", secret=said, now=NOW)

    results = at_once(100, tell)

    successes = [one for one in results if isinstance(one, VerificationCode)]
    assert len(evaluated) <= 5
    assert VerificationCode.objects.get().attempts == len(evaluated)
    assert len(successes) <= (1 if right else 0)
    assert len(successes) == 1 or right < 100
    assert all(isinstance(one, VerificationCode | CodeInvalid | CodeUsedUp | CodeExpired) for one in results)
    assert bool(successes) == (VerificationCode.objects.get().used_at is not None)


@pytest.mark.parametrize(
    ("limits", "phone", "address", "passed"),
    [
        ({}, lambda n: MARIA, lambda n: f"192.0.2.{n % 200}", 1),
        ({"phone_minute": 1000, "phone_hour": 5}, lambda n: MARIA, lambda n: f"192.0.2.{n % 200}", 5),
        ({}, lambda n: f"7916{n:03d}1234", lambda n: "192.0.2.1", 10),
        ({}, lambda n: f"7916123{n:04d}", lambda n: f"192.0.2.{n % 200}", 30),
        ({"all_hour": 17}, lambda n: f"7916{n:03d}1234", lambda n: f"192.0.2.{n % 200}", 17),
    ],
    ids=["one phone in a minute", "one phone in an hour", "one address", "one block", "all together"],
)
def test_of_two_hundred_asks_at_once_exactly_the_quota_is_sent(
    settings: Any, limits: dict[str, int], phone: Any, address: Any, passed: int
) -> None:
    settings.CODE_LIMITS = {**settings.CODE_LIMITS, "all_hour": 1000, **limits}

    results = at_once(200, lambda n: ask(phone(n), address(n)))

    assert kinds(results) == {"str": passed, "TooManyCodes": 200 - passed}
    assert VerificationCode.objects.count() == passed
    assert Delivery.objects.filter(handler="contacts.send_code").count() == passed
    assert all(one.retry_after and one.retry_after > 0 for one in results if isinstance(one, TooManyCodes))


# --- people and projects


def test_a_new_phone_that_is_met_many_times_at_once_is_one_contact() -> None:
    results = at_once(20, lambda _: contact_find_or_create(phone=MARIA, language="ru", now=NOW))

    assert {contact.pk for contact, _is_new in results} == {Contact.objects.get().pk}
    assert [is_new for _contact, is_new in results].count(True) == 1


def test_a_code_told_twice_at_once_lets_one_in_with_one_contact_and_one_draft() -> None:
    FormDefinitionFactory()
    secret = ask(now=timezone.now())

    results = at_once(
        2, lambda _: applicant_verify(phone=MARIA, secret=secret, language="ru", now=timezone.now()), threads=2
    )

    assert kinds(results) == {"Entry": 1, "CodeExpired": 1}
    assert (Contact.objects.count(), ApplicantSession.objects.count(), Claim.objects.count()) == (1, 1, 1)


def test_one_policy_of_one_contact_has_one_project() -> None:
    contact, policy = ContactFactory(), PolicyFactory()

    results = at_once(20, lambda _: project_for_policy(contact=contact, policy=policy))

    assert len({project.pk for project, _is_new in results}) == 1
    assert [is_new for _project, is_new in results].count(True) == 1
    assert (Project.objects.count(), PolicyProject.objects.count()) == (1, 1)


def test_drafts_begun_at_once_stop_at_the_limit_and_have_numbers_of_their_own() -> None:
    contact = ContactFactory()
    FormDefinitionFactory()

    results = at_once(20, lambda _: claim_begin(contact=contact, language="ru", now=timezone.now()))

    assert kinds(results) == {"Claim": 5, "TooManyDrafts": 15}
    assert len(set(Claim.objects.values_list("number", flat=True))) == 5


# --- submitting


@pytest.mark.parametrize("one_key", [True, False], ids=["one key", "a key each"])
def test_twenty_submits_of_one_draft_hand_it_over_once(full_draft: Claim, one_key: bool) -> None:
    _session, token = session_open(contact=full_draft.contact, now=timezone.now())
    same = str(uuid.uuid4())

    def submit(_number: int) -> tuple[int, Any]:
        answer = APIClient().post(
            f"/api/v1/intake/claims/{full_draft.number}/submit",
            {"consents": [{"kind": "personal_data", "version": "1"}]},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": same if one_key else str(uuid.uuid4())},
        )
        return answer.status_code, answer.json()

    results = at_once(20, submit, threads=20)

    assert {status for status, _body in results} == {200}
    assert len({str(body) for _status, body in results}) == 1
    claim = Claim.objects.get()
    assert claim.status == Claim.Status.SUBMITTED
    assert ClaimStatusChange.objects.filter(claim=claim).count() == Consent.objects.filter(claim=claim).count() == 1
    [event] = OutboxEvent.objects.filter(name="claim.submitted")
    happened = ClaimSubmitted(claim_id=claim.pk)
    wanted = sorted(one.name for one in handlers() if isinstance(happened, one.event) and one.wanted(happened))
    assert wanted
    assert sorted(event.deliveries.values_list("handler", flat=True)) == wanted
    assert IdempotencyKey.objects.count() == (1 if one_key else 20)


def wait_until_somebody_waits_for_us(seconds: float = 30) -> None:
    """Return once another connection waits for what this transaction holds locked."""
    end = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")


def test_details_that_change_while_a_submit_waits_are_seen_by_it(full_draft: Claim) -> None:
    """The submit asks for the row first and reads what is joined to it after: an unconfirmed account can't slip in."""
    waits = threading.Event()

    def change(number: int) -> Any:
        if number == 0:
            with transaction.atomic():
                claim_lock(full_draft.pk)
                waits.set()
                wait_until_somebody_waits_for_us()
                Requisites.objects.filter(claim=full_draft).update(confirmed_at=None)
            return "changed"
        waits.wait(30)
        return claim_submit(claim_id=full_draft.pk, consents=CONSENTS, address=None, now=timezone.now())

    results = at_once(2, change, threads=2)

    assert results[0] == "changed"
    assert isinstance(results[1], ClaimIncomplete)
    assert [problem.code for problem in results[1].problems] == ["requisites_unconfirmed"]


def test_answers_saved_at_once_are_all_kept_and_each_has_its_version() -> None:
    draft = ClaimFactory(draft=True, answers={})
    keys = {"flight_number": "XY 1", "hours_late": "5", "applicant_name": "Мария Соколова"}

    def save(number: int) -> int:
        key = list(keys)[number % 3]
        changes = {"answers": {key: keys[key]}}
        return claim_patch(claim_id=draft.pk, changes=changes, expected_version=None, now=timezone.now())[0].version

    versions = at_once(12, save)

    assert sorted(versions) == list(range(2, 14))
    draft.refresh_from_db()
    assert draft.answers == keys


def test_of_two_who_saw_the_same_version_one_is_told_of_the_other() -> None:
    draft = ClaimFactory(draft=True)

    def save(number: int) -> Any:
        return claim_patch(
            claim_id=draft.pk, changes={"event_place": f"Город {number}"}, expected_version=1, now=timezone.now()
        )

    assert kinds(at_once(8, save)) == {"tuple": 1, "VersionConflict": 7}


# --- the catalogue


def test_a_first_form_published_by_many_at_once_is_one_version() -> None:
    EventTypeFactory(with_rows=True)

    results = at_once(10, lambda _: definition_publish(actor=None, now=NOW))

    assert {one.version for one in results} == {1}
    assert FormDefinition.objects.count() == 1


# --- files


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "boarding.pdf"
    path.write_bytes(files.pdf())
    yield path
    storage.delete_folder("claims")


def kept(document: Document) -> bytes:
    with storage.open_stream(document.key) as stream:
        return stream.read()


def test_one_file_sent_twice_at_once_is_one_document_with_its_content(paper: Path) -> None:
    draft = ClaimFactory(draft=True)

    def send(_number: int) -> tuple[Document, bool]:
        return document_add(
            claim_id=draft.pk, slot="boarding_pass", path=paper, name="boarding.pdf", now=timezone.now()
        )

    results = at_once(3, send, threads=3)

    document = Document.objects.get()
    assert {one.pk for one, _is_new in results} == {document.pk}
    assert [is_new for _one, is_new in results].count(True) == 1
    assert kept(document) == paper.read_bytes()
    folder = Path(storages["private"].location) / "claims" / str(draft.pk)
    assert [upload.name for upload in folder.iterdir()] == [document.key.split("/")[2]]


def test_a_file_that_is_deleted_in_one_tab_and_sent_again_in_another_has_its_content(paper: Path) -> None:
    draft = ClaimFactory(draft=True)

    def send() -> Document:
        return document_add(
            claim_id=draft.pk, slot="boarding_pass", path=paper, name="boarding.pdf", now=timezone.now()
        )[0]

    for _round in range(4):
        old = send()
        at_once(
            2,
            lambda n, old=old: document_delete(claim_id=draft.pk, document_id=old.pk, now=timezone.now())
            if n else send(),
            threads=2,
        )  # fmt: skip
        assert [kept(document) for document in Document.objects.all()] in ([], [paper.read_bytes()])


def test_payout_details_given_twice_at_once_are_one_set() -> None:
    draft = ClaimFactory(draft=True)

    results = at_once(
        4,
        lambda n: requisites_put(
            claim_id=draft.pk, kind=Requisites.Kind.CARD, fields={"number": "4111111111111111"},
            address=f"192.0.2.{n}", now=timezone.now() + timedelta(milliseconds=n),
        ),
        threads=4,
    )  # fmt: skip

    assert kinds(results) == {"RequisitesKept": 4}
    assert [one.code is not None for one in results].count(True) == 1
    assert Requisites.objects.count() == 1
