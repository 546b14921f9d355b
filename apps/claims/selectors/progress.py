"""How far a claim's registration has come, as its applicant is told: what has happened, and honestly what has not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils.translation import gettext as _

from apps.claims.models import Claim, Document, Registration
from apps.core.models import Delivery

CHAINS = ("registration", "addition")
SHARE, COMPLETE = "files", "complete"  # their steps by which an applicant's words differ
LONG = timedelta(minutes=2)  # a step that takes longer is said to take longer than usual
State = Literal["none", "in_progress", "waiting", "done"]


@dataclass(frozen=True)
class Progress:
    """`none`: this claim is registered nowhere, or not any more. Totals are 0 where no files are handed over."""

    state: State
    ticket_number: str = ""
    registered_at: datetime | None = None
    documents_handed_over: int = 0
    documents_total: int = 0

    @property
    def text(self) -> str:
        """What has really happened, in the active language; nothing of whom we wait for."""
        said = []
        if self.registered_at:
            said.append(registered_line(self.ticket_number))
        if self.documents_total:
            counts = {"done": self.documents_handed_over, "all": self.documents_total}
            said.append(_("Documents handed over: %(done)d of %(all)d.") % counts)
        if self.state == "in_progress" and not self.registered_at:
            said.append(_("We are registering your claim."))
        if self.state == "waiting":
            said.append(_("It takes longer than usual. Nothing is lost: we go on by ourselves."))
        return " ".join(said)


def registered_line(ticket_number: str) -> str:
    if not ticket_number:
        return _("Your claim is registered.")
    return _("Registered under number %(number)s.") % {"number": ticket_number}


def registration_kept(claim: Claim) -> Registration | None:
    """What the steps have written down so far."""
    kept: Registration | None = getattr(claim, "registration", None)
    return kept


def claim_progress(claim: Claim, *, now: datetime) -> Progress:
    """Of a submitted claim from its rows; a draft has none."""
    if claim.is_draft:
        return Progress("none")
    steps, kept = _steps(claim), registration_kept(claim)
    known = kept or Registration(claim=claim)
    if not (known.registered_at or any(one.handler.endswith(f".{COMPLETE}") for one in steps)):
        return Progress("none")
    papers = [one for one in claim.documents.all() if one.state != Document.State.REJECTED]
    handed = sum(one.handed_over_at is not None for one in papers)
    shared = handed or any(one.handler.endswith(f".{SHARE}") for one in steps)
    return Progress(
        _state(steps, known, now), known.ticket_number, known.registered_at,
        handed if shared else 0, len(papers) if shared else 0,
    )  # fmt: skip


def _steps(claim: Claim) -> list[Delivery]:
    about = Delivery.objects.filter(event__aggregate=f"claim:{claim.pk}", chain__in=CHAINS)
    return list(about.select_related("event").order_by("event__occurred_at", "event_id", "position"))


def _state(steps: Sequence[Delivery], known: Registration, now: datetime) -> State:
    current = current_steps(steps)
    if not current:
        return "done" if known.registered_at else "none"  # without a number: staff have ended it
    return "waiting" if any(_is_late(one, since, now) for one, since in current) else "in_progress"


def current_steps(steps: Sequence[Delivery]) -> list[tuple[Delivery, datetime]]:
    """The unfinished step that each chain is at, and since when. `steps` are in the order of their chains."""
    found: dict[object, tuple[Delivery, datetime]] = {}
    since: dict[object, datetime] = {}
    for one in steps:
        if one.state in Delivery.FINAL:
            since[one.event_id] = one.finished_at or one.created_at
        elif one.event_id not in found:
            found[one.event_id] = (one, since.get(one.event_id, one.event.occurred_at))
    return list(found.values())


def _is_late(step: Delivery, since: datetime, now: datetime) -> bool:
    works = step.state == Delivery.State.RUNNING and step.attempts <= 1
    return now - since > LONG and not works
