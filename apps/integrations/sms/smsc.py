"""SMSC.ru over HTTP: a form goes in, JSON comes back, and errors come in HTTP 200."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.errors import IntegrationError, OutcomeUnknown
from apps.integrations.health import Health
from apps.integrations.http import Answer, HttpClient, in_our_network
from apps.integrations.sms import wire
from apps.integrations.sms.gateway import DeliveryState, DeliveryStatus, Form, Report, ReportForged, Sent

MAX_TEXT = 1000  # characters in one call
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")

_SLOW_DOWN = 9  # the same again within a minute, or too many at once
_ACCOUNT = {2: "sms_login_refused", 3: "sms_no_money", 4: "sms_address_blocked"}
_MESSAGE = {
    1: "sms_request_invalid",
    5: "sms_request_invalid",
    6: "sms_text_forbidden",
    7: "sms_number_invalid",
    8: "sms_number_unreachable",
}
# Statuses of a message are another space of numbers than the errors above.
_WAITING = {-1, 0}
_DELIVERED = {1, 2}
_FAILED = {-2, 3, 20, 22, 23, 24, 25}
_NOT_FOUND = -3


class SmscGateway:
    """The gateway at `url`; `allow_private` for the sandbox, which runs on our own machine."""

    name: ClassVar[str] = "smsc"

    def __init__(
        self,
        *,
        url: str,
        login: str,
        password: str,
        sender: str = "",
        allow_private: bool = False,
        deadline: float = wire.DEADLINE,
    ) -> None:
        self._http = HttpClient(name=self.name, base_url=url, allow_private=allow_private, deadline=deadline)
        self._account = {"login": login, "psw": password, "charset": "utf-8", "fmt": "3"}
        self._sender = sender

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.SMS_URL and settings.SMS_LOGIN and settings.SMS_PASSWORD):
            raise ImproperlyConfigured("SMS needs CLAIMDESK_SMS_URL, CLAIMDESK_SMS_LOGIN and CLAIMDESK_SMS_PASSWORD.")
        return cls(
            url=settings.SMS_URL,
            login=settings.SMS_LOGIN,
            password=settings.SMS_PASSWORD,
            sender=settings.SMS_SENDER,
            allow_private=in_our_network(settings.SMS_URL),
        )

    def own_id(self, key: str) -> str:
        return message_id(key)

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        wire.require_message(phone, text, most=MAX_TEXT)
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
        number = wire.whole(body.get("status"))
        if number is None:
            raise answer.unclear("answer_garbled")
        return DeliveryStatus(_state(number), str(number), wire.moment(body.get("last_timestamp")))

    def check(self) -> Health:
        return wire.account_health(self._balance)

    def _balance(self) -> tuple[Answer, object]:
        answer = self._http.call("POST", "/sys/balance.php", data=self._account, safe=True)
        return answer, _body(answer).get("balance")


def read_report(form: Form, *, secret: str) -> Report | None:
    """What the callback `form` says; None if it is about nothing that we know how to read. Raises ReportForged."""
    signed = ":".join([*(form.get(name, "") for name in ("id", "phone", "status")), secret])
    digest = hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest()  # the gateway's choice, not ours
    if not secret or not hmac.compare_digest(digest.encode(), form.get("md5", "").lower().encode()):
        raise ReportForged
    id_, number = wire.identity(form.get("id")), wire.whole(form.get("status"))
    if not id_ or number is None:
        return None
    return Report(id_, DeliveryStatus(_state(number), str(number), wire.moment(form.get("ts"))))


def message_id(key: str) -> str:
    """The id that the gateway is given for `key`: the key itself where its alphabet allows, else a digest of it."""
    return key if _ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:40]


def _body(answer: Answer) -> Mapping[str, Any]:
    """The answer's object, or raise what its error number means."""
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.unclear("answer_garbled")
    if "error_code" in body or "error" in body:
        raise _refusal(wire.whole(body.get("error_code")))
    return body


def _refusal(number: int | None) -> IntegrationError:
    if number == _SLOW_DOWN:
        return wire.slow_down(wire.MINUTE)
    if number in _ACCOUNT:
        return wire.account_refused(_ACCOUNT[number])
    return wire.refused(_MESSAGE.get(number or 0, "sms_refused"))


def _sent(body: Mapping[str, Any], answer: Answer) -> Sent:
    id_, parts = wire.identity(body.get("id")), wire.whole(body.get("cnt"))
    if not id_:
        raise answer.unclear("answer_garbled")
    return Sent(id_, parts if parts and parts > 0 else 1, wire.money(body.get("cost")))


def _state(number: int) -> DeliveryState:
    if number in _DELIVERED:
        return DeliveryState.DELIVERED
    if number in _WAITING:
        return DeliveryState.WAITING
    if number in _FAILED:
        return DeliveryState.FAILED
    return DeliveryState.NOT_FOUND if number == _NOT_FOUND else DeliveryState.UNCLEAR
