"""Takes out of a text what names a person or an account, before the text leaves for a model."""

import re
from collections.abc import Sequence

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_MONEY = (
    r"(?:руб\w*|р\.|₽|грн\w*|гривен\w*|гривн\w*|₴|€|\$|£|usd|eur|rub|uah|euro?s?|dollars?|hryvnias?|rub[l]?es"
    r"|евро|євро|долл?\w*|тыс\w*|тис\w*|млн|thousand|million)"
)
_ENDED = "паспорт загран полис поліс сери[яиюей] сері[яїює] договор номер счет счёт рахун карт[аыуоеік]"
_WHOLE = "инн іпн снилс passport policy contract account card number"
_NUMBERED = "|".join([*(rf"{word}[^\W\d]*+" for word in _ENDED.split()), *_WHOLE.split()])
# The first that fits wins: what stays (dates, amounts) comes before what would take its digits for a number.
_KINDS = {
    "email": r"(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]+(?:\.[\w\-]+)+",
    "account": r"\b(?-i:[A-Z]{2})\d{2}(?:[ ]?(?-i:[A-Z0-9]){4}){2,7}(?:[ ]?(?-i:[A-Z0-9]){1,3})?\b",
    "_date": r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}[./]\d{1,2}[./]\d{2})(?!\d)",
    "_amount": r"(?<![\d+])(?:[€$£₽₴]\s?\d{1,3}(?:[\s.,]?\d{3}){0,2}(?:[.,]\d{1,2})?(?!\d)"
    r"|\d{1,3}(?:[\s.,]?\d{3}){0,2}(?:[.,]\d{1,2})?\s?" + _MONEY + ")",
    "card": r"(?<!\d)\d{4}[\s-]?\d{4}[\s-]?\d{4}[\s-]?\d{4}(?:[\s-]?\d{1,4})?(?!\d)",
    "phone": r"(?<!\d)(?:\+\d[\d\s()\-.]{7,17}\d|[78][\s\-]?\(?\d{3}\)?[\s\-.]?\d{3}[\s\-.]?\d{2}[\s\-.]?\d{2}"
    r"|(?:38[\s\-]?)?\(?0\d{2}\)?[\s\-.]?\d{3}[\s\-.]?\d{2}[\s\-.]?\d{2}"
    r"|\(?\d{3}\)?[\s\-.]\d{3}[\s\-.]\d{2}[\s\-.]?\d{2})(?!\d)",
    "passport": r"(?<!\d)\d{2}\s?\d{2}\s?(?:№|N|no\.?|номер)?\s?\d{6}(?!\d)",
    "coded": r"\b(?-i:[A-ZА-ЯІЇЄҐ]{1,5})[\s\-/№]{0,3}\d{6,}(?:[\-/]\w+)*",
    "long": r"(?<!\d)\d{7,}(?!\d)",
}
_TITLES = {"card": "account", "passport": "number", "coded": "number", "long": "number"}
_PATTERN = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in _KINDS.items()), re.IGNORECASE)
_AFTER_A_WORD = re.compile(
    rf"\b(?P<lead>(?:{_NUMBERED})[\s:№#.\-]*+(?:(?:n|no|num|number|номер)\b[\s:№#.]*+)?)"
    r"(?P<value>(?=(?:[^\s\d\[]*+\d){5})\w[\w/\-]{4,}+(?:\s\d{4,}+)*+)",
    re.IGNORECASE,
)
_SOFTENED = {"г": "[гзж]", "к": "[кцч]", "х": "[хсш]", "е": "[еёє]", "ё": "[еёє]"}

# Of names and surnames in any case, Russian and Ukrainian.
_ENDINGS = (
    "а|я|у|ю|е|є|и|і|ї|ы|о|ь|й|ой|ою|ей|ею|єю|ью|ом|ем|єм|ам|ям|ами|ями|ах|ях|ові|еві|єві|ого|ому|его|ему|им|ім|ым|их"
    "|ых|ий|ій|ый|ая|яя|ую|юю|ої|ими|ыми|ия|ию|ием|ии|ія|ію|ієм|ієві|ії"
)


def masked(text: str, *, names: Sequence[str] = ()) -> str:
    """`text` with phones, emails, cards, accounts and numbers of papers replaced by [phone 1], and `names` by [name].

    The same number has the same place-holder all through the text. `names` are found in any case and with the endings
    of Russian and Ukrainian. Dates, amounts of money and flight numbers stay. Invisible characters are dropped.
    """
    seen: dict[str, dict[str, int]] = {}
    hidden = _PATTERN.sub(lambda match: _hidden(match, seen), _INVISIBLE.sub("", text))
    hidden = _AFTER_A_WORD.sub(lambda match: match["lead"] + _place_holder("number", match["value"], seen), hidden)
    words = {word for name in names for word in re.split(r"[\s\-]+", name) if len(word) > 1}
    for word in sorted(words, key=len, reverse=True):
        hidden = re.sub(rf"(?<!\w)(?<!\[){_inflected(word)}(?!\w)", "[name]", hidden, flags=re.IGNORECASE)
    return hidden


def _hidden(match: re.Match[str], seen: dict[str, dict[str, int]]) -> str:
    kind = str(match.lastgroup)
    return match.group() if kind.startswith("_") else _place_holder(_TITLES.get(kind, kind), match.group(), seen)


def _place_holder(title: str, value: str, seen: dict[str, dict[str, int]]) -> str:
    known = seen.setdefault(title, {})
    return f"[{title} {known.setdefault(_same(value), len(known) + 1)}]"


def _same(value: str) -> str:
    """What is alike in one number, however it is written: a Russian 8 stands for +7, a Ukrainian 0 for +380."""
    plain = re.sub(r"[\W_]", "", value).lower()
    return plain[-10:] if plain.isdigit() and 10 <= len(plain) <= 12 else plain


def _inflected(word: str) -> str:
    """A pattern of `word` in any case: its stem, where the last vowel may have fallen out, and a short ending."""
    word = word.lower()
    if not re.fullmatch(r"[а-яёіїєґ'’ʼ]+", word):
        return re.escape(word) + r"(?:['’]?s)?"
    stem = re.sub(r"(?:ий|ій|ый|ой|ая|яя|[аеёиійоуыьэюяї])$", "", word)
    if len(stem) < 2:
        return re.escape(word)
    letters = [_SOFTENED.get(letter, re.escape(letter)) for letter in stem]
    if stem == word and len(stem) > 2 and stem[-2] in "еоєё":
        letters[-2] = "[еоєёь]?"
    return "".join(letters) + f"(?:{_ENDINGS})?"
