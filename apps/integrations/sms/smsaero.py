"""SMSAero (API v2) over HTTP: JSON both ways; what went wrong is told in words, and in older shapes too."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.errors import IntegrationError
from apps.integrations.health import Health
from apps.integrations.http import Answer, HttpClient, in_our_network
from apps.integrations.sms import wire
from apps.integrations.sms.gateway import DeliveryState, DeliveryStatus, Sent

MIN_TEXT, MAX_TEXT = 2, 640  # characters
SHARED_SENDER = "SMS Aero"  # the gateway's own, for accounts that registered none
_EXPLAINED = (400, 401, 402, 403, 404, 422)  # HTTP statuses whose body says more

_LOGIN, _MONEY = ("credentials", "unauthorized"), ("no credits", "not enough", "insufficient")
_OFTEN, _MISSING = ("too many", "limit"), ("not found",)
_LEGACY = ("reject", "no credits")
_FIELDS = {"number": "sms_number_invalid", "text": "sms_text_forbidden", "sign": "sms_text_forbidden"}
_WAITING = {0, 3, 4, 8}
_DELIVERED = {1}
_FAILED = {2, 6}


class SmsAeroGateway:
    """The gateway at `url`, for the account of `login` (an email) with its API key."""

    name: ClassVar[str] = "smsaero"

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
        self._auth = (login, password)
        self._sender = sender or SHARED_SENDER

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
        return ""

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        wire.require_message(phone, text, least=MIN_TEXT, most=MAX_TEXT)
        answer = self._post("/sms/send", {"number": phone, "text": text, "sign": self._sender}, safe=False)
        one = _one(_data(answer), answer)
        if not (id_ := wire.identity(one.get("id"))):
            raise answer.unclear("answer_garbled")
        return Sent(id_, wire.parts(text), wire.money(one.get("cost")))

    def status(self, *, id: str, phone: str) -> DeliveryStatus:  # noqa: A002
        answer = self._post("/sms/status", {"id": wire.whole(id) or id}, safe=True)
        body = _object(answer)
        if body.get("success") is False and _says(body, _MISSING):
            return DeliveryStatus(DeliveryState.NOT_FOUND, "", None)
        one = _one(_data(answer), answer)
        number = wire.whole(one.get("status"))
        if number is None:
            raise answer.unclear("answer_garbled")
        return DeliveryStatus(_state(number), str(number), wire.moment(one.get("dateAnswer")))

    def check(self) -> Health:
        return wire.account_health(self._balance)

    def _balance(self) -> tuple[Answer, object]:
        answer = self._post("/balance", {}, safe=True)
        data = _data(answer)
        return answer, data.get("balance") if isinstance(data, dict) else None

    def _post(self, path: str, body: Mapping[str, Any], *, safe: bool) -> Answer:
        return self._http.call("POST", path, json=body, auth=self._auth, expected=_EXPLAINED, safe=safe)


def _data(answer: Answer) -> Any:
    """What a success carries, or raise what the refusal means."""
    body = _object(answer)
    if body.get("success") is True and 200 <= answer.status < 300:
        return body.get("data")
    if body.get("success") is False or body.get("result") in _LEGACY or answer.status >= 400:
        raise _refusal(body, answer.status)
    raise answer.unclear("answer_garbled")


def _object(answer: Answer) -> Mapping[str, Any]:
    """The answer's object; an empty one for an HTTP refusal that carries none."""
    try:
        body = answer.json()
    except IntegrationError:
        if answer.status < 400:
            raise
        body = {}
    if isinstance(body, dict):
        return body
    if answer.status >= 400:
        return {}
    raise answer.unclear("answer_garbled")


def _one(data: Any, answer: Answer) -> Mapping[str, Any]:
    """The one message of `data`: by itself, in a list, or in an object by number."""
    if isinstance(data, dict) and "id" not in data and len(data) == 1:
        data = list(data.values())
    if isinstance(data, list) and len(data) == 1:
        [data] = data
    if not isinstance(data, dict):
        raise answer.unclear("answer_garbled")
    return data


def _refusal(body: Mapping[str, Any], status: int) -> IntegrationError:
    if status in (401, 403) or _says(body, _LOGIN):
        return wire.account_refused("sms_login_refused")
    if status == 402 or _says(body, _MONEY):
        return wire.account_refused("sms_no_money")
    fields = body.get("data")
    if isinstance(fields, dict) and (named := [_FIELDS[name] for name in fields if name in _FIELDS]):
        return wire.refused(named[0])
    return wire.slow_down(wire.MINUTE) if _says(body, _OFTEN) else wire.refused("sms_refused")


def _says(body: Mapping[str, Any], words: tuple[str, ...]) -> bool:
    """Whether the answer's sentence holds one of `words`."""
    said = " ".join(str(body.get(name) or "") for name in ("message", "result", "reason")).lower()
    return any(word in said for word in words)


def _state(number: int) -> DeliveryState:
    if number in _DELIVERED:
        return DeliveryState.DELIVERED
    if number in _WAITING:
        return DeliveryState.WAITING
    return DeliveryState.FAILED if number in _FAILED else DeliveryState.UNCLEAR
