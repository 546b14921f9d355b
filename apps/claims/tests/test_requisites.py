"""The requisites' arithmetic: the official examples, slips that must be caught, and one code for one cause."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.claims.requisite_texts import REQUISITE_TEXTS, STAFF_REASON_TEXTS
from apps.claims.rules import requisites as rules
from apps.claims.rules.banks import DEMO_BANKS, DEMO_BIKS
from apps.claims.rules.requisites import RequisiteInvalid, RequisitesInvalid

BIK = "044525225"
ACCOUNT = "40817810700000012345"
PERSON = "Иванова Мария Петровна"
INN = "500100732259"

ACCOUNTS = [
    (BIK, ACCOUNT),
    (BIK, "40820810438000000001"),
    ("044030653", "42301810055000123456"),
    ("044525974", "40817810000000000001"),
    ("049805000", "40102810100000010001"),
]


@pytest.mark.parametrize(("bik", "account"), ACCOUNTS)
def test_an_account_that_fits_its_bik_is_read(bik: str, account: str) -> None:
    assert rules.read_account(account, bik) == account


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("40817 810 7 0000 0012345", ACCOUNT),
        ("4081-7810-7000-0001-2345", ACCOUNT),
        ("40817\u00a0810\u202f70000001\u20112345\n", ACCOUNT),
    ],
)
def test_an_account_may_be_typed_in_groups(typed: str, stored: str) -> None:
    assert rules.read_account(typed, BIK) == stored


@pytest.mark.parametrize(
    ("bik", "account", "code"),
    [
        (BIK, "40817810700000012346", "account_checksum"),
        (BIK, "40820810438000000002", "account_checksum"),
        ("044525974", ACCOUNT, "account_checksum"),
        (BIK, "4081781070000001234", "account_length"),
        (BIK, ACCOUNT + "0", "account_length"),
        (BIK, "4081781070000001234O", "account_invalid"),
        (BIK, "40817D10700000012345", "account_invalid"),
        (BIK, "A0817810700000012345", "account_invalid"),
        (BIK, "٤٠٨١٧٨١٠٧٠٠٠٠٠٠١٢٣٤٥", "account_invalid"),
        (BIK, "  ", "account_required"),
    ],
)
def test_an_account_is_refused_by_its_cause(bik: str, account: str, code: str) -> None:
    assert _code(lambda: rules.read_account(account, bik)) == code


@pytest.mark.parametrize(("letter", "digit"), list(zip("ABCEHKMPTX", "0123456789", strict=True)))
def test_a_letter_in_position_six_counts_as_its_digit(letter: str, digit: str) -> None:
    body = f"40817{digit}10{{}}00000012345"
    account = next(body.format(key) for key in "0123456789" if not rules.account_sum(body.format(key), BIK))
    lettered = f"{account[:5]}{letter}{account[6:]}"

    assert rules.read_account(lettered, BIK) == lettered
    assert rules.read_account(lettered.lower(), BIK) == lettered


def test_a_cyrillic_letter_in_position_six_is_stored_as_latin() -> None:
    body = "40817610{}00000012345"
    account = next(body.format(key) for key in "0123456789" if not rules.account_sum(body.format(key), BIK))

    assert rules.read_account(f"{account[:5]}\u041c{account[6:]}", BIK) == f"{account[:5]}M{account[6:]}"


def test_only_one_control_key_of_ten_fits() -> None:
    keys = [key for key in "0123456789" if rules.account_sum(f"40817810{key}00000012345", BIK) == 0]

    assert keys == ["7"]


@given(st.sampled_from(ACCOUNTS), st.integers(0, 19), st.integers(1, 9))
def test_every_slip_of_one_digit_in_an_account_is_caught(pair: tuple[str, str], place: int, shift: int) -> None:
    bik, account = pair
    wrong = account[:place] + str((int(account[place]) + shift) % 10) + account[place + 1 :]

    assert _code(lambda: rules.read_account(wrong, bik)) == "account_checksum"


@given(st.from_regex(r"04[0-9]{4}[1-9][0-9]{2}", fullmatch=True), st.from_regex(r"[0-9]{8}", fullmatch=True),
       st.from_regex(r"[0-9]{11}", fullmatch=True))  # fmt: skip
def test_exactly_one_control_key_fits_any_account(bik: str, head: str, tail: str) -> None:
    keys = [key for key in "0123456789" if rules.account_sum(f"{head}{key}{tail}", bik) == 0]

    assert len(keys) == 1
    assert int(keys[0]) == rules.account_sum(f"{head}0{tail}", bik) * 3 % 10


@pytest.mark.parametrize(
    ("bik", "account"),
    [
        (BIK, "30101810400000000225"),
        ("044030653", "30101810500000000653"),
        ("044525974", "30101810900000000974"),
        ("049805746", "30101810800000000746"),
    ],
)
def test_a_correspondent_account_fits_its_bank(bik: str, account: str) -> None:
    assert rules.read_correspondent(account, bik) == account


@pytest.mark.parametrize(
    ("bik", "account", "code"),
    [
        (BIK, "30101810400000000226", "correspondent_bank"),
        ("044525974", "30101810400000000225", "correspondent_bank"),
        (BIK, "30101810500000000225", "correspondent_checksum"),
        (BIK, "40101810400000000225", "correspondent_invalid"),
        (BIK, "3010181040000000022", "correspondent_length"),
        (BIK, "", "correspondent_required"),
    ],
)
def test_a_correspondent_account_is_refused_by_its_cause(bik: str, account: str, code: str) -> None:
    assert _code(lambda: rules.read_correspondent(account, bik)) == code


@pytest.mark.parametrize("bik", [BIK, "044030653", "049805000", "049805001", "040000050", "00 4525 999"])
def test_a_bik_is_nine_digits_of_a_bank(bik: str) -> None:
    assert rules.read_bik(bik) == bik.replace(" ", "")


@pytest.mark.parametrize(
    ("bik", "code"),
    [
        ("", "bik_required"),
        ("04452522", "bik_length"),
        ("0445252255", "bik_length"),
        ("144525225", "bik_invalid"),
        ("054525225", "bik_invalid"),
        ("044525003", "bik_invalid"),
        ("044525049", "bik_invalid"),
        ("04452522x", "bik_invalid"),
        ("٠٤٤٥٢٥٢٢٥", "bik_invalid"),
    ],
)
def test_a_bik_is_refused_by_its_cause(bik: str, code: str) -> None:
    assert _code(lambda: rules.read_bik(bik)) == code


@pytest.mark.parametrize(
    "inn", ["7700000016", "1234567894", "5001007329", "770000001287", "500100732259", "123456789047", "77 0000 0016"]
)
def test_an_inn_with_right_keys_is_read(inn: str) -> None:
    assert rules.read_inn(inn) == inn.replace(" ", "")


@pytest.mark.parametrize(
    ("inn", "code"),
    [
        ("7700000017", "inn_checksum"),
        ("770000001288", "inn_checksum"),
        ("770000001297", "inn_checksum"),
        ("0000000000", "inn_invalid"),
        ("000000000000", "inn_invalid"),
        ("77000000161", "inn_length"),
        ("7", "inn_length"),
        ("77000000I6", "inn_invalid"),
        (" - ", "inn_required"),
    ],
)
def test_an_inn_is_refused_by_its_cause(inn: str, code: str) -> None:
    assert _code(lambda: rules.read_inn(inn)) == code


@pytest.mark.parametrize(
    ("number", "system"),
    [
        ("2200 2200 1234 5672", "mir"),
        ("2202200012345678901", "mir"),
        ("4111-1111-1111-1111", "visa"),
        ("5555555555554444", "mastercard"),
        ("2221000000000009", "mastercard"),
        ("6200000000000005", "unionpay"),
        ("3530111333300000", "jcb"),
        ("9999999999999995", ""),
    ],
)
def test_a_card_with_a_right_sum_is_read_with_its_system(number: str, system: str) -> None:
    card = rules.read_card(number)

    assert card.number == rules.compact(number)
    assert card.system == system


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("2200220012345673", "card_checksum"),
        ("220022001234567", "card_length"),
        ("22022000123456789012", "card_length"),
        ("2200 2200 1234 567O", "card_invalid"),
        ("0000000000000000", "card_invalid"),
        ("", "card_required"),
    ],
)
def test_a_card_is_refused_by_its_cause(number: str, code: str) -> None:
    assert _code(lambda: rules.read_card(number)) == code


@given(st.from_regex(r"2200[0-9]{11}", fullmatch=True), st.integers(0, 15), st.integers(1, 9))
def test_every_slip_of_one_digit_in_a_card_is_caught(body: str, place: int, shift: int) -> None:
    number = next(body + key for key in "0123456789" if rules.luhn_sum(body + key) == 0)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert rules.read_card(number).system == "mir"
    assert rules.luhn_sum(wrong) != 0


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Иванова   Мария Петровна ", PERSON),
        ("Шевченко Оксана-Ґанна", "Шевченко Оксана-Ґанна"),
        ("O'Neil Séamus", "O'Neil Séamus"),
        ("Наталія Дем’яненко", "Наталія Дем’яненко"),
        ("ИП Иванов И. И.", "ИП Иванов И. И."),
        ("ООО «Ромашка 24»", "ООО «Ромашка 24»"),
        ("Андреи\u0306 Петров", "Андрей Петров"),
    ],
)
def test_a_recipient_is_a_name_as_banks_write_it(typed: str, stored: str) -> None:
    assert rules.read_recipient(typed) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "recipient_required"),
        ("\u00a0", "recipient_required"),
        ("Иванова", "recipient_short"),
        (ACCOUNT, "recipient_number"),
        ("Иванова 2200220012345672", "recipient_number"),
        ("محمد علي", "recipient_invalid"),
        ("Мария <b>Иванова</b>", "recipient_invalid"),
        ("Мария\u0000Иванова", "recipient_invalid"),
        ("Мария Иванова 😀", "recipient_invalid"),
        ("Мария " + "И" * 160, "recipient_long"),
    ],
)
def test_a_recipient_is_refused_by_its_cause(typed: str, code: str) -> None:
    assert _code(lambda: rules.read_recipient(typed)) == code


def test_an_sbp_bank_is_one_of_the_participants() -> None:
    participants = frozenset(bank.id for bank in DEMO_BANKS)

    assert rules.read_sbp_bank(" 100000009001 ", participants) == "100000009001"
    assert _code(lambda: rules.read_sbp_bank("100000000001", participants)) == "bank_unknown"
    assert _code(lambda: rules.read_sbp_bank(" ", participants)) == "bank_required"


def test_a_private_account_needs_no_inn_and_no_second_look() -> None:
    read = rules.read_bank(bik=BIK, account=ACCOUNT, recipient=PERSON)

    assert (read.bik, read.account, read.recipient, read.inn) == (BIK, ACCOUNT, PERSON, "")
    assert not read.needs_staff


def test_all_faults_of_a_bank_account_are_told_at_once() -> None:
    with pytest.raises(RequisitesInvalid) as refusal:
        rules.read_bank(bik="04452522", account="1", recipient="", inn="7700000017")

    assert [(fault.attr, fault.code) for fault in refusal.value.faults] == [
        ("bik", "bik_length"),
        ("account", "account_length"),
        ("recipient", "recipient_required"),
        ("inn", "inn_checksum"),
    ]


def test_a_wrong_bik_does_not_blame_the_account_too() -> None:
    with pytest.raises(RequisitesInvalid) as refusal:
        rules.read_bank(bik="044525003", account=ACCOUNT, recipient=PERSON, inn=INN)

    assert [fault.code for fault in refusal.value.faults] == ["bik_invalid"]


def test_a_firm_must_give_its_inn() -> None:
    with pytest.raises(RequisitesInvalid) as refusal:
        rules.read_bank(bik="049805000", account="40102810100000010001", recipient="ООО «Ромашка»")

    assert [fault.code for fault in refusal.value.faults] == ["inn_required"]


@pytest.mark.parametrize(
    ("account", "inn", "reasons"),
    [
        ("40817810700000012345", "", ()),
        ("40820810438000000001", "", ()),
        ("42301810055000123456", INN, ()),
        ("42601810000000000000", "", ()),
        ("40802810000000000000", INN, ()),
        ("40702810000000000000", "7700000016", ("account_prefix",)),
        ("40817840000000000000", "", ("account_currency",)),
        ("40817810700000012345", "7700000016", ("inn_of_firm",)),
        ("40102840000000000000", "7700000016", ("account_prefix", "account_currency")),
    ],
)
def test_the_payout_policy_flags_and_does_not_refuse(account: str, inn: str, reasons: tuple[str, ...]) -> None:
    assert rules.staff_reasons(account, inn) == reasons
    assert set(reasons) <= set(STAFF_REASON_TEXTS)


def test_only_the_last_four_digits_are_shown() -> None:
    assert rules.mask_number(ACCOUNT) == "•••• 2345"
    assert rules.mask_number("2200220012345672") == "•••• 5672"


def test_the_demo_banks_are_consistent() -> None:
    assert len({bank.id for bank in DEMO_BANKS}) == len(DEMO_BANKS)
    assert len({bank.bik for bank in DEMO_BIKS}) == len(DEMO_BIKS)
    assert all(set(bank.name) == {"ru", "uk", "en"} for bank in (*DEMO_BANKS, *DEMO_BIKS))
    for bank in DEMO_BIKS:
        assert rules.read_bik(bank.bik) == bank.bik
        if bank.correspondent_account:
            assert rules.read_correspondent(bank.correspondent_account, bank.bik)
    assert {bik for bik, _ in ACCOUNTS} <= {bank.bik for bank in DEMO_BIKS}


def test_every_code_has_a_text_and_every_text_a_code() -> None:
    source = Path(rules.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'"((?:bik|account|correspondent|inn|card|bank|recipient)_[a-z]+)", (?:"|attr)', source))

    assert codes == set(REQUISITE_TEXTS)


@given(st.text() | st.text(alphabet="0123456789 -", max_size=25))
def test_any_text_is_read_or_refused_by_name(raw: str) -> None:
    for read in (rules.read_bik, rules.read_inn, rules.read_card, rules.read_recipient):
        assert _code(partial(read, raw)) in {"", *REQUISITE_TEXTS}
    assert _code(lambda: rules.read_account(raw, BIK)) in {"", *REQUISITE_TEXTS}
    assert _code(lambda: rules.read_correspondent(raw, BIK)) in {"", *REQUISITE_TEXTS}


def _code(read: Callable[[], object]) -> str:
    """Return the code that `read` is refused with, or an empty string."""
    try:
        read()
    except RequisiteInvalid as refusal:
        return refusal.code
    return ""
