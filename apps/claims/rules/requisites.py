"""Where a payout goes: reading what a person typed, by the checksums that banks and the tax office use.

Every reader takes text as it was typed (spaces and dashes allowed) and returns it as it is stored, or raises
RequisiteInvalid with one code for one cause. `static/claims/js/checks.js` gives the same codes on the page.
The texts for the codes are in `apps/claims/requisite_texts.py`.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_IGNORED = re.compile(
    r"[\s\u00a0\u2007\u2009\u202f\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u2010-\u2015\u2212-]+"
)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
_DIGITS = re.compile(r"[0-9]+")

# CBR rule No. 515 of 1997-09-08: the letters of clearing currencies in position 6 of an account, worth 0..9.
_ACCOUNT_LETTERS = "ABCEHKMPTX"
_ACCOUNT = re.compile(rf"[0-9]{{5}}[0-9{_ACCOUNT_LETTERS}][0-9]{{14}}")
_LOOK_ALIKES = str.maketrans("АВСЕНКМРТХ", _ACCOUNT_LETTERS)  # Cyrillic to Latin
_ACCOUNT_WEIGHTS = (7, 1, 3)

_BIK = re.compile(r"0[0-4][0-9]{4}(?:00[0-2]|05[0-9]|0[6-9][0-9]|[1-9][0-9]{2})")
_BANK_OF_RUSSIA = ("000", "001", "002")

_INN_WEIGHTS = {
    10: ((2, 4, 10, 3, 5, 9, 4, 6, 8),),
    12: ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)),
}

# Whose accounts a payout goes to without a second look: residents, non-residents, their deposits, sole traders.
PERSONAL_PREFIXES = ("40817", "40820", "423", "426")
SOLE_TRADER_PREFIX = "40802"
RUBLE = "810"

RECIPIENT_MAX = 160  # CBR 762-P: the payer's and payee's fields of a payment order
_RECIPIENT = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏЀ-ӿ0-9 .,'’ʼ`\"«»“”„()№&/-]+")
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏЀ-ӿ]+")
_LONG_NUMBER = re.compile(r"[0-9]{5}")


class RequisiteInvalid(ValueError):
    """A requisite that can't be right. `code` names the cause, `attr` the field of the API."""

    def __init__(self, code: str, attr: str) -> None:
        super().__init__(code)
        self.code = code
        self.attr = attr


class RequisitesInvalid(ValueError):
    """All that is wrong with one set of requisites, in the order of the form."""

    def __init__(self, faults: tuple[RequisiteInvalid, ...]) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class BankRequisites:
    """A bank account to pay to; `staff_reasons` says why a person has to look at it before paying."""

    bik: str
    account: str
    recipient: str
    inn: str
    staff_reasons: tuple[str, ...]

    @property
    def needs_staff(self) -> bool:
        """True if the payout policy doesn't cover this account by itself."""
        return bool(self.staff_reasons)


@dataclass(frozen=True)
class CardRequisites:
    """A bank card: its digits (never store or log them in the clear) and its system, "" if unknown."""

    number: str
    system: str


def read_bank(*, bik: str, account: str, recipient: str, inn: str = "") -> BankRequisites:
    """Return the account with its flags for staff; raises RequisitesInvalid with every fault at once.

    The INN may be empty for a private person's account; firms and sole traders must give it.
    """
    faults: list[RequisiteInvalid] = []
    good_bik = _collect(faults, lambda: read_bik(bik))
    good_account = _collect(faults, lambda: read_account(account, good_bik))
    good_recipient = _collect(faults, lambda: read_recipient(recipient))
    good_inn = _collect(faults, lambda: read_inn(inn)) if compact(inn) else ""
    if not compact(inn) and good_account and not is_personal(good_account):
        faults.append(RequisiteInvalid("inn_required", "inn"))
    if faults:
        raise RequisitesInvalid(tuple(faults))
    return BankRequisites(
        bik=good_bik,
        account=good_account,
        recipient=good_recipient,
        inn=good_inn,
        staff_reasons=staff_reasons(good_account, good_inn),
    )


def read_bik(raw: str) -> str:
    """Return the nine digits of a Russian bank's code; there is no checksum, so its name must be shown."""
    bik = compact(raw)
    _require(bik, "bik_required", "bik")
    _require(_DIGITS.fullmatch(bik), "bik_invalid", "bik")
    _require(len(bik) == 9, "bik_length", "bik")
    _require(_BIK.fullmatch(bik), "bik_invalid", "bik")
    return bik


def read_account(raw: str, bik: str) -> str:
    """Return the twenty signs of an account held in the bank `bik` (already read, or "" to skip the sum)."""
    account = compact(raw).upper().translate(_LOOK_ALIKES)
    _require(account, "account_required", "account")
    _require(len(account) == 20, "account_length", "account")
    _require(_ACCOUNT.fullmatch(account), "account_invalid", "account")
    _require(not bik or account_sum(account, bik) == 0, "account_checksum", "account")
    return account


def read_correspondent(raw: str, bik: str) -> str:
    """Return a bank's own account with the Bank of Russia (301…), which ends like its BIK."""
    account = compact(raw)
    attr = "correspondent_account"
    _require(account, "correspondent_required", attr)
    _require(len(account) == 20, "correspondent_length", attr)
    _require(_DIGITS.fullmatch(account) and account.startswith("301"), "correspondent_invalid", attr)
    _require(account[-3:] == bik[-3:], "correspondent_bank", attr)
    _require(_weighted_sum("0" + bik[4:6] + account) == 0, "correspondent_checksum", attr)
    return account


def read_inn(raw: str) -> str:
    """Return a taxpayer's number: ten digits of a firm, twelve of a person."""
    inn = compact(raw)
    _require(inn, "inn_required", "inn")
    _require(_DIGITS.fullmatch(inn), "inn_invalid", "inn")
    _require(len(inn) in _INN_WEIGHTS, "inn_length", "inn")
    _require(len(set(inn)) > 1, "inn_invalid", "inn")  # 0000000000 passes the sum
    for weights in _INN_WEIGHTS[len(inn)]:
        key = sum(int(digit) * weight for digit, weight in zip(inn, weights, strict=False)) % 11 % 10
        _require(key == int(inn[len(weights)]), "inn_checksum", "inn")
    return inn


def read_card(raw: str) -> CardRequisites:
    """Return a card of 16 to 19 digits that passes the Luhn sum."""
    number = compact(raw)
    _require(number, "card_required", "number")
    _require(_DIGITS.fullmatch(number), "card_invalid", "number")
    _require(16 <= len(number) <= 19, "card_length", "number")
    _require(len(set(number)) > 1, "card_invalid", "number")
    _require(luhn_sum(number) == 0, "card_checksum", "number")
    return CardRequisites(number=number, system=card_system(number))


def read_sbp_bank(raw: str, participants: frozenset[str]) -> str:
    """Return the id of a bank that takes part in the Faster Payments System, one of `participants`."""
    _require(raw.strip(), "bank_required", "bank_id")
    _require(raw.strip() in participants, "bank_unknown", "bank_id")
    return raw.strip()


def read_recipient(raw: str) -> str:
    """Return the recipient's name with single spaces, as the bank has it: Cyrillic or Latin, two words or more."""
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", raw)).strip()
    _require(name, "recipient_required", "recipient")
    _require(len(name) <= RECIPIENT_MAX, "recipient_long", "recipient")
    _require(not _LONG_NUMBER.search(name), "recipient_number", "recipient")
    _require(_RECIPIENT.fullmatch(name), "recipient_invalid", "recipient")
    _require(len(_WORD.findall(name)) >= 2, "recipient_short", "recipient")
    return name


def account_sum(account: str, bik: str) -> int:
    """Return the control sum modulo 10 of a client's account (0 is right), by CBR rule No. 515."""
    inside_bank_of_russia = bik[6:9] in _BANK_OF_RUSSIA
    prefix = "0" + bik[4:6] if inside_bank_of_russia else bik[6:9]
    position = _ACCOUNT_LETTERS.find(account[5])
    as_digits = account if position < 0 else f"{account[:5]}{position}{account[6:]}"
    return _weighted_sum(prefix + as_digits)


def luhn_sum(number: str) -> int:
    """Return the Luhn sum modulo 10 (0 is right)."""
    odd = sum(int(digit) for digit in number[-1::-2])
    even = sum(int(digit) * 2 - (9 if digit > "4" else 0) for digit in number[-2::-2])
    return (odd + even) % 10


def card_system(number: str) -> str:
    """Return mir, visa, mastercard, unionpay, jcb or "" by the first digits (ISO/IEC 7812)."""
    first4 = int(number[:4])
    if 2200 <= first4 <= 2204:
        return "mir"
    if number.startswith("4"):
        return "visa"
    if 5100 <= first4 <= 5599 or 2221 <= first4 <= 2720:
        return "mastercard"
    if number.startswith(("62", "81")):
        return "unionpay"
    if 3528 <= first4 <= 3589:
        return "jcb"
    return ""


def is_personal(account: str) -> bool:
    """True for a private person's account or deposit."""
    return account.startswith(PERSONAL_PREFIXES)


def staff_reasons(account: str, inn: str = "") -> tuple[str, ...]:
    """Return why staff must look before paying: account_prefix, account_currency, inn_of_firm; often nothing."""
    reasons = []
    if not is_personal(account) and not account.startswith(SOLE_TRADER_PREFIX):
        reasons.append("account_prefix")
    if account[5:8] != RUBLE:
        reasons.append("account_currency")
    if len(inn) == 10 and (is_personal(account) or account.startswith(SOLE_TRADER_PREFIX)):
        reasons.append("inn_of_firm")
    return tuple(reasons)


def mask_number(number: str) -> str:
    """Return `•••• 2345` for an account or a card."""
    return f"•••• {number[-4:]}"


def compact(raw: str) -> str:
    """Return the text without spaces, dashes and invisible marks; letters and other digits stay."""
    return _IGNORED.sub("", raw)


def _weighted_sum(digits: str) -> int:
    return sum(int(digit) * _ACCOUNT_WEIGHTS[index % 3] % 10 for index, digit in enumerate(digits)) % 10


def _collect(faults: list[RequisiteInvalid], read: Callable[[], str]) -> str:
    """Return what `read` gives, or keep its fault and return an empty string."""
    try:
        return read()
    except RequisiteInvalid as fault:
        faults.append(fault)
        return ""


def _require(holds: object, code: str, attr: str) -> None:
    if not holds:
        raise RequisiteInvalid(code, attr)
