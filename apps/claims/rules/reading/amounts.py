"""Sums of money as papers write them: "1 250,00 руб.", "€ 120.50", "USD 1,250"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from apps.claims.rules.reading.letters import shape

_CURRENCIES = {
    "RUB": "₽ rub rur руб рубл р.",
    "UAH": "₴ uah грн гривен гривн",
    "EUR": "€ eur euro евро євро",
    "USD": "$ us$ usd долл дол доллар",
    "GBP": "£ gbp",
    "TRY": "₺ try tl лир лір",
    "KZT": "₸ kzt тенге",
    "GEL": "₾ gel лари ларі",
    "AED": "aed дирхам",
    "THB": "฿ thb бат",
    "CNY": "¥ cny юан",
    "PLN": "pln zl zł",
    "CZK": "czk kč",
    "CHF": "chf",
    "HUF": "huf",
}
_BY_SIGN = {shape(sign).rstrip("."): code for code, signs in _CURRENCIES.items() for sign in signs.split()}
_NUMBER = r"(?P<n>\d{1,3}(?:[ '’.,]\d{3}){1,3}(?:[.,]\d{1,2})?|\d{1,9}(?:[.,] ?\d{1,2})?)"
_SIGN = r"(?P<c>[₽₴€$£₺₸₾฿¥]|[^\W\d_]{1,10}\$?)"
_AFTER = re.compile(rf"(?<![\d.,/-]){_NUMBER}[ \t]?{_SIGN}")
_BEFORE = re.compile(rf"(?<!\w){_SIGN}\.?:?[ \t]?{_NUMBER}(?![\d/-]|[.,]\d)")
_EURO_MISREAD = re.compile(r"(?<![\d.,/-])(?P<n>\d{1,3}(?:[ '’.,]\d{3}){0,3}[.,]\d{2})[ \t]?(?P<c>[ЄЕEeеє=])(?!\w)")
_CENTS = re.compile(r"[.,]\d\d$")
_LONG_SIGN = 4  # letters from which a sign may have an ending: рублей, гривень


@dataclass(frozen=True)
class AmountFound:
    """`value` as "120.50 EUR"."""

    value: str
    start: int
    end: int


def amounts_in(text: str) -> list[AmountFound]:
    """Every sum in a line that has its currency beside it."""
    found: list[AmountFound] = []
    for form in (_AFTER, _BEFORE):
        for one in _readings(form, text):
            if all(one.end <= other.start or one.start >= other.end for other in found):
                found.append(one)
    for match in _EURO_MISREAD.finditer(text):
        if all(match.end() <= other.start or match.start() >= other.end for other in found):
            found.append(AmountFound(f"{_number(match['n'])} EUR", match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _readings(form: re.Pattern[str], text: str) -> Iterator[AmountFound]:
    at = 0
    while match := form.search(text, at):
        code = "" if _is_bare_letter(match) else _currency(match["c"])
        at = match.end() if code else match.start() + 1
        if code:
            yield AmountFound(f"{_number(match['n'])} {code}", match.start(), match.end())


def _is_bare_letter(match: re.Match[str]) -> bool:
    """Whether a letter is all the sign there is, and neither cents nor a dot behind it tell that it is one."""
    letter, behind = match["c"], match.string[match.end("c") : match.end("c") + 1]
    return len(letter) == 1 and letter.isalpha() and behind != "." and not _CENTS.search(match["n"])


def _currency(sign: str) -> str:
    read = shape(sign)
    if read in _BY_SIGN:
        return _BY_SIGN[read]
    return next((c for known, c in _BY_SIGN.items() if len(known) >= _LONG_SIGN and read.startswith(known)), "")


def _number(text: str) -> str:
    """ "1.250,5" and "1 250.50" are 1250.50: what has one or two digits behind it parts the cents."""
    bare = re.sub(r"[ '’]", "", text)
    whole, cents = bare, "0"
    if parted := re.fullmatch(r"(.*)[.,](\d{1,2})", bare):
        whole, cents = parted.groups()
    return f"{Decimal(re.sub('[.,]', '', whole) + '.' + cents):.2f}"
