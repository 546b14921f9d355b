"""What ops do with deliveries from the command line."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.core import outbox
from apps.core.errors import Conflict
from apps.core.models import AuditEntry, Delivery
from apps.core.outbox import Step
from apps.core.targets import failure_note
from apps.core.tests.conftest import House, LampLit

pytestmark = pytest.mark.django_db


def adopt(event: Any, remote_id: str) -> tuple[str, Any]:
    if not remote_id.isdigit():
        raise Conflict("That is no id there.", code="id_invalid")
    return f"12x{remote_id}", lambda now: None


def nothing(work: Any) -> None:
    """Done at once."""


@pytest.fixture
def home(house: House) -> House:
    steps = [Step("make", nothing, "lamp", adopt=adopt), Step("relate", nothing, "lamp")]
    outbox.chain("home", on=LampLit, steps=steps)
    house.now = timezone.now()
    house.light()
    return house


def row(step: str) -> Delivery:
    return Delivery.objects.get(handler=f"home.{step}")


def put(step: str, state: str) -> int:
    finished = timezone.now() if state in Delivery.FINAL else None
    Delivery.objects.filter(handler=f"home.{step}").update(state=state, finished_at=finished)
    return row(step).pk


def run(*arguments: object) -> None:
    call_command(*map(str, arguments))


def test_the_list_marks_what_is_parked_and_finds_it(home: House, capsys: pytest.CaptureFixture[str]) -> None:
    put("relate", "needs_attention")
    failure_note("lamp", error="Silence.", refused=True, now=timezone.now())

    run("deliveries", "list", "--state", "parked")

    [line] = capsys.readouterr().out.splitlines()
    assert "parked" in line
    assert "home.make" in line
    assert "step 1 " in line


def test_restart_repeats_a_step_and_all_after_it(home: House) -> None:
    first, second = put("make", "done"), put("relate", "done")

    run("deliveries", "restart", second, "--dry-run")
    untouched = row("relate").state
    run("deliveries", "restart", first)

    assert (untouched, row("make").state, row("relate").state) == ("done", "queued", "queued")


def test_complete_gives_the_remote_id_and_skip_goes_without(home: House) -> None:
    run("deliveries", "complete", put("make", "needs_attention"), "--remote-id", "345", "--reason", "Made by hand.")
    run("deliveries", "skip", put("relate", "needs_attention"), "--reason", "Not needed.")

    assert [(row(step).state, row(step).remote_id) for step in ("make", "relate")] == [
        ("done_manually", "12x345"), ("done_manually", ""),
    ]  # fmt: skip
    assert list(AuditEntry.objects.order_by("at", "id").values_list("action", "reason")) == [
        ("delivery.complete", "Made by hand."), ("delivery.skip", "Not needed."),
    ]  # fmt: skip


def test_cancel_takes_the_later_steps_along(home: House) -> None:
    run("deliveries", "cancel", put("make", "waiting"), "--reason", "Withdrawn.")

    assert [row(step).state for step in ("make", "relate")] == ["cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "not done to all"),
        (("retry", "999999"), "No delivery matches"),
        (("retry", "9" * 30), "no delivery's id"),
        (("restart",), "required"),
        (("restart", "first"), "no delivery's id"),
        (("skip", "--target", "lamp"), "--reason"),
        (("skip", "--target", "lamp", "--reason", " "), "say why"),
        (("complete", "{id}", "--reason", "x"), "--remote-id"),
        (("complete", "{id}", "--reason", "x", "--remote-id", ""), "use `deliveries skip`"),
        (("complete", "{id}", "--reason", "x", "--remote-id", "abc"), "That is no id there."),
        (("list", "--limit", "0"), "number of rows"),
        (("list", "--state", "lost"), "invalid choice"),
    ],
)
def test_bad_input_is_told_in_one_sentence_and_changes_nothing(
    home: House, arguments: tuple[str, ...], said: str
) -> None:
    pk = put("make", "needs_attention")

    with pytest.raises(CommandError, match=said):
        run("deliveries", *(one.format(id=pk) for one in arguments))

    assert (row("make").state, AuditEntry.objects.exists()) == ("needs_attention", False)


def test_what_is_being_worked_on_is_not_moved(home: House) -> None:
    pk = put("make", "running")

    with pytest.raises(CommandError, match=str(pk)):
        run("deliveries", "retry", pk)

    assert row("make").state == "running"


def test_replay_makes_what_a_later_handler_missed_once(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.now = timezone.now() - timedelta(hours=1)
    house.light()
    house.handler("app.later")
    since = (timezone.now() - timedelta(days=1)).isoformat()

    run("replay", "app.later", "--since", since, "--dry-run")
    before = Delivery.objects.count()
    run("replay", "app.later", "--since", since)
    run("replay", "app.later", "--since", since)

    assert (before, Delivery.objects.count()) == (0, 1)
    assert capsys.readouterr().out.splitlines() == [
        "1 deliveries would be made (dry run).", "1 deliveries were made.", "0 deliveries were made.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "since", "said"),
    [
        ("ghost", "2026-11-01", "There are: home, home.make, home.relate"),
        ("home", "yesterday", "not yesterday"),
        ("home", "2026-02-31", "not 2026-02-31"),
        ("home", "2999-01-01", "in the future"),
    ],
)
def test_replay_needs_a_name_and_a_time_that_exist(home: House, name: str, since: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("replay", name, "--since", since)
