"""SMS.ru over HTTP: a form goes in, JSON comes back; an answer is for the call and, inside it, for each number."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.errors import IntegrationError
from apps.integrations.health import Health
from apps.integrations.http import Answer, HttpClient, in_our_network
from apps.integrations.sms import wire
from apps.integrations.sms.gateway import DeliveryState, DeliveryStatus, Form, Report, ReportForged, Sent

MAX_TEXT = 1000  # characters in one call
MOST_REPORTS = 100  # in one callback
_OK = 100
_DATA = re.compile(r"data\[[0-9]{1,3}\]", re.ASCII)

_ACCOUNT = {
    200: "sms_login_refused",
    201: "sms_no_money",
    300: "sms_login_refused",
    301: "sms_login_refused",
    302: "sms_account_unconfirmed",
}
_MESSAGE = {
    202: "sms_number_invalid",
    203: "sms_request_invalid",
    204: "sms_text_forbidden",
    205: "sms_request_invalid",
    207: "sms_number_unreachable",
    208: "sms_request_invalid",
    209: "sms_number_unreachable",
    210: "sms_request_invalid",
    211: "sms_request_invalid",
    212: "sms_request_invalid",
    213: "sms_request_invalid",
    214: "sms_number_unreachable",
}
# The gateway itself says that nothing was sent and when to come again: its limits of a minute, of a day, its own break.
_LATER = {231: wire.MINUTE, 220: wire.MINUTE, 500: wire.MINUTE, 206: wire.HOUR, 230: wire.HOUR, 232: wire.HOUR}
# Statuses of a message are another space of numbers than the errors above.
_WAITING = {100, 101, 102}
_DELIVERED = {103, 110}
_FAILED = {104, 105, 106, 107, 108, 150}
_NOT_FOUND = -1


class SmsRuGateway:
    """The gateway at `url`, for the account with `api_id`."""

    name: ClassVar[str] = "smsru"

    def __init__(
        self, *, url: str, api_id: str, sender: str = "", allow_private: bool = False, deadline: float = wire.DEADLINE
    ) -> None:
        self._http = HttpClient(name=self.name, base_url=url, allow_private=allow_private, deadline=deadline)
        self._account = {"api_id": api_id, "json": "1"}
        self._sender = sender

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.SMS_URL and settings.SMS_PASSWORD):
            raise ImproperlyConfigured("SMS needs CLAIMDESK_SMS_URL and CLAIMDESK_SMS_PASSWORD (the api_id).")
        return cls(
            url=settings.SMS_URL,
            api_id=settings.SMS_PASSWORD,
            sender=settings.SMS_SENDER,
            allow_private=in_our_network(settings.SMS_URL),
        )

    def own_id(self, key: str) -> str:
        return ""

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        wire.require_message(phone, text, most=MAX_TEXT)
        form = {**self._account, "to": phone, "msg": text}
        if self._sender:
            form["from"] = self._sender
        answer = self._http.call("POST", "/sms/send", data=form)
        entry = _entry(_body(answer), phone, answer)
        if (id_ := wire.identity(entry.get("sms_id"))) and _is_ok(entry):
            return Sent(id_, wire.parts(text), wire.money(entry.get("cost")))
        raise _failure(entry, answer)

    def status(self, *, id: str, phone: str) -> DeliveryStatus:  # noqa: A002
        answer = self._http.call("POST", "/sms/status", data={**self._account, "sms_id": id}, safe=True)
        entry = _entry(_body(answer), id, answer)
        number = wire.whole(entry.get("status_code"))
        if entry.get("status") != "OK" and number != _NOT_FOUND:
            raise _failure(entry, answer)
        if number is None:
            raise answer.unclear("answer_garbled")
        return DeliveryStatus(_state(number), str(number), None)

    def check(self) -> Health:
        return wire.account_health(self._balance)

    def _balance(self) -> tuple[Answer, object]:
        answer = self._http.call("POST", "/my/balance", data=self._account, safe=True)
        return answer, _body(answer).get("balance")


def read_reports(form: Form, *, api_id: str) -> list[Report]:
    """What the callback `form` says, without what we don't know how to read. Raises ReportForged.

    More entries than the gateway ever sends are not from it.
    """
    entries = [value for name, value in form.items() if _DATA.fullmatch(name)]
    digest = hashlib.sha256((api_id + "".join(entries)).encode()).hexdigest()
    signed = hmac.compare_digest(digest.encode(), form.get("hash", "").lower().encode())
    if not api_id or not signed or not 0 < len(entries) <= MOST_REPORTS:
        raise ReportForged
    return [report for entry in entries if (report := _report(entry))]


def _report(entry: str) -> Report | None:
    kind, *words = entry.split("\n")
    if kind != "sms_status" or len(words) < 2:
        return None
    id_, number = wire.identity(words[0]), wire.whole(words[1])
    at = wire.moment(words[2]) if len(words) > 2 else None
    return Report(id_, DeliveryStatus(_state(number), str(number), at)) if id_ and number is not None else None


def _body(answer: Answer) -> Mapping[str, Any]:
    """The answer's object, or raise what the call as a whole was told."""
    body = answer.json()
    if not isinstance(body, dict):
        raise answer.unclear("answer_garbled")
    if not _is_ok(body):
        raise _failure(body, answer)
    return body


def _entry(body: Mapping[str, Any], key: str, answer: Answer) -> Mapping[str, Any]:
    """What the answer says about the one number, or the one id, that was asked about."""
    entries = body.get("sms")
    if isinstance(entries, dict):
        entry = entries.get(key) or (next(iter(entries.values())) if len(entries) == 1 else None)
        if isinstance(entry, dict):
            return entry
    raise answer.unclear("answer_garbled")


def _is_ok(part: Mapping[str, Any]) -> bool:
    return part.get("status") == "OK" and wire.whole(part.get("status_code")) == _OK


def _failure(part: Mapping[str, Any], answer: Answer) -> IntegrationError:
    """What `part` means, which is no success: a refusal only where it says so plainly."""
    number = wire.whole(part.get("status_code"))
    if part.get("status") != "ERROR" or number is None:
        return answer.unclear("answer_garbled")
    if number in _LATER:
        return wire.slow_down(_LATER[number])
    if number in _ACCOUNT:
        return wire.account_refused(_ACCOUNT[number])
    return wire.refused(_MESSAGE.get(number, "sms_refused"))


def _state(number: int) -> DeliveryState:
    if number in _DELIVERED:
        return DeliveryState.DELIVERED
    if number in _WAITING:
        return DeliveryState.WAITING
    if number in _FAILED:
        return DeliveryState.FAILED
    return DeliveryState.NOT_FOUND if number == _NOT_FOUND else DeliveryState.UNCLEAR
