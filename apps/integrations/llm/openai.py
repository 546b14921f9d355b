"""OpenAI, and whatever answers like it, by the official SDK over our own guarded HTTP client.

The SDK writes the requests; it opens no socket, follows no redirect, repeats nothing and says nothing in the logs.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import httpx2
import openai
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.health import Health
from apps.integrations.http import HttpClient, in_our_network, retry_after
from apps.integrations.llm.model import Answer, AnswerUseless, Usage
from apps.integrations.llm.schema import read

for _name in ("openai", "httpx2"):  # at DEBUG they write whole requests
    logging.getLogger(_name).setLevel(logging.WARNING)

CHECK_SECONDS = 10.0
_EXPLAINED = (400, 401, 402, 403, 404, 409, 413, 422, 429)  # HTTP statuses whose body says more
_SENT = ("authorization", "content-type", "accept")
_KEPT = ("content-type", "x-request-id", "retry-after")
_REFUSED = {"content_filter", "content_policy_violation", "invalid_prompt"}


@dataclass(frozen=True)
class _Said:
    """What an answer says in either API: its text, whether it refuses, whether it broke off."""

    text: str
    refused: bool
    cut: bool
    tokens_in: int
    tokens_out: int
    tokens_cached: int


class OpenAI:
    """The model `model` at `url` (the part before /responses). `api` is responses or chat; times are seconds."""

    def __init__(
        self,
        *,
        url: str,
        key: str,
        model: str,
        api: str = "responses",
        reasoning: str = "off",
        seconds: float = 20.0,
        allow_private: bool = False,
    ) -> None:
        http = HttpClient(name="llm", base_url=url, allow_private=allow_private, read=seconds, deadline=seconds)
        wire = httpx2.Client(transport=_Wire(http), trust_env=False, follow_redirects=False)
        self._client = openai.OpenAI(api_key=key, base_url=http.base_url, max_retries=0, http_client=wire)
        self._model, self._api, self._reasoning = model, api, reasoning

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.LLM_URL and settings.LLM_KEY and settings.LLM_MODEL):
            raise ImproperlyConfigured("The model needs CLAIMDESK_LLM_URL, CLAIMDESK_LLM_KEY and CLAIMDESK_LLM_MODEL.")
        return cls(
            url=settings.LLM_URL,
            key=settings.LLM_KEY,
            model=settings.LLM_MODEL,
            api=settings.LLM_API,
            reasoning=settings.LLM_REASONING,
            seconds=settings.LLM_SECONDS,
            allow_private=in_our_network(settings.LLM_URL),
        )

    def ask(self, *, name: str, instructions: str, text: str, schema: dict[str, Any], most_tokens: int) -> Answer:
        send, understand = (self._chat, _of_chat) if self._api == "chat" else (self._responses, _of_responses)
        form = {"name": name, "schema": schema, "strict": True}
        started = time.monotonic()
        body, request_id = _object(lambda: send(instructions, text, form, most_tokens))
        said = understand(body)
        usage = Usage(
            model=_text(body.get("model"))[:100] or self._model,
            tokens_in=said.tokens_in,
            tokens_out=said.tokens_out,
            tokens_cached=said.tokens_cached,
            ms=round((time.monotonic() - started) * 1000),
            request_id=request_id[:100],
        )
        return Answer(data=_data(said, schema, usage), **vars(usage))

    def check(self) -> Health:
        try:
            body, _id = _object(self._client.models.with_raw_response.list)
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        if self._model not in [one.get("id") for one in _dicts(body.get("data"))]:
            return Health(False, "model_unknown", _("The endpoint answers, but does not have the model."))
        return Health(True, "ok", _("The endpoint answers and has the model."))

    def _responses(self, instructions: str, text: str, form: dict[str, Any], most_tokens: int) -> Any:
        effort: Any = {} if self._reasoning == "off" else {"reasoning": {"effort": self._reasoning}}
        shape: Any = {"format": {"type": "json_schema", **form}}
        return self._client.responses.with_raw_response.create(
            model=self._model,
            instructions=instructions,
            input=text,
            text=shape,
            max_output_tokens=most_tokens,
            store=False,
            **effort,
        )

    def _chat(self, instructions: str, text: str, form: dict[str, Any], most_tokens: int) -> Any:
        effort: Any = {} if self._reasoning == "off" else {"reasoning_effort": self._reasoning}
        shape: Any = {"type": "json_schema", "json_schema": form}
        return self._client.chat.completions.with_raw_response.create(
            model=self._model,
            messages=[{"role": "system", "content": instructions}, {"role": "user", "content": text}],
            response_format=shape,
            max_completion_tokens=most_tokens,
            store=False,
            **effort,
        )


class _Wire(httpx2.BaseTransport):
    """Carries the SDK's requests by our client, so that its bounds, its guard and its log are the SDK's too."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._prefix = httpx2.URL(http.base_url).path.rstrip("/")

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        # A repetition does no harm but its price: what is unclear is Unavailable.
        answer = self._http.call(
            request.method,
            request.url.path.removeprefix(self._prefix),
            data=request.read(),
            headers={name: request.headers[name] for name in _SENT if name in request.headers},
            expected=_EXPLAINED,
            safe=True,
            deadline=CHECK_SECONDS if request.method == "GET" else None,
        )
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        return httpx2.Response(answer.status, headers=headers, content=answer.content)


def _object(send: Callable[[], Any]) -> tuple[dict[str, Any], str]:
    """The JSON object that the endpoint answers, and its id of the request. Raises what the failure means."""
    try:
        answer = send().http_response
        body = json.loads(answer.content)
    except openai.APIStatusError as error:
        raise _refusal(error) from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, IntegrationError):
            raise error.__cause__ from None
        raise
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _garbled()
    return body, str(answer.headers.get("x-request-id", ""))


def _refusal(error: openai.APIStatusError) -> IntegrationError:
    """What an answer other than 2xx means; its words may repeat the text, so that only its code is kept."""
    status, codes = error.status_code, {error.code, error.type}
    if status == 402 or "insufficient_quota" in codes:
        return AccountRejected(_("The model's account has no money left."), "model_quota")
    if status == 429:
        wait = retry_after(error.response.headers.get("retry-after", ""), now=datetime.now(UTC))
        return Unavailable(_("The model asks to slow down."), "http_429", retry_after=wait)
    if status in (401, 403):
        return AccountRejected(_("The model refused our key."), "model_key_refused")
    if status == 404 or "model_not_found" in codes:
        return AccountRejected(_("The endpoint does not have the model."), "model_unknown")
    if "context_length_exceeded" in codes or status == 413:
        return Rejected(_("The text is too long for the model."), "model_text_too_long")
    if codes & _REFUSED:
        return Rejected(_("The model refused to answer."), "model_refused")
    detail = _("The model refused the request (HTTP %(status)s).") % {"status": status}
    return Rejected(detail, "model_request_refused")


def _of_responses(body: dict[str, Any]) -> _Said:
    if body.get("status") == "failed":
        raise Unavailable(_("The model failed to answer."), "model_failed")
    messages = [one for one in _dicts(body.get("output")) if one.get("type") == "message"]
    parts = [part for one in messages for part in _dicts(one.get("content"))]
    reason = _dict(body.get("incomplete_details")).get("reason")
    used = _dict(body.get("usage"))
    return _Said(
        text="".join(_text(part.get("text")) for part in parts if part.get("type") == "output_text"),
        refused=reason == "content_filter" or any(part.get("type") == "refusal" for part in parts),
        cut=body.get("status") == "incomplete",
        tokens_in=_count(used.get("input_tokens")),
        tokens_out=_count(used.get("output_tokens")),
        tokens_cached=_count(_dict(used.get("input_tokens_details")).get("cached_tokens")),
    )


def _of_chat(body: dict[str, Any]) -> _Said:
    choice = next(iter(_dicts(body.get("choices"))), {})
    message, used = _dict(choice.get("message")), _dict(body.get("usage"))
    return _Said(
        text=_text(message.get("content")),
        refused=bool(message.get("refusal")) or choice.get("finish_reason") == "content_filter",
        cut=choice.get("finish_reason") == "length",
        tokens_in=_count(used.get("prompt_tokens")),
        tokens_out=_count(used.get("completion_tokens")),
        tokens_cached=_count(_dict(used.get("prompt_tokens_details")).get("cached_tokens")),
    )


def _data(said: _Said, schema: dict[str, Any], usage: Usage) -> dict[str, Any]:
    if said.refused:
        raise AnswerUseless(_("The model refused to answer."), "model_refused", spent=usage)
    if said.cut:
        raise AnswerUseless(_("The model's answer broke off."), "model_truncated", spent=usage)
    if (data := read(said.text, schema)) is None:
        raise AnswerUseless(_("The model's answer is not what was asked for."), "model_answer_invalid", spent=usage)
    return data


def _garbled() -> Unavailable:
    return Unavailable(_("The system's answer could not be understood."), "answer_garbled")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0
