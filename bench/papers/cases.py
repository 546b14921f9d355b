"""What the papers are about: invented people, policies, flights and sums, the same for the same seed."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

TODAY = date(2026, 11, 20)

NAMES = {
    "ru": ["Соколова Марина Игоревна", "Кравцов Пётр Олегович", "Белых Анна Сергеевна", "Громов Илья Андреевич"],
    "uk": ["Коваленко Оксана Іванівна", "Шевчук Андрій Петрович", "Гриценко Юлія Олегівна", "Мороз Тарас Ігорович"],
    "en": ["Anna Whitfield", "Peter Hargreaves", "Julia Marsden", "Thomas Ashdown"],
}
LATIN = {
    "ru": ["SOKOLOVA MARINA", "KRAVTSOV PETR", "BELYKH ANNA", "GROMOV ILIA"],
    "uk": ["KOVALENKO OKSANA", "SHEVCHUK ANDRII", "HRYTSENKO YULIIA", "MOROZ TARAS"],
    "en": ["WHITFIELD ANNA", "HARGREAVES PETER", "MARSDEN JULIA", "ASHDOWN THOMAS"],
}
CITIES = {
    "ru": ["Казань", "Самара", "Анталья", "Барселона"],
    "uk": ["Львів", "Одеса", "Варшава", "Барселона"],
    "en": ["Lisbon", "Vienna", "Athens", "Dublin"],
}
MONTHS = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "en": "January February March April May June July August September October November December",
}
CURRENCIES = {
    "rub": ("руб.", "RUB"),
    "₽": ("₽", "RUB"),
    "uah": ("грн", "UAH"),
    "eur": ("EUR", "EUR"),
    "€": ("€", "EUR"),
}
CAR_LETTERS = "АВЕКМНОРСТУХ"


@dataclass
class Case:
    """One case's data. Whatever a template takes is noted in `facts` (must be found) or `also` (may be)."""

    language: str
    chance: random.Random
    facts: set[tuple[str, str]] = field(default_factory=set)
    also: set[tuple[str, str]] = field(default_factory=set)

    def values(self) -> dict[str, object]:
        chance, language = self.chance, self.language
        day = TODAY - timedelta(days=chance.randrange(20, 200))
        who = chance.randrange(4)
        here, there = chance.sample(CITIES[language], 2)
        prices = [Decimal(chance.randrange(1_000, 500_000)).scaleb(-2) for _ in range(3)]
        days = {
            "date": day,
            "date2": day + timedelta(days=chance.randrange(1, 9)),
            "issued": day + timedelta(days=chance.randrange(1, 12)),
            "born": date(chance.randrange(1950, 2004), chance.randrange(1, 13), chance.randrange(1, 29)),
            "expires": day + timedelta(days=chance.randrange(900, 2400)),
        }
        return {
            **{name: Day(value, self) for name, value in days.items()},
            **{name: Money(value, self) for name, value in zip(("sum", "sum2", "sum3"), prices, strict=True)},
            "name": Known("name", NAMES[language][who], self),
            "latin": Known("name", LATIN[language][who], self),
            "policy": Known("policy_number", _policy(chance), self),
            "flight": Known("flight", f"{chance.choice(('QX', 'VR', 'DM', '5W'))} {chance.randrange(100, 9999)}", self),
            "car": Known("car_number", _car(chance, language), self),
            "doc": Known("document_number", _document(chance, language), self),
            "city": Text(here),
            "city2": Text(there),
            "airport": "".join(chance.choices("BCDFGKLMNPRSTVZ", k=3)),
            "pnr": "".join(chance.choices("BCDFGKLMNPRSTVZ23456789", k=6)),
            "n": Digits(chance),
        }


class Text(str):
    def __format__(self, spec: str) -> str:
        return self.upper() if spec == "upper" else str(self)


@dataclass
class Known:
    kind: str
    value: str
    case: Case

    def __format__(self, spec: str) -> str:
        if spec == "mrz":
            is_name = self.kind == "name"
            return (
                self.value.replace(" ", "<<").ljust(39, "<") if is_name else self.value.replace(" ", "").ljust(9, "<")
            )
        self.case.facts.add((self.kind, self.value))
        return self.value


@dataclass
class Day:
    value: date
    case: Case

    def __format__(self, spec: str) -> str:
        self.case.facts.add(("date", self.value.isoformat()))
        if not spec:
            return f"{self.value:%d.%m.%Y}"
        month = MONTHS[self.case.language].split()[self.value.month - 1]
        return f"{self.value.day} {month} {self.value.year}" + {"ru": " г.", "uk": " р.", "en": ""}[self.case.language]


@dataclass
class Money:
    """Sums with a currency must be found; bare ones in a table may be."""

    value: Decimal
    case: Case

    def __format__(self, spec: str) -> str:
        comma = self.case.language != "en"
        plain = f"{self.value:,.2f}"
        plain = plain.replace(",", " ").replace(".", ",") if comma else plain
        if spec == "plain":
            self.case.also |= {("amount", f"{self.value} {code}") for code in ("RUB", "UAH", "EUR", "")}
            return plain
        sign, code = CURRENCIES[spec]
        self.case.facts.add(("amount", f"{self.value} {code}"))
        return f"{plain} {sign}"


@dataclass
class Digits:
    """`{n:6}`: six random digits."""

    chance: random.Random

    def __format__(self, spec: str) -> str:
        return str(self.chance.randrange(10 ** (int(spec) - 1), 10 ** int(spec)))


def _policy(chance: random.Random) -> str:
    return chance.choice(
        (
            f"TRV-2026-{chance.randrange(100_000, 999_999)}",
            f"FAM-2026-{chance.randrange(100_000, 999_999)}",
            f"ANN-26-{chance.randrange(1_000_000, 9_999_999)}",
            f"KPA-{chance.randrange(100, 999)}-{chance.randrange(10_000, 99_999)}",
            f"77{chance.randrange(10_000_000, 99_999_999)}",
        )
    )


def _car(chance: random.Random, language: str) -> str:
    letters = [chance.choice(CAR_LETTERS) for _ in range(4)]
    if language == "uk":
        return f"А{letters[0]} {chance.randrange(1000, 9999)} {letters[1]}{letters[2]}"
    first, *others = letters[:3]
    region = chance.choice(("77", "116", "163", "178"))
    return f"{first} {chance.randrange(100, 999)} {''.join(others)} {region}"


def _document(chance: random.Random, language: str) -> str:
    number = f"{chance.randrange(1_000_000, 9_999_999)}"
    return {"ru": f"7{number[0]} {number}", "uk": f"FX{number[1:]}", "en": f"50{number}"}[language]
