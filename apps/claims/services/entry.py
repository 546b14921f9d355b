from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.claims.models import Claim
from apps.claims.selectors import unfinished_drafts
from apps.claims.services.drafts import claim_begin
from apps.contacts.models import ApplicantSession, VerificationCode
from apps.contacts.services import code_check, contact_find_or_create, session_open


@dataclass(frozen=True)
class Entry:
    """What a verified phone opens. `token` is stored nowhere."""

    session: ApplicantSession
    token: str
    is_new_contact: bool
    claim: Claim
    resumed: bool


def applicant_verify(*, phone: str, secret: str, language: str, now: datetime) -> Entry:
    """Use up the code of a normalised `phone`; give a session and the unfinished draft, or a new one.

    Raises CodeInvalid, CodeExpired, CodeUsedUp. The try is counted even so: it has a transaction of its own.
    """
    code_check(phone=phone, purpose=VerificationCode.Purpose.LOGIN, subject="", secret=secret, now=now)
    with transaction.atomic():
        contact, is_new = contact_find_or_create(phone=phone, language=language, now=now)
        session, token = session_open(contact=contact, now=now)
        draft = unfinished_drafts(contact_id=contact.pk, now=now).first()
        claim = draft or claim_begin(contact=contact, language=language, now=now)
    return Entry(session, token, is_new, claim, draft is not None)
