"""The form's rules as plain functions: what is asked, what is missing, how answers are read."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.claims.rules import form
from apps.claims.rules.form import AnswerInvalid, Draft, clean_answer, clean_date, clean_text
from apps.claims.rules.numbers import money_text
from apps.claims.tests.factories import definition_content, question, slot, text

TODAY = date(2026, 11, 21)
LABEL = text("В", "П", "Q")
FULL = Draft(
    description="Рейс задержали на восемь часов", event_type="flight_delayed", event_date=date(2026, 11, 19),
    event_place="Ереван", answers={"applicant_name": "Мария", "flight_number": "XY 1", "hours_late": "8"},
    filled_slots={"boarding_pass", "passport"}, requisites=True, requisites_confirmed=True,
)  # fmt: skip


def asks(kind: str, **more: Any) -> dict[str, Any]:
    return question("q", kind, LABEL, 10, **more)


def but(**changes: Any) -> Draft:
    return Draft(**{**vars(FULL), **changes})


# --- what is asked and what is missing


def test_common_questions_come_first_and_then_those_of_the_event() -> None:
    keys = [one["key"] for one in form.all_questions(definition_content(), "flight_delayed")]

    assert keys == ["applicant_name", "flight_number", "hours_late"]
    assert [one["key"] for one in form.all_questions(definition_content(), "")] == ["applicant_name"]


def test_required_papers_come_first() -> None:
    assert [one["key"] for one in form.slots(definition_content(), "flight_delayed")] == [
        "boarding_pass", "passport", "delay_note"
    ]  # fmt: skip


CHAIN: dict[str, Any] = {
    "event_types": [],
    "common": {
        "questions": [
            question("helped", "yes_no", LABEL, 10),
            question("by", "choice", LABEL, 20, condition={"question": "helped", "equals": True},
                     choices=[{"value": "airline", "label": LABEL}]),
            question("name", "text", LABEL, 30, condition={"question": "by", "equals": "airline"}),
        ],
        "slots": [slot("photo", LABEL, 10)],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "keys"),
    [
        ({}, ["helped"]),
        ({"helped": False, "by": "airline"}, ["helped"]),
        ({"helped": True}, ["helped", "by"]),
        ({"helped": True, "by": "airline"}, ["helped", "by", "name"]),
        ({"by": "airline"}, ["helped"]),
    ],
)
def test_a_question_is_asked_if_the_one_it_depends_on_is_asked_and_answered_so(
    answers: dict[str, Any], keys: list[str]
) -> None:
    assert [one["key"] for one in form.visible_questions(CHAIN, "", answers)] == keys


def reordered(*keys: str) -> dict[str, Any]:
    by_key = {one["key"]: one for one in CHAIN["common"]["questions"]}
    asked = [{**by_key[key], "order": place} for place, key in enumerate(keys)]
    return {**CHAIN, "common": {**CHAIN["common"], "questions": asked}}


@pytest.mark.parametrize("keys", [("name", "by", "helped"), ("by", "helped", "name"), ("name", "helped", "by")])
def test_a_question_may_stand_above_the_one_it_depends_on(keys: tuple[str, ...]) -> None:
    dragged, answers = reordered(*keys), {"helped": True, "by": "airline"}

    assert [one["key"] for one in form.visible_questions(dragged, "", answers)] == list(keys)
    assert [one["key"] for one in form.visible_questions(dragged, "", {**answers, "helped": False})] == ["helped"]


def test_questions_that_wait_for_each_other_are_not_asked() -> None:
    asked = [
        question("here", "yes_no", LABEL, 10, condition={"question": "there", "equals": True}),
        question("there", "yes_no", LABEL, 20, condition={"question": "here", "equals": True}),
    ]
    ring = {"event_types": [], "common": {"questions": asked, "slots": []}}

    assert form.visible_questions(ring, "", {"here": True, "there": True}) == []


def test_a_full_draft_lacks_nothing_and_every_step_of_it_is_done() -> None:
    assert form.missing(definition_content(), FULL) == []
    assert [(one.key, one.state) for one in form.steps(definition_content(), but(policy_number="TR-1"))] == [
        (key, "done") for key in form.STEPS
    ]


@pytest.mark.parametrize(
    ("draft", "missing"),
    [
        (but(description=""), [("description", "description", "required")]),
        (but(description="Кратко"), [("description", "description", "description_short")]),
        (but(event_date=None), [("event", "event_date", "required")]),
        (but(event_place=""), [("event", "event_place", "required")]),
        (but(answers={**FULL.answers, "hours_late": ""}), [("event", "answers.hours_late", "required")]),
        (but(filled_slots={"passport"}), [("documents", "slots.boarding_pass", "document_missing")]),
        (but(requisites=False, requisites_confirmed=False), [("requisites", "requisites", "required")]),
        (but(requisites_confirmed=False), [("requisites", "requisites", "requisites_unconfirmed")]),
        (but(event_type="gone", answers={"applicant_name": "М"}), [("event", "event_type", "required")]),
    ],
)
def test_each_thing_that_is_missing_is_named_with_its_step(draft: Draft, missing: list[tuple[str, str, str]]) -> None:
    found = form.missing(definition_content(), draft)

    assert [(step, one.attr, one.code) for step, one in found] == missing


def test_an_answer_of_no_or_nought_is_an_answer() -> None:
    draft = Draft(answers={"helped": False})

    assert "answers.helped" not in [one.attr for _step, one in form.missing(CHAIN, draft)]


def test_an_empty_draft_has_everything_to_do_and_a_begun_step_asks_for_attention() -> None:
    states = {one.key: one.state for one in form.steps(definition_content(), Draft())}
    assert states == dict.fromkeys(form.STEPS, "todo")

    states = {one.key: one.state for one in form.steps(definition_content(), Draft(description="Мало"))}
    assert states["description"] == "attention"


# --- reading answers


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        ("text", "  SU   2137 ", "SU 2137"),
        ("text", "a\u202eb\x00c", "abc"),
        ("long_text", "раз\r\nдва  три\n", "раз\nдва три"),
        ("number", "8", "8"),
        ("number", 8, "8"),
        ("number", "8,50", "8.5"),
        ("number", -0.5, "-0.5"),
        ("number", "100", "100"),
        ("date", "2026-11-19", "2026-11-19"),
        ("yes_no", False, False),
        ("phone", "+7 (916) 123-45-67", "79161234567"),
        ("money", {"amount": "1 200,5", "currency": "EUR"}, {"amount": "1200.50", "currency": "EUR"}),
        ("money", {"amount": 7, "currency": "RUB"}, {"amount": "7.00", "currency": "RUB"}),
        ("text", "   ", None),
        ("number", "", None),
        ("yes_no", None, None),
    ],
)
def test_an_answer_is_kept_in_one_form(kind: str, raw: Any, kept: Any) -> None:
    assert clean_answer(asks(kind), raw) == kept


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("text", 5, "text_expected"),
        ("text", ["a"], "text_expected"),
        ("text", "я" * 301, "too_long"),
        ("long_text", "я" * 3001, "too_long"),
        ("number", True, "number_invalid"),
        ("number", "1e5", "number_invalid"),
        ("number", 1e300, "number_invalid"),
        ("number", "٣", "number_invalid"),
        ("number", [], "number_invalid"),
        ("date", "19.11.2026", "date_invalid"),
        ("date", "2026-02-29", "date_invalid"),
        ("date", "0001-01-01", "date_invalid"),
        ("date", 20261119, "date_invalid"),
        ("choice", "other", "choice_unknown"),
        ("choice", 5, "choice_unknown"),
        ("yes_no", "true", "yes_no_expected"),
        ("yes_no", 1, "yes_no_expected"),
        ("phone", "123", "phone_invalid"),
        ("phone", "+7 916 123-45-67 ext 5", "phone_invalid"),
        ("phone", 79161234567, "phone_invalid"),
        ("money", "100", "money_invalid"),
        ("money", {"amount": "100"}, "money_invalid"),
        ("money", {"amount": "100", "currency": "EUR", "x": 1}, "money_invalid"),
        ("money", {"amount": True, "currency": "EUR"}, "money_invalid"),
        ("money", {"amount": "-5", "currency": "EUR"}, "money_invalid"),
        ("money", {"amount": "1.005", "currency": "EUR"}, "money_invalid"),
        ("money", {"amount": "5", "currency": "BTC"}, "currency_unknown"),
    ],
)
def test_a_wrong_answer_has_one_code(kind: str, raw: Any, code: str) -> None:
    with pytest.raises(AnswerInvalid) as caught:
        clean_answer(asks(kind, choices=[{"value": "airline", "label": LABEL}]), raw)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("number", "0", "too_small"), ("number", "73", "too_large"), ("number", "1", None), ("number", "72", None),
        ("money", {"amount": "0.99", "currency": "EUR"}, "too_small"),
        ("money", {"amount": "72.01", "currency": "EUR"}, "too_large"),
    ],
)  # fmt: skip
def test_bounds_are_kept(kind: str, raw: Any, code: str | None) -> None:
    bounded = asks(kind, min="1", max="72")
    if code is None:
        assert clean_answer(bounded, raw) == raw
        return
    with pytest.raises(AnswerInvalid) as caught:
        clean_answer(bounded, raw)
    assert caught.value.code == code


def test_a_day_that_has_come_is_not_tomorrow() -> None:
    today = date(2026, 11, 20)
    born = asks("date", role="past_date")
    assert clean_answer(born, "2026-11-20", today=today) == "2026-11-20"
    assert clean_answer(asks("date"), "2026-11-21", today=today) == "2026-11-21"
    assert clean_answer(asks("number", role="past_date"), "5", today=today) == "5"  # a row that no form let in
    with pytest.raises(AnswerInvalid) as caught:
        clean_answer(born, "2026-11-21", today=today)
    assert caught.value.code == "date_in_future"


def test_a_text_may_be_bounded_tighter_and_never_wider() -> None:
    assert clean_answer(asks("text", max="5"), "12345") == "12345"
    with pytest.raises(AnswerInvalid):
        clean_answer(asks("text", max="5"), "123456")
    with pytest.raises(AnswerInvalid):
        clean_answer(asks("text", max="9999"), "я" * 301)
    for impossible in ("-3", "0.5", "0"):
        assert clean_answer(asks("text", max=impossible), "abc") == "abc"


@pytest.mark.parametrize(
    ("raw", "code"),
    [("2026-11-22", "date_in_future"), ("2023-01-01", "date_too_old"), ("2026-13-01", "date_invalid"),
     ("2026-11-21\n", "date_invalid"), ("٢٠٢٦-11-21", "date_invalid"), (None, "date_invalid")],
)  # fmt: skip
def test_an_event_s_day_is_one_that_it_may_have_had(raw: Any, code: str) -> None:
    with pytest.raises(AnswerInvalid) as caught:
        clean_date(raw, today=TODAY)

    assert caught.value.code == code
    assert clean_date("2026-11-21", today=TODAY) == TODAY


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("choice", "airline", "Авиакомпания"), ("choice", "gone", "gone"), ("yes_no", True, "Да"),
     ("yes_no", False, "Нет"), ("money", {"amount": "50000.50", "currency": "EUR"}, "50\u00a0000,50\u00a0€"),
     ("number", "0.5", "0,5"), ("number", "2026", "2026"),
     ("date", "2026-11-19", "19.11.2026"), ("text", "SU 2137", "SU 2137"), ("number", None, "")],
)  # fmt: skip
def test_an_answer_is_shown_to_people_in_words(kind: str, value: Any, shown: str) -> None:
    one = asks(kind, choices=[{"value": "airline", "label": text("Авиакомпания", "Авіакомпанія", "Airline")}])

    assert form.answer_text(one, value, "ru", {True: "Да", False: "Нет"}) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [("120.50", "EUR", "uk", "120,50\u00a0€"), ("50000.00", "EUR", "en", "€50,000.00"),
     ("500.00", "KZT", "ru", "500,00\u00a0KZT"), ("500.00", "KZT", "en", "KZT\u00a0500.00"),
     ("до 1 млн", "RUB", "ru", "до 1 млн RUB"), ("NaN", "", "ru", "NaN")],
)  # fmt: skip
def test_money_is_written_as_the_reader_s_language_does(amount: str, currency: str, language: str, shown: str) -> None:
    assert money_text(amount, currency, language) == shown


# --- anything at all

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KINDS = ("text", "long_text", "number", "date", "choice", "yes_no", "phone", "money")


@given(kind=st.sampled_from(KINDS), raw=anything)
def test_whatever_is_sent_is_read_or_refused_and_what_is_kept_reads_the_same_again(kind: str, raw: Any) -> None:
    one = asks(kind, choices=[{"value": "airline", "label": LABEL}])
    try:
        kept = clean_answer(one, raw)
    except AnswerInvalid:
        return

    assert kept is None or clean_answer(one, kept) == kept
    assert isinstance(form.answer_text(one, kept, "ru", {True: "Да", False: "Нет"}), str)


@given(raw=st.text(max_size=400), lines=st.booleans())
def test_a_cleaned_text_is_clean(raw: str, lines: bool) -> None:
    kept = clean_text(raw, most=2000, lines=lines)

    assert clean_text(kept, most=2000, lines=lines) == kept
    assert kept == kept.strip()
    assert lines or "\n" not in kept
    assert not set(kept) & set("\x00\u200b\u202e\u2066\ufeff\r")


@given(answers=st.dictionaries(st.sampled_from(["helped", "by", "name", "other"]), anything))
def test_whatever_was_answered_the_form_can_say_what_it_asks_and_lacks(answers: dict[str, Any]) -> None:
    draft = Draft(answers=answers)

    assert {one["key"] for one in form.visible_questions(CHAIN, "", answers)} >= {"helped"}
    assert [one.key for one in form.steps(CHAIN, draft)] == list(form.STEPS)
