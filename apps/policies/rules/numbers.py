"""Policy numbers as people type them, read by the number formats of the products.

A format is data that staff edit: a regular expression over the number without separators, in upper case and
Latin letters, whose groups are joined with dashes to give the number as it is stored and shown.
`(TRV)([0-9]{4})([0-9]{6})` reads "trv 2026 123456", "TRV2026123456" and "ТRV–2026–123456" (with a Cyrillic Т)
as TRV-2026-123456.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST, LONGEST = 4, 32  # signs without separators
LONGEST_RAW = 100

_SEPARATORS = re.compile(
    r"[\s\u00a0\u2007\u2009\u202f\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u2010-\u2015\u2212_./\\№#-]+"
)
_SIGNS = re.compile(r"[A-ZА-ЯЁІЇЄҐ0-9]+")
_CYRILLIC = re.compile(r"[А-ЯЁІЇЄҐ]")
_LETTERS_FIRST = re.compile(r"[A-ZА-ЯЁІЇЄҐ]+")
_LOOK_ALIKES = ("АВЕКМНОРСТУХІ", "ABEKMHOPCTYXI")
_TO_LATIN = str.maketrans(*_LOOK_ALIKES)
_TO_CYRILLIC = str.maketrans(_LOOK_ALIKES[1], _LOOK_ALIKES[0])


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of one product are written; `example` is shown to whoever mistypes one."""

    product: str
    pattern: str
    example: str


@dataclass(frozen=True)
class PolicyNumber:
    """A number as it is stored, and the code of its product ("" if no format knows it)."""

    number: str
    product: str


class PolicyNumberInvalid(ValueError):
    """A text that can't be a policy number; `example` shows the right form where the product is clear, else ""."""

    code = "policy_number_invalid"

    def __init__(self, example: str = "") -> None:
        super().__init__(self.code)
        self.example = example


def read_number(raw: str, formats: Iterable[NumberFormat]) -> PolicyNumber:
    """Return the number by the first format that fits it.

    A number of no known format is returned as it is, without separators: another insurer's policy must not
    stop its holder. One that starts like a known format and doesn't fit it is a slip: PolicyNumberInvalid.
    """
    signs = bare(raw)
    known = tuple(formats)
    for form in known:
        fits = re.fullmatch(form.pattern, signs)
        if fits:
            return PolicyNumber("-".join(filter(None, fits.groups())) or signs, form.product)
    for form in known:
        if _first_letters(signs) and _first_letters(signs) == _first_letters(bare(form.example)):
            raise PolicyNumberInvalid(form.example)
    return PolicyNumber(signs, "")


def bare(raw: str) -> str:
    """Return the number in upper case, without separators, in one alphabet: Latin wherever that can be.

    Raises PolicyNumberInvalid for other signs, for a wrong length and for a text without a digit.
    """
    if len(raw) > LONGEST_RAW:
        raise PolicyNumberInvalid
    signs = _SEPARATORS.sub("", unicodedata.normalize("NFC", raw)).upper().translate(_TO_LATIN)
    if _CYRILLIC.search(signs):
        signs = signs.translate(_TO_CYRILLIC)
    if not SHORTEST <= len(signs) <= LONGEST or not _SIGNS.fullmatch(signs):
        raise PolicyNumberInvalid
    if not any(sign.isdecimal() for sign in signs):
        raise PolicyNumberInvalid
    return signs


def _first_letters(signs: str) -> str:
    found = _LETTERS_FIRST.match(signs)
    return found.group() if found else ""
