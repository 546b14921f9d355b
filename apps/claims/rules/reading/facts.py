"""What a paper says, as data with its place on the page."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any

from apps.claims.rules.reading.amounts import amounts_in
from apps.claims.rules.reading.dates import dates_in
from apps.claims.rules.reading.letters import latin, plain
from apps.claims.rules.reading.lines import Line, around, below, lines_of
from apps.claims.rules.reading.names import names_in
from apps.core.files.reading.pages import Box, Word

KINDS = ("policy_number", "name", "date", "amount", "flight", "car_number", "document_number")
MOST_FACTS, MOST_OF_A_KIND = 40, 12
MOST_WORDS = 6000
LEAST_SURE = 0.25  # 0 to 1: below it OCR saw letters where there are none

_ROLE_WORDS = {
    "birth": r"рожд|народж|birth|born|\bdob\b|\bд\.? ?р\.?\b",
    "issued": (
        r"выдан|выдач|видан|видач|issue|дата док|оформлен|составлен|складен|print|подпис|підпис|заключен|укладен|"
        r"брониров|booked|purchase|куплен|продаж"
    ),
    "expires": (r"действит|дійсн|expir|valid|годен|срок|строк|действует|діє|period|период|період|until"),
    "event": (
        r"вылет|виліт|вильот|отправл|відправл|прибыт|прибут|прилет|приліт|departure|arrival|flight|рейс|"
        r"событи|поді[яії]|event|incident|accident|случа|випад|visit|визит|візит|прием|прийом|обращен|звернен|"
        r"осмотр|огляд|admission|admitted|госпитал|госпітал|travel date|date of travel|поездк|поїздк|посадк|boarding|"
        r"потер|втрат|краж|кради|loss|theft"
    ),
}
_ROLES = {role: re.compile(plain(words)) for role, words in _ROLE_WORDS.items()}
_ROLE_REACH = 45  # characters before a date that a label may stand in
_POLICY_LABEL = re.compile(
    r"(?<!\w)(?:полис\w*|поліс\w*|policy|insurance (?:certificate|contract)|договор\w* страхован\w*|"
    r"договор\w* страхуван\w*|договір страхуван\w*|страхов\w{2,4} (?:сертификат|сертифікат|свидетельство|свідоцтво))"
    r"(?!\w)",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w-])(?:[^\W\d_]{1,5}[ /–-]{0,3})?\d[\d/–-]{0,20}(?: [\d/–-]{2,12}){0,3}(?![\w])")
_UP_TO_CODE = 40  # characters between a label and its number
_OTHER_LABEL = re.compile(
    r"(?<!\w)(?:паспорт|passport|рейс|flight|тел|tel|phone|счет|рахун|invoice|claim|заявк|дело|справа|инн|іпн|"
    r"телефон|билет|квиток|ticket|ref)",
    re.IGNORECASE,
)
_DOCUMENT_LABEL = re.compile(
    r"(?<!\w)(?:паспорт\w*|загранпаспорт\w*|passport|серия(?: и номер)?|серія(?: та номер)?|document (?:no|number)|"
    r"номер документа|документ\w*|type)(?!\w)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"(?<![\w-])(?:[A-Z]{2} ?\d{6,7}|\d{2} ?\d{2} ?(?:N|№)? ?\d{6}|\d{2} ?(?:N|№)? ?\d{7}|\d{9})(?![\w-])"
)
_PASSPORT_CODE = re.compile(r"([A-Z0-9]{6,9})<{0,3}\d[A-Z]{3}\d{7}[MF<X]\d{7}")
_FLIGHT_LABEL = re.compile(r"(?<!\w)(?:рейс\w*|flight|flt)(?!\w)", re.IGNORECASE)
_FLIGHT = re.compile(r"(?<![\w-])([A-Z]{2}|[A-Z]\d|\d[A-Z]) ?-? ?(\d{1,4})(?![\w]|[.,]\d)")
_NO_FLIGHTS = {
    "NO",
    "ID",
    "OF",
    "TO",
    "ON",
    "AT",
    "IN",
    "BY",
    "PO",
    "OT",
    "EU",
    "AM",
    "PM",
    "KB",
    "PH",
    "ST",
    "TA",
    "HA",
}
_FLIGHT_REACH = 30  # characters
_CAR_LETTERS = "ABCEHKMOPTXYI"
_CAR = re.compile(
    rf"(?<![\w-])(?:[{_CAR_LETTERS}] ?\d{{3}} ?[{_CAR_LETTERS}]{{2}} ?\d{{2,3}}|"
    rf"[{_CAR_LETTERS}]{{2}} ?-?\d{{4}} ?-?[{_CAR_LETTERS}]{{2}})(?![\w-])"
)


@dataclass(frozen=True)
class Fact:
    """`value` is normalised, `text` as it stands there; `sure` is 0 to 1, OCR's for the least sure of its words.

    `role` tells dates apart as far as the words before them do: birth, issued, expires, event, or empty.
    """

    kind: str
    value: str
    text: str
    page: int
    box: Box
    sure: float
    role: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Fact":
        return cls(**{**data, "box": Box(*data["box"])})

    def to_json(self) -> dict[str, Any]:
        box = [round(side, 4) for side in (self.box.left, self.box.top, self.box.right, self.box.bottom)]
        plain_fields = {"kind": self.kind, "value": self.value, "text": self.text, "page": self.page}
        return {**plain_fields, "box": box, "sure": round(self.sure, 2), "role": self.role}


def facts_of(words: Sequence[Word], *, today: date) -> list[Fact]:
    """At most 40 facts in the order of `KINDS`, each value once, where it was read most surely."""
    lines = lines_of([word for word in words if word.sure >= LEAST_SURE][:MOST_WORDS])
    best: dict[tuple[str, str], Fact] = {}
    for fact in _all(lines, today):
        key = (fact.kind, plain(fact.value))
        known = best.get(key)
        if known is None or (bool(fact.role), fact.sure) > (bool(known.role), known.sure):
            best[key] = fact
    return [fact for kind in KINDS for fact in _most(best.values(), kind)][:MOST_FACTS]


def _most(facts: Iterable[Fact], kind: str) -> list[Fact]:
    return [fact for fact in facts if fact.kind == kind][:MOST_OF_A_KIND]


def _all(lines: Sequence[Line], today: date) -> Iterator[Fact]:
    for name in names_in(lines):
        yield _fact("name", name.value, name.words)
    before: Line | None = None
    for line, after in zip_longest(lines, lines[1:]):
        taken, found = _plain_facts(line, before, today)
        yield from found
        yield from _numbers(line, _without(line.text, taken), after and _rest(after, today))
        before = line


def _plain_facts(line: Line, before: Line | None, today: date) -> tuple[list[tuple[int, int]], list[Fact]]:
    """Dates and sums, and where they stand, so that nobody takes their digits for a number."""
    dates, amounts = dates_in(line.text, today=today), amounts_in(line.text)
    facts = []
    for one in dates:
        words = line.among(one.start, one.end)
        facts.append(_fact("date", one.value.isoformat(), words, _role(line, before, one.start, words)))
    spans = [(one.start, one.end) for one in dates]
    for sum_ in amounts:
        if all(sum_.end <= start or sum_.start >= end for start, end in spans):
            facts.append(_fact("amount", sum_.value, line.among(sum_.start, sum_.end)))
            spans.append((sum_.start, sum_.end))
    return spans, facts


def _role(line: Line, before: Line | None, start: int, words: Sequence[Word]) -> str:
    """The role that the nearest label gives: on the line before the date, else above it."""
    near = line.text[max(0, start - _ROLE_REACH) : start]
    return _role_in(near) or (_role_in(_above(before, words)) if before else "")


def _role_in(text: str) -> str:
    read = plain(text)
    ends = {role: max((match.end() for match in form.finditer(read)), default=0) for role, form in _ROLES.items()}
    role = max(ends, key=lambda one: ends[one])
    return role if ends[role] else ""


def _above(before: Line, words: Sequence[Word]) -> str:
    box = around(words)
    over = [word.text for word in before.words if word.box.left < box.right + 0.02 and word.box.right > box.left - 0.02]
    return " ".join(over) if before.words[0].page == words[0].page else ""


def _rest(line: Line, today: date) -> Line:
    taken, _ = _plain_facts(line, None, today)
    return Line(line.words, _without(line.text, taken), line.starts)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + "¤" * (end - start) + text[end:]
    return text


def _numbers(line: Line, text: str, after: Line | None) -> Iterator[Fact]:
    folded = latin(text)
    yield from _policy_numbers(line, text, after)
    yield from _document_numbers(line, text, folded, after)
    cars = list(_CAR.finditer(folded))
    for match in cars:
        yield _fact("car_number", re.sub("[ -]", "", match.group()), line.among(*match.span()))
    spans = [match.span() for match in cars]  # a car's last letters and digits look like a flight
    yield from _flights(line, _without(text, spans), _without(folded, spans), after)
    if code := _PASSPORT_CODE.search(folded.replace(" ", "")):
        yield _fact("document_number", code[1].rstrip("<"), line.words)


def _policy_numbers(line: Line, text: str, after: Line | None) -> Iterator[Fact]:
    for label in _POLICY_LABEL.finditer(text):
        place = _code_after(line, text, label.end())
        under = None if place else below(line, after, label.start(), label.end())
        place = place or (_code_after(under, under.text, 0) if under else None)
        if place:
            yield place


def _code_after(line: Line, text: str, at: int) -> Fact | None:
    for match in _CODE.finditer(text, at, at + _UP_TO_CODE + 30):
        far = match.start() - at > _UP_TO_CODE
        if far or _OTHER_LABEL.search(text, at, match.start()):
            return None
        value = _policy_value(match.group())
        if value:
            return _fact("policy_number", value, line.among(*match.span()))
    return None


def _policy_value(text: str) -> str:
    """Empty when it is too short to be a policy's number."""
    code = re.sub(r"^(?:N|NO|№|НОМЕР)[ -]+", "", latin(text)).strip(" -–/")
    return re.sub(r"\s+", "-" if "-" in code else " ", code) if sum(map(str.isdigit, code)) >= 5 else ""


def _document_numbers(line: Line, text: str, folded: str, after: Line | None) -> Iterator[Fact]:
    for label in _DOCUMENT_LABEL.finditer(text):
        match = _DOCUMENT.search(folded, label.end(), label.end() + 60)
        if match:
            yield _document(line, match)
        elif (under := below(line, after, label.start(), label.end())) and (
            match := _DOCUMENT.search(latin(under.text))
        ):
            yield _document(under, match)


def _document(line: Line, match: re.Match[str]) -> Fact:
    return _fact("document_number", re.sub("[ N№]", "", match.group()), line.among(*match.span()))


def _flights(line: Line, text: str, folded: str, after: Line | None) -> Iterator[Fact]:
    labels = list(_FLIGHT_LABEL.finditer(text))
    for match in _FLIGHT.finditer(folded):
        is_named = any(0 <= match.start() - label.end() <= _FLIGHT_REACH for label in labels)
        if is_named or (text[match.start() : match.end()].isascii() and _is_flight(match)):
            yield _flight(line, match)
    for label in labels:
        under = below(line, after, label.start(), label.end())
        if under and (found := _FLIGHT.match(latin(under.text))):
            yield _flight(under, found)


def _is_flight(match: re.Match[str]) -> bool:
    letters, number = match.groups()
    return letters.isalpha() and letters not in _NO_FLIGHTS and len(number) >= 3 and not number.startswith(("19", "20"))


def _flight(line: Line, match: re.Match[str]) -> Fact:
    return _fact("flight", f"{match[1]} {match[2]}", line.among(*match.span()))


def _fact(kind: str, value: str, words: Sequence[Word], role: str = "") -> Fact:
    text = " ".join(word.text for word in words)
    return Fact(kind, value, text, words[0].page, around(words), min(word.sure for word in words), role)
