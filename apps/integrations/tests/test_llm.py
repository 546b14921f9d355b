"""The language model's client and its budget: the sandbox as it is, every recorded answer, and a broken line."""

import json
import logging
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from structlog.testing import capture_logs

from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.llm import Answer, AnswerUseless, get_model, model_ask
from apps.integrations.llm.budget import spend_reserve
from apps.integrations.llm.openai import OpenAI
from apps.integrations.llm.schema import fits, read
from apps.integrations.models import ModelSpending
from apps.integrations.registry import integration_named
from tests.parallel import at_once, kinds

FIXTURES = json.loads((Path(__file__).parent / "fixtures" / "openai.json").read_text())
KEY = "sk-test-9d41"
TEXT = "Сломал ногу на лыжах, лежу в больнице."
APIS = ("responses", "chat")
KINDS = {"type": "string", "enum": ["medical", "baggage", "other"]}


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMA = closed(event_type=KINDS, summary={"type": "string"})
LEAD = closed(
    niche={"type": "string"},
    is_owner={"type": "boolean"},
    budget={"type": ["string", "null"]},
    is_marketer={"type": "boolean"},
    funnel_stage={"type": "string"},
    summary={"type": "string"},
    next_step={"type": "string"},
    evidence_ids={"type": "array", "items": {"type": "string"}},
)
ASKED: dict[str, Any] = {
    "name": "advice",
    "instructions": "- medical: больница, перелом\n- baggage: багаж, чемодан",
    "text": TEXT,
    "schema": SCHEMA,
    "most_tokens": 500,
}


@pytest.fixture
def ours(sandbox, settings) -> Any:
    settings.ADVISER = "model"
    settings.LLM_URL = f"{sandbox.url}/openai/v1"
    settings.LLM_KEY = "sandbox"
    settings.LLM_SECONDS = 5
    settings.LLM_API = "responses"
    settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT, settings.LLM_DAY_BUDGET = Decimal("0.25"), Decimal(2), Decimal(1)
    return sandbox


def turn_on(sandbox, **fault) -> None:
    requests.post(f"{sandbox.url}/_faults/openai", json=fault, timeout=5).raise_for_status()


def held(sandbox) -> Any:
    return requests.get(f"{sandbox.url}/_held/openai", timeout=5).json()["items"]


def failure(model: Any = None, **changed: Any) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        (model or get_model()).ask(**{**ASKED, **changed})
    return caught.value


def replaying(httpserver, name: str, *, api: str = "responses") -> OpenAI:
    """The client before a server that gives the recorded answer."""
    said = FIXTURES[name]
    path = "/v1/responses" if api == "responses" else "/v1/chat/completions"
    httpserver.expect_request(path, method="POST").respond_with_json(
        said["body"], status=said["http"], headers=said.get("headers", {})
    )
    return client(httpserver.url_for("/v1"), api=api)


def client(url: str, **more: Any) -> OpenAI:
    return OpenAI(url=url, key=KEY, model="gpt-5-mini", allow_private=True, **{"seconds": 2.0, **more})


# --- with the sandbox


@pytest.mark.parametrize("api", APIS)
def test_the_model_answers_what_the_schema_asks_for(ours, settings, api):
    settings.LLM_API = api

    answer = get_model().ask(**ASKED)

    assert answer.data == {"event_type": "medical", "summary": TEXT}
    assert answer.model == "gpt-5-mini-2025-08-07"
    assert answer.tokens_in > 0 and answer.tokens_out > 0 and answer.tokens_cached == 0
    assert answer.request_id.startswith("req_")


@pytest.mark.parametrize("api", APIS)
def test_nothing_is_kept_there_and_no_tools_or_temperature_are_sent(ours, settings, api):
    settings.LLM_API = api

    get_model().ask(**ASKED)

    [asked] = held(ours)
    assert asked["sent"]["store"] is False
    assert not {"tools", "temperature", "top_p", "user", "metadata"} & asked["sent"].keys()


def test_the_models_effort_is_sent_only_where_it_is_set(ours, settings):
    for effort in ("low", "off"):
        settings.LLM_REASONING = effort
        get_model().ask(**ASKED)

    sent = [item["sent"].get("reasoning") for item in held(ours)]
    assert sorted(sent, key=str) == [None, {"effort": "low"}]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("rate_limit", Unavailable, "http_429"),
        ("quota", AccountRejected, "model_quota"),
        ("bad_key", AccountRejected, "model_key_refused"),
        ("unknown_model", AccountRejected, "model_unknown"),
        ("too_long", Rejected, "model_text_too_long"),
        ("refusal", AnswerUseless, "model_refused"),
        ("content_filter", AnswerUseless, "model_refused"),
        ("truncated", AnswerUseless, "model_truncated"),
        ("invalid_json", AnswerUseless, "model_answer_invalid"),
        ("schema", AnswerUseless, "model_answer_invalid"),
    ],
)
def test_each_refusal_says_what_it_is(ours, settings, api, fault, kind, code):
    settings.LLM_API = api
    turn_on(ours, kind="refuse", code=fault)

    error = failure()

    assert (type(error), error.code) == (kind, code)
    if isinstance(error, AnswerUseless):
        assert error.spent.tokens_in > 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 503}, "http_503"),
        ({"kind": "cut"}, "cut"),
        ({"kind": "garbage"}, "answer_garbled"),
        ({"kind": "silence"}, "deadline"),
        ({"kind": "delay", "seconds": 3}, "deadline"),
        ({"kind": "slow_body", "seconds": 0.4}, "deadline"),
    ],
)
def test_a_line_that_fails_is_tried_again_later(ours, settings, fault, code):
    settings.LLM_SECONDS = 1
    turn_on(ours, **fault)

    error = failure()

    assert isinstance(error, Unavailable)
    assert error.code in (code, "timeout")


def test_a_slow_down_names_the_seconds_and_is_sent_once(ours):
    turn_on(ours, kind="refuse", code="rate_limit", times=1)

    error = failure()

    assert isinstance(error, Unavailable) and error.retry_after == 1.0
    assert isinstance(get_model().ask(**ASKED), Answer)


def test_a_schema_that_leaves_a_door_open_is_refused(ours):
    error = failure(schema={**SCHEMA, "additionalProperties": True})

    assert (type(error), error.code) == (Rejected, "model_request_refused")


def test_the_check_sees_the_key_and_the_model_and_asks_nothing(ours, settings):
    good = get_model().check()
    settings.LLM_MODEL = "no-such-model"
    unknown = get_model().check()
    settings.LLM_KEY = "wrong"
    refused = get_model().check()

    assert [one.code for one in (good, unknown, refused)] == ["ok", "model_unknown", "model_key_refused"]
    assert held(ours) == []


def test_the_model_is_on_the_integrations_page_only_while_it_advises(ours, settings):
    shown = integration_named("llm") is not None
    settings.ADVISER = "rules"
    hidden = integration_named("llm") is None

    assert shown and hidden


def test_without_an_address_there_is_no_model(settings):
    settings.LLM_URL = ""

    with pytest.raises(ImproperlyConfigured):
        get_model()


# --- the recorded answers, over real HTTP


def test_the_recorded_answer_is_read_with_its_tokens(httpserver):
    answer = replaying(httpserver, "ok").ask(**{**ASKED, "schema": LEAD})

    assert answer.data["niche"] == "medicine"
    assert (answer.tokens_in, answer.tokens_out, answer.tokens_cached) == (812, 140, 0)
    assert answer.model == "gpt-5-mini-2025-08-07"


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("refusal", AnswerUseless, "model_refused"),
        ("incomplete", AnswerUseless, "model_truncated"),
        ("rate_limit", Unavailable, "http_429"),
        ("quota", AccountRejected, "model_quota"),
        ("temperature", Rejected, "model_request_refused"),
        ("bad_key", AccountRejected, "model_key_refused"),
        ("server_error", Unavailable, "http_500"),
    ],
)
def test_each_recorded_failure_is_understood_and_asked_once(httpserver, name, kind, code):
    error = failure(replaying(httpserver, name))

    assert (type(error), error.code) == (kind, code)
    assert len(httpserver.log) == 1
    if isinstance(error, AnswerUseless):
        assert (error.spent.tokens_in, error.spent.tokens_out) == (812, 140)


def test_every_recorded_answer_is_among_those_tests():
    assert FIXTURES.keys() - {"_note"} == {
        "ok", "refusal", "incomplete", "rate_limit", "quota", "temperature", "bad_key", "server_error"
    }  # fmt: skip


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"x"', b"{", b"<html>", b"[" * 100_000, b"\xff\xfe", b'{"status":"failed"}']
)
def test_an_answer_that_is_none_is_unavailable_or_useless(httpserver, api, body):
    httpserver.expect_request("/v1/responses").respond_with_data(body, content_type="application/json")
    httpserver.expect_request("/v1/chat/completions").respond_with_data(body, content_type="application/json")

    error = failure(client(httpserver.url_for("/v1"), api=api))

    assert error.code in ("answer_garbled", "model_failed", "model_answer_invalid")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"output": None, "usage": None, "choices": None},
        {"output": [None, 1, {"type": "message", "content": {"a": 1}}], "choices": ["x"]},
        {
            "output": [{"type": "message", "content": [{"type": "output_text", "text": 5}]}],
            "usage": {"input_tokens": -1},
        },
        {"choices": [{"message": {"content": ["x"]}}], "usage": {"prompt_tokens": "many"}, "model": 7},
    ],
)
def test_an_answer_of_a_strange_shape_is_useless_and_breaks_nothing(httpserver, api, body):
    httpserver.expect_request("/v1/responses").respond_with_json(body)
    httpserver.expect_request("/v1/chat/completions").respond_with_json(body)

    error = failure(client(httpserver.url_for("/v1"), api=api))

    assert isinstance(error, AnswerUseless)
    assert (error.code, error.spent.tokens_in) == ("model_answer_invalid", 0)


def test_no_redirect_is_followed(httpserver):
    httpserver.expect_request("/v1/responses").respond_with_data(
        "", status=307, headers={"Location": httpserver.url_for("/elsewhere")}
    )

    error = failure(client(httpserver.url_for("/v1")))

    assert (type(error), error.code, len(httpserver.log)) == (Rejected, "http_307", 1)


def test_our_own_network_is_out_of_reach_unless_the_sandbox_is_meant(httpserver, settings):
    settings.SANDBOX_URL = ""
    settings.LLM_URL, settings.LLM_KEY = httpserver.url_for("/v1"), KEY

    error = failure()

    assert (error.code, httpserver.log) == ("address_refused", [])


def test_the_environments_proxies_and_accounts_are_not_asked(httpserver, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody-else")

    replaying(httpserver, "ok").ask(**{**ASKED, "schema": LEAD})

    [(request, _answer)] = httpserver.log
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert not [name for name, _value in request.headers if name.lower().startswith(("x-stainless", "openai-"))]


@pytest.mark.parametrize("name", ["ok", "bad_key", "server_error"])
def test_neither_key_nor_text_is_ever_logged(httpserver, caplog, name):
    model = replaying(httpserver, name)

    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        try:
            model.ask(**{**ASKED, "schema": LEAD})
        except IntegrationError as error:
            assert error.__cause__ is None
            logs.append({"error": repr(error)})

    written = repr(logs) + caplog.text
    assert KEY not in written and TEXT not in written and "baggage" not in written
    assert "http_call" in written


# --- our own look at the answer


@pytest.mark.parametrize(
    ("value", "schema", "good"),
    [
        ("a", KINDS, False),
        ("medical", KINDS, True),
        (True, {"type": "integer"}, False),
        (1, {"type": "boolean"}, False),
        (1, {"type": "number"}, True),
        (None, {"type": ["string", "null"]}, True),
        ("x", {"anyOf": [{"type": "null"}, {"type": "string"}]}, True),
        ([1, "2"], {"type": "array", "items": {"type": "integer"}}, False),
        ([1, 2], {"type": "array", "items": {"type": "integer"}, "maxItems": 1}, False),
        ("long", {"type": "string", "maxLength": 3}, False),
        ({"event_type": "other"}, SCHEMA, False),
        ({"event_type": "other", "summary": "", "more": 1}, SCHEMA, False),
        ({"event_type": ["other"], "summary": ""}, SCHEMA, False),
    ],
)
def test_only_what_fits_the_schema_passes(value, schema, good):
    assert fits(value, schema) is good


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a": NaN}',
        '{"a": "\\ud800"}',
        '{"a": "\\u0000"}',
        '{"a": ' + "[" * 100_000,
        '```json\n{"a": "b"}\n```',
    ],
)
def test_what_no_database_stores_is_no_answer(text):
    assert read(text, closed(a={"type": "string"})) is None


# --- the budget


@pytest.mark.django_db
def test_a_call_costs_what_its_tokens_cost(ours):
    answer = model_ask(**ASKED, now=timezone.now())

    [day] = ModelSpending.objects.all()
    cost = answer.tokens_in * Decimal("0.25") + answer.tokens_out * 2
    assert cost <= day.spent < cost + 1
    assert day.calls == 1


@pytest.mark.django_db
def test_what_answers_take_and_which_are_of_no_use_is_counted(ours):
    answer = model_ask(**ASKED, now=timezone.now())
    turn_on(ours, kind="refuse", code="invalid_json")
    with pytest.raises(AnswerUseless) as caught:
        model_ask(**ASKED, now=timezone.now())

    [day] = ModelSpending.objects.all()
    spent = caught.value.spent
    assert (day.calls, day.useless) == (2, 1)
    assert day.tokens_in == answer.tokens_in + spent.tokens_in
    assert day.tokens_out == answer.tokens_out + spent.tokens_out


@pytest.mark.django_db
def test_beyond_the_days_budget_nothing_is_sent(ours, settings):
    settings.LLM_DAY_BUDGET = Decimal("0.000001")

    with pytest.raises(Rejected) as caught:
        model_ask(**ASKED, now=timezone.now())

    assert caught.value.code == "model_budget"
    assert held(ours) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "spent"),
    [
        ({"kind": "refuse", "code": "quota"}, "nothing"),
        ({"kind": "refuse", "code": "rate_limit"}, "nothing"),
        ({"kind": "refuse", "code": "refusal"}, "tokens"),
        ({"kind": "status", "status": 503}, "nothing"),
        ({"kind": "cut"}, "reserve"),
    ],
)
def test_a_failure_costs_what_it_may_have_cost(ours, fault, spent):
    turn_on(ours, **fault)

    with pytest.raises(IntegrationError):
        model_ask(**ASKED, now=timezone.now())

    [day] = ModelSpending.objects.all()
    reserve = 2 * (ASKED["most_tokens"] + 2_000)
    assert {"nothing": day.spent == 0, "tokens": 0 < day.spent < reserve, "reserve": day.spent >= reserve}[spent]


@pytest.mark.django_db
def test_a_model_of_our_own_costs_nothing_and_has_no_end(ours, settings):
    settings.LLM_PRICE_IN = settings.LLM_PRICE_OUT = settings.LLM_DAY_BUDGET = Decimal(0)

    model_ask(**ASKED, now=timezone.now())

    assert ModelSpending.objects.get().spent == 0


@pytest.mark.django_db(transaction=True)
def test_calls_at_one_moment_share_the_budget(settings):
    settings.LLM_DAY_BUDGET = Decimal("0.003")

    results = at_once(8, lambda n: spend_reserve(1_000, now=timezone.now()))

    assert kinds(results) == {"ModelSpending": 3, "Rejected": 5}
    assert ModelSpending.objects.get().spent == 3_000


@pytest.mark.django_db
def test_a_new_day_has_new_money(ours, settings):
    yesterday = timezone.now() - timedelta(days=1)
    ModelSpending.objects.create(day=timezone.localdate(yesterday), spent=1_000_000)

    answer = model_ask(**ASKED, now=timezone.now())

    assert answer.data["event_type"] == "medical"


@pytest.mark.django_db
def test_the_log_says_what_was_spent_and_not_on_what(ours):
    with capture_logs() as logs:
        model_ask(**ASKED, now=timezone.now())

    [line] = [one for one in logs if one["event"] == "model_asked"]
    assert line["tokens_in"] > 0 and line["code"] == "ok"
    assert TEXT not in repr(logs)


# --- the settings


NAMED = {
    "CLAIMDESK_LLM_URL": "https://model.example.com/v1",
    "CLAIMDESK_LLM_KEY": "k",
    "CLAIMDESK_LLM_PRICE_IN": "0.25",
    "CLAIMDESK_LLM_PRICE_OUT": "2",
    "CLAIMDESK_LLM_DAY_BUDGET": "5",
}
PRODUCTION = {
    "CLAIMDESK_ENV": "production",
    "CLAIMDESK_SECRET_KEY": "s",
    "CLAIMDESK_FIELD_KEYS": "f",
    "CLAIMDESK_INDEX_KEY": "i",
    "CLAIMDESK_DATABASE_URL": "sqlite:////tmp/never-opened",
    "CLAIMDESK_REDIS_URL": "redis://127.0.0.1:9",
    "CLAIMDESK_SITE_URL": "https://claims.example.com",
    "CLAIMDESK_EMAIL_URL": "consolemail://",
    "CLAIMDESK_EMAIL_FROM": "claims@example.com",
    "CLAIMDESK_SMS_PASSWORD": "p",
    "CLAIMDESK_ADVISER": "model",
}


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Read the settings as a process with just this environment does."""
    code = "import config.settings as s; print(s.LLM_URL, s.LLM_PRICE_IN, s.LLM_DAY_BUDGET)"
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_production_starts_with_a_model_that_is_named_whole():
    process = start(PRODUCTION | NAMED)

    assert process.stdout.split() == ["https://model.example.com/v1", "0.25", "5"], process.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"CLAIMDESK_LLM_URL": ""}, "CLAIMDESK_LLM_URL"),
        ({"CLAIMDESK_LLM_DAY_BUDGET": ""}, "CLAIMDESK_LLM_DAY_BUDGET"),
        ({"CLAIMDESK_LLM_DAY_BUDGET": "0"}, "CLAIMDESK_LLM_DAY_BUDGET"),
        ({"CLAIMDESK_LLM_PRICE_IN": "cheap"}, "CLAIMDESK_LLM_PRICE_IN"),
        ({"CLAIMDESK_LLM_URL": "http://model.example.com/v1"}, "CLAIMDESK_LLM_URL"),
        ({"CLAIMDESK_ADVISER": "oracle"}, "CLAIMDESK_ADVISER"),
    ],
)
def test_production_does_not_start_with_a_model_that_may_cost_anything(changed, named):
    process = start(PRODUCTION | NAMED | changed)

    assert process.returncode == 1
    assert "ImproperlyConfigured" in process.stderr and named in process.stderr
