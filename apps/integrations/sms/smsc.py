"""SMSC.ru over HTTP: a form goes in, JSON comes back, and errors come in HTTP 200."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.integrations.errors import (
    AccountRejected,
    IntegrationError,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from apps.integrations.http import Answer, HttpClient
from apps.integrations.sms import DeliveryState, DeliveryStatus, Health, Sent

MAX_TEXT = 1000  # characters in one call
SLOW_DOWN = 60.0  # s: the gateway's window for "the same again" and "too many at once"
_PHONE = re.compile(r"[0-9]{10,15}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")

# error_code → our code and words. The gateway's own words may name the number and are not kept.
_ACCOUNT = {
    2: ("sms_login_refused", gettext_noop("The SMS gateway refused the login or password.")),
    3: ("sms_no_money", gettext_noop("There is no money left on the SMS gateway's account.")),
    4: ("sms_address_blocked", gettext_noop("The SMS gateway has blocked our address for a while.")),
}
_MESSAGE = {
    1: ("sms_request_invalid", gettext_noop("The SMS gateway did not understand the request.")),
    5: ("sms_request_invalid", gettext_noop("The SMS gateway did not understand the request.")),
    6: ("sms_text_forbidden", gettext_noop("The SMS gateway does not pass this text or sender.")),
    7: ("sms_number_invalid", gettext_noop("The SMS gateway says that this is not a phone number.")),
    8: ("sms_number_unreachable", gettext_noop("SMS cannot be delivered to this number.")),
}
# Statuses of a message are another space of numbers than the errors above.
_WAITING = {-1, 0}
_DELIVERED = {1, 2}
_FAILED = {-2, 3, 20, 22, 23, 24, 25}
_NOT_FOUND = -3


class SmscGateway:
    """The gateway at `url`; `allow_private` for the sandbox, which runs on our own machine."""

    def __init__(
        self,
        *,
        url: str,
        login: str,
        password: str,
        sender: str = "",
        allow_private: bool = False,
        deadline: float = 15.0,
    ) -> None:
        self._http = HttpClient(name="smsc", base_url=url, allow_private=allow_private, deadline=deadline)
        self._account = {"login": login, "psw": password, "charset": "utf-8", "fmt": "3"}
        self._sender = sender

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.SMS_URL and settings.SMS_LOGIN and settings.SMS_PASSWORD):
            raise ImproperlyConfigured("SMS needs CLAIMDESK_SMS_URL, CLAIMDESK_SMS_LOGIN and CLAIMDESK_SMS_PASSWORD.")
        url, sandbox = urlsplit(settings.SMS_URL), urlsplit(settings.SANDBOX_URL)
        return cls(
            url=settings.SMS_URL,
            login=settings.SMS_LOGIN,
            password=settings.SMS_PASSWORD,
            sender=settings.SMS_SENDER,
            allow_private=bool(settings.SANDBOX_URL) and url.netloc == sandbox.netloc,
        )

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        if not _PHONE.fullmatch(phone):
            raise Rejected(_(_MESSAGE[7][1]), _MESSAGE[7][0])
        if not text.strip() or len(text) > MAX_TEXT:
            raise Rejected(_("An SMS has from 1 to %(most)s characters.") % {"most": MAX_TEXT}, "sms_text_invalid")
        own_id = message_id(key)
        form = {**self._account, "phones": phone, "mes": text, "id": own_id, "cost": "3"}
        if self._sender:
            form["sender"] = self._sender
        try:
            answer = self._http.call("POST", "/sys/send.php", data=form)
            return _sent(_body(answer), answer)
        except OutcomeUnknown as error:
            error.remote_id = own_id
            raise

    def status(self, *, id: str, phone: str) -> DeliveryStatus:  # noqa: A002
        answer = self._http.call("POST", "/sys/status.php", data={**self._account, "id": id, "phone": phone}, safe=True)
        body = _body(answer)
        number = _whole(body.get("status"))
        if number is None:
            raise answer.unclear("answer_garbled")
        return DeliveryStatus(_state(number), str(number), _moment(body.get("last_timestamp")))

    def check(self) -> Health:
        try:
            answer = self._http.call("POST", "/sys/balance.php", data=self._account, safe=True)
            balance = _money(_body(answer).get("balance"))
            if balance is None:
                raise answer.unclear("answer_garbled")
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        if balance <= 0:
            return Health(False, _ACCOUNT[3][0], _(_ACCOUNT[3][1]), balance)
        return Health(True, "ok", _("The gateway answers; the balance is %(balance)s.") % {"balance": balance}, balance)


def message_id(key: str) -> str:
    """The id that the gateway is given for `key`: the key itself where its alphabet allows, else a digest of it."""
    return key if _ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:40]


def _body(answer: Answer) -> Mapping[str, Any]:
    """The answer's object, or raise what its error number means."""
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.unclear("answer_garbled")
    if "error_code" in body or "error" in body:
        raise _refusal(_whole(body.get("error_code")))
    return body


def _refusal(number: int | None) -> IntegrationError:
    if number == 9:
        return Unavailable(_("The SMS gateway asks to slow down."), "sms_slow_down", retry_after=SLOW_DOWN)
    if number in _ACCOUNT:
        code, detail = _ACCOUNT[number]
        return AccountRejected(_(detail), code)
    code, detail = _MESSAGE.get(number or 0, ("sms_refused", gettext_noop("The SMS gateway refused the message.")))
    return Rejected(_(detail), code)


def _sent(body: Mapping[str, Any], answer: Answer) -> Sent:
    id_, parts = body.get("id"), _whole(body.get("cnt"))
    if not isinstance(id_, int | str) or isinstance(id_, bool) or not str(id_):
        raise answer.unclear("answer_garbled")
    return Sent(str(id_), parts if parts and parts > 0 else 1, _money(body.get("cost")))


def _state(number: int) -> DeliveryState:
    if number in _DELIVERED:
        return DeliveryState.DELIVERED
    if number in _WAITING:
        return DeliveryState.WAITING
    if number in _FAILED:
        return DeliveryState.FAILED
    return DeliveryState.NOT_FOUND if number == _NOT_FOUND else DeliveryState.UNCLEAR


def _whole(value: object) -> int | None:
    """A whole number that may have come as text; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    return None


def _money(value: object) -> Decimal | None:
    """An amount that may have come as text or number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _moment(value: object) -> datetime | None:
    seconds = _whole(value)
    if not seconds or not 0 < seconds < 1 << 33:
        return None
    return datetime.fromtimestamp(seconds, UTC)
