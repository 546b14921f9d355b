"""Where the payout goes: read by the checksums, kept encrypted, confirmed by a second code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.claims.errors import RequisitesMissing, RequisitesRefused
from apps.claims.models import Claim, Requisites, SbpBank
from apps.claims.requisite_texts import REQUISITE_TEXTS
from apps.claims.rules import requisites as rules
from apps.claims.services.changes import claim_save, draft_lock
from apps.contacts.errors import PHONE_TEXTS, TooManyCodes
from apps.contacts.models import VerificationCode
from apps.contacts.rules import phones
from apps.contacts.services import CodeSent, code_check, code_send
from apps.core.crypto import blind_index
from apps.core.errors import Problem
from apps.core.idempotency import fingerprint

Kind = Requisites.Kind


@dataclass(frozen=True)
class RequisitesKept:
    """`code` is None if none was sent: nothing to confirm, or the limit holds for `resend_in` seconds."""

    claim: Claim
    requisites: Requisites
    code: CodeSent | None
    resend_in: int


@dataclass(frozen=True)
class _Read:
    data: dict[str, str]
    summary: str
    needs_review: bool


def requisites_put(
    *, claim_id: UUID, kind: Kind, fields: Mapping[str, str], address: str, now: datetime
) -> RequisitesKept:
    """Keep payout details and send the code that confirms them; the same details again send another code.

    They are kept even while the limit of codes holds. Raises RequisitesRefused (a problem for each field),
    ClaimNotEditable.
    """
    with transaction.atomic():
        claim = draft_lock(claim_id, now)
        read = _READERS[kind](fields, claim)
        kept = Requisites.objects.filter(claim=claim).first() or Requisites(claim=claim)
        if kept.kind != kind or kept.data != read.data:
            kept.confirmed_at = None
        kept.kind, kept.data, kept.summary, kept.needs_review = kind, read.data, read.summary, read.needs_review
        kept.save()
        claim.requisites = kept
        claim_save(claim, now=now, what=["requisites"])
    return _ask_for_code(claim, kept, address, now)


def requisites_code(*, claim_id: UUID, address: str, now: datetime) -> RequisitesKept:
    """Send another code for the details that are kept. Raises RequisitesMissing, ClaimNotEditable."""
    with transaction.atomic():
        claim = draft_lock(claim_id, now)
        kept = Requisites.objects.filter(claim=claim).first()
    if kept is None:
        raise RequisitesMissing
    claim.requisites = kept
    return _ask_for_code(claim, kept, address, now)


def _ask_for_code(claim: Claim, kept: Requisites, address: str, now: datetime) -> RequisitesKept:
    if kept.confirmed_at:
        return RequisitesKept(claim, kept, None, 0)
    try:
        code = code_send(
            phone=claim.contact.phone, purpose=VerificationCode.Purpose.PAYOUT, subject=_subject(kept),
            address=address, language=claim.language, now=now,
        )  # fmt: skip
    except TooManyCodes as refused:
        return RequisitesKept(claim, kept, None, refused.retry_after or 0)
    return RequisitesKept(claim, kept, code, code.resend_in)


def requisites_confirm(*, claim_id: UUID, secret: str, now: datetime) -> Claim:
    """Confirm the kept details by the code that was sent for just these.

    Raises CodeInvalid, CodeExpired, CodeUsedUp, RequisitesMissing, ClaimNotEditable.
    """
    with transaction.atomic():
        claim = draft_lock(claim_id, now)
        kept = Requisites.objects.filter(claim=claim).first()
    if kept is None:
        raise RequisitesMissing
    if kept.confirmed_at:
        return claim
    purpose = VerificationCode.Purpose.PAYOUT
    code_check(phone=claim.contact.phone, purpose=purpose, subject=_subject(kept), secret=secret, now=now)
    with transaction.atomic():
        claim = draft_lock(claim_id, now)
        same = Requisites.objects.select_for_update().get(claim=claim)
        if _subject(same) != _subject(kept):
            raise RequisitesMissing
        same.confirmed_at = now
        same.save(update_fields=["confirmed_at", "updated_at"])
        claim.requisites = same
        claim_save(claim, now=now, what=["requisites"])
    return claim


def _subject(kept: Requisites) -> str:
    """What a code confirms: these details of this claim, by a keyed hash (a card's bare one would be guessed)."""
    return f"{kept.claim_id}|{blind_index('requisites', fingerprint(kept.kind, kept.data))[:32]}"


def _bank(fields: Mapping[str, str], claim: Claim) -> _Read:
    try:
        read = rules.read_bank(
            bik=fields.get("bik", ""), account=fields.get("account", ""),
            recipient=fields.get("recipient", ""), inn=fields.get("inn", ""),
        )  # fmt: skip
    except rules.RequisitesInvalid as error:
        raise RequisitesRefused(problems=[_problem(fault) for fault in error.faults]) from None
    data = {"bik": read.bik, "account": read.account, "recipient": read.recipient, "inn": read.inn}
    return _Read(data, rules.mask_number(read.account), read.needs_staff)


def _card(fields: Mapping[str, str], claim: Claim) -> _Read:
    try:
        card = rules.read_card(fields.get("number", ""))
    except rules.RequisiteInvalid as error:
        raise RequisitesRefused(problems=[_problem(error)]) from None
    return _Read({"number": card.number, "system": card.system}, rules.mask_number(card.number), False)


def _sbp(fields: Mapping[str, str], claim: Claim) -> _Read:
    problems, phone, bank = [], "", ""
    try:
        phone = phones.normalise(fields.get("phone", ""), ("RU",))  # the payment system is Russian
    except phones.PhoneInvalid as error:
        problems.append(Problem(error.code, PHONE_TEXTS[error.code], "phone"))
    try:
        members = SbpBank.objects.filter(is_active=True).values_list("member_id", flat=True)
        bank = rules.read_sbp_bank(fields.get("bank_id", ""), frozenset(members))
    except rules.RequisiteInvalid as error:
        problems.append(_problem(error))
    if problems:
        raise RequisitesRefused(problems=problems)
    # Money to a phone that nobody has proved: staff look before they pay.
    return _Read({"phone": phone, "bank_id": bank}, phones.mask(phone), phone != claim.contact.phone)


def _problem(fault: rules.RequisiteInvalid) -> Problem:
    return Problem(fault.code, REQUISITE_TEXTS[fault.code], fault.attr)


_READERS: dict[str, Any] = {Kind.BANK: _bank, Kind.CARD: _card, Kind.SBP: _sbp}
