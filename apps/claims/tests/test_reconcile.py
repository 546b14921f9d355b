"""Our claims against the CRM's tickets, over real HTTP to the sandbox."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.claims.models import Claim, Registration
from apps.claims.rules.reconcile import judge
from apps.claims.selectors.reconcile import latest_reconciliation
from apps.claims.services.reconcile import AT_ONCE, claims_compare, claims_reconcile
from apps.claims.tests.factories import ClaimFactory
from apps.core.embedded.ports import free_port
from apps.core.models import Delivery, OutboxEvent
from apps.integrations.crm import Case, Crm, Person, Ticket, get_crm
from apps.integrations.sandbox.process import Sandbox

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def crm(tmp_path: Path, settings: LazySettings) -> Iterator[Crm]:
    running = Sandbox(database=tmp_path / "sandbox.sqlite3", http_port=0, smtp_port=free_port())
    settings.SANDBOX_URL, settings.CRM_URL = running.url, f"{running.url}/vtiger"
    settings.CRM_USER = settings.CRM_ACCESS_KEY = "sandbox"
    yield get_crm()
    running.stop()


def ticket(crm: Crm, claim: Claim) -> str:
    """A ticket of the claim in the CRM, made by somebody."""
    person = crm.contact_create(Person("79160000001", "Соколова Мария"))
    project = crm.project_create(Case("key", person.id, claim.policy_number, "Дело"))
    return crm.ticket_create(Ticket(claim.number, person.id, project.id, "Заявка", "")).id


def registered(claim: Claim, ref: str) -> Claim:
    Registration.objects.create(claim=claim, ticket_ref=ref)
    return claim


def step(claim: Claim, state: str) -> None:
    now = timezone.now()
    event = OutboxEvent.objects.create(name="claim.submitted", aggregate=f"claim:{claim.pk}", occurred_at=now)
    Delivery.objects.create(
        event=event, handler="registration.ticket", target="crm", state=state, next_at=now, created_at=now,
        finished_at=now if state in Delivery.FINAL else None,
    )  # fmt: skip


def verdicts(**of: Any) -> dict[str, str]:
    return {one.number: str(one.verdict) for one in claims_compare(since=timezone.now() - MONTH, **of)}


@pytest.mark.parametrize(
    ("kept", "found", "is_open", "is_skipped", "verdict"),
    [
        ("17x1", ["17x1"], False, False, "ok"),
        ("17x1", ["17x2"], False, False, "other"),
        ("17x1", [], False, False, "missing"),
        ("17x1", [], True, False, "missing"),
        ("17x1", ["17x1", "17x2"], False, False, "doubled"),
        ("", ["17x1", "17x2"], True, False, "doubled"),
        ("", [], True, False, "pending"),
        ("", ["17x1"], True, False, "pending"),
        ("", [], False, True, "skipped"),
        ("", [], False, False, "unregistered"),
        ("", ["17x1"], False, False, "other"),
    ],
)
def test_a_claim_is_judged_by_what_is_here_there_and_under_way(
    kept: str, found: list[str], is_open: bool, is_skipped: bool, verdict: str
) -> None:
    finding = judge(number="CLM", kept=kept, found=found, is_open=is_open, is_skipped=is_skipped)

    assert (finding.verdict, finding.is_flaw) == (verdict, verdict in ("other", "missing", "doubled", "unregistered"))


def test_every_kind_of_difference_is_found(crm: Crm) -> None:
    sound, doubled, gone, forgotten, waiting, ended = ClaimFactory.create_batch(6)
    registered(sound, ticket(crm, sound))
    registered(doubled, ticket(crm, doubled))
    ticket(crm, doubled)
    registered(gone, "17x999999")
    step(waiting, "needs_attention")
    step(ended, "done_manually")
    draft = ClaimFactory(draft=True)

    found = verdicts()

    assert found == {
        sound.number: "ok", doubled.number: "doubled", gone.number: "missing", forgotten.number: "unregistered",
        waiting.number: "pending", ended.number: "skipped",
    }  # fmt: skip
    assert draft.number not in found


def test_more_claims_than_fit_into_one_question_are_all_compared(crm: Crm) -> None:
    claims = ClaimFactory.create_batch(AT_ONCE + 2)
    registered(claims[-1], ticket(crm, claims[-1]))

    found = verdicts()

    assert len(found) == AT_ONCE + 2
    assert found[claims[-1].number] == "ok"
    assert len(verdicts(most=3)) == 3


def test_the_report_is_kept_until_it_is_old(crm: Crm) -> None:
    claim, now = ClaimFactory(), timezone.now()

    flaws = claims_reconcile(since=now - MONTH, most=10, now=now)

    latest = latest_reconciliation(now=now)
    assert [one.number for one in flaws] == [claim.number]
    assert latest is not None
    assert (latest.counts, latest.flaws[0]["number"]) == ({"unregistered": 1}, claim.number)
    assert latest_reconciliation(now=now + timedelta(days=2)) is None


def test_the_command_tells_the_ids_of_a_doubled_claim_and_fails(crm: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    claim = ClaimFactory()
    first, second = ticket(crm, claim), ticket(crm, claim)
    registered(claim, first)

    with pytest.raises(SystemExit) as end:
        call_command("reconcile", "--since", "7")

    told = capsys.readouterr().out
    assert end.value.code == 1
    assert f"FLAW {claim.number}  several tickets  here {first}, there {first}, {second}" in told


def test_the_command_s_json_and_a_sound_end(crm: Crm, capsys: pytest.CaptureFixture[str]) -> None:
    claim = ClaimFactory()
    registered(claim, ticket(crm, claim))
    step(ClaimFactory(), "queued")

    call_command("reconcile", "--json")

    report = json.loads(capsys.readouterr().out)
    assert (report["claims"], report["counts"]["ok"], report["counts"]["pending"]) == (2, 1, 1)
    assert [one["verdict"] for one in report["findings"]] == ["pending"]


def test_bad_input_and_a_crm_that_is_away_are_told_in_one_sentence(settings: LazySettings) -> None:
    with pytest.raises(CommandError, match="a number of days"):
        call_command("reconcile", "--since", "0")

    settings.CRM_URL = ""
    with pytest.raises(CommandError, match="CLAIMDESK_CRM_URL is not set"):
        call_command("reconcile")

    ClaimFactory()
    port = free_port()
    settings.SANDBOX_URL, settings.CRM_URL = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/vtiger"
    settings.CRM_USER = settings.CRM_ACCESS_KEY = "sandbox"
    with pytest.raises(CommandError, match="The CRM could not be asked"):
        call_command("reconcile")
