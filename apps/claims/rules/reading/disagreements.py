"""Where a paper says something else than the claim; staff look there, nothing is decided by it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher

from apps.claims.rules.reading.facts import Fact
from apps.claims.rules.reading.letters import latin, sound

SLACK = timedelta(days=1)  # a flight over midnight, a clock of another zone
LIKE, NEARLY_LIKE = 0.8, 0.6  # 0 to 1, for the part of a name that fits best and for the one after it
# Papers about what happened: at least one of their dates lies within the policy's term.
PAPERS_OF_EVENTS = (
    "ticket", "boarding_pass", "delay_certificate", "cancellation_certificate", "baggage_report", "baggage_tag",
    "medical_report", "official_report", "loss_report",
)  # fmt: skip
_FLIGHT = re.compile(r"(?<!\w)([^\W\d_]{2,3}|[^\W\d_]\d|\d[^\W\d_])?[ –-]{0,3}0{0,3}(\d{1,4})(?!\d)")


@dataclass(frozen=True)
class Disagreement:
    """`code`: policy_other, date_outside, name_other or flight_other. `fact_index` counts in the facts from 0."""

    code: str
    fact_index: int
    expected: str


def disagreements(
    facts: Sequence[Fact],
    *,
    policy_number: str,
    policy_from: date | None,
    policy_until: date | None,
    event_date: date | None,
    names: Sequence[str],
    flight: str = "",
    kind: str = "",
) -> list[Disagreement]:
    """What staff should look at. `kind` is the paper's; what the claim does not know is not compared."""
    return [
        *_policies(facts, policy_number),
        *_dates(facts, policy_from, policy_until, event_date, kind),
        *_names(facts, [name for name in names if name.strip()]),
        *_flights(facts, flight),
    ]


def is_same_policy(number: str, other: str) -> bool:
    """The digits decide; the letters only where they were surely read as Latin ones, and not one of them fits."""
    digits, other_digits = (_only(text, str.isdigit) for text in (number, other))
    if digits != other_digits:
        return False
    letters, other_letters = (_only(latin(text), str.isalpha) for text in (number, other))
    shared = any(a == b for a, b in zip(letters, other_letters, strict=False))
    return shared or not letters or not other_letters or not (number.isascii() and other.isascii())


def is_same_flight(number: str, other: str) -> bool:
    """The digits decide; the airline's two letters only where not one of them fits, and no Cyrillic stands for them."""
    return any(
        int(digits) == int(other_digits) and _is_same_airline(code, other_code)
        for code, digits in _FLIGHT.findall(number)
        for other_code, other_digits in _FLIGHT.findall(other)
    )


def is_like_name(name: str, other: str) -> bool:
    """Whether both may be one person's, in either alphabet and order, with initials and without a patronymic."""
    parts, others = ([sound(part) for part in text.replace(".", " ").split()] for text in (name, other))
    scores = sorted((_best(part, others) for part in parts if part), reverse=True)
    if not scores or scores[0] < LIKE:
        return False
    return len(scores) < 2 or len(others) < 2 or scores[1] >= NEARLY_LIKE


def _policies(facts: Sequence[Fact], expected: str) -> Iterator[Disagreement]:
    found = [(n, fact) for n, fact in enumerate(facts) if fact.kind == "policy_number"]
    if not expected or any(is_same_policy(fact.text, expected) for _, fact in found):
        return
    yield from (Disagreement("policy_other", n, expected) for n, _ in found)


def _dates(
    facts: Sequence[Fact], first: date | None, last: date | None, event_date: date | None, kind: str
) -> Iterator[Disagreement]:
    if first is None or last is None:
        return
    dated = [(n, fact, date.fromisoformat(fact.value)) for n, fact in enumerate(facts) if fact.kind == "date"]
    outside = [(n, fact) for n, fact, day in dated if not first - SLACK <= day <= last + SLACK and day != event_date]
    told = [n for n, fact in outside if fact.role == "event"]
    neutral = [(n, fact) for n, fact, _ in dated if not fact.role]
    if not told and kind in PAPERS_OF_EVENTS and not any(fact.role == "event" for _, fact, _ in dated):
        is_all = bool(neutral) and all(pair in outside for pair in neutral)
        told = [neutral[0][0]] if is_all else []
    for n in told:
        yield Disagreement("date_outside", n, f"{first.isoformat()}/{last.isoformat()}")


def _names(facts: Sequence[Fact], expected: Sequence[str]) -> Iterator[Disagreement]:
    found = [(n, fact.value) for n, fact in enumerate(facts) if fact.kind == "name"]
    if not found or not expected:
        return
    if not any(is_like_name(name, other) for _, name in found for other in expected):
        yield Disagreement("name_other", found[0][0], ", ".join(expected))


def _flights(facts: Sequence[Fact], expected: str) -> Iterator[Disagreement]:
    found = [(n, fact.value) for n, fact in enumerate(facts) if fact.kind == "flight"]
    if not _FLIGHT.search(expected) or any(is_same_flight(value, expected) for _, value in found):
        return
    yield from (Disagreement("flight_other", n, expected) for n, _ in found)


def _is_same_airline(code: str, other: str) -> bool:
    if len(code) != 2 or len(other) != 2 or not (code + other).isascii():
        return True
    return any(a == b for a, b in zip(code.upper(), other.upper(), strict=True))


def _best(part: str, others: Sequence[str]) -> float:
    return max((_likeness(part, other) for other in others if other), default=0.0)


def _likeness(part: str, other: str) -> float:
    if len(part) == 1 or len(other) == 1:
        return NEARLY_LIKE if part[0] == other[0] else 0.0
    return SequenceMatcher(None, _stem(part), _stem(other)).ratio()


def _stem(part: str) -> str:
    """Without the ending that tells a woman's surname from a man's."""
    return part.rstrip("aeiou") or part


def _only(text: str, wanted: Callable[[str], bool]) -> str:
    return "".join(filter(wanted, text))
