"""The Integrations page, the check behind it, and its command."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone, translation

from apps.accounts.roles import ADMINISTRATOR, AUDITOR, CLAIMS_HANDLER, SENIOR_HANDLER
from apps.accounts.tests.staff import client_of, staff
from apps.core.desk.handlers import target_words
from apps.core.errors import Unavailable
from apps.core.models import AuditEntry, Delivery, OutboxEvent, Target
from apps.core.targets import failure_note, success_note, target_pause
from apps.integrations import registry
from apps.integrations.admin.spending import amount_text
from apps.integrations.checking import system_check, systems_check
from apps.integrations.health import Health
from apps.integrations.models import ModelSpending
from apps.integrations.overview import judge, standings
from apps.integrations.registry import Integration
from apps.integrations.sandbox.process import Sandbox
from tests.parallel import at_once

pytestmark = pytest.mark.django_db
PAGE = "/admin/integrations/system/"
WORKS = Health(True, "ok", "It answers.")
AWAY = Health(False, "away", "It does not answer.")


@pytest.fixture
def lamps(monkeypatch: pytest.MonkeyPatch) -> dict[str, Health | Exception]:
    """Two systems, lamp and bell, that say of themselves what a test lets them say."""
    said: dict[str, Health | Exception] = {"lamp": WORKS, "bell": WORKS}

    def one(name: str) -> Integration:
        def check() -> Health:
            answer = said[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return Integration(name, name.title(), check, lambda: f"{name}.example.com")

    monkeypatch.setattr(registry, "_integrations", {name: one(name) for name in said})
    return said


@pytest.fixture
def admin() -> Client:
    return client_of(staff(ADMINISTRATOR, "anna"))


def open_breaker(name: str) -> None:
    failure_note(name, error="The key is wrong.", refused=True, now=timezone.now())


def delivery(target: str, state: str, minutes: int = 0) -> Delivery:
    now = timezone.now()
    event = OutboxEvent.objects.create(name="thing.happened", aggregate="thing:1", occurred_at=now)
    made = now - timedelta(minutes=minutes)
    return Delivery.objects.create(
        event=event, handler="test.hand", target=target, state=state, next_at=now, created_at=made
    )


def text_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("row", "level", "said"),
    [
        ({}, "grey", "not been checked"),
        ({"checked_at": 0, "check_ok": True, "check_detail": "It answers."}, "green", "It answers."),
        ({"checked_at": 0, "check_ok": False, "check_detail": "No such user."}, "red", "No such user."),
        ({"checked_at": -60, "check_ok": False, "check_detail": "x", "last_success_at": 0}, "green", ""),
        ({"opened_at": -60, "probe_at": 20, "last_error": "Silence."}, "red", "in 20 s. Last error: Silence."),
        ({"opened_at": -60, "probe_at": -1, "last_error": "Silence."}, "red", "tried again now"),
        ({"checked_at": 0, "check_ok": True, "failures": 2, "last_error": "Slow."}, "amber", "2 times in a row: Slow."),
        ({"paused_at": 0, "paused_by": "anna", "pause_reason": "They move."}, "amber", "They move."),
    ],
)
def test_a_system_has_the_colour_of_the_gravest_that_is_known_of_it(
    row: dict[str, object], level: str, said: str
) -> None:
    now = timezone.now()
    at = {key: now + timedelta(seconds=value) for key, value in row.items()
          if key.endswith("_at") and isinstance(value, int)}  # fmt: skip

    with translation.override("en"):
        colour, reasons = judge(Target(name="lamp", **{**row, **at}), now=now)

    assert (colour, said in " ".join(reasons)) == (level, True)


def test_a_broken_system_that_is_paused_says_both() -> None:
    open_breaker("lamp")
    target_pause(name="lamp", reason="They know.", actor=staff(ADMINISTRATOR), now=timezone.now())

    level, reasons = judge(Target.objects.get(name="lamp"), now=timezone.now())

    assert (level, len(reasons)) == ("amber", 2)


def test_the_page_shows_reason_queue_and_the_way_to_the_deliveries(lamps, admin: Client) -> None:
    lamps["bell"] = AWAY
    systems_check(now=timezone.now())
    open_breaker("lamp")
    for state in ("queued", "waiting", "needs_attention"):
        delivery("lamp", state, minutes=90)

    html = text_of(admin)

    assert "It does not answer." in html
    assert "The key is wrong." in html
    assert "/admin/core/delivery/?state=parked&amp;target=lamp" in html
    assert ": 2</span>" in html  # queued and waiting are both parked
    assert "state=needs_attention&amp;target=lamp" in html


def test_a_step_that_waits_for_an_earlier_one_is_queued_and_not_parked(lamps) -> None:
    open_breaker("lamp")
    first = delivery("lamp", "waiting")
    Delivery.objects.filter(pk=first.pk).update(chain="home", position=1)
    now = timezone.now()
    Delivery.objects.create(event=first.event, handler="home.next", target="lamp", chain="home", position=2,
                            next_at=now, created_at=now)  # fmt: skip

    queues = {one.name: one.queue for one in standings(now=now)}

    assert queues["lamp"] == {"parked": 1, "queued": 1}


def test_what_the_settings_do_not_name_but_somebody_paused_can_be_resumed(lamps, admin: Client) -> None:
    target_pause(name="old", reason="Gone.", actor=staff(ADMINISTRATOR, "olga"), now=timezone.now())

    html = text_of(admin)

    assert f"{PAGE}old/resume/" in html
    assert f"{PAGE}old/check/" not in html


def test_check_now_asks_keeps_and_is_audited(lamps, admin: Client) -> None:
    lamps["lamp"] = AWAY

    answer = admin.post(f"{PAGE}lamp/check/", follow=True)

    row = Target.objects.get(name="lamp")
    assert (row.check_ok, row.check_detail) == (False, "It does not answer.")
    assert "Lamp: It does not answer." in answer.content.decode()
    assert AuditEntry.objects.get(action="target.check").detail == {"code": "away"}


def test_a_sound_check_closes_the_breaker(lamps, admin: Client) -> None:
    open_breaker("lamp")

    admin.post(f"{PAGE}lamp/check/")

    assert Target.objects.get(name="lamp").opened_at is None


def test_pause_needs_a_reason_and_is_shown_with_who_and_why(lamps, admin: Client) -> None:
    admin.post(f"{PAGE}lamp/pause/", {"reason": " "})
    unpaused = Target.objects.filter(paused_at__isnull=False).exists()

    admin.post(f"{PAGE}lamp/pause/", {"reason": "They move house."})

    assert not unpaused
    html = text_of(admin)
    assert "anna" in html
    assert "They move house." in html


def test_of_two_who_pause_at_once_the_first_one_s_reason_stays(lamps, admin: Client) -> None:
    other = client_of(staff(ADMINISTRATOR, "boris"))

    admin.post(f"{PAGE}lamp/pause/", {"reason": "First."})
    told = other.post(f"{PAGE}lamp/pause/", {"reason": "Second."}, follow=True).content.decode()
    other.post(f"{PAGE}lamp/resume/")
    admin.post(f"{PAGE}lamp/resume/")

    assert Target.objects.get(name="lamp").paused_at is None
    noted = AuditEntry.objects.order_by("at", "id").values_list("action", "actor__username", "reason")
    assert list(noted)[:2] == [("target.pause", "anna", "First."), ("target.resume", "boris", "")]
    said = told.partition('class="error"')[2].partition("</li>")[0]
    assert "anna" in said
    assert "First." in said


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_pause_at_the_very_same_time_one_is_kept_and_audited() -> None:
    people = [staff("", f"ops{n}") for n in range(10)]

    results = at_once(10, lambda n: target_pause(name="lamp", reason=f"{n}", actor=people[n], now=timezone.now()))

    row = Target.objects.get(name="lamp")
    assert results.count(None) == 1
    assert row.paused_by == f"ops{row.pause_reason}"
    assert AuditEntry.objects.get(action="target.pause").reason == row.pause_reason


@pytest.mark.parametrize(
    ("role", "looks", "steers"),
    [(ADMINISTRATOR, 200, 302), (SENIOR_HANDLER, 200, 403), (AUDITOR, 200, 403), (CLAIMS_HANDLER, 403, 403)],
)
def test_who_may_look_and_who_may_steer(lamps, role: str, looks: int, steers: int) -> None:
    client = client_of(staff(role))

    answers = [client.post(f"{PAGE}lamp/{what}/", {"reason": "x"}).status_code for what in ("check", "pause", "resume")]

    assert client.get(PAGE).status_code == looks
    assert set(answers) == {steers}
    assert ("/check/" in text_of(client)) == (steers == 302)


def test_nobody_steers_what_does_not_exist_or_by_a_link(lamps, admin: Client) -> None:
    assert admin.post(f"{PAGE}ghost/pause/", {"reason": "x"}).status_code == 404
    assert admin.post(f"{PAGE}lamp/explode/").status_code == 404
    assert admin.get(f"{PAGE}lamp/pause/").status_code == 405
    assert not Target.objects.exists()


@pytest.mark.parametrize("answer", [Unavailable("It sleeps.", "asleep"), ZeroDivisionError()])
def test_one_check_that_breaks_keeps_no_other_from_being_made(lamps, answer: Exception) -> None:
    lamps["bell"] = answer

    systems_check(now=timezone.now())

    assert dict(Target.objects.values_list("name", "check_ok")) == {"lamp": True, "bell": False}


def test_the_check_that_fails_does_not_close_a_breaker_and_success_outdates_it(lamps) -> None:
    lamps["lamp"] = AWAY
    open_breaker("lamp")
    system_check(registry.integrations()[1], now=timezone.now())
    before = [one.level for one in standings(now=timezone.now())]

    success_note("lamp", now=timezone.now(), troubled=True)

    assert before == ["grey", "red"]
    assert [one.level for one in standings(now=timezone.now())] == ["grey", "green"]


def test_the_command_prints_each_and_fails_if_any_is_red(lamps, capsys) -> None:
    call_command("integrations", "check", "lamp")
    green = capsys.readouterr().out
    lamps["bell"] = AWAY

    with pytest.raises(SystemExit) as end:
        call_command("integrations", "check")

    assert "lamp" in green
    assert end.value.code == 1
    assert "It does not answer." in capsys.readouterr().out


def test_the_command_names_what_there_is_for_a_name_it_does_not_know(lamps) -> None:
    with pytest.raises(CommandError, match=r"bell, lamp"):
        call_command("integrations", "check", "ghost")


def test_the_list_tells_how_each_stands_without_asking(lamps, capsys) -> None:
    lamps["lamp"] = AssertionError("it was asked")
    target_pause(name="lamp", reason="They move.", actor=staff(ADMINISTRATOR, "anna"), now=timezone.now())
    delivery("lamp", "queued", minutes=5)

    call_command("integrations", "list")

    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("lamp")]
    assert "amber" in line
    assert "parked 1" in line


def test_the_real_check_of_the_sandbox_s_gateway_is_green_until_it_is_broken(sandbox: Sandbox) -> None:
    one = next(one for one in registry._integrations.values() if one.name == "sms")

    sound = system_check(one, now=timezone.now())
    sandbox.stop()
    broken = system_check(one, now=timezone.now())

    assert (sound.ok, broken.ok) == (True, False)


def test_a_system_that_the_settings_name_no_more_keeps_its_name_in_words(admin: Client, settings) -> None:
    settings.ADVISER = "rules"
    delivery("llm", "needs_attention")

    assert target_words("llm") != "llm"
    html = text_of(admin)
    assert 'id="llm-title"' in html
    assert ">llm</h2>" not in html


def test_a_model_that_answers_nonsense_does_not_look_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Integration("llm", "Model", lambda: WORKS, lambda: "llm.example.com")
    monkeypatch.setattr(registry, "_integrations", {"llm": model})
    now = timezone.now()
    Target.objects.create(name="llm", last_success_at=now)
    day = ModelSpending.objects.create(day=timezone.localdate(now), calls=4, useless=1)

    levels = []
    for useless in (1, 2):
        day.useless = useless
        day.save()
        [shown] = standings(now=now)
        levels.append(str(shown.level))

    assert levels == ["green", "amber"]
    assert "2" in shown.reasons[0]
    assert "4" in shown.reasons[0]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0,00"), ("0.00123456", "0,001235"), ("0.5", "0,50"), ("0.000001", "0,000001"), ("12.346", "12,35")],
)
def test_what_costs_less_than_a_cent_shows(amount: str, shown: str) -> None:
    with translation.override("ru"):
        assert amount_text(Decimal(amount)) == shown


@pytest.mark.parametrize("role", [SENIOR_HANDLER, AUDITOR])
def test_who_sees_the_systems_sees_what_the_model_costs(role: str, settings: LazySettings) -> None:
    settings.LLM_PRICE_IN = settings.LLM_PRICE_OUT = settings.LLM_DAY_BUDGET = Decimal(0)
    ModelSpending.objects.create(day=timezone.localdate(), calls=41, useless=17, tokens_in=5123)

    html = client_of(staff(role)).get("/admin/integrations/modelspending/").content.decode()

    assert all(f">{n}<" in html for n in (41, 17, 5123))
    assert ">—<" in html
    assert "0,00" not in html
