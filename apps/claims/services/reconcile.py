"""Our submitted claims against the CRM's tickets, by our number: 0, 1 or more. Nothing is changed in either."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import structlog

from apps.claims.models import Claim
from apps.claims.rules.reconcile import Finding, judge
from apps.claims.selectors.reconcile import RECONCILED, TICKET_STEP
from apps.core import audit
from apps.core.models import Delivery, Target
from apps.integrations.crm import Crm, get_crm

log = structlog.get_logger(__name__)
State = Delivery.State
AT_ONCE = 25  # claims in one question
NAMED = 50  # flaws that a kept report names


def claims_compare(*, since: datetime, most: int | None = None) -> Iterator[Finding]:
    """What became of each claim submitted since then, of the newest `most`. Raises Unavailable, Rejected."""
    rows = Claim.objects.filter(submitted_at__gte=since).exclude(status=Claim.Status.DRAFT)
    ids = list(rows.order_by("-submitted_at", "pk").values_list("pk", flat=True)[:most])
    crm = get_crm()
    for begin in range(0, len(ids), AT_ONCE):
        yield from _compare(crm, ids[begin : begin + AT_ONCE])


def _compare(crm: Crm, ids: list[UUID]) -> Iterator[Finding]:
    """Deliveries first, then what is kept, then the CRM: what happens in between never looks like a flaw."""
    states = _ticket_steps(ids)
    kept = dict(Claim.objects.filter(pk__in=ids).values_list("pk", "registration__ticket_ref"))
    numbers = dict(Claim.objects.filter(pk__in=ids).values_list("pk", "number"))
    found = crm.tickets_by_key(list(numbers.values()))
    for pk, number in numbers.items():
        state = states.get(str(pk), "")
        yield judge(
            number=number,
            kept=kept.get(pk) or "",
            found=[one.id for one in found[number]],
            is_open=state in (*Delivery.UNFINISHED, State.NEEDS_ATTENTION),
            is_skipped=state in (State.DONE_MANUALLY, State.CANCELLED),
        )


def _ticket_steps(ids: list[UUID]) -> dict[str, str]:
    """The state of the step that makes the ticket, by the claim's id."""
    about = [f"claim:{pk}" for pk in ids]
    rows = Delivery.objects.filter(event__aggregate__in=about, handler=TICKET_STEP)
    return {key.partition(":")[2]: state for key, state in rows.values_list("event__aggregate", "state")}


def claims_reconcile(*, since: datetime, most: int, now: datetime) -> list[Finding]:
    """Compare, and keep the report in the audit, where `selectors.reconcile` finds it. Returns the flaws."""
    findings = list(claims_compare(since=since, most=most))
    counts = Counter(str(one.verdict) for one in findings)
    flaws = [one for one in findings if one.is_flaw]
    named = [{"number": one.number, "verdict": one.verdict, "kept": one.kept, "found": list(one.found)}
             for one in flaws[:NAMED]]  # fmt: skip
    crm, _new = Target.objects.get_or_create(name="crm")
    audit.record(action=RECONCILED, target=crm, actor=None, now=now, since=since.isoformat(), counts=counts,
                 flaws=named)  # fmt: skip
    log.info("claims_reconciled", claims=len(findings), flaws=len(flaws))
    return flaws
