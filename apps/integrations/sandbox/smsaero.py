"""SMSAero (API v2) as its customers know it: JSON alone, Basic authorization, refusals in three shapes, no reports."""

import base64
import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox import texting
from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item
from apps.integrations.sms.wire import parts

smsaero = System(
    "smsaero",
    order=12,
    title=gettext_lazy("SMS gateway (SMSAero)"),
    empty=gettext_lazy("No SMS yet. What the product sends appears here."),
    address=lambda host, world: f"http://{host}/smsaero/sms/send",
    shown=lambda: settings.SMS_BACKEND.startswith("apps.integrations.sms.smsaero."),
    refusals={
        "credentials": gettext_lazy("Login refused"),
        "no credits": gettext_lazy("No money"),
        "number": gettext_lazy("Not a number"),
        "reject": gettext_lazy("Text forbidden"),
    },
)


@smsaero.route("/sms/send", "POST")
@smsaero.route("/sms/testsend", "POST")
def send(request: Request, world: World) -> Answer:
    if not _known(request):
        return refuse("credentials", request)
    body = _body(request)
    phone, text = str(body.get("number", "")), str(body.get("text", ""))
    if not texting.PHONE.fullmatch(phone):
        return refuse("number", request)
    if not 2 <= len(text) <= 640 or not body.get("sign"):
        return _refused("Validation error.", {"text" if body.get("sign") else "sign": ["incorrect"]})
    return _take(world, phone, text, str(body["sign"]))


@smsaero.route("/sms/status", "POST")
def status(request: Request, world: World) -> Answer:
    if not _known(request):
        return refuse("credentials", request)
    asked = str(_body(request).get("id", ""))
    held = next((item for item in world.store.items(smsaero.name) if str(item.id) == asked), None)
    return _accepted(_told(held)) if held else _refused("Message not found.", None)


@smsaero.route("/balance", "GET", "POST")
@smsaero.route("/auth", "GET", "POST")
def balance(request: Request, world: World) -> Answer:
    if not _known(request):
        return refuse("credentials", request)
    return _accepted({"balance": float(texting.funds(world, smsaero.name))})


@smsaero.refusal
def refuse(code: str, request: Request) -> Answer:
    if code == "credentials":
        return _refused("Your request was made with invalid credentials.", None)
    if code == "number":
        return _refused("Validation error.", {"number": ["incorrect"]})
    return Answer.json({"result": "no credits"} if code == "no credits" else {"result": "reject", "reason": "denied"})


@smsaero.card
def card(item: Item) -> Card:
    return texting.message_card(item, sender="SMS Aero")


def _take(world: World, phone: str, text: str, sender: str) -> Answer:
    count = parts(text)
    cost = count * texting.PART_COST
    with world.store.exclusive():
        if texting.funds(world, smsaero.name) < cost:
            return Answer.json({"result": "no credits"})
        data = {"phone": phone, "text": text, "parts": count, "cost": str(cost), "sender": sender}
        number = world.store.add(smsaero.name, "sms", data)
        held = next(item for item in world.store.items(smsaero.name) if item.id == number)
    return _accepted(_told(held))


def _told(held: Item) -> dict[str, Any]:
    sent = int(held.at.timestamp())
    told = {
        "id": held.id, "from": held.data["sender"], "number": held.data["phone"], "text": held.data["text"],
        "status": 0, "extendStatus": "queue", "channel": "FREE SIGN", "cost": held.data["cost"],
        "dateCreate": sent, "dateSend": sent,
    }  # fmt: skip
    if texting.age(held) >= texting.DELIVERED_AFTER:
        told |= {"status": 1, "extendStatus": "delivery", "dateAnswer": sent + int(texting.DELIVERED_AFTER)}
    return told


def _body(request: Request) -> dict[str, Any]:
    """The JSON object; nothing for a form, which the gateway does not read."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _known(request: Request) -> bool:
    pair = f"{settings.SMS_LOGIN}:{settings.SMS_PASSWORD}".encode()
    return request.headers.get("Authorization", "") == "Basic " + base64.b64encode(pair).decode()


def _accepted(data: Any) -> Answer:
    return Answer.json({"success": True, "data": data, "message": None})


def _refused(message: str, data: Any) -> Answer:
    return Answer.json({"success": False, "data": data, "message": message})
