from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.core.models import AuditEntry

RECONCILED = "claims.reconciled"  # the audit's action that holds a report
TICKET_STEP = "registration.ticket"
FRESH = timedelta(hours=36)  # the report is made once a day


@dataclass(frozen=True)
class Reconciliation:
    """The latest comparison with the CRM: how many claims had which verdict, and the numbers of the flawed ones."""

    at: datetime
    counts: dict[str, int]
    flaws: list[dict[str, str]]


def latest_reconciliation(*, now: datetime) -> Reconciliation | None:
    """None if there was none lately."""
    entry = AuditEntry.objects.filter(action=RECONCILED, at__gt=now - FRESH).order_by("-at", "-id").first()
    return Reconciliation(entry.at, entry.detail["counts"], entry.detail["flaws"]) if entry else None
