"""SMS.ru as its customers know it: an outer answer and one for each number, ids of its own, no idempotency."""

import hashlib
import hmac
import secrets
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox import texting
from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item
from apps.integrations.sms.wire import parts

MOST_NUMBERS = 100
_WORDS = {
    -1: "Message not found", 100: "OK", 102: "On its way", 103: "Delivered", 200: "Wrong api_id", 201: "No money",
    202: "Wrong number", 203: "No text", 206: "The limit of the day", 207: "No way to this number",
    209: "In the stop list", 220: "Temporarily not available", 230: "Too many to this number today",
    231: "The same text within a minute", 232: "The same text too often today", 302: "Account not confirmed",
}  # fmt: skip
_OUTER = {200, 201, 206, 220, 302}

smsru = System(
    "smsru",
    order=11,
    title=gettext_lazy("SMS gateway (SMS.ru)"),
    empty=gettext_lazy("No SMS yet. What the product sends appears here."),
    address=lambda host, world: f"http://{host}/smsru/sms/send",
    shown=lambda: settings.SMS_BACKEND.startswith("apps.integrations.sms.smsru."),
    refusals={
        "200": gettext_lazy("Login refused"),
        "201": gettext_lazy("No money"),
        "302": gettext_lazy("Account not confirmed"),
        "202": gettext_lazy("Not a number"),
        "207": gettext_lazy("Cannot be delivered"),
        "209": gettext_lazy("In the stop list"),
        "220": gettext_lazy("Try later"),
        "230": gettext_lazy("Slow down"),
    },
)


@smsru.route("/sms/send", "GET", "POST")
def send(request: Request, world: World) -> Answer:
    form = request.form()
    if not _known(form):
        return _outer(200)
    text, phones = form.get("msg", ""), [phone.strip() for phone in form.get("to", "").split(",")][:MOST_NUMBERS]
    if not text or not phones[0]:
        return _outer(203 if phones[0] else 202)
    with world.store.exclusive():
        answers = {phone: _take(world, phone, text, form.get("from", "")) for phone in phones}
        left = texting.funds(world, smsru.name)
    if any(entry["status_code"] == 201 for entry in answers.values()):
        return _outer(201)
    return Answer.json({**_said(100), "sms": answers, "balance": float(left)})


@smsru.route("/sms/status", "GET", "POST")
def status(request: Request, world: World) -> Answer:
    form = request.form()
    if not _known(form):
        return _outer(200)
    held = {item.data["sms_id"]: item for item in world.store.items(smsru.name)}
    asked = form.get("sms_id", "").split(",")[:MOST_NUMBERS]
    return Answer.json({**_said(100), "sms": {id_: _state(held.get(id_)) for id_ in asked}})


@smsru.route("/my/balance", "GET", "POST")
def balance(request: Request, world: World) -> Answer:
    if not _known(request.form()):
        return _outer(200)
    return Answer.json({**_said(100), "balance": float(texting.funds(world, smsru.name))})


@smsru.refusal
def refuse(code: str, request: Request) -> Answer:
    number, form = int(code), request.form()
    if number in _OUTER:
        return _outer(number)
    return Answer.json({**_said(100), "sms": {form.get("to") or form.get("sms_id", ""): _said(number)}})


@smsru.card
def card(item: Item) -> Card:
    return texting.message_card(item, sender="SMS.RU")


def _take(world: World, phone: str, text: str, sender: str) -> dict[str, Any]:
    if not texting.PHONE.fullmatch(phone):
        return _said(202)
    if any(texting.is_same(item, phone, text) for item in world.store.items(smsru.name)):
        return _said(231)
    count = parts(text)
    cost = count * texting.PART_COST
    if texting.funds(world, smsru.name) < cost:
        return _said(201)
    id_ = f"{secrets.randbelow(10**6):06d}-{10**7 + secrets.randbelow(10**7)}"
    data = {"phone": phone, "text": text, "parts": count, "cost": str(cost), "sender": sender, "sms_id": id_}
    world.store.add(smsru.name, "sms", data)
    _report(world, id_)
    return {**_said(100), "sms_id": id_}


def _report(world: World, id_: str) -> None:
    at = int(texting.delivered_at().timestamp())
    entry = f"sms_status\n{id_}\n103\n{at}"
    digest = hashlib.sha256((settings.SMS_PASSWORD + entry).encode()).hexdigest()
    texting.report_later(world, smsru.name, {"data[0]": entry, "hash": digest})


def _state(held: Item | None) -> dict[str, Any]:
    if held is None:
        return _said(-1)
    number = 103 if texting.age(held) >= texting.DELIVERED_AFTER else 102
    return {"status": "OK", "status_code": number, "status_text": _WORDS[number], "cost": held.data["cost"]}


def _known(form: dict[str, str]) -> bool:
    return hmac.compare_digest(form.get("api_id", "").encode(), settings.SMS_PASSWORD.encode())


def _said(number: int) -> dict[str, Any]:
    kind = "OK" if number == 100 else "ERROR"
    return {"status": kind, "status_code": number} | ({} if number == 100 else {"status_text": _WORDS[number]})


def _outer(number: int) -> Answer:
    return Answer.json(_said(number))
