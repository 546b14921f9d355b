"""What the Deliveries page offers for which delivery, and that it moves only what it may."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext

from apps.core import outbox
from apps.core.deliveries import QUEUED_AGAIN
from apps.core.desk import handlers as desk
from apps.core.errors import Conflict
from apps.core.models import AuditEntry, Delivery, DeliveryAttempt, OutboxEvent, Target
from apps.core.outbox import Step
from apps.core.targets import failure_note, target_pause
from apps.core.tests.conftest import House, LampLit

pytestmark = pytest.mark.django_db
LIST = "/admin/core/delivery/"
KEPT: list[str] = []


def adopt(event: Any, remote_id: str) -> tuple[str, Any]:
    if not remote_id.isdigit():
        raise Conflict("That is no id there.", code="id_invalid")
    return f"12x{remote_id}", lambda now: KEPT.append(f"12x{remote_id}")


@pytest.fixture(autouse=True)
def chain(house: House) -> None:
    KEPT.clear()
    run = lambda work: None  # noqa: E731
    steps = [Step("make", run, "lamp", adopt=adopt), Step("relate", run, "lamp"), Step("end", run, "claimdesk")]
    outbox.chain("home", on=LampLit, steps=steps)
    outbox.handler("lamp.tell", on=LampLit, target="bell", repeat="never")(run)
    house.now = timezone.now()
    house.light()


def client_with(*codenames: str, name: str = "ops") -> Client:
    user = get_user_model()._default_manager.create(username=name, is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames, content_type__app_label="core"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ops() -> Client:
    return client_with("view_delivery", "change_delivery", "view_target", "change_target")


def one(handler: str, state: str = "", **changes: Any) -> Delivery:
    row = Delivery.objects.get(handler=handler)
    if state:
        changes |= {"state": state, "finished_at": timezone.now() if state in Delivery.FINAL else None}
    Delivery.objects.filter(pk=row.pk).update(**changes)
    row.refresh_from_db()
    return row


def offered(client: Client, row: Delivery) -> set[str]:
    html = client.get(f"{LIST}{row.pk}/change/").content.decode()
    moves = ("retry", "restart", "complete", "skip", "cancel", "pause", "resume")
    return {what for what in moves if f"{LIST}{row.pk}/{what}/do/" in html}


def do(client: Client, row: Delivery, what: str, **typed: str) -> str:
    return client.post(f"{LIST}{row.pk}/{what}/do/", typed, follow=True).content.decode()


@pytest.mark.parametrize(
    ("handler", "state", "moves"),
    [
        ("home.make", "needs_attention", {"retry", "restart", "complete", "skip", "cancel", "pause"}),
        ("home.relate", "waiting", {"retry", "restart", "skip", "cancel", "pause"}),
        ("home.make", "running", {"pause"}),
        ("home.make", "done", {"restart"}),
        ("home.make", "cancelled", {"retry", "restart", "complete", "skip"}),
        ("lamp.tell", "unknown", {"retry", "skip", "cancel", "pause"}),
        ("lamp.tell", "done", set()),
    ],
)
def test_only_what_is_possible_is_offered(ops: Client, handler: str, state: str, moves: set[str]) -> None:
    assert offered(ops, one(handler, state)) == moves


def test_an_id_that_was_set_by_hand_is_kept_where_the_chain_looks_and_the_chain_goes_on(
    ops: Client, house: House
) -> None:
    row = one("home.make", "needs_attention")

    do(ops, row, "complete", remote_id="345", reason="I made it there.")
    house.drain()

    assert (one("home.make").state, one("home.make").remote_id, KEPT) == ("done_manually", "12x345", ["12x345"])
    assert one("home.end").state == "done"
    assert AuditEntry.objects.get(action="delivery.complete").reason == "I made it there."


@pytest.mark.parametrize(
    ("typed", "said"),
    [({"remote_id": "345"}, "reason"), ({"reason": "x"}, "id"), ({"remote_id": "abc", "reason": "x"}, "That is no id")],
)
def test_an_id_needs_a_reason_and_has_to_be_one(ops: Client, typed: dict[str, str], said: str) -> None:
    row = one("home.make", "needs_attention")

    html = do(ops, row, "complete", **typed)

    assert 'class="error"' in html
    assert (said in html, one("home.make").state, KEPT) == (True, "needs_attention", [])


@pytest.mark.parametrize("typed", [{"reason": "a\x00b"}, {"reason": "x" * 301}], ids=["NUL", "long"])
@pytest.mark.parametrize("what", ["skip", "cancel", "pause"])
def test_a_reason_that_cannot_be_kept_is_told_and_moves_nothing(ops: Client, typed: dict[str, str], what: str) -> None:
    row = one("lamp.tell", "needs_attention")
    chosen = {"action": what, "_selected_action": [row.pk]}

    html = do(ops, row, what, **typed)
    many = ops.post(LIST, {**chosen, **typed}).content.decode() if what != "pause" else html

    assert all('class="error"' in shown for shown in (html, many))
    assert (one("lamp.tell").state, Target.objects.filter(paused_at__isnull=False).exists()) == (
        "needs_attention",
        False,
    )


@pytest.mark.parametrize("typed", [{"remote_id": "1\x002"}, {"remote_id": "1" * 121}], ids=["NUL", "long"])
def test_an_id_that_cannot_be_kept_is_told(ops: Client, typed: dict[str, str]) -> None:
    row = one("home.make", "needs_attention")

    html = do(ops, row, "complete", reason="I made it there.", **typed)

    assert 'class="error"' in html
    assert (one("home.make").state, KEPT) == ("needs_attention", [])


def test_what_is_skipped_lets_the_chain_go_on_and_says_why(ops: Client, house: House) -> None:
    do(ops, one("home.make", "needs_attention"), "skip", reason="Not needed.")
    house.drain()

    assert [one(f"home.{step}").state for step in ("make", "relate", "end")] == ["done_manually", "done", "done"]
    assert AuditEntry.objects.get(action="delivery.skip").reason == "Not needed."


def test_from_this_step_repeats_it_and_all_after_it(ops: Client) -> None:
    for step in ("make", "relate", "end"):
        one(f"home.{step}", "done")

    do(ops, one("home.relate"), "restart")

    assert [one(f"home.{step}").state for step in ("make", "relate", "end")] == ["done", "queued", "queued"]
    assert AuditEntry.objects.filter(action="delivery.restart").count() == 1


def test_a_message_that_was_sent_is_not_sent_again_by_way_of_a_chain_it_does_not_have(ops: Client) -> None:
    row = one("lamp.tell", "done")

    assert ops.post(f"{LIST}{row.pk}/restart/do/").status_code == 404
    assert one("lamp.tell").state == "done"


def test_trying_again_what_may_have_been_sent_is_warned_of(ops: Client) -> None:
    clear = ops.get(f"{LIST}{one('lamp.tell', 'needs_attention').pk}/change/").content.decode()
    row = one("lamp.tell", intent_at=timezone.now())

    unclear = ops.get(f"{LIST}{row.pk}/change/").content.decode()

    assert unclear.count('<p class="quiet">') == clear.count('<p class="quiet">') + 1


def test_a_target_is_paused_and_resumed_from_the_page_of_what_waits_for_it(ops: Client) -> None:
    row = one("home.make", "waiting")

    do(ops, row, "pause", reason="They move house.")
    paused = offered(ops, row), ops.get(f"{LIST}{row.pk}/change/").content.decode()
    do(ops, row, "resume")

    assert {"resume"} <= paused[0]
    assert {"pause", "retry"} & paused[0] == set()
    assert "They move house." in paused[1]
    assert Target.objects.get(name="lamp").paused_at is None
    assert list(AuditEntry.objects.order_by("at", "id").values_list("action", flat=True)) == [
        "target.pause", "target.resume",
    ]  # fmt: skip


def test_who_may_move_deliveries_pauses_no_target(ops: Client) -> None:
    mover, row = client_with("view_delivery", "change_delivery", name="mover"), one("home.make", "waiting")

    assert mover.post(f"{LIST}{row.pk}/pause/do/", {"reason": "x"}).status_code == 403
    assert "pause" not in offered(mover, row)
    assert not Target.objects.exists()


def test_who_may_only_look_is_offered_and_allowed_nothing() -> None:
    reader, row = client_with("view_delivery", name="reader"), one("home.make", "needs_attention")

    answers = {
        what: reader.post(f"{LIST}{row.pk}/{what}/do/", {"reason": "x", "remote_id": "1"}).status_code
        for what in ("retry", "restart", "complete", "skip", "cancel", "pause", "resume")
    }

    assert set(answers.values()) == {403}
    assert offered(reader, row) == set()


def test_parked_ones_are_found_by_their_filter_and_say_so(ops: Client) -> None:
    failure_note("lamp", error="Silence.", refused=True, now=timezone.now())
    one("home.relate", "waiting")  # for home.make, not for the lamp

    rows = ops.get(LIST, {"state": "parked"}).context["cl"].result_list

    assert {row.handler for row in rows} == {"home.make"}
    assert "delivery-parked" in ops.get(LIST, {"target": "lamp"}).content.decode()
    assert "delivery-parked" not in ops.get(LIST, {"target": "bell"}).content.decode()


def test_the_list_tells_the_step_of_the_chain_and_the_age(ops: Client) -> None:
    one("home.relate", created_at=timezone.now() - timedelta(hours=3))

    html = ops.get(LIST, {"handler": "home.relate"}).content.decode()

    assert "lamp.lit · " in html
    assert " 3</span>" in html
    assert '<time class="age"' in html


def test_a_step_says_which_one_it_waits_for(ops: Client) -> None:
    one("home.make", "done")

    rows = {row.handler: row.waits_for for row in ops.get(LIST).context["cl"].result_list}

    assert rows == {"home.make": 0, "home.relate": 0, "home.end": 2, "lamp.tell": 0}


def test_many_are_skipped_at_once_for_one_reason(ops: Client) -> None:
    rows = [one("home.make", "needs_attention"), one("lamp.tell", "needs_attention")]
    chosen = {"action": "skip", "_selected_action": [row.pk for row in rows]}

    asked = ops.post(LIST, chosen).content.decode()
    untouched = [one(row.handler).state for row in rows]
    ops.post(LIST, {**chosen, "reason": "Told by phone."})

    assert 'name="reason"' in asked
    assert untouched == ["needs_attention"] * 2
    assert [one(row.handler).state for row in rows] == ["done_manually"] * 2
    assert set(AuditEntry.objects.values_list("action", "reason")) == {("delivery.skip", "Told by phone.")}


def test_a_delivery_whose_handler_is_gone_still_has_its_page(ops: Client) -> None:
    event = OutboxEvent.objects.get()
    now = timezone.now()
    row = Delivery.objects.create(event=event, handler="old.one", target="old", state="needs_attention", next_at=now,
                                  created_at=now, chain="old", position=2)  # fmt: skip

    assert offered(ops, row) == {"retry", "restart", "skip", "cancel", "pause"}


def pause(client: Client) -> None:
    actor = get_user_model()._default_manager.get(username="ops")
    target_pause(name="lamp", reason="They move house.", actor=actor, now=timezone.now())


@pytest.mark.parametrize("state", ["waiting", "unknown", "needs_attention", "cancelled"])
def test_no_try_is_offered_or_promised_against_a_pause(ops: Client, state: str) -> None:
    row = one("home.make", state, attempts=3)
    pause(ops)

    html = do(ops, row, "retry")  # from a page that was opened before the pause

    assert 'class="error"' in html
    assert "They move house." in html
    assert (one("home.make").state, one("home.make").attempts, "retry" in offered(ops, row)) == (state, 3, False)


def test_of_many_those_of_a_paused_target_are_counted_apart(ops: Client) -> None:
    rows = [one("home.make", "needs_attention"), one("lamp.tell", "needs_attention"), one("home.end", "done")]
    pause(ops)

    answer = ops.post(LIST, {"action": "retry", "_selected_action": [row.pk for row in rows]}, follow=True)

    told = [str(message) for message in answer.context["messages"]]
    assert (len(told), len({text for text in told if "1" in text})) == (3, 3)
    assert [one(row.handler).state for row in rows] == ["needs_attention", "queued", "done"]


def test_before_many_are_moved_they_are_named(ops: Client, house: House) -> None:
    for _ in range(14):
        house.light()
    rows = list(Delivery.objects.order_by("-id"))
    chosen = {"action": "cancel", "_selected_action": [row.pk for row in rows]}

    context = ops.post(LIST, chosen).context

    assert [line["row"] for line in context["rows"]] == rows[:50]
    assert context["more"] == len(rows) - 50 == 10
    assert (context["rows"][0]["words"], context["rows"][0]["label"]) == ("lamp.tell", rows[0].get_state_display())


def test_a_lamp_is_shown_and_found_by_the_name_that_its_app_gives_it(
    ops: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, asked = OutboxEvent.objects.get(), []
    kind, _sep, key = event.aggregate.partition(":")

    def named(ids: Any) -> dict[str, tuple[str, str]]:
        asked.append(set(ids))
        return {key: ("L-7", "/lamps/7/")}

    monkeypatch.setitem(desk._things, kind, (named, lambda text: [key] if text == "L-7" else []))

    html = ops.get(LIST).content.decode()
    page = ops.get(f"{LIST}{one('lamp.tell').pk}/change/").content.decode()
    found = {q: len(ops.get(LIST, {"q": q}).context["cl"].result_list) for q in ("L-7", "L-8", key, event.aggregate)}

    assert html.count("L-7 · lamp.lit") == 4
    assert asked[0] == {key}
    assert '<a href="/lamps/7/">L-7</a>' in page
    assert found == {"L-7": 4, "L-8": 0, key: 4, event.aggregate: 4}


def test_what_is_done_shows_no_old_error_and_no_next_try(ops: Client) -> None:
    row = one("lamp.tell", "done_manually", last_error="Silence.")

    form = ops.get(f"{LIST}{row.pk}/change/").context["adminform"]
    shown = {field.field["name"]: field.contents() for set_ in form for line in set_ for field in line}

    assert (shown["error_shown"], shown["next_shown"], shown["remote_id"]) == ("—", "—", "—")
    assert "Silence." not in ops.get(LIST).content.decode()


def test_a_try_says_in_the_reader_s_language_what_staff_did() -> None:
    ops = client_with("view_delivery", "change_delivery", "view_deliveryattempt")
    row = one("lamp.tell", "needs_attention")
    do(ops, row, "retry")
    kept = DeliveryAttempt.objects.get(delivery=row)
    assert kept.error == QUEUED_AGAIN

    with translation.override("ru"):
        kept.error, told = "Queued", gettext("Queued")  # any text of ours
    kept.save()
    inline = ops.get(f"{LIST}{row.pk}/change/").content.decode().partition('-group"')[2]

    assert (told != "Queued", told in inline, "Queued" in inline) == (True, True, False)
