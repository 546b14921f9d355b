"""Telephone numbers of the people we serve: mobiles of Russia and Ukraine, kept as digits.

`static/claims/js/checks.js` gives the same answers while a person types; one test holds the two together.
The ranges below are data written out, and not a library's: a library follows every new range of every
operator, and the page must say what the server says.
"""

import re

SERVED = ("RU", "UA")

# The Ukrainian mobile codes, as the numbering plan has them (three operators, their brands, and CDMA).
UA_MOBILE_CODES = (
    "39", "50", "63", "66", "67", "68", "73", "75", "77", "89",
    "91", "92", "93", "94", "95", "96", "97", "98", "99",
)  # fmt: skip

_LONGEST_RAW = 40
_SHORTEST_WORLD, _LONGEST_WORLD = 8, 15  # ITU-T E.164: with the country's code
_WRITTEN = re.compile(r"\+?[0-9()\[\]./ \-]+")
# spaces of every width, and the invisible direction marks that an address book copies along
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_NOT_DIGITS = re.compile(r"[^0-9]")

_HOME_AFTER_PLUS = re.compile(r"8[09][0-9]{9}")  # "+8 916 …", a common slip; no country's code is 80 or 89
_RU_ANY = re.compile(r"7[3489][0-9]{9}")
_RU_MOBILE = re.compile(r"79[0-9]{9}")
_KAZAKHSTAN = re.compile(r"7[67][0-9]{9}")
_UA_ANY = re.compile(r"380[3-9][0-9]{8}")
_UA_MOBILE = re.compile(rf"380(?:{'|'.join(UA_MOBILE_CODES)})[0-9]{{7}}")


class PhoneInvalid(ValueError):
    """A number that can't be used; `code` is phone_invalid, phone_not_mobile or country_not_served."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normalise(raw: str, allowed: tuple[str, ...] = SERVED) -> str:
    """Return `7XXXXXXXXXX` or `380XXXXXXXXX` for a mobile of an allowed country, however it was written.

    Raises PhoneInvalid. Digits of other scripts and trailing words ("ext. 5") are refused, not dropped.
    """
    digits, international = _dialled(raw)
    number = digits if international else _from_home(digits)
    return _served_mobile(number, allowed, international)


def country(digits: str) -> str:
    """Return "RU" or "UA" for a number that `normalise` gave."""
    return "UA" if digits.startswith("380") else "RU"


def display(digits: str) -> str:
    """Return `+7 916 123-45-67` or `+380 67 123-45-67`."""
    prefix, area, rest = _parts(digits)
    return f"+{prefix} {area} {rest[:3]}-{rest[3:5]}-{rest[5:]}"


def mask(digits: str) -> str:
    """Return `+7 ••• •••-45-67` or `+380 •• •••-45-67`, fit for a page that others may see."""
    prefix, area, rest = _parts(digits)
    return f"+{prefix} {'•' * len(area)} •••-{rest[3:5]}-{rest[5:]}"


def _parts(digits: str) -> tuple[str, str, str]:
    prefix = "380" if country(digits) == "UA" else "7"
    return prefix, digits[len(prefix) : -7], digits[-7:]


def _dialled(raw: str) -> tuple[str, bool]:
    """Return the digits and whether they start with a country's code (written as +, 00 or 8~10)."""
    text = _DASHES.sub("-", _SPACES.sub(" ", raw[: _LONGEST_RAW + 1])).strip()
    if len(text) > _LONGEST_RAW or not _WRITTEN.fullmatch(text):
        raise PhoneInvalid("phone_invalid")
    digits = _NOT_DIGITS.sub("", text)
    if text.startswith("+"):
        return digits, True
    if digits.startswith("00"):
        return digits[2:], True
    if digits.startswith("810") and len(digits) >= 14:
        return digits[3:], True
    return digits, False


def _from_home(digits: str) -> str:
    """Complete a number as it is dialled inside Russia or Ukraine."""
    if len(digits) == 11 and digits.startswith("80"):
        return "3" + digits
    if len(digits) == 10 and digits.startswith("0"):
        return "38" + digits
    if len(digits) == 11 and digits.startswith("8"):
        return "7" + digits[1:]
    if len(digits) == 10 and digits.startswith("9"):
        return "7" + digits
    return digits


def _served_mobile(number: str, allowed: tuple[str, ...], international: bool) -> str:
    if international and _HOME_AFTER_PLUS.fullmatch(number):
        number = _from_home(number)
    if _KAZAKHSTAN.fullmatch(number):
        raise PhoneInvalid("country_not_served")
    for code, any_number, mobile in (("RU", _RU_ANY, _RU_MOBILE), ("UA", _UA_ANY, _UA_MOBILE)):
        if not any_number.fullmatch(number):
            continue
        if code not in allowed:
            raise PhoneInvalid("country_not_served")
        if not mobile.fullmatch(number):
            raise PhoneInvalid("phone_not_mobile")
        return number
    foreign = international and not number.startswith(("0", "7", "380"))
    if foreign and _SHORTEST_WORLD <= len(number) <= _LONGEST_WORLD:
        raise PhoneInvalid("country_not_served")
    raise PhoneInvalid("phone_invalid")
