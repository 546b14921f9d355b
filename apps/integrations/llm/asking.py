"""The one way to ask the model: never for more than the day's budget, and every call leaves a line in the log."""

from datetime import datetime
from typing import Any

import structlog

from apps.integrations.errors import IntegrationError
from apps.integrations.llm.budget import cost_of, spend_note, spend_reserve, useless_note
from apps.integrations.llm.model import Answer, AnswerUseless, Usage, get_model

log = structlog.get_logger(__name__)

SPARE = 2_000  # tokens that a model may think in, beside its answer
# After these it may have been answered and billed: what was set aside stays spent.
_MAYBE_BILLED = {"timeout", "deadline", "cut", "answer_garbled", "answer_too_large", "model_failed"}


def model_ask(
    *, name: str, instructions: str, text: str, schema: dict[str, Any], most_tokens: int, now: datetime
) -> Answer:
    """`Model.ask` within the budget. Raises what it raises, and Rejected (model_budget) before anything is sent."""
    model = get_model()
    # A token is rarely less than a byte, and a dozen frame the message.
    size = len(f"{instructions}{text}{schema}".encode()) + 100
    reserved = cost_of(tokens_in=size, tokens_out=most_tokens + SPARE)
    row = spend_reserve(reserved, now=now)
    try:
        answer = model.ask(
            name=name, instructions=instructions, text=text, schema=schema, most_tokens=most_tokens + SPARE
        )
    except AnswerUseless as error:
        spend_note(row, reserved=reserved, usage=error.spent, cost=_noted(error.spent, error.code))
        useless_note(now=now)
        raise
    except IntegrationError as error:
        if error.code not in _MAYBE_BILLED:
            spend_note(row, reserved=reserved)
        raise
    spend_note(row, reserved=reserved, usage=answer, cost=_noted(answer, "ok"))
    return answer


def _noted(usage: Usage, code: str) -> int:
    """Log the call; its cost, in millionths."""
    cost = cost_of(tokens_in=usage.tokens_in, tokens_out=usage.tokens_out)
    tokens = {"tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "tokens_cached": usage.tokens_cached}
    log.info("model_asked", model=usage.model, **tokens, ms=usage.ms, code=code, request=usage.request_id, cost=cost)
    return cost
