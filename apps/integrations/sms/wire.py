"""What the gateways' protocols have in common: numbers that come as text, sentences for refusals, limits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.health import Health
from apps.integrations.http import Answer

DEADLINE = 15.0  # s for one call
MINUTE, HOUR = 60.0, 3600.0  # s
_PHONE = re.compile(r"[0-9]{10,15}")

# Our code → our words. The gateways' own words may name the number and are not kept.
SAID = {
    "sms_login_refused": gettext_noop("The SMS gateway refused the login or password."),
    "sms_no_money": gettext_noop("There is no money left on the SMS gateway's account."),
    "sms_address_blocked": gettext_noop("The SMS gateway has blocked our address for a while."),
    "sms_account_unconfirmed": gettext_noop("The SMS gateway's account is not confirmed yet."),
    "sms_request_invalid": gettext_noop("The SMS gateway did not understand the request."),
    "sms_text_forbidden": gettext_noop("The SMS gateway does not pass this text or sender."),
    "sms_number_invalid": gettext_noop("The SMS gateway says that this is not a phone number."),
    "sms_number_unreachable": gettext_noop("SMS cannot be delivered to this number."),
    "sms_refused": gettext_noop("The SMS gateway refused the message."),
}


def refused(code: str) -> Rejected:
    return Rejected(_(SAID[code]), code)


def account_refused(code: str) -> AccountRejected:
    return AccountRejected(_(SAID[code]), code)


def slow_down(seconds: float) -> Unavailable:
    return Unavailable(_("The SMS gateway asks to slow down."), "sms_slow_down", retry_after=seconds)


def require_message(phone: str, text: str, *, least: int = 1, most: int) -> None:
    """Raise Rejected for what no gateway would take: `least` to `most` characters go out at once."""
    if not _PHONE.fullmatch(phone):
        raise refused("sms_number_invalid")
    if not text.strip() or not least <= len(text) <= most:
        detail = _("An SMS has from %(least)s to %(most)s characters.") % {"least": least, "most": most}
        raise Rejected(detail, "sms_text_invalid")


def account_health(ask: Callable[[], tuple[Answer, object]]) -> Health:
    """What the balance says about the account; `ask` gets it, with its answer. A failure is told, not raised."""
    try:
        answer, said = ask()
        balance = money(said)
        if balance is None:
            raise answer.unclear("answer_garbled")
    except IntegrationError as error:
        return Health(False, error.code, error.detail)
    if balance <= 0:
        return Health(False, "sms_no_money", _(SAID["sms_no_money"]), balance)
    return Health(True, "ok", _("The gateway answers; the balance is %(balance)s.") % {"balance": balance}, balance)


def parts(text: str) -> int:
    """How many messages `text` is: 160 ASCII or 70 other characters in one, 153 or 67 in each of several."""
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    one, each = (160, 153) if text.isascii() else (70, 67)
    return 1 if length <= one else -(-length // each)


def whole(value: object) -> int | None:
    """A whole number that may have come as text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        return int(value)
    return None


def money(value: object) -> Decimal | None:
    """An amount that may have come as text or number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def moment(value: object) -> datetime | None:
    """Unix seconds that may have come as text, as UTC; None for anything else."""
    seconds = whole(value)
    if not seconds or not 0 < seconds < 1 << 33:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def identity(value: object) -> str:
    """A message's id that may have come as a number; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text) else ""
