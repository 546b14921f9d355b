"""Contacts, the codes that prove a phone, and the sessions that a proved phone opens."""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import ngettext

from apps.contacts.errors import CodeExpired, CodeInvalid, CodeUsedUp, TooManyCodes
from apps.contacts.events import CodeRequested
from apps.contacts.models import ApplicantSession, Contact, VerificationCode, phone_index
from apps.core.crypto import blind_index, token_hash
from apps.core.inserts import insert_once
from apps.core.outbox import publish
from apps.core.quotas import Limit, QuotaExceeded, reserve

log = structlog.get_logger(__name__)

SESSION_IDLE = timedelta(hours=2)
SESSION_LIFE = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=1)  # how exactly `seen_at` is kept
RESEND = 60  # s
# Few of the codes sent lately were verified: somebody is pumping SMS. Then only a trickle goes out.
BREAKER_SAMPLE, BREAKER_SHARE, BREAKER_TRICKLE = 100, 0.3, 5  # codes, share verified, codes a minute


def contact_find_or_create(*, phone: str, language: str, now: datetime) -> tuple[Contact, bool]:
    """The one contact of a normalised `phone`, and whether it is new. Two at once get the same row."""
    new = Contact(language=language, created_at=now, updated_at=now)
    new.set_phone(phone)
    fields = ("id", "phone", "phone_index", "phone_tail_index", "full_name", "search", "email", "language")
    values = {name: getattr(new, name) for name in fields}
    created = insert_once(Contact, **values, created_at=now, updated_at=now)
    return Contact.objects.get(phone_index=new.phone_index), created


def contact_name(*, contact_id: UUID, full_name: str, email: str, language: str) -> None:
    """Keep how the person wants to be called and written to; an empty email leaves the known one."""
    contact = Contact.objects.get(pk=contact_id)
    contact.set_name(full_name)
    contact.email, contact.language = email or contact.email, language
    contact.save(update_fields=["full_name", "search", "email", "language", "updated_at"])


@dataclass(frozen=True)
class CodeSent:
    """`code` is the secret itself: only an entry point under SHOW_CODES may pass it on."""

    expires_in: int  # s
    resend_in: int  # s
    code: str


@transaction.atomic
def code_send(
    *, phone: str, purpose: VerificationCode.Purpose, subject: str, address: str, language: str, now: datetime
) -> CodeSent:
    """Make a new code for a normalised `phone`, kill the old one and have it sent. Raises TooManyCodes."""
    index = phone_index(phone)
    try:
        reserve(_limits(index, phone, address, now), now=now)
    except QuotaExceeded as refused:
        log.info("code_refused", limit=refused.limit.name.split(".")[1])
        raise TooManyCodes(retry_after=refused.retry_after) from None
    VerificationCode.objects.filter(phone_index=index, purpose=purpose, used_at=None, expires_at__gt=now).update(
        expires_at=now, sealed_code=""
    )
    secret = f"{secrets.randbelow(10**6):06d}"
    code = VerificationCode(
        phone=phone, phone_index=index, purpose=purpose, subject=subject, sealed_code=secret, language=language,
        expires_at=now + timedelta(seconds=VerificationCode.SECONDS),
    )  # fmt: skip
    code.code_hash = _code_hash(code, secret)
    code.save()
    publish(CodeRequested(code_id=code.id), now=now)
    return CodeSent(VerificationCode.SECONDS, RESEND, secret)


def code_check(
    *, phone: str, purpose: VerificationCode.Purpose, subject: str, secret: str, now: datetime
) -> VerificationCode:
    """Use up the newest code of `phone`, if `secret` is it. Raises CodeInvalid, CodeExpired, CodeUsedUp.

    The try is counted in one atomic update before anything is compared, and one conditional update uses the code,
    so that any number of parallel tries are worth five and succeed once. Raises RuntimeError inside a transaction.
    """
    codes = VerificationCode.objects.filter(phone_index=phone_index(phone), purpose=purpose, subject=subject)
    code = codes.order_by("-created_at").first()
    if code is None:
        raise CodeExpired(attr="code")
    alive = VerificationCode.objects.filter(pk=code.pk, used_at=None, expires_at__gt=now)
    with transaction.atomic(durable=True):  # inside another transaction a refusal would take the count back
        counted = alive.filter(attempts__lt=code.TRIES).update(attempts=F("attempts") + 1)
    if not counted:
        code.refresh_from_db(fields=["used_at", "expires_at"])  # another may have used it since it was read
        spent = code.used_at is None and code.expires_at > now
        raise CodeUsedUp(attr="code") if spent else CodeExpired(attr="code")
    if not hmac.compare_digest(code.code_hash, _code_hash(code, secret)):
        code.refresh_from_db(fields=["attempts"])
        raise _wrong(code.TRIES - code.attempts)
    if not alive.update(used_at=now, sealed_code=""):
        raise CodeExpired(attr="code")
    return code


def _wrong(left: int) -> CodeInvalid | CodeUsedUp:
    if left <= 0:
        return CodeUsedUp(attr="code")
    text = ngettext(
        "This is not the code that we sent. %(n)d try is left.",
        "This is not the code that we sent. %(n)d tries are left.",
        left,
    )
    return CodeInvalid(text % {"n": left}, attr="code")


def _code_hash(code: VerificationCode, secret: str) -> str:
    return blind_index("code", f"{code.id}|{code.phone_index}|{code.purpose}|{code.subject}|{secret}")


def _limits(index: str, phone: str, address: str, now: datetime) -> list[Limit]:
    most = settings.CODE_LIMITS
    who, block = blind_index("address", _network(address)), blind_index("block", phone[:-4])
    limits = [
        Limit(f"code.phone_minute.{index}", most["phone_minute"], RESEND),
        Limit(f"code.phone_hour.{index}", most["phone_hour"], 3600),
        Limit(f"code.phone_day.{index}", most["phone_day"], 86400),
        Limit(f"code.address_hour.{who}", most["address_hour"], 3600),
        Limit(f"code.block_hour.{block}", most["block_hour"], 3600),
        Limit("code.all_hour", most["all_hour"], 3600),
        Limit("code.all_day", most["all_day"], 86400),
    ]
    if _pumped(now):
        limits.append(Limit("code.breaker", BREAKER_TRICKLE, 60))
    return limits


def _network(address: str) -> str:
    """One IPv4 address, or the /64 that one subscriber of IPv6 has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _pumped(now: datetime) -> bool:
    """Whether too few of the last codes, of those that had their five minutes, were verified."""
    settled = now - timedelta(seconds=VerificationCode.SECONDS)
    since = now - timedelta(hours=1)
    codes = VerificationCode.objects.filter(created_at__gt=since, created_at__lt=settled).order_by("-created_at")
    used = list(codes.values_list("used_at", flat=True)[:BREAKER_SAMPLE])
    tripped = len(used) == BREAKER_SAMPLE and sum(1 for at in used if at) < BREAKER_SHARE * BREAKER_SAMPLE
    if tripped:
        log.warning("code_breaker_open")
    return tripped


def session_open(*, contact: Contact, now: datetime) -> tuple[ApplicantSession, str]:
    """A new session of `contact`, and its token, which is stored nowhere."""
    token = "apl_" + secrets.token_urlsafe(32)
    session = ApplicantSession.objects.create(
        contact=contact, token_hash=token_hash(token), seen_at=now, expires_at=now + SESSION_LIFE
    )
    return session, token


def session_use(*, token: str, now: datetime) -> ApplicantSession | None:
    """The living session of `token`, marked as seen; None if there is none."""
    session = (
        ApplicantSession.objects.select_related("contact")
        .filter(token_hash=token_hash(token), ended_at=None, expires_at__gt=now, seen_at__gt=now - SESSION_IDLE)
        .first()
    )
    if session and session.seen_at < now - SEEN_EVERY:
        ApplicantSession.objects.filter(pk=session.pk).update(seen_at=now)
        session.seen_at = now
    return session


def session_end(*, session: ApplicantSession, now: datetime) -> None:
    ApplicantSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now)


def verification_purge(*, now: datetime) -> int:
    """Delete codes and sessions a day after their end. Returns how many rows."""
    day = now - timedelta(days=1)
    codes, _rows = VerificationCode.objects.filter(expires_at__lt=day).delete()
    ended = Q(expires_at__lt=day) | Q(ended_at__lt=day) | Q(seen_at__lt=day - SESSION_IDLE)
    sessions, _rows = ApplicantSession.objects.filter(ended).delete()
    return codes + sessions
