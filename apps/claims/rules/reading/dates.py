"""Dates as papers write them in Russian, Ukrainian and English."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from apps.claims.rules.reading.letters import shape

OLDEST_YEAR, YEARS_AHEAD = 1900, 20

_MONTHS = (
    "янв січ jan", "фев лют feb", "мар бере mar", "апр квіт apr", "май мая трав may", "июн черв jun",
    "июл лип jul", "авг серп aug", "сен вер sep", "окт жовт oct", "ноя лист nov", "дек груд dec",
)  # fmt: skip
_BEGINNINGS = [(shape(word), n) for n, words in enumerate(_MONTHS, 1) for word in words.split()]
_DAY, _WORD, _YEAR = r"(?P<d>\d{1,2})", r"(?P<m>[^\W\d_]{3,12})", r"(?P<y>\d{4}|\d{2})"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<![\d.-])(?P<y>\d{4})[-./](?P<m>\d{2})[-./](?P<d>\d{2})(?![\d])",
        rf"(?<![\d.]){_DAY}[./-](?P<m>\d{{1,2}})[./-]{_YEAR}(?![\d])",
        rf"(?<![\d.]){_DAY}(?: ?[./-] ?| )(?P<m>\d{{2}}) ?[./-] ?(?P<y>\d{{4}})(?![\d])",
        rf"(?<!\d)[«\"“']?{_DAY}[»\"”']?(?:st|nd|rd|th|-?го|-?е)?[ .-]{{0,2}}{_WORD}"
        rf"(?: ?/ ?[^\W\d_]{{3,9}})?[ .,'’-]{{0,3}}{_YEAR}(?!\d)",
        rf"(?<!\w){_WORD}\.? {_DAY}(?:st|nd|rd|th)?,? (?P<y>\d{{4}})(?!\d)",
    )
)
_WITHOUT_YEAR = re.compile(r"(?<!\w)(?P<d>\d{2}) ?(?P<m>[A-Z]{3})(?![^\W_]|[ -]?\d{2})")


@dataclass(frozen=True)
class DateFound:
    value: date
    start: int
    end: int


def dates_in(text: str, *, today: date) -> list[DateFound]:
    """Every date in a line. One without a year, as tickets have them, is the one nearest to `today`."""
    found: list[DateFound] = []
    for match, value in _readings(text, today):
        if all(match.end() <= other.start or match.start() >= other.end for other in found):
            found.append(DateFound(value, match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _readings(text: str, today: date) -> Iterator[tuple[re.Match[str], date]]:
    for form in _FORMS:
        for match in form.finditer(text):
            value = _read(match, today)
            if value:
                yield match, value
    for match in _WITHOUT_YEAR.finditer(text):
        value = _nearest(match, today)
        if value:
            yield match, value


def _read(match: re.Match[str], today: date) -> date | None:
    month, day = _month(match["m"]), int(match["d"])
    year = int(match["y"]) if len(match["y"]) == 4 else _century(int(match["y"]), today)
    if match["m"].isdigit() and month > 12 >= day:
        month, day = day, month
    return _date(year, month, day) if OLDEST_YEAR <= year <= today.year + YEARS_AHEAD else None


def _nearest(match: re.Match[str], today: date) -> date | None:
    month, day = _month(match["m"]), int(match["d"])
    years = (today.year - 1, today.year, today.year + 1)
    found = [value for year in years if (value := _date(year, month, day))]
    return min(found, key=lambda value: abs(value - today), default=None)


def _century(year: int, today: date) -> int:
    """A year of two digits: not further ahead than a passport is valid."""
    full = today.year // 100 * 100 + year
    return full if full <= today.year + 10 else full - 100


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    name = shape(text)
    return next((month for beginning, month in _BEGINNINGS if name.startswith(beginning)), 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
