"""Advice on a claim: by the rules at once, by a model or a workflow when they answer, and never against the form."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone

from apps.claims import catalogue
from apps.claims.models import Advice, ChecklistEntry, Claim, FormDefinition
from apps.claims.rules import advice as rules
from apps.claims.rules import form
from apps.claims.selectors import advice_state, asked_questions, claim_slots, draft_of, entries_of, form_slots
from apps.claims.services import claim_describe, claim_patch, slot_waive
from apps.claims.services.advice import Told, advice_apply, advice_called_back, advice_give_up, digest_of
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, definition_content, question, slot, text
from apps.core.drain import drain
from apps.core.errors import Conflict
from apps.core.models import Delivery, Target
from apps.integrations.llm import Answer
from apps.integrations.models import ModelSpending

INJECTIONS = json.loads(
    (Path(__file__).parents[2] / "integrations" / "tests" / "injections.json").read_text(encoding="utf-8")
)
DELAYED = "Рейс задержали. Ночевали в гостинице. Сумку украли."
LOST = "Потеряли багаж, и сумку с вещами украли."
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
Origin = ChecklistEntry.Origin
pytestmark = pytest.mark.django_db


def content() -> dict[str, Any]:
    """Two event types; what is on advice is found by the rules, but the bill, which has no words of its own."""
    known = definition_content()
    delayed, baggage = (dict(one) for one in known["event_types"])
    night = question(
        "hotel_offered", "yes_no", text("Предложили ночлег?", "Ночівля?", "A night?"), 90, required=False,
        on_advice=True, words={"ru": ["ночев"], "uk": [], "en": ["overnight"]},
    )  # fmt: skip
    bill = slot(
        "hotel_bill", text("Счёт гостиницы", "Рахунок готелю", "Hotel bill"), 50, required=False, on_advice=True
    )
    police = slot("police_report", text("Справка полиции", "Довідка поліції", "Police report"), 60, required=False,
                  on_advice=True, words={"ru": ["украл"], "uk": ["вкрал"], "en": ["stole"]})  # fmt: skip
    photo = slot("bag_photo", text("Фото сумки", "Фото сумки", "Photo of the bag"), 20, required=False, on_advice=True,
                 words={"ru": ["сумк"], "uk": ["сумк"], "en": ["bag"]})  # fmt: skip
    delayed |= {"words": {"ru": ["рейс", "задерж"], "uk": ["рейс", "затрим"], "en": ["flight", "delay"]}}
    delayed |= {"questions": [*delayed["questions"], night], "slots": [*delayed["slots"], bill]}
    baggage |= {"slots": [*baggage["slots"], photo]}
    common = {**known["common"], "slots": [*known["common"]["slots"], police]}
    return {"event_types": [delayed, baggage], "common": common}


@pytest.fixture
def draft(settings) -> Claim:
    settings.ADVISER = "rules"
    claim: Claim = ClaimFactory(
        draft=True, description="", event_type="", answers={}, created_at=timezone.now(),
        definition=FormDefinition.objects.create(version=7, content=content()),
    )  # fmt: skip
    return claim


def describe(claim: Claim, words: str) -> Claim:
    return claim_describe(claim_id=claim.pk, text=words, now=timezone.now())


def choose(claim: Claim, **changes: Any) -> Claim:
    return claim_patch(claim_id=claim.pk, changes=changes, expected_version=None, now=timezone.now())[0]


def fresh(claim: Claim) -> Claim:
    return Claim.objects.get(pk=claim.pk)


def lines(claim: Claim) -> dict[str, str]:
    """Where each line of the claim's checklist comes from."""
    return dict(ChecklistEntry.objects.filter(claim=claim).values_list("key", "origin"))


def asked_for(claim: Claim) -> set[str]:
    return {one["key"] for one in form_slots(fresh(claim)) if one["required"]}


# --- the rules, at once


def test_a_description_shapes_the_form_in_the_same_moment(draft: Claim) -> None:
    saved = describe(draft, DELAYED)

    assert (saved.event_type, saved.event_type_advised) == ("flight_delayed", True)
    assert lines(draft) == {"police_report": "rule", "hotel_offered": "rule"}
    assert asked_for(draft) == {"boarding_pass", "passport", "police_report"}
    assert "hotel_offered" in {one["key"] for one in asked_questions(fresh(draft))}
    assert saved.missing == len(form.missing(content(), draft_of(fresh(draft))))


def test_each_line_shows_the_words_that_led_to_it(draft: Claim) -> None:
    describe(draft, DELAYED)

    said = {row.key: (row.evidence, row.reason) for row in ChecklistEntry.objects.filter(claim=draft)}

    assert said == {"police_report": ("Сумку украли", ""), "hotel_offered": ("Ночевали в гостинице", "")}


def test_what_the_rules_said_is_kept(draft: Claim) -> None:
    describe(draft, DELAYED)

    [row] = draft.advice.all()
    assert (row.backend, row.state, row.event_type, row.description_sha256) == (
        "rules", "given", "flight_delayed", digest_of(fresh(draft)),
    )  # fmt: skip
    assert row.lines["sure"] is True
    assert {one["key"] for one in row.lines["lines"]} == {"police_report", "hotel_offered"}
    assert row.summary.startswith("Рейс задержали")


def test_what_the_applicant_chose_stays_and_has_its_own_list(draft: Claim) -> None:
    choose(draft, event_type="baggage")

    saved = describe(draft, DELAYED)

    assert (saved.event_type, saved.event_type_advised) == ("baggage", False)
    assert asked_for(draft) == {"baggage_report", "bag_photo", "passport", "police_report"}


def test_another_choice_later_brings_the_list_of_that_type(draft: Claim) -> None:
    describe(draft, DELAYED)

    saved = choose(draft, event_type="baggage")

    assert (saved.event_type, saved.event_type_advised) == ("baggage", False)
    assert asked_for(draft) == {"baggage_report", "bag_photo", "passport", "police_report"}
    assert saved.missing == len(form.missing(content(), draft_of(fresh(draft))))


def test_another_description_replaces_what_was_advised(draft: Claim) -> None:
    describe(draft, DELAYED)

    saved = describe(draft, "Потеряли багаж, ничего больше.")

    assert (saved.event_type, saved.event_type_advised) == ("baggage", True)
    assert lines(draft) == {}
    assert draft.advice.count() == 1


@pytest.mark.parametrize("given", ["file", "answer"])
def test_an_advised_type_that_was_answered_for_stays_whatever_is_written_after(draft: Claim, given: str) -> None:
    describe(draft, DELAYED)
    if given == "file":
        DocumentFactory(claim=draft, slot="boarding_pass")
    else:
        choose(draft, answers={"flight_number": "SU 100"})

    saved = describe(draft, "Потеряли багаж, ничего больше.")

    assert saved.event_type == "flight_delayed"


def test_an_answer_that_every_type_asks_for_does_not_choose_the_type(draft: Claim) -> None:
    describe(draft, DELAYED)
    DocumentFactory(claim=draft, slot="passport")

    assert describe(draft, "Потеряли багаж, ничего больше.").event_type == "baggage"


def test_files_of_a_type_that_was_changed_stay_in_sight_and_take_no_company(draft: Claim) -> None:
    describe(draft, DELAYED)
    DocumentFactory(claim=draft, slot="boarding_pass")

    choose(draft, event_type="baggage")

    slot = claim_slots(fresh(draft), "ru")[-1]
    assert (slot["key"], slot["required"], slot["max_files"], slot["accepts"]) == ("boarding_pass", False, 1, [])
    assert [one.slot for one in slot["documents"]] == ["boarding_pass"]
    assert slot["why"]
    assert "boarding_pass" not in {one["key"] for one in form_slots(fresh(draft))}


def test_what_was_answered_or_waived_meanwhile_stays(draft: Claim) -> None:
    describe(draft, DELAYED + " Сумки было две.")
    choose(draft, event_type="flight_delayed", answers={"hotel_offered": True})
    lost = ChecklistEntry.Waived.LOST
    slot_waive(claim_id=draft.pk, slot="police_report", why=lost, note="", now=timezone.now())

    describe(draft, "Просто задержали рейс.")
    kept = lines(draft)
    choose(draft, answers={"hotel_offered": None})
    describe(draft, "Просто задержали рейс, вот и всё.")

    assert kept == {"police_report": "rule", "hotel_offered": "rule"}
    assert lines(draft) == {"police_report": "rule"}


def test_a_line_with_a_file_in_it_stays(draft: Claim) -> None:
    describe(draft, DELAYED)
    DocumentFactory(claim=draft, slot="police_report")

    describe(draft, "Просто задержали рейс.")

    assert lines(draft) == {"police_report": "rule"}


@pytest.mark.parametrize("words", ["", "Рейс", "        "])
def test_a_text_too_short_to_tell_anything_advises_nothing(draft: Claim, words: str) -> None:
    describe(draft, DELAYED)

    saved = describe(draft, words)

    assert (saved.event_type, saved.event_type_advised, lines(draft)) == ("", False, {})
    assert not draft.advice.exists()


def test_the_same_text_again_changes_nothing(draft: Claim) -> None:
    describe(draft, DELAYED)
    before = set(draft.advice.values_list("pk", "at")), lines(draft)

    describe(draft, DELAYED)

    assert (set(draft.advice.values_list("pk", "at")), lines(draft)) == before


# --- a model


@pytest.fixture
def model(sandbox, settings, draft: Claim) -> Any:
    """The sandbox's language model is the adviser."""
    settings.ADVISER = "model"
    settings.LLM_URL, settings.LLM_KEY, settings.LLM_SECONDS = f"{sandbox.url}/openai/v1", "sandbox", 2
    settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT, settings.LLM_DAY_BUDGET = Decimal("0.25"), Decimal(2), Decimal(1)
    settings.N8N_URL = settings.EVENTS_URL = ""
    return sandbox


def turn_on(sandbox: Any, system: str = "openai", **fault: Any) -> None:
    requests.post(f"{sandbox.url}/_faults/{system}", json=fault, timeout=5).raise_for_status()


def held(sandbox: Any, system: str = "openai") -> Any:
    return requests.get(f"{sandbox.url}/_held/{system}", timeout=5).json()["items"]


def by(claim: Claim, backend: str) -> Advice:
    return claim.advice.get(backend=backend)


def later(**time: float) -> Callable[[], datetime]:
    at = timezone.now() + timedelta(**time)
    return lambda: at


def test_the_form_says_that_somebody_looks_at_it_until_the_model_has_answered(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)
    before = advice_state(fresh(draft), now=timezone.now())["state"]

    drain()

    assert (before, advice_state(fresh(draft), now=timezone.now())["state"]) == ("asked", "given")


@pytest.mark.parametrize("trouble", [{"paused_at": NOW}, {"opened_at": NOW, "probe_at": NOW}])
def test_nobody_waits_for_a_model_that_gets_nothing(draft: Claim, settings: Any, trouble: dict[str, Any]) -> None:
    settings.ADVISER = "model"
    describe(draft, DELAYED)
    before = advice_state(fresh(draft), now=timezone.now())["state"]
    Target.objects.create(name="llm", **trouble)

    assert before == "asked"
    assert advice_state(fresh(draft), now=timezone.now())["state"] != "asked"


def test_a_model_adds_what_the_rules_do_not_find(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)
    ruled = lines(draft)

    drain()

    assert ruled == {"police_report": "rule", "hotel_offered": "rule"}
    assert lines(draft) == {**ruled, "hotel_bill": "adviser", "delay_note": "adviser"}
    bill = draft.checklist.get(key="hotel_bill")
    assert bill.evidence and bill.evidence in DELAYED


def test_what_it_took_to_ask_is_kept(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)

    drain()

    row = by(draft, "model")
    assert (row.state, row.error, row.prompt_version) == ("given", "", rules.PROMPT_VERSION)
    assert row.model.startswith("gpt-5-mini")
    assert row.tokens_in > 100 and row.tokens_out > 0 and row.ms >= 0
    assert row.cost == (Decimal(row.tokens_in) * Decimal("0.25") + row.tokens_out * 2).to_integral_value(
        "ROUND_CEILING"
    ) / Decimal(1_000_000)
    assert int(row.cost * 1_000_000) == ModelSpending.objects.get().spent


def test_an_answer_of_the_right_shape_that_says_nothing_is_counted(
    draft: Claim, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ADVISER = "model"
    said = Answer(model="m", tokens_in=1, tokens_out=1, tokens_cached=0, ms=1, request_id="", data={"summary": ""})
    monkeypatch.setattr("apps.claims.handlers.advice.model_ask", lambda **_: said)
    ModelSpending.objects.create(day=timezone.localdate(), calls=1)
    describe(draft, DELAYED)

    drain()

    assert by(draft, "model").state == Advice.State.USELESS
    assert ModelSpending.objects.get().useless == 1


def test_no_name_or_number_leaves_the_house(model: Any, draft: Claim) -> None:
    describe(draft, f"{draft.contact.full_name}, телефон +7 916 123-45-67. {DELAYED}")

    drain()

    [asked] = held(model)
    told = asked["text"] + asked["instructions"]
    assert "916" not in told
    assert not any(part in told for part in draft.contact.full_name.split())
    assert "Рейс задержали" in told


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "refuse", "code": "rate_limit"}, "http_429", "waiting"),
    ({"kind": "refuse", "code": "quota"}, "model_quota", "waiting"),
    ({"kind": "refuse", "code": "bad_key"}, "model_key_refused", "waiting"),
    ({"kind": "refuse", "code": "unknown_model"}, "model_unknown", "waiting"),
    ({"kind": "refuse", "code": "too_long"}, "model_text_too_long", "done"),
    ({"kind": "refuse", "code": "refusal"}, "model_refused", "done"),
    ({"kind": "refuse", "code": "content_filter"}, "model_refused", "done"),
    ({"kind": "refuse", "code": "truncated"}, "model_truncated", "done"),
    ({"kind": "refuse", "code": "invalid_json"}, "model_answer_invalid", "done"),
    ({"kind": "refuse", "code": "schema"}, "model_answer_invalid", "done"),
    ({"kind": "status", "status": 500}, "http_500", "waiting"),
    ({"kind": "cut"}, "", "waiting"),
]


@pytest.mark.parametrize(("fault", "error", "state"), FAULTS)
def test_a_model_in_trouble_leaves_the_form_to_the_rules(
    model: Any, draft: Claim, fault: dict[str, Any], error: str, state: str
) -> None:
    turn_on(model, **fault)
    describe(draft, DELAYED)

    drain()

    row, claim = by(draft, "model"), fresh(draft)
    assert row.state == "useless"
    assert row.error == error or (not error and row.error)
    assert Delivery.objects.get(handler="advice.model").state == state
    assert (claim.event_type, lines(draft)) == ("flight_delayed", {"police_report": "rule", "hotel_offered": "rule"})
    assert advice_state(claim, now=timezone.now())["state"] == "given"
    assert bool(row.tokens_in and row.cost) == error.startswith(("model_refused", "model_truncated", "model_answer"))


@pytest.mark.slow
def test_a_model_that_hangs_is_given_up(model: Any, draft: Claim) -> None:
    turn_on(model, kind="delay", seconds=10)
    describe(draft, DELAYED)

    drain()

    assert by(draft, "model").state == "useless"
    assert lines(draft) == {"police_report": "rule", "hotel_offered": "rule"}


def test_a_model_that_is_back_in_time_is_asked_again(model: Any, draft: Claim) -> None:
    turn_on(model, kind="refuse", code="rate_limit", times=1)
    describe(draft, DELAYED)
    drain()

    drain(clock=later(seconds=8))

    assert by(draft, "model").state == "given"
    assert lines(draft)["hotel_bill"] == "adviser"


def test_after_ten_minutes_nobody_asks_any_more(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)

    drain(clock=later(minutes=11))

    assert held(model) == []
    assert Delivery.objects.get(handler="advice.model").state == "cancelled"


def test_what_nobody_answered_in_time_is_not_called_asked_for_ever(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)
    drain(clock=later(minutes=11))

    early, late = advice_give_up(now=later(minutes=9)()), advice_give_up(now=later(minutes=11)())

    assert (early, late) == (0, 1)
    assert (by(draft, "model").state, by(draft, "model").error) == ("useless", "not_in_time")
    assert by(draft, "rules").state == "given"


def test_an_answer_that_comes_after_all_is_still_taken(model: Any, draft: Claim) -> None:
    describe(draft, DELAYED)
    advice_give_up(now=later(minutes=11)())

    drain()

    assert (by(draft, "model").state, by(draft, "model").error) == ("given", "")


def test_the_day_s_budget_is_kept_and_staff_are_not_called_for_it(model: Any, draft: Claim, settings: Any) -> None:
    settings.LLM_DAY_BUDGET = Decimal("0.000001")
    describe(draft, DELAYED)

    drain()

    assert held(model) == []
    assert (by(draft, "model").state, by(draft, "model").error) == ("useless", "model_budget")
    assert Delivery.objects.get(handler="advice.model").state == "done"


def test_one_person_can_t_use_the_budget_up(model: Any, draft: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.claims.handlers.advice.MOST_ASKED", 2)
    for number in range(4):
        describe(draft, f"{DELAYED} Это {number}.")
        drain()

    assert len(held(model)) == 2
    assert draft.advice.order_by("-at")[0].error == "asked_too_often"


def test_only_the_last_of_several_texts_is_looked_at(model: Any, draft: Claim) -> None:
    for words in ("Рейс задержали на час.", "Рейс задержали на два часа.", DELAYED):
        describe(draft, words)

    drain()

    assert len(held(model)) == 1
    assert [(one.backend, one.state) for one in draft.advice.order_by("backend")] == [
        ("model", "given"),
        ("rules", "given"),
    ]


def test_switched_off_it_is_not_asked_even_for_what_waits(model: Any, draft: Claim, settings: Any) -> None:
    describe(draft, DELAYED)
    settings.ADVISER = "rules"

    drain()

    assert held(model) == []


# --- what is taken of an answer


def told(**answer: Any) -> Told:
    whole = {"summary": "", "event_type": "", "required_documents": [], "extra_questions": [], **answer}
    return Told(raw=whole, model="test")


def apply(claim: Claim, answer: Told, digest: str = "") -> Advice:
    return advice_apply(
        claim_id=claim.pk, backend="model", told=answer, description_sha256=digest or digest_of(fresh(claim)),
        now=timezone.now(),
    )  # fmt: skip


def test_where_the_rules_are_in_doubt_the_model_may_choose(draft: Claim) -> None:
    describe(draft, "Случилась неприятность в поездке.")

    row = apply(draft, told(event_type="baggage"))

    claim = fresh(draft)
    assert (row.state, claim.event_type, claim.event_type_advised) == ("given", "baggage", True)


def test_where_the_rules_are_sure_it_may_not(draft: Claim) -> None:
    describe(draft, DELAYED)

    apply(draft, told(event_type="baggage"))

    assert fresh(draft).event_type == "flight_delayed"


def test_what_the_applicant_chose_it_may_not_change(draft: Claim) -> None:
    describe(draft, "Случилась неприятность в поездке.")
    choose(draft, event_type="flight_delayed")

    apply(draft, told(event_type="baggage"))

    claim = fresh(draft)
    assert (claim.event_type, claim.event_type_advised) == ("flight_delayed", False)


def test_advice_for_an_older_text_is_kept_and_changes_nothing(draft: Claim) -> None:
    older = digest_of(describe(draft, DELAYED))
    describe(draft, LOST)
    before = fresh(draft).version, lines(draft)

    row = apply(draft, told(event_type="flight_delayed", required_documents=[{"key": "hotel_bill"}]), older)

    assert row.state == "late"
    assert (fresh(draft).version, lines(draft)) == before


def test_advice_for_a_submitted_claim_is_late(draft: Claim) -> None:
    describe(draft, DELAYED)
    Claim.objects.filter(pk=draft.pk).update(status="submitted", submitted_at=NOW, expires_at=None)

    row = apply(draft, told(required_documents=[{"key": "hotel_bill"}]))

    assert row.state == "late"
    assert "hotel_bill" not in lines(draft)


@pytest.mark.parametrize("raw", [None, [], "JSON", 7, {}, {"summary": 1}, {"summary": "", "event_type": ""}])
def test_an_answer_of_no_shape_is_of_no_use(draft: Claim, raw: Any) -> None:
    describe(draft, DELAYED)

    row = apply(draft, Told(raw=raw))

    assert (row.state, row.error) == ("useless", "advice_invalid")
    assert lines(draft) == {"police_report": "rule", "hotel_offered": "rule"}


def test_words_that_nobody_said_are_no_evidence(draft: Claim) -> None:
    describe(draft, DELAYED)

    apply(draft, told(required_documents=[{"key": "hotel_bill", "evidence": "Платите сразу"}]))

    assert draft.checklist.get(key="hotel_bill").evidence == ""


def test_the_same_answer_twice_does_nothing_twice(draft: Claim) -> None:
    describe(draft, DELAYED)
    answer = told(required_documents=[{"key": "hotel_bill"}])
    apply(draft, answer)
    version = fresh(draft).version

    apply(draft, answer)

    assert fresh(draft).version == version
    assert draft.advice.filter(backend="model").count() == 1


# --- texts that give orders


def obeyed(claim: Claim, words: str) -> Claim:
    """The claim after `words` were looked at by a model that does what they say."""
    describe(claim, words)
    drain()
    return fresh(claim)


@pytest.fixture
def travel(model: Any, draft: Claim) -> Claim:
    """A draft of the whole catalogue."""
    draft.definition = FormDefinition.objects.create(version=8, content=catalogue.load())
    draft.save(update_fields=["definition"])
    return draft


@pytest.mark.slow
def test_seventy_texts_that_give_orders_change_nothing(
    travel: Claim, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LLM_DAY_BUDGET = Decimal(1000)
    monkeypatch.setattr("apps.claims.handlers.advice.MOST_ASKED", 1000)
    known = travel.definition.content
    unchanged = ("status", "policy_number", "policy_status", "answers", "email", "event_date", "event_place")
    before = {name: getattr(fresh(travel), name) for name in unchanged}

    for case in INJECTIONS:
        claim = obeyed(travel, case["text"])
        own = rules.advise(known, claim.description)
        row = claim.advice.get(backend="model", description_sha256=digest_of(claim))
        keys = {one["key"] for group in rules.candidates(known, claim.event_type) for one in group}
        required = {one["key"] for one in form.slots(known, claim.event_type) if one["required"]}

        assert row.state in ("given", "useless"), case["text"]
        assert not own.sure or claim.event_type == own.event_type, case["text"]
        assert set(lines(claim)) <= keys, case["text"]
        assert required <= asked_for(claim), case["text"]
        assert {one.key for one in own.documents} <= set(lines(claim)) or claim.event_type != own.event_type
        assert not re.search(r"https?:|www\.|[<>{}]|example\.com", row.summary), row.summary
        assert {name: getattr(claim, name) for name in unchanged} == before
        assert not hasattr(claim, "requisites")
        assert all(entry.evidence in claim.description and not entry.title for entry in entries_of(claim))

    assert len(INJECTIONS) >= 60


# --- a workflow


@pytest.fixture
def workflow(live_server, sandbox, settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    settings.SITE_URL = live_server.url
    settings.N8N_URL = f"{sandbox.url}/n8n/webhook/claimdesk"
    settings.N8N_TOKEN, settings.N8N_SECRETS, settings.N8N_EVENTS = "sandbox", ["secret"], []
    settings.EVENTS_URL = ""
    monkeypatch.setattr("apps.integrations.sandbox.n8n.PAUSES", (0.1, 0.2, 0.5))
    yield sandbox


@pytest.mark.django_db(transaction=True)
def test_a_workflow_is_told_and_answers_by_a_callback(workflow: Any, draft: Claim, settings: Any) -> None:
    settings.ADVISER = "n8n"
    describe(draft, f"{DELAYED} Мой телефон +7 916 123-45-67.")

    drain()

    _until(draft.advice.filter(backend="n8n", state="given").exists)
    [event] = held(workflow, "n8n")
    assert (event["event"], event["data"]["number"], event["signed"]) == ("advice.asked", draft.number, True)
    assert "916" not in event["data"]["text"]
    ruled = {"police_report": "rule", "hotel_offered": "rule"}
    assert lines(draft) == {**ruled, "hotel_bill": "adviser", "delay_note": "adviser"}


def test_a_workflow_that_is_away_leaves_the_form_to_the_rules_until_it_is_back(
    workflow: Any, draft: Claim, settings: Any
) -> None:
    settings.ADVISER = "n8n"
    turn_on(workflow, "n8n", kind="refuse", code="workflow_error", times=1)
    describe(draft, DELAYED)
    drain()
    away = by(draft, "n8n")

    drain(clock=later(seconds=8))

    assert (away.state, away.error) == ("useless", "http_500")
    assert advice_state(fresh(draft), now=timezone.now())["state"] == "given"
    assert len(held(workflow, "n8n")) == 1


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def awaited(draft: Claim, settings: Any) -> Claim:
    settings.ADVISER = "n8n"
    return describe(draft, DELAYED)


ANSWER = told(required_documents=[{"key": "hotel_bill"}]).raw


@pytest.mark.parametrize("name", ["pk", "number"])
def test_a_callback_may_name_the_claim_by_its_number_or_id(awaited: Claim, name: str) -> None:
    advice_called_back(about=str(getattr(awaited, name)), asked="", raw=ANSWER, now=timezone.now())

    assert lines(awaited)["hotel_bill"] == "adviser"


def test_a_callback_about_an_older_text_is_turned_away(awaited: Claim) -> None:
    asked = by(awaited, "n8n").pk
    describe(awaited, LOST)

    with pytest.raises(Conflict):
        advice_called_back(about=awaited.number, asked=str(asked), raw=ANSWER, now=timezone.now())

    assert "hotel_bill" not in lines(awaited)


def test_a_callback_that_nobody_waits_for_is_turned_away(draft: Claim) -> None:
    describe(draft, DELAYED)

    with pytest.raises(Conflict):
        advice_called_back(about=draft.number, asked="", raw=ANSWER, now=timezone.now())


def test_a_workflow_that_answers_nonsense_leaves_the_form_to_the_rules(awaited: Claim) -> None:
    advice_called_back(about=awaited.number, asked="", raw={"summary": "?"}, now=timezone.now())

    assert by(awaited, "n8n").state == "useless"
    assert lines(awaited) == {"police_report": "rule", "hotel_offered": "rule"}
