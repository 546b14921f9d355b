"""What models may cost in a day. Money is counted in millionths, so that tokens times a price per million is exact."""

from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.integrations.errors import Rejected
from apps.integrations.llm.model import Usage
from apps.integrations.models import ModelSpending

MILLION = 1_000_000


def cost_of(*, tokens_in: int, tokens_out: int) -> int:
    """The price of so many tokens, in millionths, rounded up."""
    cost = tokens_in * settings.LLM_PRICE_IN + tokens_out * settings.LLM_PRICE_OUT
    return int(Decimal(cost).to_integral_value(ROUND_CEILING))


@transaction.atomic
def spend_reserve(cost: int, *, now: datetime) -> ModelSpending:
    """Set `cost` (millionths) aside for one call. Raises Rejected (model_budget) if the day has no such money left."""
    row = ModelSpending.objects.get_or_create(day=timezone.localdate(now))[0]
    left = ModelSpending.objects.filter(pk=row.pk, spent__lte=int(settings.LLM_DAY_BUDGET * MILLION) - cost)
    if not left.update(spent=F("spent") + cost, calls=F("calls") + 1):
        raise Rejected(_("Today's budget for the model is used up."), "model_budget")
    return row


def spend_note(row: ModelSpending, *, reserved: int, usage: Usage | None = None, cost: int = 0) -> None:
    """Put what the call took and cost in the place of what was set aside for it. Both costs in millionths."""
    ModelSpending.objects.filter(pk=row.pk).update(
        spent=F("spent") - reserved + cost,
        tokens_in=F("tokens_in") + (usage.tokens_in if usage else 0),
        tokens_out=F("tokens_out") + (usage.tokens_out if usage else 0),
    )


def useless_note(*, now: datetime) -> None:
    """Count an answer that was of no use: calls are paid for, and a model that talks nonsense looks sound else."""
    ModelSpending.objects.filter(day=timezone.localdate(now)).update(useless=F("useless") + 1)
