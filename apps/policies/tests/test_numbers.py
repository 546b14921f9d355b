"""Policy numbers: every way of typing one gives the stored form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.policies.rules.numbers import NumberFormat, PolicyNumber, PolicyNumberInvalid, bare, read_number

TRAVEL = NumberFormat("travel", "(TRV)([0-9]{4})([0-9]{6})", "TRV-2026-123456")
ANNUAL = NumberFormat("annual", "(AKM)([0-9]{2})([0-9]{7})", "AKM-26-0012345")
TICKET = NumberFormat("ticket", "77[0-9]{8}", "7712345678")
FORMATS = (TRAVEL, ANNUAL, TICKET)


@pytest.mark.parametrize(
    ("typed", "number", "product"),
    [
        ("TRV-2026-123456", "TRV-2026-123456", "travel"),
        ("trv-2026-123456", "TRV-2026-123456", "travel"),
        (" trv 2026 123456 ", "TRV-2026-123456", "travel"),
        ("TRV2026123456", "TRV-2026-123456", "travel"),
        ("TRV—2026–123456", "TRV-2026-123456", "travel"),
        ("№ TRV/2026/123456", "TRV-2026-123456", "travel"),
        ("TRV\u00a02026\u2011123456", "TRV-2026-123456", "travel"),
        ("\u0422RV-2026-123456", "TRV-2026-123456", "travel"),  # Cyrillic Т
        ("\u0430\u043a\u043c 26 0012345", "AKM-26-0012345", "annual"),  # Cyrillic акм
        ("77 1234 5678", "7712345678", "ticket"),
        ("ZZ-12345", "ZZ12345", ""),
        ("ДМС-2026-77", "ДМС202677", ""),
        ("Д\u004dC-2026-77", "ДМС202677", ""),  # Latin M and C
    ],
)
def test_a_number_is_stored_in_one_form_however_it_is_typed(typed: str, number: str, product: str) -> None:
    assert read_number(typed, FORMATS) == PolicyNumber(number, product)


@pytest.mark.parametrize(
    ("cyrillic", "latin"), list(zip("АВЕКМНОРСТХУІавекмнорстхуі", "ABEKMHOPCTXYIABEKMHOPCTXYI", strict=True))
)
def test_a_cyrillic_look_alike_is_stored_as_latin(cyrillic: str, latin: str) -> None:
    assert bare(f"{cyrillic}-1234") == f"{latin}1234"


@pytest.mark.parametrize("typed", ["TRV-2026-12345", "TRV-2026-1234567", "trv 26 123456"])
def test_a_slip_in_a_known_format_is_told_with_an_example(typed: str) -> None:
    with pytest.raises(PolicyNumberInvalid) as refusal:
        read_number(typed, FORMATS)

    assert refusal.value.example == TRAVEL.example


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "---",
        "123",
        "POLICY",
        "TRV-2026-12345б?",
        "<b>TRV1</b>",
        "TRV-٢٠٢٦-123456",
        "1" * 33,
        "9" * 100_000,
        "TRV-2026-123456" + " " * 100,
    ],
)
def test_a_text_that_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(PolicyNumberInvalid) as refusal:
        read_number(typed, FORMATS)

    assert refusal.value.code == "policy_number_invalid"
    assert refusal.value.example == ""


def test_an_optional_group_of_a_format_leaves_no_double_dash() -> None:
    form = NumberFormat("sport", "(SP)([A-Z])?([0-9]{8})", "SP-A-20260001")

    assert read_number("sp20260001", [form]).number == "SP-20260001"
    assert read_number("spa20260001", [form]).number == "SP-A-20260001"


@given(st.from_regex(r"TRV[0-9]{10}|AKM[0-9]{9}|77[0-9]{8}", fullmatch=True))
def test_a_stored_number_reads_back_as_itself(signs: str) -> None:
    stored = read_number(signs, FORMATS).number

    assert read_number(stored, FORMATS).number == stored
    assert bare(stored) == signs


@given(st.text())
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        number = read_number(raw, FORMATS).number
    except PolicyNumberInvalid:
        return
    assert 4 <= len(number) <= 40
