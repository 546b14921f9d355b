"""The registration of a claim, over real HTTP to the sandbox of the company's systems."""

import hashlib
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.claims.events import ClaimRegistered, ClaimSubmitted, DocumentAdded
from apps.claims.handlers import WINDOW
from apps.claims.models import ChecklistEntry, Claim, ClaimNote, Document, FormDefinition, Registration
from apps.claims.services import answers_give, item_ask
from apps.claims.services.registration import claim_note_add
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, definition_content, question, text
from apps.claims.ticket import ticket_of
from apps.contacts.tests.factories import ContactFactory
from apps.core.deliveries import delivery_complete, delivery_restart, delivery_retry
from apps.core.drain import drain
from apps.core.embedded.ports import free_port
from apps.core.errors import Conflict
from apps.core.files import storage
from apps.core.models import Delivery, OutboxEvent
from apps.core.outbox import publish
from apps.integrations.archive import get_archive
from apps.integrations.crm import get_crm
from apps.integrations.sandbox.process import Sandbox
from apps.policies.tests.factories import PolicyFactory
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
STEPS = ["contact", "project", "ticket", "relation", "files", "archive", "complete"]


class Company:
    """The sandbox, asked as a test asks; and the hands of a clock."""

    def __init__(self, url: str) -> None:
        self.url, self.later = url, timedelta()

    def held(self, system: str, kind: str = "") -> list[dict[str, Any]]:
        items = requests.get(f"{self.url}/_held/{system}", timeout=10).json()["items"]
        return [one for one in items if kind in ("", one["kind"])]

    def fail(self, system: str, **fault: Any) -> None:
        asked = requests.post(f"{self.url}/_faults/{system}", json=fault, timeout=10)
        assert asked.status_code == 200, asked.text

    def clock(self) -> datetime:
        return timezone.now() + self.later

    def drain(self, **later: float) -> None:
        self.later += timedelta(**later)
        drain(clock=self.clock)


@pytest.fixture
def company(tmp_path: Path, settings: LazySettings) -> Iterator[Company]:
    running = Sandbox(database=tmp_path / "sandbox.sqlite3", http_port=0, smtp_port=free_port())
    url = running.url
    settings.SANDBOX_URL, settings.CRM_URL, settings.NEXTCLOUD_URL = url, f"{url}/vtiger", f"{url}/nextcloud"
    settings.SMS_URL, settings.N8N_URL, settings.EVENTS_URL = f"{url}/smsc", "", ""
    settings.CRM_USER = settings.CRM_ACCESS_KEY = settings.NEXTCLOUD_USER = settings.NEXTCLOUD_PASSWORD = "sandbox"
    settings.CRM_READ_SECONDS = 3
    settings.ARCHIVE_S3 = {"endpoint_url": f"{url}/s3", "bucket": "archive", "access_key": "sandbox",
                           "secret_key": "sandbox", "region": "us-east-1"}  # fmt: skip
    yield Company(url)
    running.stop()


def paper(claim: Claim, name: str, content: bytes, **of: Any) -> Document:
    """A document with its file in the storage."""
    row: Document = DocumentFactory(
        claim=claim, name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest(), **of
    )
    with tempfile.NamedTemporaryFile() as source:
        source.write(content)
        source.flush()
        storage.store(Path(source.name), key=row.key, sha256=row.sha256, size=row.size, content_type="image/jpeg")
    return row


def submit(**of: Any) -> Claim:
    claim: Claim = ClaimFactory(**of)
    paper(claim, "талон.jpg", b"boarding pass" * 100)
    paper(claim, "справка.jpg", b"note of the airline" * 50)
    with transaction.atomic():
        publish(ClaimSubmitted(claim_id=claim.pk), now=timezone.now())
    return claim


def states(claim: Claim) -> dict[str, str]:
    rows = Delivery.objects.filter(event__aggregate=f"claim:{claim.pk}", chain="registration")
    return {one.handler.removeprefix("registration."): one.state for one in rows.order_by("position")}


def step(claim: Claim, name: str) -> Delivery:
    return Delivery.objects.get(event__aggregate=f"claim:{claim.pk}", handler=f"registration.{name}")


def of_module(company: Company, module: str) -> list[dict[str, Any]]:
    return [one for one in company.held("vtiger") if one.get("module") == module or one["kind"] == module]


def test_a_submitted_claim_is_registered_filed_and_archived_and_then_said_to_be(company: Company) -> None:
    claim = submit()

    company.drain()

    assert states(claim) == dict.fromkeys(STEPS, State.DONE)
    known = Registration.objects.get(claim=claim)
    assert known.ticket_ref.startswith("17x")
    assert known.ticket_number.startswith("TT")
    assert (known.is_new_contact, known.is_new_project, known.archive_files) == (True, True, 2)
    assert None not in (known.registered_at, known.related_at, known.archived_at, known.completed_at)
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 1]
    assert OutboxEvent.objects.filter(name=ClaimRegistered.name).count() == 1


def test_the_ticket_says_what_the_claim_says_and_names_its_project(company: Company) -> None:
    claim = submit()

    company.drain()

    ticket = json.dumps(of_module(company, "HelpDesk")[0], ensure_ascii=False)
    known = Registration.objects.get(claim=claim)
    assert all(part in ticket for part in (claim.number, "рассмотрение", "Ереван", "XY 123", known.project_ref[3:]))
    assert known.not_kept == []


def test_a_ticket_reads_well_and_keeps_numbers_as_the_crm_takes_them() -> None:
    asked = [
        question("hit", "yes_no", text("Это случилось с вами?", "Це сталося з вами?", "Was it you?"), 10),
        question("cost", "money", text("Расходы", "Витрати", "Expenses"), 20),
        question("share", "number", text("Доля", "Частка", "Share"), 30),
    ]
    content = definition_content()
    content["common"]["questions"] = asked
    answers = {"hit": True, "cost": {"amount": "50000.00", "currency": "EUR"}, "share": "0.5"}
    definition = FormDefinition.objects.create(version=9, content=content)
    told = ticket_of(ClaimFactory(definition=definition, answers=answers), contact_id="", project_id="")

    assert "Это случилось с вами? Да" in told.description
    assert "Расходы: 50\u00a0000,00\u00a0€" in told.description
    assert "Доля: 0,5" in told.description
    assert (told.answers["cost"], told.answers["share"]) == ("50000.00 EUR", "0.5")


def test_the_documents_are_in_the_share_and_in_the_archive_as_they_were_sent(company: Company) -> None:
    claim = submit()

    company.drain()

    known = Registration.objects.get(claim=claim)
    link = get_archive().link(known.archive_key, seconds=60)
    archive = zipfile.ZipFile(io.BytesIO(requests.get(link, timeout=10).content))
    assert sorted(hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()) == sorted(
        claim.documents.values_list("sha256", flat=True)
    )
    paths = list(claim.documents.values_list("share_path", flat=True))
    assert all(claim.number in path for path in paths)
    assert not claim.documents.filter(handed_over_at=None).exists()


def test_two_claims_of_one_person_share_contact_and_project(company: Company) -> None:
    first = submit()
    second = submit(contact=first.contact, policy=first.policy)

    company.drain()

    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 2]
    one, other = Registration.objects.get(claim=first), Registration.objects.get(claim=second)
    assert (one.contact_ref, one.project_ref) == (other.contact_ref, other.project_ref)
    assert one.ticket_ref != other.ticket_ref


def test_two_policies_of_one_person_are_two_projects(company: Company) -> None:
    first = submit()
    submit(contact=first.contact, policy=PolicyFactory())

    company.drain()

    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 2, 2]


@pytest.mark.postgres
def test_claims_of_one_person_that_come_at_once_make_one_contact_and_one_project(company: Company) -> None:
    contact, policy = ContactFactory(), PolicyFactory()
    claims = [submit(contact=contact, policy=policy) for _ in range(4)]
    company.fail("vtiger", kind="delay", when="after", seconds=0.3, match="create")

    at_once(4, lambda _: drain("slow", clock=company.clock), threads=4)
    for _ in range(10):
        company.drain(seconds=6)

    assert [states(claim) for claim in claims] == [dict.fromkeys(STEPS, State.DONE)] * 4
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 4]


@pytest.mark.parametrize("module", ["Contacts", "Project", "HelpDesk"])
def test_what_the_crm_made_before_it_fell_silent_is_found_and_not_made_again(company: Company, module: str) -> None:
    claim = submit()
    company.fail("vtiger", kind="silence", when="after", times=1, match=f"create {module}")

    company.drain()
    during = Counter(states(claim).values())
    company.drain(seconds=WINDOW.total_seconds() - 5)
    early = Counter(states(claim).values())
    company.drain(seconds=10)

    assert (during[State.UNKNOWN], early[State.UNKNOWN]) == (1, 1)
    assert states(claim) == dict.fromkeys(STEPS, State.DONE)
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 1]


def test_a_second_claim_waits_out_what_the_first_may_have_made(company: Company) -> None:
    first = submit()
    company.fail("vtiger", kind="silence", when="after", times=1, match="create Contacts")
    company.drain()
    second = submit(contact=first.contact, policy=first.policy)

    company.drain()
    waits = step(second, "contact")
    company.drain(seconds=WINDOW.total_seconds() + 1)
    company.drain(seconds=WINDOW.total_seconds() + 1)

    assert (waits.state, waits.attempts) == (State.WAITING, 0)
    assert states(first) == states(second) == dict.fromkeys(STEPS, State.DONE)
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 2]


def test_a_crm_that_is_down_costs_nothing_but_time(company: Company) -> None:
    company.fail("vtiger", kind="status", status=503)
    claims = [submit() for _ in range(6)]
    company.drain()
    down = {states(claim)["contact"] for claim in claims}

    company.fail("vtiger", kind="")
    for _ in range(3):
        company.drain(seconds=40)

    assert down <= {State.WAITING, State.QUEUED}
    assert [states(claim) for claim in claims] == [dict.fromkeys(STEPS, State.DONE)] * 6
    assert len(of_module(company, "HelpDesk")) == 6


def test_staff_give_the_ticket_by_hand_where_the_crm_refuses_it(company: Company, admin_user: User) -> None:
    other = submit()
    company.drain()
    company.fail("vtiger", kind="refuse", code="MANDATORY_FIELDS_MISSING", match="create HelpDesk")
    claim = submit()
    company.drain()
    company.fail("vtiger", kind="")
    refused = step(claim, "ticket")
    by_phone = get_crm().ticket_create(ticket_of(claim, contact_id="", project_id=""))
    taken, now = Registration.objects.get(claim=other).ticket_ref, company.clock()

    for wrong, code in (("99999", "record_not_there"), (taken, "ticket_of_another"), ("12x1", "id_invalid")):
        with pytest.raises(Conflict, match=code):
            delivery_complete(delivery_id=refused.pk, remote_id=wrong, reason="typed", actor=admin_user, now=now)
    delivery_complete(
        delivery_id=refused.pk, remote_id=by_phone.id[3:], reason="made by phone", actor=admin_user, now=now
    )
    company.drain()

    known = Registration.objects.get(claim=claim)
    assert (known.ticket_ref, known.ticket_number) == (by_phone.id, by_phone.number)
    assert states(claim)["ticket"] == State.DONE_MANUALLY
    assert states(claim)["complete"] == State.DONE


def test_after_a_clear_refusal_a_retry_is_made_at_once(company: Company) -> None:
    company.fail("vtiger", kind="refuse", code="MANDATORY_FIELDS_MISSING", match="create HelpDesk")
    claim = submit()
    company.drain()
    refused = states(claim)["ticket"]
    company.fail("vtiger", kind="")

    delivery_retry(delivery_id=step(claim, "ticket").pk, actor=None, now=company.clock())
    company.drain()

    assert refused == State.NEEDS_ATTENTION
    assert states(claim) == dict.fromkeys(STEPS, State.DONE)


def test_a_contact_that_is_gone_from_the_crm_is_made_again_when_staff_say_so(company: Company) -> None:
    first = submit()
    company.drain()
    requests.post(f"{company.url}/_clear", json={"system": "vtiger"}, timeout=10).raise_for_status()
    second = submit(contact=first.contact, policy=first.policy)

    company.drain()
    stopped = states(second)["contact"]
    for name in ("contact", "project"):  # staff are asked about each
        delivery_retry(delivery_id=step(second, name).pk, actor=None, now=company.clock())
        company.drain()

    assert stopped == State.NEEDS_ATTENTION
    assert states(second) == dict.fromkeys(STEPS, State.DONE)
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 1]


def test_a_chain_begun_anew_makes_nothing_twice_and_tells_nothing_twice(company: Company) -> None:
    claim = submit()
    company.drain()

    delivery_restart(delivery_id=step(claim, "contact").pk, actor=None, now=company.clock())
    company.drain()

    assert states(claim) == dict.fromkeys(STEPS, State.DONE)
    assert [len(of_module(company, name)) for name in ("Contacts", "Project", "HelpDesk")] == [1, 1, 1]
    assert OutboxEvent.objects.filter(name=ClaimRegistered.name).count() == 1


def test_a_document_that_comes_later_follows_the_others(company: Company) -> None:
    claim = submit()
    company.drain()
    before = Registration.objects.get(claim=claim)
    late = paper(claim, "ещё.jpg", b"one more")
    with transaction.atomic():
        publish(DocumentAdded(claim_id=claim.pk, document_id=late.pk), now=company.clock())

    company.drain()

    after = Registration.objects.get(claim=claim)
    late.refresh_from_db()
    assert late.handed_over_at is not None
    assert (after.archive_files, after.folder) == (3, before.folder)
    assert after.archive_key != before.archive_key


def test_what_is_answered_later_stands_in_the_ticket_too(company: Company, admin_user: User) -> None:
    claim = submit()
    now = company.clock()
    item_ask(
        claim_id=claim.pk,
        kind=ChecklistEntry.Kind.QUESTION,
        key="",
        text="Кто вас встречал?",
        actor=admin_user,
        now=now,
    )
    answers_give(claim_id=claim.pk, answers={"extra-1": "Брат"}, now=now)
    item_ask(claim_id=claim.pk, kind=ChecklistEntry.Kind.QUESTION, key="", text="Где?", actor=admin_user, now=now)

    company.drain()
    answers_give(claim_id=claim.pk, answers={"extra-2": "В порту"}, now=company.clock())
    company.drain()

    [ticket] = of_module(company, "HelpDesk")
    assert ticket["description"].count("Брат") == 1
    assert ticket["description"].count("В порту") == 1


def test_a_share_that_is_full_holds_up_the_archive_and_says_so(company: Company) -> None:
    claim = submit()
    company.fail("nextcloud", kind="status", status=507)

    company.drain()
    stopped = states(claim)
    company.fail("nextcloud", kind="")
    delivery_retry(delivery_id=step(claim, "files").pk, actor=None, now=company.clock())
    company.drain(minutes=20)

    assert (stopped["relation"], stopped["archive"]) == (State.DONE, State.QUEUED)
    assert states(claim) == dict.fromkeys(STEPS, State.DONE)


def test_without_a_crm_no_step_waits_for_one(settings: LazySettings) -> None:
    settings.CRM_URL = settings.NEXTCLOUD_URL = ""
    settings.ARCHIVE_S3 = {**settings.ARCHIVE_S3, "endpoint_url": ""}

    claim = submit()

    assert states(claim) == {}


def test_a_workflow_s_note_is_kept_with_its_claim_by_number_or_id() -> None:
    claim = ClaimFactory()

    for about in (claim.number, str(claim.pk)):
        claim_note_add(about=about, source="n8n", text=" checked ", now=timezone.now())

    assert [note.text for note in ClaimNote.objects.filter(claim=claim)] == ["checked", "checked"]
