"""n8n with one active workflow: takes the product's events, looks at their signature, and may call back."""

import json
import re
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from apps.core import signatures
from apps.integrations.errors import IntegrationError, Rejected
from apps.integrations.http import HttpClient
from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item

PATH = "claimdesk"  # the only workflow that is active
CALLS_BACK_ON = ("claim.submitted", "advice.asked")
STEM = 5  # letters that two words have in common to be the same
PAUSES = (0.5, 2.0, 5.0)  # s, before each try to call back
log = structlog.get_logger(__name__)

n8n = System(
    "n8n",
    order=60,
    title=gettext_lazy("Workflows (n8n)"),
    empty=gettext_lazy("No event yet. What happens in the product is told here."),
    address=lambda host, world: f"http://{host}/n8n/webhook/{PATH}",
    refusals={
        "not_registered": gettext_lazy("Workflow not active"),
        "workflow_error": gettext_lazy("Error in the workflow"),
        "empty_body": gettext_lazy("Empty answer"),
        "token": gettext_lazy("Token refused"),
    },
    label=lambda request: f"{request.method} {_event_of(request)}".strip(),
)


@n8n.route(f"/webhook/{PATH}", "POST")
def webhook(request: Request, world: World) -> Answer:
    if request.headers.get("Authorization") != "sandbox":
        return refuse("token", request)
    told = _told(request)
    signed = _is_signed(request)
    with world.store.exclusive():
        seen = 1 + sum(item.data["event_id"] == told.get("event_id", "") for item in world.store.items("n8n"))
        world.store.add("n8n", "event", _kept(request, told, signed=signed, seen=seen))
    if signed and seen == 1 and told.get("event") in CALLS_BACK_ON:
        threading.Thread(target=_call_back, args=(told, world), name="n8n-callback", daemon=True).start()
    return Answer.json({"message": "Workflow was started"})


@n8n.tree("/", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
def not_registered(request: Request, world: World) -> Answer:
    return refuse("not_registered", request)


@n8n.refusal
def refuse(code: str, request: Request) -> Answer:
    if code == "token":
        return Answer.text("Authorization data is wrong!", 403)
    if code == "workflow_error":
        return Answer.json({"message": "Error in workflow"}, 500)
    if code == "empty_body":
        return Answer()
    asked = f"{request.method} {request.path.removeprefix('/webhook/').strip('/')}"
    hint = "Only an active workflow listens at its production address."
    return Answer.json(
        {"code": 404, "message": f'The requested webhook "{asked}" is not registered.', "hint": hint}, 404
    )


@n8n.card
def card(item: Item) -> Card:
    data = item.data
    return Card(
        id=item.id,
        at=item.at,
        title=str(data["event"]),
        text="\n".join(f"{key}: {value}" for key, value in data["data"].items()),
        fields=(
            (_("Signature"), _("valid") if data["signed"] else _("not valid")),
            (_("Times seen"), str(data["seen"])),
            (_("Event id"), str(data["event_id"])),
        ),
    )


def _told(request: Request) -> dict[str, Any]:
    """The event in the body; empty for anything else."""
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _event_of(request: Request) -> str:
    return str(_told(request).get("event", ""))


def _kept(request: Request, told: dict[str, Any], *, signed: bool, seen: int) -> dict[str, Any]:
    data = told.get("data")
    named = {key: str(told.get(key, "")) for key in ("event_id", "event", "version", "occurred_at", "callback_url")}
    headers = {"key": request.headers.get("Idempotency-Key", ""), "request_id": request.headers.get("X-Request-Id", "")}
    return {**named, **headers, "data": data if isinstance(data, dict) else {}, "signed": signed, "seen": seen}


def _is_signed(request: Request) -> bool:
    header, now = request.headers.get(signatures.HEADER, ""), datetime.now(UTC)
    try:
        signatures.verify(header, request.body, secrets=settings.N8N_SECRETS, now=now)
    except signatures.SignatureInvalid:
        return False
    return True


def _call_back(told: dict[str, Any], world: World) -> None:
    """Answer as the workflow would; a product that is not there after some tries is left alone."""
    url = urlsplit(str(told.get("callback_url", "")))
    body = json.dumps(_said(told), ensure_ascii=False).encode()
    client = HttpClient(name="n8n-sandbox", base_url=f"{url.scheme}://{url.netloc}", allow_private=True)
    for pause in PAUSES:
        if world.stopping.wait(pause):
            return
        headers = {
            "Content-Type": "application/json",
            signatures.HEADER: signatures.sign(
                body, secret=next(filter(None, settings.N8N_SECRETS)), now=datetime.now(UTC)
            ),
        }
        try:
            client.call("POST", url.path, data=body, headers=headers, safe=True)
        except Rejected as error:
            log.warning("sandbox_callback_refused", code=error.code)
            return
        except IntegrationError as error:
            log.info("sandbox_callback_failed", code=error.code)
        else:
            return


def _said(told: dict[str, Any]) -> dict[str, Any]:
    """That the claim was looked at, or the advice that was asked for."""
    data = told.get("data") or {}
    said = {"id": f"{told['event_id']}.ran", "about": str(data.get("claim_id", ""))}
    if told["event"] == "advice.asked":
        return {**said, "kind": "advice", "data": _advised(data)}
    with override(settings.LANGUAGE_CODE):  # of the staff, who read it
        return {**said, "kind": "note", "data": {"text": _("Workflow ran: the claim was looked at.")}}


def _advised(data: dict[str, Any]) -> dict[str, Any]:
    """The event type whose titles share most words with the text, and of its candidates those that share any."""
    text, candidates = str(data["text"]), data["candidates"]
    titles = {one["code"]: one["title"] for one in data["event_types"]}
    event_type = max(titles, key=lambda code: len(_stems(titles[code]) & _stems(text)), default="")
    if not _stems(titles.get(event_type, "")) & _stems(text):
        event_type = ""
    chosen = candidates.get(event_type, {"documents": [], "questions": []})
    return {
        "asked": data["asked"],
        "summary": text[:200],
        "event_type": event_type,
        "required_documents": _called_for(chosen["documents"], text),
        "extra_questions": _called_for(chosen["questions"], text),
    }


def _called_for(items: list[dict[str, str]], text: str) -> list[dict[str, str]]:
    found = []
    for item in items:
        words = [word for word in re.findall(r"\w+", text) if _stems(word) & _stems(item["title"])]
        found += [{"key": item["key"], "evidence": words[0]}] if words else []
    return found


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in re.findall(r"[^\W\d_]{4,}", text.lower().replace("ё", "е"))}
