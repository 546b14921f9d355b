"""What the words on papers mean: kinds, facts, quality, verdicts and what disagrees with the claim, by tables."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.claims import catalogue
from apps.claims.rules.reading import (
    Fact,
    KindFound,
    Trouble,
    disagreements,
    facts_of,
    kind_of,
    troubles_of,
    verdict_of,
)
from apps.claims.rules.reading.disagreements import is_like_name, is_same_policy
from apps.core.files.reading.pages import Box, Look, Page, Word

TODAY = date(2026, 3, 20)
FILE = Path(catalogue.__file__).parent / "document_kinds.json"
KINDS: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
CODES = (
    "passport policy ticket boarding_pass delay_certificate cancellation_certificate baggage_report baggage_tag "
    "medical_report prescription bill receipt payment_proof official_report loss_report claim_letter booking estimate "
    "ownership photo letter"
)


def words_of(text: str, *, sure: float = 1.0, page: int = 0) -> list[Word]:
    """`text` set on a page, a line for each of its lines, in letters of one width; four blanks leave a wide gap."""
    return [
        Word(word, page, line, Box(left / 100, line / 50, (left + len(word)) / 100, line / 50 + 0.015), sure)
        for line, row in enumerate(text.strip().splitlines())
        for left, word in _placed(row.strip())
    ]


def _placed(row: str) -> list[tuple[int, str]]:
    columns = [at for at in range(len(row)) if row[at] != " " and (at == 0 or row[at - 1] == " ")]
    return [(at, row[at:].split(" ")[0]) for at in columns]


def values(text: str, kind: str) -> list[str]:
    return [fact.value for fact in facts_of(words_of(text), today=TODAY) if fact.kind == kind]


def look(*, brightness: float = 0.9, contrast: float = 0.8, sharpness: float = 0.2, ink: float = 0.1) -> Look:
    return Look(brightness=brightness, contrast=contrast, sharpness=sharpness, ink=ink)


def page(number: int = 0, *, width: int = 1200, height: int = 1700, has_text: bool = False, **measures: float) -> Page:
    return Page(number, width, height, look(**measures), has_text=has_text)


def test_the_catalogue_lists_every_kind_in_three_languages() -> None:
    assert [kind["code"] for kind in KINDS] == CODES.split()
    for kind in KINDS:
        assert set(kind["title"]) == set(kind["words"]) == {"ru", "uk", "en"}
        assert bool(kind["textless"]) is not any(kind["words"].values())
        assert all(word == word.lower() and "ё" not in word for own in kind["words"].values() for word in own)


PAPERS = [
    ("passport", "РОССИЙСКАЯ ФЕДЕРАЦИЯ\nПАСПОРТ / PASSPORT\nФамилия ИВАНОВА\nИмя МАРИЯ\nМесто рождения МОСКВА"),
    ("policy", "СТРАХОВОЙ ПОЛИС № TRV-2026-123456\nЗастрахованный: Мария Иванова\nСтраховая сумма 50 000 EUR"),
    ("ticket", "ЕЛЕКТРОННИЙ КВИТОК\nПасажир: TKACHENKO/OLEKSII MR\nКод бронювання ABCDEF\nТариф 120.00 EUR"),
    ("boarding_pass", "BOARDING PASS\nIVANOVA/MARIIA MRS\nFlight XY 123  Gate 12  Seat 14A\nBoarding time 10:20"),
    ("delay_certificate", "СПРАВКА О ЗАДЕРЖКЕ РЕЙСА\nРейс XY 123 был задержан на 5 часов\nПричина задержки: погода"),
    ("cancellation_certificate", "ДОВІДКА ПРО СКАСУВАННЯ РЕЙСУ\nРейс XY 123 скасовано\nПричина скасування: погода"),
    ("baggage_report", "PROPERTY IRREGULARITY REPORT (PIR)\nDelayed baggage\nFile reference ABCXY12345"),
    ("baggage_tag", "БАГАЖНАЯ БИРКА\nВес багажа 20 кг\nКоличество мест 1"),
    ("medical_report", "МЕДИЧНА ДОВІДКА\nПацієнт: Олексій Ткаченко\nДіагноз: отит\nЛікар призначив лікування"),
    ("prescription", "РЕЦЕПТ\nRp.: Ибупрофен таблетки\nПринимать 3 раза в день"),
    ("bill", "INVOICE\nInvoice number 2026-77\nBill to: Maria Ivanova\nUnit price\nSubtotal 100.00 EUR\nVAT"),
    ("receipt", "КАССОВЫЙ ЧЕК\nКассир Петрова\nИТОГ 350.00 руб\nНаличными\nСдача\nФН 123 ФД 12 ФП 1"),
    (
        "payment_proof",
        "ПЛАТЕЖНОЕ ПОРУЧЕНИЕ\nПлательщик Иванова\nПолучатель\nНазначение платежа: лечение\nБИК 044525225",
    ),
    ("official_report", "ПРОТОКОЛ\nОтдел полиции\nсоставлен о происшествии, потерпевший, обстоятельства"),
    ("loss_report", "REPORT OF LOSS\nLost passport\nConsulate\nThe document was stolen"),
    ("claim_letter", "ДОСУДЕБНАЯ ПРЕТЕНЗИЯ\nТребую возместить ущерб\nИначе буду вынужден обратиться в суд"),
    ("booking", "BOOKING CONFIRMATION\nHotel Example\nCheck-in 12.03.2026\nCheck-out 14.03.2026\nRoom type double"),
    ("estimate", "КОШТОРИС НА РЕМОНТ\nВартість робіт\nВартість матеріалів\nФарбування"),
    ("ownership", "ВЫПИСКА ИЗ ЕГРН\nПравообладатель\nКадастровый номер\nПраво собственности"),
    ("letter", "Уважаемая Мария!\nВ ответ на ваше обращение сообщаем\nС уважением"),
]


@pytest.mark.parametrize(("code", "text"), PAPERS, ids=[code for code, _ in PAPERS])
def test_a_paper_is_told_by_its_words(code: str, text: str) -> None:
    found = kind_of(words_of(text), KINDS)

    assert (found.code, found.sure) == (code, True)


def test_a_kind_is_told_through_ocrs_mistakes() -> None:
    found = kind_of(words_of("CTPAXOBOЙ ПOЛИC\nЗастрахованпый\nСтраховшик\nФраншиза"), KINDS)

    assert found.code == "policy"


@pytest.mark.parametrize("text", ["", "а\n12", "~ | _"])
def test_a_page_with_next_to_no_words_may_be_a_photo(text: str) -> None:
    assert kind_of(words_of(text), KINDS) == KindFound("photo", 0.0, "", False)


def test_a_paper_of_no_kind_has_an_empty_code() -> None:
    found = kind_of(words_of("Жили были старик со старухой у самого синего моря"), KINDS)

    assert (found.code, found.sure) == ("", False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Дата 12.03.2026", "2026-03-12"),
        ("Дата 12. 03. 2026 г.", "2026-03-12"),
        ("Дата 12 03.2026", "2026-03-12"),
        ("Лист 1. 1. 12.03.2026", "2026-03-12"),
        ("12 Маг 2026", "2026-03-12"),
        ("Дата 12/03/26", "2026-03-12"),
        ("2026-03-12", "2026-03-12"),
        ("12 марта 2026 г.", "2026-03-12"),
        ("«12» марта 2026 года", "2026-03-12"),
        ("12 березня 2026 р.", "2026-03-12"),
        ("1 листопада 2025", "2025-11-01"),
        ("12 Mar 2026", "2026-03-12"),
        ("March 12, 2026", "2026-03-12"),
        ("12MAR26", "2026-03-12"),
        ("12 MAR", "2026-03-12"),
        ("12 МАР/MAR 88", "1988-03-12"),
        ("1Z.03.2026 О2.03.2О26", "2026-03-02"),
    ],
)
def test_a_date_is_read_in_every_form(text: str, value: str) -> None:
    assert values(text, "date") == [value]


@pytest.mark.parametrize("text", ["31.02.2026", "99.99.2026", "10:20", "4081781070000001234", "12 столов 2026"])
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert values(text, "date") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Итого: 120,50 EUR", "120.50 EUR"),
        ("Итого 1 250,00 руб.", "1250.00 RUB"),
        ("Total €1,250.50", "1250.50 EUR"),
        ("Сума 1.250,50 грн", "1250.50 UAH"),
        ("USD 50 000", "50000.00 USD"),
        ("500 ₽", "500.00 RUB"),
        ("$12", "12.00 USD"),
        ("12 рублей", "12.00 RUB"),
    ],
)
def test_an_amount_is_read_with_its_currency(text: str, value: str) -> None:
    assert values(text, "amount") == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Полис № TRV-2026-123456", "TRV-2026-123456"),
        ("Policy number: trv-2026-123456", "TRV-2026-123456"),
        ("СТРАХОВОЙ ПОЛИС ТRV-2026-123456 от 12.03.2026", "TRV-2026-123456"),
        ("Поліс              Дата\nTRV-2026-123456    12.03.2026", "TRV-2026-123456"),
        ("Договор страхования № 7700184523", "7700184523"),
        ("Полис КРА-118-40277", "KPA-118-40277"),
    ],
)
def test_a_policy_number_is_read_after_its_label(text: str, value: str) -> None:
    assert values(text, "policy_number") == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Полис действует с 12.03.2026 по 20.03.2026",
        "Полис, паспорт 71 1234567",
        "Invoice INV-2026-0012",
        "Policy 50 000 EUR",
    ],
)
def test_another_number_is_no_policy_number(text: str) -> None:
    assert values(text, "policy_number") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Фамилия: Иванова\nИмя: Мария", "Иванова Мария"),
        ("Прізвище/Surname ТКАЧЕНКО\nІм'я/Given names ОЛЕКСІЙ", "Ткаченко Олексій"),
        ("ФИО: Иванова Мария Петровна", "Иванова Мария Петровна"),
        ("Пассажир: IVANOVA/MARIIA MRS", "Ivanova Mariia"),
        ("Застрахованный: Мария Иванова", "Мария Иванова"),
        ("Insured person: Maria Ivanova", "Maria Ivanova"),
        ("PASSENGER NAME    FLIGHT\nIVANOVA MARIIA    XY 123", "Ivanova Mariia"),
        ("Выдана: Ткаченко Олексій Петрович", "Ткаченко Олексій Петрович"),
        ("Dear Mr John Smith, we inform", "John Smith"),
        ("ФИО / МАМЕ    РЕЙС / FLIGHT\nIVANOVA MARIIA    XY 123", "Ivanova Mariia"),
        ("Фамилия / Surname\nИВАНОВА / IVANOVA\nИмя / Given names\nМАРИЯ / MARIIA", "Иванова Мария"),
        ("Уважаемая Мария Петровна!", "Мария Петровна"),
        ("P<UTOIVANOVA<<MARIIA<<<<<<<<<<<<<<<<<<<<<<<<", "Ivanova Mariia"),
    ],
)
def test_a_name_is_read_in_both_alphabets(text: str, value: str) -> None:
    assert values(text, "name") == [value]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Рейс XY 123", "flight", "XY 123"),
        ("Flight: XY-1234", "flight", "XY 1234"),
        ("MOSCOW XY0123 12MAR", "flight", "XY 0123"),
        ("Рейс ХУ 123", "flight", "XY 123"),
        ("Автомобиль А123ВС 77", "car_number", "A123BC77"),
        ("Номерний знак AA 1234 BB", "car_number", "AA1234BB"),
        ("Паспорт 71 1234567", "document_number", "711234567"),
        ("Паспорт серия 45 08 № 123456", "document_number", "4508123456"),
        ("Паспорт ЕА123456", "document_number", "EA123456"),
    ],
)
def test_numbers_are_read(text: str, kind: str, value: str) -> None:
    assert values(text, kind) == [value]


def test_a_fact_is_marked_where_it_stands_and_told_once() -> None:
    facts = facts_of(words_of("Вылет 12 марта 2026\nПрилет 12.03.2026", sure=0.9), today=TODAY)

    [fact] = facts
    assert (fact.text, fact.role, fact.sure) == ("12 марта 2026", "event", 0.9)
    assert (fact.box.left, fact.box.right) == (0.06, 0.19)
    assert Fact.from_json(json.loads(json.dumps(fact.to_json()))) == fact


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Дата рождения: 12.03.1990", "birth"),
        ("Date of issue 12.03.2020", "issued"),
        ("Дійсний до 12.03.2030", "expires"),
        ("Date of birth\n12.03.1990", "birth"),
        ("Дата вылета 12.03.2026", "event"),
        ("12.03.2026", ""),
    ],
)
def test_a_date_knows_its_role_from_the_label(text: str, role: str) -> None:
    [fact] = [fact for fact in facts_of(words_of(text), today=TODAY) if fact.kind == "date"]

    assert fact.role == role


def test_columns_that_ocr_read_one_by_one_on_a_crooked_page_are_rows_again() -> None:
    columns = [
        (0.05, ["Справка о поездке и билетах пассажира", "Рейс", "XY 123"]),
        (0.6, ["", "Полис", "TRV-2026-123456"]),
    ]
    words = []
    for left, cells in columns:
        for row, cell in enumerate(cells):
            for n, text in enumerate(cell.split()):
                x = left + n * 0.08
                top = 0.1 + row * 0.04 + x * 0.035
                words.append(Word(text, 1, int(left * 100) + row, Box(x, top, x + 0.07, top + 0.015)))

    facts = {fact.kind: fact.value for fact in facts_of(words, today=TODAY)}

    assert facts == {"flight": "XY 123", "policy_number": "TRV-2026-123456"}


def test_no_more_than_forty_facts_are_told() -> None:
    rows = "\n".join(f"Рейс XY {n} 12.03.{1950 + n} {n}00 EUR Полис TRV-{n}00000" for n in range(1, 60))

    assert len(facts_of(words_of(rows), today=TODAY)) == 40


texts = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[A-ZА-Я0-9 .,/№€-]{1,25}", fullmatch=True),
    st.sampled_from(
        ["Полис", "Паспорт", "ФИО", "Рейс", "№", "Date", "12.03.2026", "99", "EUR", "Фамилия", "P<", "12MAR"]
    ),
)
boxes = st.builds(Box, *[st.floats(0, 1)] * 4)
any_words = st.lists(st.builds(Word, texts, st.integers(0, 2), st.integers(0, 3), boxes, st.floats(0, 1)), max_size=12)


@given(any_words)
def test_no_words_break_the_rules(words: list[Word]) -> None:
    facts = facts_of(words, today=TODAY)
    found = kind_of(words, KINDS)
    troubles_of([page()], words)
    disagreements(
        facts, policy_number="A-1", policy_from=TODAY, policy_until=TODAY, event_date=None, names=["Мария Иванова"]
    )

    assert 0 <= found.score <= 1
    assert len(facts) <= 40


CLEAR = words_of("Справка выдана настоящая Марии Ивановой сегодня утром", sure=0.95)
FAINT = words_of("Справка выдана настоящая Марии Ивановой сегодня утром", sure=0.3)
EDGE = [Word("слово", 0, line, Box(0.0, line / 50, 0.05, line / 50 + 0.015), 0.9) for line in range(5)]
TINY = [Word("слово", 0, line, Box(0.1, line / 50, 0.15, line / 50 + 0.003), 0.9) for line in range(5)]


@pytest.mark.parametrize(
    ("pages", "words", "codes"),
    [
        ([page()], CLEAR, []),
        ([page(brightness=0.2)], CLEAR, ["too_dark"]),
        ([page(brightness=0.2)], [], ["too_dark", "unreadable"]),
        ([page(sharpness=0.02)], FAINT, ["blurred", "unreadable"]),
        ([page(width=300)], CLEAR, ["too_small"]),
        ([page()], TINY, ["too_small"]),
        ([page()], EDGE, ["cut"]),
        ([page(ink=0.0)], [], ["empty"]),
        ([page(ink=0.0), page(1)], CLEAR, []),
        ([page(brightness=0.02, contrast=0.02)], [], ["too_dark", "empty"]),
        ([page(brightness=0.02, contrast=0.02, has_text=True)], CLEAR, []),
        ([page()], FAINT, ["unreadable"]),
        ([page()], [], []),
        ([page(has_text=True, brightness=0.1, sharpness=0.0)], CLEAR, []),
        ([], [], []),
    ],
)
def test_troubles_of_pages_are_named(pages: list[Page], words: Sequence[Word], codes: list[str]) -> None:
    assert [trouble.code for trouble in troubles_of(pages, words)] == codes


TICKET = KindFound("ticket", 0.8, "booking", True)
MAYBE_TICKET = KindFound("ticket", 0.3, "booking", False)
BILL = KindFound("bill", 0.8, "receipt", True)
PICTURE = KindFound("photo", 0.0, "", False)


@pytest.mark.parametrize(
    ("slot", "found", "troubles", "read", "state", "code"),
    [
        (["ticket"], TICKET, [], True, "accepted", ""),
        (["ticket"], TICKET, ["blurred"], True, "doubtful", "blurred"),
        (["ticket"], TICKET, ["cut"], True, "doubtful", "cut"),
        (["ticket"], TICKET, ["unreadable"], True, "doubtful", "unreadable"),
        (["ticket"], MAYBE_TICKET, [], True, "doubtful", "unsure_kind"),
        (["ticket", "booking"], MAYBE_TICKET, [], True, "accepted", ""),
        (["ticket"], BILL, [], True, "rejected", "wrong_kind"),
        (["receipt"], BILL, [], True, "doubtful", "unsure_kind"),
        (["ticket"], PICTURE, [], True, "doubtful", "unsure_kind"),
        (["ticket"], PICTURE, ["too_dark", "unreadable"], True, "rejected", "too_dark"),
        (["ticket"], PICTURE, ["blurred", "unreadable"], True, "rejected", "blurred"),
        (["ticket"], PICTURE, ["unreadable"], True, "rejected", "unreadable"),
        (["ticket"], PICTURE, ["too_dark"], True, "doubtful", "unsure_kind"),
        (["ticket"], PICTURE, ["empty"], True, "rejected", "empty"),
        (["ticket"], PICTURE, [], False, "doubtful", "not_read"),
        (["ticket"], PICTURE, ["too_dark", "unreadable"], False, "doubtful", "too_dark"),
        ([], PICTURE, [], True, "accepted", ""),
        ([], PICTURE, ["blurred", "unreadable"], True, "doubtful", "blurred"),
        ([], BILL, ["too_dark"], False, "doubtful", "too_dark"),
        (["photo"], PICTURE, [], True, "accepted", ""),
        (["photo"], PICTURE, [], False, "accepted", ""),
        (["photo"], PICTURE, ["unreadable"], True, "accepted", ""),
        (["photo"], BILL, [], True, "doubtful", "wrong_kind"),
        (["photo"], BILL, ["too_dark", "unreadable"], True, "doubtful", "too_dark"),
        (["photo"], PICTURE, ["blurred"], True, "doubtful", "blurred"),
        (["photo"], PICTURE, ["too_small"], True, "doubtful", "too_small"),
        (["photo"], PICTURE, ["too_dark", "empty"], True, "rejected", "too_dark"),
        (["photo", "bill"], BILL, ["blurred"], True, "doubtful", "blurred"),
        (["photo", "bill"], PICTURE, [], True, "accepted", ""),
        (["photo", "bill"], PICTURE, [], False, "doubtful", "not_read"),
        (["photo", "bill"], PICTURE, ["blurred"], False, "doubtful", "blurred"),
    ],
)
def test_a_verdict_rejects_only_what_is_sure(
    slot: list[str], found: KindFound, troubles: list[str], read: bool, state: str, code: str
) -> None:
    verdict = verdict_of(slot_kinds=slot, found=found, troubles=[Trouble(one, 0) for one in troubles], read=read)

    assert (verdict.state, verdict.code) == (state, code)


def test_a_wrong_kind_is_named() -> None:
    assert verdict_of(slot_kinds=["ticket"], found=BILL, troubles=[], read=True).params == {"found": "bill"}


def told(text: str, *, kind: str = "", names: Sequence[str] = ("Мария Иванова",), flight: str = "") -> list[str]:
    found = disagreements(
        facts_of(words_of(text), today=TODAY),
        policy_number="TRV-2026-123456",
        policy_from=date(2026, 3, 1),
        policy_until=date(2026, 3, 30),
        event_date=date(2026, 3, 12),
        names=names,
        flight=flight,
        kind=kind,
    )
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("text", "kind", "codes"),
    [
        ("Полис TRV-2026-123456", "", []),
        ("Полис ТКМ-2026-123456", "", []),
        ("Полис TRV 2026 123456", "", []),
        ("Полис TRV-2026-999999", "", ["policy_other"]),
        ("Полис FAM-2026-123456", "", ["policy_other"]),
        ("Дата вылета 12.03.2026", "ticket", []),
        ("Дата вылета 12.05.2026", "ticket", ["date_outside"]),
        ("Дата рождения 12.05.1990", "ticket", []),
        ("Дата выдачи 12.05.2020\nДействителен до 12.05.2030", "passport", []),
        ("12.05.2026", "ticket", ["date_outside"]),
        ("12.05.2026", "letter", []),
        ("12.05.2026\n12.03.2026", "ticket", []),
        ("Пассажир: IVANOVA/MARIIA MRS", "", []),
        ("ФИО: Іванова Марія Петрівна", "", []),
        ("Пассажир: PETROV/IVAN MR", "", ["name_other"]),
        ("Клиент: PETROV/IVAN MR\nПассажир: Иванова М. П.", "", []),
    ],
)
def test_what_disagrees_with_the_claim_stands_out(text: str, kind: str, codes: list[str]) -> None:
    assert told(text, kind=kind) == codes


@pytest.mark.parametrize(
    ("answered", "codes"),
    [
        ("SU 2137", []),
        ("su2137", []),
        ("СУ 2137", []),
        ("AFL-2137", []),
        ("5U 02137", []),
        ("рейс 2137", []),
        ("SU 2136, SU 2137", []),
        ("не помню", []),
        ("", []),
        ("SU 2138", ["flight_other"]),
        ("LH 2137", ["flight_other"]),
        ("U6 213", ["flight_other"]),
    ],
)
def test_another_flight_than_the_answered_one_stands_out(answered: str, codes: list[str]) -> None:
    assert told("Рейс SU 2137", kind="ticket", flight=answered) == codes


def test_nothing_is_compared_with_what_the_claim_does_not_know() -> None:
    facts = facts_of(words_of("Полис TRV-2026-999999\nРейс 12.05.2029\nПассажир: PETROV/IVAN MR"), today=TODAY)

    assert disagreements(facts, policy_number="", policy_from=None, policy_until=None, event_date=None, names=[]) == []


@pytest.mark.parametrize(
    ("name", "other", "is_like"),
    [
        ("Ivanova Mariia", "Мария Иванова", True),
        ("Oleksii Tkachenko", "Олексій Ткаченко", True),
        ("Алексей Ткаченко", "Олексій Ткаченко", True),
        ("Dmitrii Lebedev", "Дмитрий Лебедев", True),
        ("Юлия Щербакова", "Iuliia Shcherbakova", True),
        ("Yevhen Zhuk", "Євген Жук", True),
        ("Anna Sokolova", "Мария Иванова", False),
        ("Sergei Orlov", "Полина Орлова", False),
        ("", "Мария Иванова", False),
    ],
)
def test_names_are_compared_by_their_sound(name: str, other: str, is_like: bool) -> None:
    assert is_like_name(name, other) is is_like


def test_a_policy_number_is_the_same_through_ocrs_letters() -> None:
    assert is_same_policy("ЕВМ-2025-123456", "ERV-2025-123456")
    assert not is_same_policy("ERV-2025-123457", "ERV-2025-123456")
