"""The demo's catalogue: whole, in three languages, answerable, and found by its words."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.claims.catalogue import LANGUAGES, load, load_consents, load_policies, load_products
from apps.policies.rules.numbers import NumberFormat, read_number

CATALOGUE = load()
EVENT_TYPES: list[dict[str, Any]] = CATALOGUE["event_types"]
PARTS: dict[str, dict[str, Any]] = {"common": CATALOGUE["common"]} | {one["code"]: one for one in EVENT_TYPES}
KINDS = {"text", "long_text", "number", "date", "choice", "yes_no", "phone", "money"}
QUESTION_KEYS = {
    "key", "kind", "label", "help", "required", "order", "choices", "condition", "role", "min", "max", "pattern",
    "words", "on_advice",
}  # fmt: skip
SLOT_KEYS = {
    "key", "title", "why", "accepts_note", "required", "order", "max_files", "accepts", "kinds", "words", "on_advice",
}  # fmt: skip
RUSSIAN_ONLY = re.compile(r"[ыэёъЫЭЁЪ]")
UKRAINIAN_ONLY = re.compile(r"[іїєґІЇЄҐ]")
CYRILLIC = re.compile(r"[а-яА-ЯіїєґІЇЄҐёЁ]")
LATIN_WORD = re.compile(r"[A-Za-z]+")
LATIN_ALLOWED = {"XY", "PDF", "SMS", "PIR", "operator"}


def test_the_catalogue_has_the_ten_event_types_of_a_travel_insurer() -> None:
    assert [one["code"] for one in EVENT_TYPES] == [
        "flight_delayed",
        "trip_cancelled",
        "missed_connection",
        "baggage",
        "medical",
        "accident",
        "lost_papers",
        "liability",
        "property",
        "other",
    ]
    assert len({one["order"] for one in EVENT_TYPES}) == len(EVENT_TYPES)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_every_question_and_slot_is_complete(part: dict[str, Any]) -> None:
    for question in part["questions"]:
        assert set(question) == QUESTION_KEYS, question["key"]
        assert question["kind"] in KINDS
        assert question["role"] in {"", "applicant_name", "past_date"}
        assert question["role"] != "past_date" or question["kind"] == "date"
        assert (len(question["choices"]) >= 2) == (question["kind"] == "choice")
        assert isinstance(question["required"], bool)
    for slot in part["slots"]:
        assert set(slot) == SLOT_KEYS, slot["key"]
        assert 1 <= slot["max_files"] <= 20
        assert set(slot["accepts"]) <= {"pdf", "jpeg", "png", "heic"}
    for rows in (part["questions"], part["slots"]):
        assert len({row["order"] for row in rows}) == len(rows)


@pytest.mark.parametrize("one", EVENT_TYPES, ids=lambda one: str(one["code"]))
def test_keys_are_unique_with_the_common_ones(one: dict[str, Any]) -> None:
    for rows in ("questions", "slots"):
        keys = Counter(row["key"] for row in [*CATALOGUE["common"][rows], *one[rows]])
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{1,49}", key) for key in keys)
        assert keys.most_common(1)[0][1] == 1


def test_a_key_that_two_event_types_share_means_the_same_kind_of_answer() -> None:
    kinds: dict[str, set[str]] = {}
    for part in PARTS.values():
        for question in part["questions"]:
            kinds.setdefault(question["key"], set()).add(question["kind"])

    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_a_condition_names_an_earlier_question_of_everyone_and_one_of_its_answers(part: dict[str, Any]) -> None:
    earlier = {} if part is CATALOGUE["common"] else {row["key"]: row for row in CATALOGUE["common"]["questions"]}
    for question in part["questions"]:
        if question["condition"]:
            asked = earlier[question["condition"]["question"]]
            answers = [True, False] if asked["kind"] == "yes_no" else [one["value"] for one in asked["choices"]]
            assert question["condition"]["equals"] in answers
            assert asked["condition"] is None
        earlier[question["key"]] = question


@pytest.mark.parametrize("one", EVENT_TYPES, ids=lambda one: str(one["code"]))
def test_nobody_is_asked_more_than_seven_questions_of_a_type(one: dict[str, Any]) -> None:
    always = [row for row in one["questions"] if not row["condition"] and not row["on_advice"]]
    conditions = [tuple(row["condition"].values()) for row in one["questions"] if row["condition"]]
    at_most_one_answer_each = {question for question, _ in conditions}
    worst = len(always) + sum(
        max(count for (asked, _), count in Counter(conditions).items() if asked == question)
        for question in at_most_one_answer_each
    )

    assert len(always) >= 3
    assert worst <= 7


def test_everyone_is_asked_for_a_name_once() -> None:
    roles = [row["role"] for part in PARTS.values() for row in part["questions"]]

    assert roles.count("applicant_name") == 1


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_every_text_is_there_in_three_languages(part: dict[str, Any]) -> None:
    for place, text in _texts(part):
        _is_translated(place, text, optional=place.endswith(".help"))


def test_a_choice_has_each_value_once() -> None:
    for part in PARTS.values():
        for question in part["questions"]:
            values = [choice["value"] for choice in question["choices"]]
            assert len(set(values)) == len(values)
            for language in LANGUAGES:
                labels = [choice["label"][language] for choice in question["choices"]]
                assert len(set(labels)) == len(labels)


def test_every_icon_is_drawn() -> None:
    icons = (Path(__file__).parents[3] / "static/claims/js/icons.js").read_text(encoding="utf-8")

    drawn = set(re.findall(r'^  "?([a-z-]+)"?: \[', icons, re.MULTILINE))
    assert {one["icon"] for one in EVENT_TYPES} <= drawn
    assert len({one["icon"] for one in EVENT_TYPES}) == len(EVENT_TYPES)


@pytest.mark.parametrize("one", EVENT_TYPES, ids=lambda one: str(one["code"]))
def test_the_words_are_beginnings_of_words_in_lower_case(one: dict[str, Any]) -> None:
    assert set(one["words"]) == set(LANGUAGES)
    for stems in one["words"].values():
        assert stems
        assert len(set(stems)) == len(stems)
        assert all(re.fullmatch(r"[a-zа-яіїєґ]{3,}|[a-zа-яіїєґ]+( [a-zа-яіїєґ]+)+", stem) for stem in stems)
        singles = [stem for stem in stems if " " not in stem and len(stem) > 3]
        doubled = [(short, long) for short in singles for long in singles if short != long and long.startswith(short)]
        assert doubled == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Рейс из Анталии задержали на девять часов, ночевали в аэропорту", "flight_delayed"),
        ("Самолёт должен был вылететь в шесть, вылет перенесли на завтра", "flight_delayed"),
        ("Літак затримали на десять годин", "flight_delayed"),
        ("Our flight was delayed by eleven hours", "flight_delayed"),
        ("Авиакомпания отменила рейс за день до отпуска", "trip_cancelled"),
        ("Нам не дали визу, поездку пришлось отменить", "trip_cancelled"),
        ("Рейс скасували, гроші не повертають", "trip_cancelled"),
        ("I had to cancel the trip, my visa was refused", "trip_cancelled"),
        ("Не успели на пересадку в Стамбуле, опоздали на второй рейс", "missed_connection"),
        ("Запізнилися на пересадку", "missed_connection"),
        ("We missed our connecting flight in Vienna", "missed_connection"),
        ("Чемодан пришёл со сломанной ручкой", "baggage"),
        ("Багаж задержали на двое суток", "baggage"),
        ("Загубили валізу", "baggage"),
        ("My luggage was delayed and came two days late", "baggage"),
        ("У ребёнка температура и рвота, вызывали врача в отель", "medical"),
        ("Сильно заболел зуб, ходили в клинику", "medical"),
        ("Дуже болить живіт, поїхали у шпиталь", "medical"),
        ("My son has a fever, we saw a doctor", "medical"),
        ("Упала на склоне, перелом руки", "accident"),
        ("Потрапили в ДТП, травма ноги", "accident"),
        ("I fell while skiing and broke my arm", "accident"),
        ("Потеряла загранпаспорт, нужно в консульство", "lost_papers"),
        ("Вкрали паспорт на пляжі", "lost_papers"),
        ("My passport was stolen", "lost_papers"),
        ("Случайно задел человека на лыжах, он требует деньги за ущерб", "liability"),
        ("Випадково зачепив сусіда, він вимагає грошей", "liability"),
        ("I accidentally hit someone and they demand compensation", "liability"),
        ("Украли телефон из номера", "property"),
        ("Соседи сверху залили квартиру, пока нас не было", "property"),
        ("Пограбували квартиру, вкрали ноутбук", "property"),
        ("Thieves stole my laptop from the car", "property"),
        ("Хочу обжаловать ваше решение", "other"),
        ("I want to appeal your decision", "other"),
    ],
)
def test_a_story_is_recognised_by_its_words(text: str, code: str) -> None:
    told = re.findall(r"[a-zа-яіїєґ’]+", text.lower().replace("ё", "е"))

    def found(one: dict[str, Any]) -> int:
        stems = [stem for stems in one["words"].values() for stem in stems]
        return sum(any(word.startswith(stem) for stem in stems) for word in told)

    assert max(EVENT_TYPES, key=found)["code"] == code


def test_the_consents_are_three_and_two_of_them_required() -> None:
    content = load_consents()

    assert date.fromisoformat(content["version"])
    assert {one["kind"]: one["required"] for one in content["consents"]} == {
        "personal_data": True,
        "truthfulness": True,
        "news_sms": False,
    }
    for one in content["consents"]:
        _is_translated(one["kind"] + ".title", one["title"])
        _is_translated(one["kind"] + ".text", one["text"])
        assert all("{operator}" in one["text"][language] for language in LANGUAGES)
        assert all(one["text"][language].format(operator="X") for language in LANGUAGES)


def test_every_product_reads_its_own_example_and_no_other() -> None:
    products = load_products()["products"]
    formats = [NumberFormat(one["code"], one["number_pattern"], one["number_example"]) for one in products]

    for one in products:
        _is_translated(one["code"], one["name"])
        read = read_number(one["number_example"].lower(), formats)
        assert (read.number, read.product) == (one["number_example"], one["code"])
        fitting = [
            other.product for other in formats if read_number(read.number, [other, *formats]).product == other.product
        ]
        assert fitting == [one["code"]]


def test_the_demo_policies_are_whole_and_of_every_validity() -> None:
    today = date(2026, 12, 31)
    content = load_products()
    formats = [NumberFormat(one["code"], one["number_pattern"], one["number_example"]) for one in content["products"]]

    policies = load_policies(today)

    assert len({policy["number"] for policy in policies}) == len(policies) == 12
    for policy in policies:
        read = read_number(policy["number"], formats)
        assert (read.number, read.product) == (policy["number"], policy["product"])
        assert policy["valid_from"] < policy["valid_until"]
        assert policy["territory"] in content["territories"]
        assert {one["risk"] for one in policy["sums"]} <= set(content["risks"])
        assert all(one["currency"] in {"EUR", "USD"} for one in policy["sums"])
        assert all(re.fullmatch(r"[1-9][0-9]*\.[0-9]{2}", one["amount"]) for one in policy["sums"])
        assert all(date.fromisoformat(one["date_of_birth"]) < today for one in policy["insured"])
        assert policy["holder"] in [one["name"] for one in policy["insured"]]
    assert any(len(policy["insured"]) > 2 for policy in policies)
    assert {_validity(policy, today) for policy in policies} == {"valid", "expired", "not_yet"}
    for code, name in {**content["territories"], **content["risks"]}.items():
        _is_translated(code, name)


def test_each_call_gives_its_own_copy() -> None:
    spoiled = load()
    for question in spoiled["common"]["questions"]:
        question["choices"].append("changed")
        question["help"]["ru"] = "changed"

    assert "changed" not in str(load())


def test_the_demo_never_grows_old() -> None:
    day = date(2031, 5, 1)

    assert load_policies(day)[0]["valid_from"] == day - timedelta(days=12)


def _validity(policy: dict[str, Any], on: date) -> str:
    if on > policy["valid_until"]:
        return "expired"
    return "valid" if on >= policy["valid_from"] else "not_yet"


def _texts(part: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every text of an event type, or of the common part, with its place."""
    for field in ("title", "description"):
        if field in part:
            yield f"{part['code']}.{field}", part[field]
    for question in part["questions"]:
        yield f"{question['key']}.label", question["label"]
        yield f"{question['key']}.help", question["help"]
        for choice in question["choices"]:
            yield f"{question['key']}.{choice['value']}", choice["label"]
    for slot in part["slots"]:
        for field in ("title", "why", "accepts_note"):
            yield f"{slot['key']}.{field}", slot[field]


def _is_translated(place: str, text: dict[str, str], *, optional: bool = False) -> None:
    """Assert that a text is whole, and that no language holds the letters of another."""
    assert tuple(text) == LANGUAGES, place
    if optional and not any(text.values()):
        return
    for language, words in text.items():
        assert words.strip() == words != "", (place, language)
        assert "  " not in words, (place, language)
    assert not UKRAINIAN_ONLY.search(text["ru"]), place
    assert not RUSSIAN_ONLY.search(text["uk"]), place
    assert not CYRILLIC.search(text["en"]), place
    for language in ("ru", "uk"):
        assert set(LATIN_WORD.findall(text[language])) <= LATIN_ALLOWED, (place, language)
    if len(text["ru"]) > 45:  # short words may be the same in both: "Погода", "Травма"
        assert text["ru"] != text["uk"], place
