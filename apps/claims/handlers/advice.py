"""Who is asked beside the rules what a description calls for, as settings.ADVISER says. No step of the form waits."""

from decimal import Decimal
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.utils.translation import gettext_noop

from apps.claims.events import ClaimDescribed
from apps.claims.models import Advice, Claim
from apps.claims.rules import advice as rules
from apps.claims.services.advice import (
    IN_TIME,
    Told,
    advice_apply,
    advice_to_ask,
    candidates_of,
    names_in,
    own_advice,
)
from apps.core.fields import translated
from apps.core.outbox import Event, Obsolete, Work, handler
from apps.core.quotas import Limit, QuotaExceeded, reserve
from apps.integrations.automation import get_automation
from apps.integrations.envelope import Envelope
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected
from apps.integrations.llm import MILLION, Answer, AnswerUseless, Usage, cost_of, masked, model_ask, useless_note

Backend = Advice.Backend
MOST_TOKENS = 1500  # of an answer: twenty lines with their evidence
MOST_ASKED = 30  # an hour, for one contact: a description is sent again with each pause in typing
NOT_SENT = ("model_budget",)
NOBODY_WAITS = gettext_noop("the description is another by now, or was looked at before")


def by_model(event: Event) -> bool:
    return bool(settings.ADVISER == Backend.MODEL)


def by_workflow(event: Event) -> bool:
    return bool(settings.ADVISER == Backend.N8N and settings.N8N_URL)


@handler("advice.model", on=ClaimDescribed, target="llm", lane="slow", lifetime=IN_TIME, wanted=by_model)
def ask_model(work: Work) -> None:
    """Let the model look at the description, without the names and numbers in it. What it is no use for is kept too.

    A model that is away or lets nobody in is tried again while the answer is of use.
    """
    asked = _waiting(work, Backend.MODEL)
    try:
        reserve([Limit(f"advice.{asked.claim.contact_id}", MOST_ASKED, 3600)], now=work.clock())
        told = _told(_answer(asked.claim, work), None)
    except QuotaExceeded:
        told = Told(error="asked_too_often")
        work.asked_nobody()
    except AnswerUseless as error:
        told = _told(error.spent, error)
    except IntegrationError as error:
        told = Told(error=error.code, prompt_version=rules.PROMPT_VERSION)
        if not isinstance(error, Rejected) or isinstance(error, AccountRejected):
            _apply(asked, told, work)
            raise
        if error.code in NOT_SENT:
            work.asked_nobody()
    _apply(asked, told, work)


@handler("advice.n8n", on=ClaimDescribed, target="n8n", lane="slow", lifetime=IN_TIME, wanted=by_workflow)
def ask_workflow(work: Work) -> None:
    """Tell n8n of the description, without the names and numbers in it; it may answer by a callback of kind advice."""
    asked = _waiting(work, Backend.N8N)
    # An event of its own: that the claim was described may go to n8n too, and ids tell repeats.
    own_id = uuid5(work.event_id, work.handler)
    envelope = Envelope(own_id, "advice.asked", work.occurred_at, _question(asked), work.request_id)
    try:
        get_automation().tell(envelope, now=work.now)
    except IntegrationError as error:
        _apply(asked, Told(error=error.code), work)
        raise


def _waiting(work: Work, backend: str) -> Advice:
    asked = advice_to_ask(claim_id=work.event.claim_id, backend=backend)
    if asked is None:
        raise Obsolete(NOBODY_WAITS)
    return asked


def _answer(claim: Claim, work: Work) -> Answer:
    content, own = claim.definition.content, own_advice(claim)
    return model_ask(
        name="advice",
        instructions=rules.instructions(content, claim.language),
        text=rules.as_data(_masked(claim)),
        schema=rules.schema(content, own.event_type if own.sure else ""),
        most_tokens=MOST_TOKENS,
        now=work.clock(),
    )


def _masked(claim: Claim) -> str:
    return masked(claim.description, names=names_in(claim))


def _told(usage: Usage, error: AnswerUseless | None) -> Told:
    return Told(
        raw=usage.data if isinstance(usage, Answer) else None,
        error=error.code if error else "",
        model=usage.model[:80],
        prompt_version=rules.PROMPT_VERSION,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=Decimal(cost_of(tokens_in=usage.tokens_in, tokens_out=usage.tokens_out)) / MILLION,
        ms=usage.ms,
    )


def _apply(asked: Advice, told: Told, work: Work) -> None:
    row = advice_apply(
        claim_id=asked.claim_id, backend=asked.backend, told=told, description_sha256=asked.description_sha256,
        now=work.clock(),
    )  # fmt: skip
    work.detail["advice"] = row.error or str(row.state)
    if told.raw is not None and row.state == Advice.State.USELESS:  # it has the right shape and says nothing
        useless_note(now=work.clock())


def _question(asked: Advice) -> dict[str, Any]:
    """What a workflow is told. `asked` comes back with its answer, which may be about an older description."""
    claim = asked.claim
    types = claim.definition.content["event_types"]
    return {
        "claim_id": str(claim.pk),
        "number": claim.number,
        "asked": str(asked.pk),
        "language": claim.language,
        "text": _masked(claim),
        "event_types": [{"code": one["code"], "title": translated(one["title"], claim.language)} for one in types],
        "candidates": candidates_of(claim),
    }
