"""Reminders of what a submitted claim still lacks."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.claims.events import DocumentsReminded
from apps.claims.models import Claim
from apps.claims.rules.reminders import next_reminder
from apps.core.outbox import publish


def claims_remind(*, now: datetime) -> int:
    """Remind of each claim whose time has come and that still lacks something. Returns how many.

    Whoever comes second to a claim finds its time moved on.
    """
    due = _due(now).order_by("remind_at").values_list("pk", "reminders")
    return sum(_remind(claim_id, sent, now) for claim_id, sent in list(due))


def _due(now: datetime) -> "QuerySet[Claim]":
    return Claim.objects.filter(remind_at__lte=now, status__in=Claim.OPEN, missing__gt=0)


@transaction.atomic
def _remind(claim_id: UUID, sent: int, now: datetime) -> bool:
    mine = _due(now).filter(pk=claim_id, reminders=sent)
    if not mine.update(reminders=sent + 1, remind_at=next_reminder(sent + 1, now)):
        return False
    publish(DocumentsReminded(claim_id=claim_id, number=str(sent + 1)), now=now)
    return True
