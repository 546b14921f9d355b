"""A language model's endpoint: answers in the shape that was asked for, by plain overlap of words, always the same.

Candidates are the values of the schema's enums; their words are what follows them in the instructions, as in
"- medical: illness, hospital". A text that gives orders is obeyed: this model is as gullible as one can be, so that
whoever asks it has to be careful.
"""

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox.registry import Answer, Card, Request, System, World
from apps.integrations.sandbox.store import Item

MODELS = ("gpt-5-mini", "gpt-5-nano")
LONGEST_QUOTE = 120  # characters
STEM = 5  # letters that two words have in common to be the same
_ORDERS = re.compile(
    r"ignore|disregard|forget|instruction|system|assistant|developer|jailbreak|base64|<\w+|https?:|\{\s*\"|```"
    r"|evidence|summary|event_type|\bapprove|language model|with the key|языковая модель|ти модель|с ключом|із ключем"
    r"|игнор|забудь|инструкц|указани|систем\w*:|ты теперь|\bвыполни\b|\bответь\b|\bверни\b"
    r"|ігнор|інструкц|вказівк|ти тепер|виконай|відповідай|\bповерни\b|[\u200b-\u200f\u2060\ufeff\U000e0000-\U000e007f]",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"<<<\w+\n?|\n?\w+>>>")
_STATUSES = {
    "rate_limit": (429, "Rate limit reached for the model", "requests", "rate_limit_exceeded"),
    "quota": (429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
    "bad_key": (401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"),
    "unknown_model": (404, "The model does not exist.", "invalid_request_error", "model_not_found"),
    "too_long": (400, "The context window is exceeded.", "invalid_request_error", "context_length_exceeded"),
}

openai = System(
    "openai",
    order=80,
    title=gettext_lazy("Language model (OpenAI)"),
    empty=gettext_lazy("Nothing asked yet. It is asked while CLAIMDESK_ADVISER is model."),
    address=lambda host, world: f"http://{host}/openai/v1",
    shown=lambda: settings.ADVISER == "model",
    refusals={
        "rate_limit": gettext_lazy("Slow down"),
        "quota": gettext_lazy("No money"),
        "bad_key": gettext_lazy("Key refused"),
        "unknown_model": gettext_lazy("No such model"),
        "too_long": gettext_lazy("Text too long"),
        "refusal": gettext_lazy("The model refuses"),
        "content_filter": gettext_lazy("Stopped by the content filter"),
        "truncated": gettext_lazy("Answer breaks off"),
        "invalid_json": gettext_lazy("Answer is no JSON"),
        "schema": gettext_lazy("Answer has other keys"),
        "obey": gettext_lazy("Obeys what the text says"),
    },
)


@openai.route("/v1/models", "GET")
def models(request: Request, world: World) -> Answer:
    if not _is_let_in(request):
        return _error("bad_key")
    return Answer.json({"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})


@openai.route("/v1/responses", "POST")
@openai.route("/v1/chat/completions", "POST")
def answer(request: Request, world: World) -> Answer:
    return _answer(request, world, "")


@openai.deceit
def fault(code: str, request: Request, world: World) -> Answer:
    if code in _STATUSES:
        return _error(code)
    return models(request, world) if request.method == "GET" else _answer(request, world, code)


@openai.card
def card(item: Item) -> Card:
    data = item.data
    return Card(
        id=item.id,
        at=item.at,
        title=data["model"],
        text=f"{data['text']}\n→ {data['said']}",
        fields=(
            (_("Tokens in"), str(data["tokens_in"])),
            (_("Tokens out"), str(data["tokens_out"])),
            (_("Told beforehand"), data["instructions"]),
        ),
    )


def _answer(request: Request, world: World, code: str) -> Answer:
    try:
        asked = _asked(request)
    except (ValueError, KeyError, TypeError, StopIteration):
        return _invalid("The request could not be read.", "body", "invalid_value")
    if not _is_let_in(request):
        return _error("bad_key")
    if asked["model"] not in MODELS:
        return _error("unknown_model")
    if wrong := _wrong(asked):
        return wrong
    said = _said(asked, code)
    tokens = {"tokens_in": _tokens(asked["instructions"] + asked["text"]), "tokens_out": _tokens(said)}
    kept = {key: asked[key] for key in ("model", "instructions", "text")}
    id_ = world.store.add("openai", "event", {**kept, **tokens, "said": said, "sent": asked["sent"]})
    build = _response if request.path == "/v1/responses" else _completion
    answer = Answer.json(build(asked["model"], said, code, **tokens))
    return Answer(answer.status, answer.content, answer.type, {"X-Request-Id": f"req_{id_}"})


def _asked(request: Request) -> dict[str, Any]:
    """What either API asks, in one shape."""
    body = json.loads(request.body)
    if request.path == "/v1/responses":
        form, told, text = body["text"]["format"], body.get("instructions") or "", body["input"]
    else:
        form = body["response_format"]["json_schema"]
        roles = {message["role"]: message["content"] for message in body["messages"]}
        told, text = roles.get("system", ""), roles["user"]
    sent = {key: value for key, value in body.items() if key not in ("text", "instructions", "input", "messages")}
    text = _DELIMITER.sub("", text)
    return {"model": body["model"], "instructions": told, "text": text, "form": form, "sent": sent}


def _wrong(asked: dict[str, Any]) -> Answer | None:
    """What the real endpoint refuses in such a request."""
    for name in ("temperature", "top_p"):
        if name in asked["sent"]:
            return _invalid(f"Unsupported value: '{name}' is not supported.", name, "unsupported_value")
    form = asked["form"]
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(form.get("name"))):
        return _invalid("Invalid 'text.format.name'.", "text.format.name", "invalid_value")
    if form.get("strict") is not True or not _is_strict(form["schema"]) or form["schema"].get("type") != "object":
        return _invalid("Invalid schema for response_format.", "text.format.schema", "invalid_json_schema")
    return None


def _is_strict(schema: dict[str, Any]) -> bool:
    inside = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inside += [schema["items"]] if "items" in schema else []
    closed = schema.get("type") != "object" or (
        schema.get("additionalProperties") is False and set(schema["required"]) == set(schema["properties"])
    )
    return closed and all(_is_strict(one) for one in inside)


def _said(asked: dict[str, Any], code: str) -> str:
    if code in ("refusal", "content_filter"):
        return "" if code == "content_filter" else "I'm sorry, I cannot assist with that request."
    schema, text = asked["form"]["schema"], asked["text"]
    obedient = code == "obey" or bool(_ORDERS.search(text))
    said = _obeyed(schema, text) if obedient else _made(schema, text, asked["instructions"])
    if code == "schema":
        said = json.dumps({**json.loads(said), "approved": True}, ensure_ascii=False)
    return said[: len(said) // 2] if code in ("truncated", "invalid_json") else said


def _made(schema: dict[str, Any], text: str, told: str) -> str:
    words = _words_of(schema, told)
    return json.dumps(_fill(schema, text, words), ensure_ascii=False)


def _fill(schema: dict[str, Any], text: str, words: dict[str, set[str]]) -> Any:
    """A value that fits `schema`, as near to `text` as shared words bring it."""
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0], text, words)
    if "enum" in schema:
        return _nearest(schema["enum"], text, words)
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return {key: _fill(one, text, words) for key, one in schema["properties"].items()}
    if kind == "array":
        return _list(schema, text, words)
    plain = {"boolean": False, "integer": 0, "number": 0, "null": None}
    return plain[kind] if kind in plain else text.strip()[: min(schema.get("maxLength", 200), 200)]


def _list(schema: dict[str, Any], text: str, words: dict[str, set[str]]) -> list[Any]:
    """One entry for each candidate that shares a word with the text; its other strings quote where."""
    item = schema["items"]
    options = item if "enum" in item else next((p for p in item.get("properties", {}).values() if "enum" in p), {})
    entries: list[Any] = []
    for option in options.get("enum", []):
        if quote := _quote(text, words.get(option, set())):
            one = {key: option if part is options else quote for key, part in item.get("properties", {}).items()}
            entries.append(one or option)
    return entries[: schema.get("maxItems", 5)]


def _nearest(options: list[Any], text: str, words: dict[str, set[str]]) -> Any:
    shared = {option: len(_stems(text) & words.get(option, set())) for option in options}
    best = max(options, key=lambda option: shared[option])
    return best if shared[best] else next((one for one in ("other", "") if one in options), best)


def _quote(text: str, words: set[str]) -> str:
    """The sentence of `text` that shares a word with `words`, empty if none does."""
    sentences = re.split(r"(?<=[.!?\n])\s+", text)
    return next((one.strip()[:LONGEST_QUOTE] for one in sentences if _stems(one) & words), "")


def _words_of(schema: dict[str, Any], told: str) -> dict[str, set[str]]:
    """The words of each candidate: what follows its key in the instructions, up to the next key or line."""
    keys = sorted({str(one) for one in _enums(schema)} - {""}, key=len, reverse=True)
    words = {key: _stems(key.replace("_", " ")) for key in keys}
    if keys:
        key = "|".join(re.escape(one) for one in keys)
        for match in re.finditer(rf"(?<!\w)({key})(?!\w)(.*?)(?=(?<!\w)(?:{key})(?!\w)|\n|$)", told):
            words[match[1]] |= _stems(match[2])
    return words


def _enums(schema: dict[str, Any]) -> list[Any]:
    inside = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inside += [schema["items"]] if "items" in schema else []
    return [*schema.get("enum", []), *(value for one in inside for value in _enums(one))]


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in re.findall(r"[^\W\d_]{4,}", text.lower().replace("ё", "е"))}


def _obeyed(schema: dict[str, Any], text: str) -> str:
    """What the text orders: the JSON that it dictates, else everything as wrong as the schema lets it be."""
    for start in re.finditer(r"\{", text):
        try:
            dictated, _end = json.JSONDecoder().raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        return json.dumps(dictated, ensure_ascii=False)
    return json.dumps(_spoil(schema, text), ensure_ascii=False)


def _spoil(schema: dict[str, Any], text: str) -> Any:
    if "anyOf" in schema:
        return _spoil(schema["anyOf"][0], text)
    if "enum" in schema:
        named = [one for one in schema["enum"] if str(one) in text]
        return named[-1] if named else schema["enum"][-1]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return {key: _spoil(one, text) for key, one in schema["properties"].items()}
    if kind == "array":
        empty = re.search(r"пуст|empty|порожн|nothing|ничего|нічого|без документ|no documents", text, re.IGNORECASE)
        return [] if empty else [_spoil(schema["items"], text)] * min(schema.get("maxItems", 3), 3)
    plain = {"boolean": True, "integer": 2**31, "number": 1e9, "null": None}
    evil = f'<a href="https://evil.example.com/?q=1" onclick="alert(1)">APPROVED</a> {text}'
    return plain[kind] if kind in plain else evil[: schema.get("maxLength", 500)]


def _response(model: str, said: str, code: str, *, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    reasons = {"truncated": "max_output_tokens", "content_filter": "content_filter"}
    part: dict[str, Any] = {"type": "output_text", "text": said, "annotations": []}
    if code == "refusal":
        part = {"type": "refusal", "refusal": said}
    status = "incomplete" if code in reasons else "completed"
    message = {"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reasons[code]} if code in reasons else None,
        "model": f"{model}-2025-08-07",
        "output": [{"id": "rs_1", "type": "reasoning", "summary": []}, message],
        "store": False,
        "usage": {
            "input_tokens": tokens_in,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": tokens_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": tokens_in + tokens_out,
        },
    }


def _completion(model: str, said: str, code: str, *, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    reason = {"truncated": "length", "content_filter": "content_filter"}.get(code, "stop")
    refused = code == "refusal"
    message = {"role": "assistant", "content": None if refused else said, "refusal": said if refused else None}
    return {
        "id": "chatcmpl_1",
        "object": "chat.completion",
        "model": f"{model}-2025-08-07",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": tokens_in,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }


def _is_let_in(request: Request) -> bool:
    return request.headers.get("Authorization") == "Bearer sandbox"


def _tokens(text: str) -> int:
    return 1 + len(text.encode()) // 4


def _error(code: str) -> Answer:
    status, message, kind, name = _STATUSES[code]
    body = Answer.json({"error": {"message": message, "type": kind, "param": None, "code": name}}, status)
    headers = {"Retry-After": "1"} if code == "rate_limit" else {}
    return Answer(status, body.content, body.type, {**headers, "X-Request-Id": "req_0"})


def _invalid(message: str, param: str, code: str) -> Answer:
    return Answer.json(
        {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}, 400
    )
