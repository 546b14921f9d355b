"""The form as a pure function of its definition and a draft: what is asked, what is valid, what is missing.

A definition is the published JSON: `{"event_types": [{code, questions, slots, …}], "common": {questions, slots}}`.
What a claim needs is its definition and its entries: what an adviser, a rule or staff added, and what was waived.
Texts in it are `{"ru", "uk", "en"}`; nothing here chooses a language.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from apps.claims.rules.numbers import money_text, number_text

Json = Mapping[str, Any]

STEPS = ("description", "policy", "event", "documents", "requisites", "review")
DESCRIPTION_LEAST, DESCRIPTION_MOST = 10, 5000  # characters
PLACE_MOST = 200
TEXT_MOST, LONG_TEXT_MOST = 300, 3000
OLDEST = timedelta(days=3 * 366)  # longer than any term for reporting under an insurance contract
FORM = "form"  # where an item comes from that everyone is asked for
FREE_ORDER = 1000  # what staff ask for in words of their own stands last
FILE_KINDS = ("pdf", "jpeg", "png", "heic")
CURRENCIES = ("RUB", "UAH", "EUR", "USD", "KZT", "TRY", "GEL", "AED", "THB", "CNY", "GBP")

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:[.,][0-9]{1,6})?")
_MONEY = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class AnswerInvalid(ValueError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Missing:
    """What a step still lacks: the field, and a code for the sentence."""

    attr: str
    code: str
    subject: Json | None = None  # the question or slot it is about


@dataclass(frozen=True)
class StepState:
    key: str
    missing: tuple[Missing, ...]
    touched: bool

    @property
    def state(self) -> str:
        """`done`, `todo` (nothing given yet) or `attention` (begun, and something is missing)."""
        if self.missing:
            return "attention" if self.touched else "todo"
        return "done" if self.touched else "todo"


@dataclass(frozen=True)
class Entry:
    """How one claim's needs differ from its form, for the `document` or `question` with `key` (see ChecklistEntry)."""

    kind: str
    key: str
    origin: str = FORM
    waived: str = ""
    title: str = ""
    reason: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Draft:
    """The part of a claim that the form's state depends on."""

    description: str = ""
    event_type: str = ""
    event_date: date | None = None
    event_place: str = ""
    policy_number: str = ""
    answers: Json = field(default_factory=dict)
    filled_slots: Collection[str] = ()
    requisites: bool = False
    requisites_confirmed: bool = False
    entries: Collection[Entry] = ()


def event_type(definition: Json, code: str) -> Json | None:
    return next((one for one in definition["event_types"] if one["code"] == code), None)


def all_questions(definition: Json, event: str) -> list[Json]:
    """Common questions and those of the event type, each group in its order, conditions left aside."""
    chosen = event_type(definition, event)
    groups = [definition["common"]["questions"], chosen["questions"] if chosen else []]
    return [question for group in groups for question in sorted(group, key=_order)]


def questions(definition: Json, event: str, entries: Collection[Entry] = ()) -> list[Json]:
    """Every question of this claim, conditions left aside, each with `origin`, `reason`, `evidence` and `waived`."""
    return _with_entries(all_questions(definition, event), "question", entries, _free_question)


def visible_questions(definition: Json, event: str, answers: Json, entries: Collection[Entry] = ()) -> list[Json]:
    """The questions that are asked now: a condition on an answer that is itself not asked does not hold.

    What somebody asked for is asked whatever its condition says.
    """
    found = questions(definition, event, entries)
    keys: set[str] = set()
    # A question may stand above the one it depends on, and that one above its own: look again until none is added.
    while more := {one["key"] for one in found if _asked(one, keys, answers)} - keys:
        keys |= more
    return [one for one in found if _asked(one, keys, answers)]


def _asked(question: Json, keys: Collection[str], answers: Json) -> bool:
    condition = question.get("condition") if question["origin"] == FORM else None
    if not condition:
        return True
    return condition["question"] in keys and _equals(answers.get(condition["question"]), condition["equals"])


def slots(definition: Json, event: str, entries: Collection[Entry] = ()) -> list[Json]:
    """Common slots and those of the event type, the required ones first; with `origin` and so on, as questions."""
    chosen = event_type(definition, event)
    found = [*(chosen["slots"] if chosen else []), *definition["common"]["slots"]]
    asked = _with_entries(found, "document", entries, _free_slot)
    return sorted(asked, key=lambda slot: (not slot["required"], slot["order"], slot["key"]))


def on_advice(definition: Json, kind: str) -> list[str]:
    """Keys of the documents or questions that are asked only when somebody asks for them, of all event types."""
    name = "slots" if kind == "document" else "questions"
    groups = [definition["common"], *definition["event_types"]]
    return [one["key"] for group in groups for one in group[name] if one.get("on_advice")]


def _with_entries(
    items: Iterable[Json], kind: str, entries: Collection[Entry], free: Callable[[Entry], Json]
) -> list[Json]:
    """`items` as this claim needs them: what is on advice only where it was asked for, then the free lines."""
    noted = {one.key: one for one in entries if one.kind == kind}
    found = []
    for item in items:
        entry = noted.pop(item["key"], None)
        if not item.get("on_advice") or (entry and entry.origin != FORM):
            found.append(_noted(item, entry))
    return found + [_noted(free(one), one) for one in noted.values() if one.title]


def _noted(item: Json, entry: Entry | None) -> dict[str, Any]:
    one = entry or Entry("", item["key"])
    return {
        **item, "required": item["required"] or one.origin != FORM, "origin": one.origin,
        "reason": _beyond_title(one.reason, one.title), "evidence": one.evidence, "waived": one.waived,
    }  # fmt: skip


def _beyond_title(reason: str, title: str) -> str:
    """A free line is called by the first line of its reason, and does not say that twice."""
    first, _new_line, rest = reason.partition("\n")
    return rest.strip() if title and first.strip() == title else reason


def _free_question(one: Entry) -> dict[str, Any]:
    return {
        "key": one.key, "kind": "long_text", "label": {"ru": one.title}, "help": {}, "required": True, "choices": [],
        "order": FREE_ORDER, "condition": None, "role": "", "min": None, "max": None,
    }  # fmt: skip


def _free_slot(one: Entry) -> dict[str, Any]:
    return {
        "key": one.key, "title": {"ru": one.title}, "why": {}, "accepts_note": {}, "accepts": list(FILE_KINDS),
        "required": True, "max_files": 5, "order": FREE_ORDER,
    }  # fmt: skip


def former_slot(definition: Json, key: str, files: int) -> dict[str, Any]:
    """The slot `key` of another event type than the claim's by now, with so many files in it: it takes no more."""
    groups = [*definition["event_types"], definition["common"]]
    known = next((one for group in groups for one in group["slots"] if one["key"] == key), None)
    slot = {**(known or _free_slot(Entry("document", key, title=key))), "why": {}, "accepts_note": {}, "accepts": []}
    return _noted({**slot, "required": False, "max_files": files}, None)


def _order(item: Json) -> tuple[int, str]:
    return item["order"], item["key"]


def _equals(answer: Any, wanted: Any) -> bool:
    if isinstance(answer, bool) or isinstance(wanted, bool):
        return str(answer).lower() == str(wanted).lower()
    return bool(answer == wanted)


def steps(definition: Json, draft: Draft) -> list[StepState]:
    """The state of each step, in order. The review is done when nothing before it is missing."""
    states = [
        StepState("description", _missing_description(draft), bool(draft.description)),
        StepState("policy", (), bool(draft.policy_number)),
        StepState("event", tuple(_missing_event(definition, draft)), bool(draft.event_type or draft.event_date)),
        StepState("documents", tuple(_missing_documents(definition, draft)), bool(draft.filled_slots)),
        StepState("requisites", tuple(_missing_requisites(draft)), draft.requisites),
    ]
    return [*states, StepState("review", (), not any(state.missing for state in states))]


def missing(definition: Json, draft: Draft) -> list[tuple[str, Missing]]:
    """Everything that keeps the draft from being submitted, with the step it belongs to."""
    return [(state.key, one) for state in steps(definition, draft) for one in state.missing]


def _missing_description(draft: Draft) -> tuple[Missing, ...]:
    if len(draft.description.strip()) >= DESCRIPTION_LEAST:
        return ()
    return (Missing("description", "description_short" if draft.description else "required"),)


def _missing_event(definition: Json, draft: Draft) -> list[Missing]:
    lacking = [
        Missing(name, "required")
        for name, value in (
            ("event_type", event_type(definition, draft.event_type)),
            ("event_date", draft.event_date),
            ("event_place", draft.event_place),
        )
        if not value
    ]
    asked = visible_questions(definition, draft.event_type, draft.answers, draft.entries)
    return lacking + [
        Missing(f"answers.{question['key']}", "required", question)
        for question in asked
        if question["required"] and not question["waived"] and draft.answers.get(question["key"]) in (None, "")
    ]


def _missing_documents(definition: Json, draft: Draft) -> list[Missing]:
    return [
        Missing(f"slots.{slot['key']}", "document_missing", slot)
        for slot in slots(definition, draft.event_type, draft.entries)
        if slot["required"] and not slot["waived"] and slot["key"] not in draft.filled_slots
    ]


def _missing_requisites(draft: Draft) -> list[Missing]:
    if not draft.requisites:
        return [Missing("requisites", "required")]
    return [] if draft.requisites_confirmed else [Missing("requisites", "requisites_unconfirmed")]


def clean_text(raw: str, *, most: int, lines: bool = False) -> str:
    """`raw` as NFC without control, zero-width and direction characters, trimmed. Raises AnswerInvalid too_long."""
    text = _CONTROL.sub("", unicodedata.normalize("NFC", raw).replace("\r\n", "\n"))
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    if not lines:
        text = " ".join(text.split())
    if len(text) > most:
        raise AnswerInvalid("too_long")
    return text


def clean_date(raw: Any, *, today: date | None = None) -> date:
    """The date of `YYYY-MM-DD`; with `today`, one that an event may have. Raises AnswerInvalid."""
    if not isinstance(raw, str) or not _DATE.fullmatch(raw):
        raise AnswerInvalid("date_invalid")
    try:
        value = date.fromisoformat(raw)
    except ValueError:
        raise AnswerInvalid("date_invalid") from None
    if today and value > today:
        raise AnswerInvalid("date_in_future")
    if today and value < today - OLDEST:
        raise AnswerInvalid("date_too_old")
    return value


def is_past_date(question: Json) -> bool:
    return bool(question["kind"] == "date" and question.get("role") == "past_date")


def clean_answer(question: Json, raw: Any, *, today: date | None = None) -> Any:
    """The answer as it is kept (JSON; None if it is empty). Raises AnswerInvalid with one code for one cause.

    With `today`, the day of a question with the role `past_date` must have come.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    value: Any = _CLEANERS[question["kind"]](question, raw)
    if today and is_past_date(question) and value > today.isoformat():
        raise AnswerInvalid("date_in_future")
    return value


def _text(question: Json, raw: Any, *, most: int = TEXT_MOST, lines: bool = False) -> str | None:
    if not isinstance(raw, str):
        raise AnswerInvalid("text_expected")
    bound = int(Decimal(str(question.get("max") or 0)))  # below 1 it would refuse every answer
    return clean_text(raw, most=min(most, bound) if bound >= 1 else most, lines=lines) or None


def _long_text(question: Json, raw: Any) -> str | None:
    return _text(question, raw, most=LONG_TEXT_MOST, lines=True)


def _number(question: Json, raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise AnswerInvalid("number_invalid")
    text = raw.strip() if isinstance(raw, str) else repr(raw)
    if not _NUMBER.fullmatch(text):
        raise AnswerInvalid("number_invalid")
    value = Decimal(text.replace(",", "."))
    _within(question, value)
    return f"{value.normalize():f}"


def _money(question: Json, raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping) or set(raw) != {"amount", "currency"}:
        raise AnswerInvalid("money_invalid")
    amount, currency = raw["amount"], raw["currency"]
    text = str(amount).strip() if isinstance(amount, str | int) and not isinstance(amount, bool) else ""
    if not _MONEY.fullmatch(text := text.replace(" ", "").replace("\u00a0", "")):
        raise AnswerInvalid("money_invalid")
    if currency not in CURRENCIES:
        raise AnswerInvalid("currency_unknown")
    value = Decimal(text.replace(",", "."))
    _within(question, value)
    return {"amount": f"{value:.2f}", "currency": currency}


def _within(question: Json, value: Decimal) -> None:
    if question.get("min") is not None and value < Decimal(str(question["min"])):
        raise AnswerInvalid("too_small")
    if question.get("max") is not None and value > Decimal(str(question["max"])):
        raise AnswerInvalid("too_large")


def _date(question: Json, raw: Any) -> str:
    value = clean_date(raw)
    if not 1900 <= value.year <= 2100:
        raise AnswerInvalid("date_invalid")
    return value.isoformat()


def _choice(question: Json, raw: Any) -> str:
    if not isinstance(raw, str) or raw not in {choice["value"] for choice in question["choices"]}:
        raise AnswerInvalid("choice_unknown")
    return raw


def _yes_no(question: Json, raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise AnswerInvalid("yes_no_expected")
    return raw


def _phone(question: Json, raw: Any) -> str:
    digits = re.sub(r"[ ()\-+.\u00a0]", "", raw) if isinstance(raw, str) else ""
    if not re.fullmatch(r"[0-9]{7,15}", digits):  # anybody's phone, anywhere: E.164
        raise AnswerInvalid("phone_invalid")
    return digits


_CLEANERS = {
    "text": _text,
    "long_text": _long_text,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "yes_no": _yes_no,
    "phone": _phone,
    "money": _money,
}


def answer_text(question: Json, value: Any, language: str, words: Mapping[bool, str]) -> str:
    """An answer for people: the choice's label, "120,50 €", "0,5", yes or no in `words`."""
    if value is None:
        return ""
    if question["kind"] == "choice":
        labels = {choice["value"]: choice["label"] for choice in question["choices"]}
        return str(labels.get(value, {}).get(language) or value)
    if question["kind"] == "yes_no":
        return words[bool(value)]
    if question["kind"] == "money":
        return money_text(value["amount"], value["currency"], language)
    if question["kind"] == "number":
        return number_text(str(value), language)
    if question["kind"] == "date":
        return date.fromisoformat(value).strftime("%d.%m.%Y")
    return str(value)
