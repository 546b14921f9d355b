"""Names of persons on a paper: after a label, as tickets write them, or with a patronymic."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from apps.claims.rules.reading.letters import plain, shape
from apps.claims.rules.reading.lines import Line, below
from apps.core.files.reading.pages import Word

_SURNAME = r"фамилия|прізвище|surname|last name|family name"
_GIVEN = r"имя(?: и отчество)?|ім.?я|given names?|first names?|forenames?"
_WHOLE = (
    r"ф\.? ?и\.? ?о\.?|п\.? ?і\.? ?б\.?|пассажир\w*|пасажир\w*|passengers?(?: name)?|name of passenger|"
    r"застрахован\w*(?: лицо| лица| особа)?|insured(?: person)?|страхователь|страхувальник|policy ?holder|"
    r"пациент\w*|пацієнт\w*|patient(?: name|'s name)?|клиент|клієнт|client|customer|guest(?: name)?|гость|гість|"
    r"заявител\w*|заявник\w*|applicant|claimant|плательщик|платник|payer|покупатель|покупець|buyer|"
    r"владелец|власник|owner|holder|туристы?|full name|name|traveller|sender|отправитель|відправник|"
    r"выдан[ао]?|видано|дана|bill(?:ed)? to|issued to"
)
_LABEL = re.compile(rf"(?<!\w)(?:(?P<s>{_SURNAME})|(?P<g>{_GIVEN})|(?P<w>{_WHOLE}))(?!\w)", re.IGNORECASE)
# What may stand between a label and its name: the same label in another language, marks, a remark in brackets.
_BETWEEN = re.compile(r"[\s:.,/|_*=–—-]{0,8}(?:\([^()]{0,40}\))?[\s:.,/|_*=–—-]{0,8}")
_ONE = r"[A-ZА-ЯЁІЇЄҐ][A-Za-zА-Яа-яЁёІіЇїЄєҐґ'’ʼ-]{0,30}"
_NAME = re.compile(rf"{_ONE}\.?(?:(?: |/| / ){_ONE}\.?){{0,4}}")
_SLASHED = re.compile(r"(?<![\w/])([A-Z][A-Z'-]{1,30}) ?/ ?([A-Z][A-Z'-]{1,30}(?: [A-Z][A-Z'-]{1,30}){0,2})(?![\w/])")
_FATHERS = "(?i:вич|вича|вичу|вичем|вна|вны|вне|вну|вной|вни|вні|вною|чна|чни|чні|чну|чною)"
_PATRONYMIC = re.compile(
    rf"(?<!\w)(?:{_ONE} {_ONE} [А-ЯЁІЇЄҐ]\w{{2,20}}{_FATHERS}"
    rf"|{_ONE} [А-ЯЁІЇЄҐ]\w{{2,20}}{_FATHERS} {_ONE})(?!\w)"
)
_TITLED = re.compile(rf"(?<!\w)(?:Dear|Mr|Mrs|Ms|Miss|MR|MRS|MS)\.? (?P<n>{_ONE}(?: {_ONE}){{1,2}})")
_TITLES = {"mr", "mrs", "ms", "miss", "mstr", "chd", "inf", "adt", "dr", "dear"} | {
    "уважаемая",
    "уважаемыи",
    "шановна",
    "шановнии",
    "пан",
    "пані",
    "господин",
    "госпожа",
}
# What stands where a name is looked for and is none.
_NO_NAMES = """
    фамилия прізвище имя отчество ім'я батькові фио піб surname name names given first last family full of the
    пассажир пасажир passenger застрахованный застрахований insured person лицо особа страхователь страхувальник
    пациент пацієнт patient клиент client holder владелец власник представитель возраст вік age
    date birth born дата рождения народження место місце place пол стать sex nationality гражданство громадянство
    рейс flight gate seat class from to билет квиток ticket boarding pass booking ref pnr
    policy полис поліс номер number no паспорт passport серия серія код code документ document signature подпись підпис
    адрес адреса address телефон phone email тел tel период період срок строк period valid
    страховая страхова сумма сума sum total итого всего разом территория територія программа програма
    ооо ао пао зао тов ltd llc inc gmbh ag банк bank компания компанія company insurance certificate
    клиника клініка больница лікарня hospital clinic diagnosis диагноз діагноз врач лікар doctor
    eur usd rub uah евро нет ні none yes
    багаж baggage при excess франшиза relations care service services sir madam
    рф россия украина україна russia ukraine ukr rus отель hotel за по на для от від
"""
_NO_SHAPES = {shape(word) for word in _NO_NAMES.split()}
_CYRILLIC = re.compile("[А-Яа-яЁёІіЇїЄєҐґ]")
_PASSPORT_CODE = re.compile(r"[PIAC][A-Z<][A-Z<]{3}([A-Z]{2,}(?:<[A-Z]+)*)<<([A-Z]+(?:<[A-Z]+)*)<*[A-Z<]*")


@dataclass(frozen=True)
class NameFound:
    value: str
    words: tuple[Word, ...]


def names_in(lines: Sequence[Line]) -> list[NameFound]:
    """Names with the words they stand in; a surname and a given name under labels of their own are one name."""
    found: list[NameFound] = []
    surname: NameFound | None = None
    for line, after in zip_longest(lines, lines[1:]):
        for part, name in _labelled(line, after):
            if part == "g" and surname:
                name = NameFound(f"{surname.value} {name.value}", surname.words + name.words)
                surname = None
                found.append(name)
            elif part == "s":
                surname = name
            elif part == "w" or " " in name.value:
                found.append(name)
        found += _bare(line)
    return found + ([surname] if surname else [])


def _labelled(line: Line, after: Line | None) -> Iterator[tuple[str, NameFound]]:
    """What stands after each label, else below it: "s" a surname, "g" given names, "w" a whole name."""
    for start, end, part in _labels(line.text):
        beside, under = _name_at(line, end), below(line, after, start, end)
        below_it = _name_at(under, 0) if under else None
        # Behind a stroke stands the label's other language, badly read, unless nothing else is there.
        name = below_it or beside if line.text[:end].rstrip().endswith("/") else beside or below_it
        if name:
            yield part, name


def _labels(text: str) -> list[tuple[int, int, str]]:
    """Labels from their start to where the name may begin; "Имя / Given names" is one of them."""
    found: list[tuple[int, int, str]] = []
    for match in _LABEL.finditer(text):
        between = _BETWEEN.match(text, match.end())
        start, end, part = match.start(), between.end() if between else match.end(), str(match.lastgroup)
        if found and start <= found[-1][1]:
            start, _, first = found.pop()
            part = "w" if {first, part} == {"s", "g"} else first
        found.append((start, end, part))
    return found


def _name_at(line: Line, at: int) -> NameFound | None:
    match = _NAME.match(line.text, at)
    return _found(line, match.start(), match.group()) if match else None


def _bare(line: Line) -> Iterator[NameFound]:
    for match in _SLASHED.finditer(line.text):
        is_titled = match.group().split()[-1].lower() in _TITLES
        if is_titled or len(match.group()) >= 9:
            yield from _some(_found(line, match.start(), match.group()))
    for match in _PATRONYMIC.finditer(line.text):
        yield from _some(_found(line, match.start(), match.group()))
    for match in _TITLED.finditer(line.text):
        yield from _some(_found(line, match.start("n"), match["n"]))
    for match in _PASSPORT_CODE.finditer(line.text.replace(" ", "")):
        value = " ".join(match.groups()).replace("<", " ").title()
        yield NameFound(value, line.words)


def _some(name: NameFound | None) -> Iterator[NameFound]:
    if name:
        yield name


def _found(line: Line, start: int, text: str) -> NameFound | None:
    """The name at the beginning of `text`, up to a word that is none; None when nothing is left."""
    kept, end = [], start
    for part in re.finditer(r"[^\s/]+", _one_alphabet(text)):
        bare = part.group().strip(".,-")
        if plain(bare) in _TITLES:
            continue
        if not bare or shape(bare) in _NO_SHAPES:
            break
        kept.append(bare)
        end = start + part.end()
    if sum(len(part) > 1 for part in kept) == 0:
        return None
    return NameFound(" ".join(map(_cased, kept)), line.among(start, end))


def _one_alphabet(text: str) -> str:
    """Of "ИВАНОВА / IVANOVA" the first half; a name in one alphabet stays whole."""
    first, stroke, second = text.partition(" / " if " / " in text else "/")
    is_doubled = stroke == " / " or not _CYRILLIC.search(second)
    return first if is_doubled and _CYRILLIC.search(first) else text


def _cased(part: str) -> str:
    if len(part) > 1 and part.isupper():
        return "-".join(piece.capitalize() for piece in part.split("-"))
    return part
