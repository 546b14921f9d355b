"""Letters as OCR mixes them up: Cyrillic and Latin look-alikes, digits inside words, names in two alphabets."""

import unicodedata
from collections.abc import Iterable

_LATIN_OF = str.maketrans("авгекмнопрстиухіѕј", "abrekmhonpctuyxisj")
_DIGIT_OF = str.maketrans("OoОоQЗзlIІі|БбSЅВB", "000003311111665588")
_LETTER_OF = str.maketrans("03", "oз")
_LATIN_UPPER = str.maketrans("АВЕКМНОРСТУХІЇЅЈ", "ABEKMHOPCTYXIISJ")

_SOUNDS = str.maketrans(
    dict(zip("абвгґдезиіїйклмнопрстуфхцыэє", "abvggdeziiiiklmnoprstufhcyee", strict=True))
    | {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia", "ь": "", "ъ": "", "'": "", "’": ""}
)
# One sound, many spellings: GOST, ICAO, the Ukrainian rules, and what people write by ear.
_SPELLINGS = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("tz", "c"), ("ts", "c"), ("kh", "h"), ("zh", "z"), ("x", "ks"),
    ("w", "v"), ("y", "i"), ("j", "i"), ("h", "g"), ("ck", "k"), ("ph", "f"),
    ("iia", "a"), ("ia", "a"), ("iiu", "u"), ("iu", "u"), ("ie", "e"), ("io", "e"), ("ii", "i"), ("ei", "i"),
)  # fmt: skip


def plain(text: str) -> str:
    """`text` in lower case, without accents: "Її ёлка" becomes "іі елка"."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def shape(text: str) -> str:
    """What `text` looks like, whichever alphabet it was read in; only shapes are to be compared with each other."""
    return plain(text).translate(_LATIN_OF).translate(_LETTER_OF)


def tokens(text: str) -> list[str]:
    """The shapes of the words in `text`, split at all that is neither letter nor digit."""
    return "".join(letter if letter.isalnum() else " " for letter in shape(text)).split()


def digits(text: str) -> str:
    """`text` of the same length with letters that look like digits as those, if nothing but a number is left then."""
    read = text.translate(_DIGIT_OF)
    count = sum(letter.isdigit() for letter in text)
    is_number = not any(letter.isalpha() for letter in read)
    return read if is_number and count * 2 >= sum(letter.isalnum() for letter in text) else text


def latin(text: str) -> str:
    """`text` in upper case, of the same length, with Cyrillic look-alikes as the Latin letters."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text).translate(_LATIN_UPPER)


def sound(text: str) -> str:
    """How a name sounds, roughly and in Latin letters, so that "Мария", "MARIIA" and "Mariya" are one."""
    heard = plain(text).translate(_SOUNDS)
    for spelling, kept in _SPELLINGS:
        heard = heard.replace(spelling, kept)
    return "".join(_once(letter for letter in heard if letter.isalpha()))


def is_near(word: str, other: str) -> bool:
    """Whether one changed, lost or added letter at most tells them apart."""
    if abs(len(word) - len(other)) > 1:
        return False
    at = next((n for n, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), -1)
    if at < 0:
        return True
    return word[at + 1 :] == other[at + 1 :] or word[at:] == other[at + 1 :] or word[at + 1 :] == other[at:]


def _once(letters: Iterable[str]) -> Iterable[str]:
    last = ""
    for letter in letters:
        if letter != last:
            yield letter
        last = letter
