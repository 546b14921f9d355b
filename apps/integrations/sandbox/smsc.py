"""SMSC.ru as its customers know it: errors in HTTP 200, windows-1251 unless told otherwise, no idempotency."""

import hashlib
import threading
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox import texting
from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item
from apps.integrations.sms.wire import parts

MAX_PARALLEL = 14  # fifteen at once are refused
ON_THE_WAY = 1.0  # s since the message was taken
_MOSCOW = ZoneInfo("Europe/Moscow")
_WORDS = {
    1: "parameters error", 2: "authorise error", 3: "no money", 4: "ip is blocked", 5: "invalid date format",
    6: "message is denied", 7: "invalid number", 8: "message can't be delivered",
    9: "duplicate request, wait a minute",
}  # fmt: skip

smsc = System(
    "smsc",
    order=10,
    title=gettext_lazy("SMS gateway"),
    empty=gettext_lazy("No SMS yet. What the product sends appears here."),
    address=lambda host, world: f"http://{host}/smsc/sys/send.php",
    shown=lambda: settings.SMS_BACKEND.startswith("apps.integrations.sms.smsc."),
    refusals={
        "2": gettext_lazy("Login refused"),
        "3": gettext_lazy("No money"),
        "4": gettext_lazy("Address blocked"),
        "6": gettext_lazy("Text forbidden"),
        "7": gettext_lazy("Not a number"),
        "8": gettext_lazy("Cannot be delivered"),
        "9": gettext_lazy("Slow down"),
    },
)
_sending = threading.Semaphore(MAX_PARALLEL)


@smsc.route("/sys/send.php", "GET", "POST")
def send(request: Request, world: World) -> Answer:
    form = _form(request)
    if not _sending.acquire(blocking=False):
        return _error(form, 9)
    try:
        return _take(form, world)
    finally:
        _sending.release()


@smsc.route("/sys/status.php", "GET", "POST")
def status(request: Request, world: World) -> Answer:
    form = _form(request)
    if error := _account_error(form):
        return _error(form, error)
    if not (form.get("phone") and form.get("id")):
        return _error(form, 1)
    held = next((item for item in _held(world) if _is_for(item, form["phone"], form["id"])), None)
    if held is None:
        return _written(form, {"status": -3}, "Status = -3")
    age = texting.age(held)
    number = -1 if age < ON_THE_WAY else 0 if age < texting.DELIVERED_AFTER else 1
    at = held.at.astimezone(_MOSCOW)
    body = {"status": number, "last_date": f"{at:%d.%m.%Y %H:%M:%S}", "last_timestamp": int(held.at.timestamp())}
    return _written(form, body, f"Status = {number}, check_time = {body['last_date']}")


@smsc.route("/sys/balance.php", "GET", "POST")
def balance(request: Request, world: World) -> Answer:
    form = _form(request)
    if error := _account_error(form):
        return _error(form, error)
    left = str(texting.funds(world, smsc.name))
    return _written(form, {"balance": left, "currency": "RUR"}, left)


@smsc.refusal
def refuse(code: str, request: Request) -> Answer:
    return _error(_form(request), int(code))


@smsc.card
def card(item: Item) -> Card:
    return texting.message_card(item, sender="SMSC.RU")


def _take(form: dict[str, str], world: World) -> Answer:
    phone, text = form.get("phones", "").lstrip("+"), form.get("mes", "")
    if error := _account_error(form):
        return _error(form, error)
    if not phone or not text or len(text) > 1000:
        return _error(form, 1)
    if not texting.PHONE.fullmatch(phone):
        return _error(form, 7)
    count = parts(text)
    cost = count * texting.PART_COST
    with world.store.exclusive():
        if any(texting.is_same(item, phone, text) for item in _held(world)):
            return _error(form, 9)
        left = texting.funds(world, smsc.name) - cost
        if left < 0:
            return _error(form, 3)
        data = {"phone": phone, "text": text, "parts": count, "cost": str(cost), "sender": form.get("sender", "")}
        number = world.store.add("smsc", "sms", {**data, "own_id": form.get("id", "")})
    id_: int | str = form.get("id") or number
    if isinstance(id_, str) and id_.isascii() and id_.isdigit():
        id_ = int(id_)
    _report(world, str(id_), phone, count)
    body: dict[str, Any] = {"id": id_, "cnt": count}
    if form.get("cost") == "3":
        body |= {"cost": str(cost), "balance": str(left)}
    return _written(form, body, f"OK - {count} SMS, ID - {id_}")


def _form(request: Request) -> dict[str, str]:
    named = request.form("latin-1").get("charset", "")
    charset = named if named in ("utf-8", "koi8-r") else "windows-1251"
    return request.form(charset)


def _account_error(form: dict[str, str]) -> int:
    if not form.get("login") or not form.get("psw"):
        return 1
    known = form["login"] == settings.SMS_LOGIN and form["psw"] == settings.SMS_PASSWORD
    return 0 if known else 2


def _held(world: World) -> list[Item]:
    return world.store.items("smsc")


def _is_for(item: Item, phone: str, id_: str) -> bool:
    return item.data["phone"] == phone.lstrip("+") and id_ in (item.data["own_id"], str(item.id))


def _report(world: World, id_: str, phone: str, count: int) -> None:
    at = texting.delivered_at()
    told = {"id": id_, "phone": phone, "status": "1", "time": f"{at.astimezone(_MOSCOW):%d.%m.%Y %H:%M:%S}"}
    told |= {"ts": str(int(at.timestamp())), "err": "0", "cnt": str(count), "type": "0", "flag": "0"}
    if settings.SMS_REPORT_SECRET:  # reports are switched on in the account together with their secret
        signed = f"{id_}:{phone}:1:{settings.SMS_REPORT_SECRET}"
        digest = hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest()
        texting.report_later(world, smsc.name, {**told, "md5": digest})


def _error(form: dict[str, str], number: int) -> Answer:
    body = {"error": _WORDS[number], "error_code": number}
    return _written(form, body, f"ERROR = {number} ({_WORDS[number]})")


def _written(form: dict[str, str], body: dict[str, Any], plain: str) -> Answer:
    return Answer.json(body) if form.get("fmt") == "3" else Answer.text(plain)
