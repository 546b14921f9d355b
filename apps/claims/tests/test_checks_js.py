"""The page's checks (static/claims/js/checks.js) answer as the server's rules do, over the same cases."""

import json
import random
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.claims.rules import requisites
from apps.claims.rules.requisites import RequisiteInvalid
from apps.claims.tests import test_requisites as requisite_cases
from apps.contacts.rules import phones
from apps.contacts.rules.phones import PhoneInvalid
from apps.contacts.tests import test_phones as phone_cases

MODULE = Path(__file__).parents[3] / "static/claims/js/checks.js"
NODE = shutil.which("node")

RUN_CASES = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const checks = await import(pathToFileURL(process.argv[1]).href);
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(([name, ...args]) => checks[name](...args));
process.stdout.write(JSON.stringify(answers));
"""

Case = tuple[Any, ...]

if NODE is None:
    warnings.warn("node is not installed: static/claims/js/checks.js was NOT compared with the rules", stacklevel=1)

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: checks.js was not compared")


def test_the_page_reads_everything_as_the_server_does() -> None:
    cases = [*_vectors(), *_slips(random.Random(2026))]

    answers = _in_javascript(cases)

    assert len(cases) > 3000
    different = [
        (case, here, there) for case, there in zip(cases, answers, strict=True) if there != (here := _in_python(case))
    ]
    assert different == []


@pytest.mark.parametrize(
    ("typed", "prefix", "drawn", "text", "complete"),
    [
        ("", "+7", "+7", "", False),
        ("9", "+7", "+7", "9", False),
        ("9161", "+7", "+7", "916 1", False),
        ("916 1234", "+7", "+7", "916 123-4", False),
        ("9161234567", "+7", "+7", "916 123-45-67", True),
        ("91612345678", "+7", "+7", "916 123-45-67", True),
        ("89161234567", "+7", "+7", "916 123-45-67", True),
        ("+7 916 123", "+7", "+7", "916 123", False),
        ("+380 67 1", "+7", "+380", "67 1", False),
        ("067 12", "+7", "+380", "67 12", False),
        ("0671234567", "+7", "+380", "67 123-45-67", True),
        ("671234567", "+380", "+380", "67 123-45-67", True),
        ("00380671234567", "+7", "+380", "67 123-45-67", True),
        ("+79161234567", "+380", "+7", "916 123-45-67", True),
        ("4951234567", "+7", "+7", "495 123-45-67", False),
    ],
)
def test_a_number_is_drawn_in_groups_while_it_is_typed(
    typed: str, prefix: str, drawn: str, text: str, complete: bool
) -> None:
    (answer,) = _in_javascript([("phoneFormat", typed, prefix)])

    assert (answer["prefix"], answer["text"], answer["complete"]) == (drawn, text, complete)


def test_numbers_are_drawn_in_the_groups_that_banks_print() -> None:
    answers = _in_javascript(
        [
            ("accountFormat", "40817810700000012345"),
            ("accountFormat", "408178"),
            ("cardFormat", "2200 22001234-5672"),
            ("cardFormat", "2202200012345678901"),
            ("caretAfterDigits", "916 123-4", 4),
            ("caretAfterDigits", "916 123-4", 0),
        ]
    )

    assert answers == ["40817 810 7 0000 0012345", "40817 8", "2200 2200 1234 5672", "2202 2000 1234 5678 901", 5, 0]


def _vectors() -> list[Case]:
    """Return every case of the rules' own tables, for the functions that both sides have."""
    phones_typed = _column(phone_cases.test_a_mobile_is_stored_as_digits_however_it_is_written) + _column(
        phone_cases.test_a_number_that_gets_no_sms_is_refused_by_its_cause
    )
    of = requisite_cases
    accounts = [*of.ACCOUNTS, *(row[:2] for row in _rows(of.test_an_account_is_refused_by_its_cause))]
    correspondents = [
        row[:2]
        for row in (
            *_rows(of.test_a_correspondent_account_fits_its_bank),
            *_rows(of.test_a_correspondent_account_is_refused_by_its_cause),
        )
    ]
    return [
        *(("readPhone", raw) for raw in phones_typed),
        *(("readPhone", raw, ["RU"]) for raw in phones_typed),
        *(("readAccount", account, bik) for bik, account in accounts),
        *(("readAccount", typed, of.BIK) for typed in _column(of.test_an_account_may_be_typed_in_groups)),
        ("readAccount", "40817\u041c10000000012345", of.BIK),
        *(("readCorrespondent", account, bik) for bik, account in correspondents),
        *(("readBik", raw) for raw in _column(of.test_a_bik_is_nine_digits_of_a_bank)),
        *(("readBik", raw) for raw in _column(of.test_a_bik_is_refused_by_its_cause)),
        *(("readInn", raw) for raw in _column(of.test_an_inn_with_right_keys_is_read)),
        *(("readInn", raw) for raw in _column(of.test_an_inn_is_refused_by_its_cause)),
        *(("readCard", raw) for raw in _column(of.test_a_card_with_a_right_sum_is_read_with_its_system)),
        *(("readCard", raw) for raw in _column(of.test_a_card_is_refused_by_its_cause)),
        *(("readRecipient", raw) for raw in _column(of.test_a_recipient_is_a_name_as_banks_write_it)),
        *(("readRecipient", raw) for raw in _column(of.test_a_recipient_is_refused_by_its_cause)),
        *(("phoneDisplay", digits) for digits in (phone_cases.RUSSIAN, phone_cases.UKRAINIAN)),
        *(("phoneMask", digits) for digits in (phone_cases.RUSSIAN, phone_cases.UKRAINIAN)),
        ("maskNumber", of.ACCOUNT),
    ]


def _slips(chance: random.Random) -> list[Case]:
    """Return many numbers that are nearly right, and some that are right by chance."""
    letters = requisites._ACCOUNT_LETTERS

    def digits(count: int) -> str:
        return "".join(chance.choice("0123456789") for _ in range(count))

    cases: list[Case] = []
    for _ in range(400):
        bik = "04" + digits(7)
        cases += [
            ("readBik", digits(chance.choice((8, 9, 10)))),
            ("readBik", bik),
            ("readAccount", "40817" + chance.choice(letters + "0123456789") + digits(14), bik),
            ("readCorrespondent", "301" + digits(14) + bik[-3:], bik),
            ("readInn", digits(chance.choice((10, 12)))),
            ("readCard", chance.choice(("2200", "4", "55", "62", "81", "3530", "22")) + digits(chance.randint(12, 15))),
            ("readPhone", chance.choice(("+7", "8", "", "+380", "0", "80", "00", "810", "+")) + digits(10)),
            ("readPhone", chance.choice(("79", "380", "8", "+8", "0")) + digits(chance.randint(8, 10))),
            ("readRecipient", "".join(chance.choices("аяЯґїІzÀ'-. 1«№<", k=chance.randint(0, 12)))),
        ]
    return cases


PYTHON: dict[str, Callable[..., Any]] = {
    "readPhone": lambda raw, allowed=phones.SERVED: phones.normalise(raw, tuple(allowed)),
    "readAccount": requisites.read_account,
    "readCorrespondent": requisites.read_correspondent,
    "readBik": requisites.read_bik,
    "readInn": requisites.read_inn,
    "readCard": requisites.read_card,
    "readRecipient": requisites.read_recipient,
    "phoneDisplay": phones.display,
    "phoneMask": phones.mask,
    "maskNumber": requisites.mask_number,
}


def _in_python(case: Case) -> Any:
    """Return the server's answer in the page's shape."""
    name, *args = case
    try:
        value = PYTHON[name](*args)
    except (PhoneInvalid, RequisiteInvalid) as refusal:
        return {"value": "", "code": refusal.code}
    if not name.startswith("read"):
        return value
    if isinstance(value, requisites.CardRequisites):
        return {"value": value.number, "code": "", "system": value.system}
    return {"value": value, "code": ""}


def _in_javascript(cases: list[Case]) -> list[Any]:
    assert NODE is not None
    run = subprocess.run(
        [NODE, "--input-type=module", "--eval", RUN_CASES, "--", str(MODULE)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers: list[Any] = json.loads(run.stdout)
    return answers


def _rows(test: Any) -> list[Any]:
    """Return the table that a parametrised test is run over."""
    return list(test.pytestmark[0].args[1])


def _column(test: Any) -> list[str]:
    return [row if isinstance(row, str) else row[0] for row in _rows(test)]
