"""SMSC.ru as its customers know it: errors in HTTP 200, windows-1251 unless told otherwise, no idempotency."""

import re
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item

PART_COST = Decimal("2.15")
FUNDS = Decimal("10000.00")
MAX_PARALLEL = 14  # fifteen at once are refused
SAME_AGAIN = 60  # s
ON_THE_WAY, DELIVERED_AFTER = 1.0, 3.0  # s since the message was taken
_MOSCOW = ZoneInfo("Europe/Moscow")
_PHONE = re.compile(r"[0-9]{10,15}")
_CODE = re.compile(r"(?<![0-9-])[0-9]{6}(?![0-9-])")
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
    age = (datetime.now(UTC) - held.at).total_seconds()
    number = -1 if age < ON_THE_WAY else 0 if age < DELIVERED_AFTER else 1
    at = held.at.astimezone(_MOSCOW)
    body = {"status": number, "last_date": f"{at:%d.%m.%Y %H:%M:%S}", "last_timestamp": int(held.at.timestamp())}
    return _written(form, body, f"Status = {number}, check_time = {body['last_date']}")


@smsc.route("/sys/balance.php", "GET", "POST")
def balance(request: Request, world: World) -> Answer:
    form = _form(request)
    if error := _account_error(form):
        return _error(form, error)
    left = str(_funds(world))
    return _written(form, {"balance": left, "currency": "RUR"}, left)


@smsc.refusal
def refuse(code: str, request: Request) -> Answer:
    return _error(_form(request), int(code))


@smsc.card
def card(item: Item) -> Card:
    text = str(item.data["text"])
    code = _CODE.search(text)
    return Card(
        id=item.id,
        at=item.at,
        title=_spaced(str(item.data["phone"])),
        text=text,
        code=code.group() if code else "",
        fields=((_("Parts"), str(item.data["parts"])), (_("Sender"), str(item.data["sender"]) or "SMSC.RU")),
    )


def _take(form: dict[str, str], world: World) -> Answer:
    phone, text = form.get("phones", "").lstrip("+"), form.get("mes", "")
    if error := _account_error(form):
        return _error(form, error)
    if not phone or not text or len(text) > 1000:
        return _error(form, 1)
    if not _PHONE.fullmatch(phone):
        return _error(form, 7)
    parts = _parts(text)
    cost = parts * PART_COST
    with world.store.exclusive():
        if any(_is_same(item, phone, text) for item in _held(world)):
            return _error(form, 9)
        left = _funds(world) - cost
        if left < 0:
            return _error(form, 3)
        data = {"phone": phone, "text": text, "parts": parts, "cost": str(cost), "sender": form.get("sender", "")}
        number = world.store.add("smsc", "sms", {**data, "own_id": form.get("id", "")})
    id_: int | str = form.get("id") or number
    if isinstance(id_, str) and id_.isascii() and id_.isdigit():
        id_ = int(id_)
    body: dict[str, Any] = {"id": id_, "cnt": parts}
    if form.get("cost") == "3":
        body |= {"cost": str(cost), "balance": str(left)}
    return _written(form, body, f"OK - {parts} SMS, ID - {id_}")


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


def _funds(world: World) -> Decimal:
    return FUNDS - sum((Decimal(item.data["cost"]) for item in _held(world)), Decimal(0))


def _is_same(item: Item, phone: str, text: str) -> bool:
    age = (datetime.now(UTC) - item.at).total_seconds()
    return age < SAME_AGAIN and item.data["phone"] == phone and item.data["text"] == text


def _is_for(item: Item, phone: str, id_: str) -> bool:
    return item.data["phone"] == phone.lstrip("+") and id_ in (item.data["own_id"], str(item.id))


def _parts(text: str) -> int:
    """How many messages `text` is: 160 ASCII or 70 other characters in one, 153 or 67 in each of several."""
    length = len(text.encode("utf-16-le")) // 2
    one, each = (160, 153) if text.isascii() else (70, 67)
    return 1 if length <= one else -(-length // each)


def _error(form: dict[str, str], number: int) -> Answer:
    body = {"error": _WORDS[number], "error_code": number}
    return _written(form, body, f"ERROR = {number} ({_WORDS[number]})")


def _written(form: dict[str, str], body: dict[str, Any], plain: str) -> Answer:
    return Answer.json(body) if form.get("fmt") == "3" else Answer.text(plain)


def _spaced(phone: str) -> str:
    """`+7 916 123-45-67`, `+380 67 123-45-67`; other numbers as they are."""
    shape = re.fullmatch(r"(7|380)([0-9]{2,3})([0-9]{3})([0-9]{2})([0-9]{2})", phone)
    return "+{} {} {}-{}-{}".format(*shape.groups()) if shape else f"+{phone}"
