"""The way of a claim into the company's systems, as its page shows it: each step, why it waits, what one may do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from apps.claims.models import Claim, ClaimNote, Registration
from apps.claims.selectors.progress import CHAINS, current_steps, registration_kept
from apps.core.desk import words
from apps.core.desk.handlers import target_words, words_of
from apps.core.models import Delivery, Target
from apps.core.outbox import handler_named
from apps.core.targets import parked
from apps.integrations.crm import get_crm
from apps.integrations.files import get_share

S = Delivery.State
PARKS = (S.QUEUED, S.WAITING)
STUCK = (S.WAITING, S.UNKNOWN, S.NEEDS_ATTENTION)
REFS = {"contact": "contact_ref", "project": "project_ref", "ticket": "ticket_ref"}  # by step, on Registration


@dataclass(frozen=True)
class StepLine:
    """`kind` is the badge's; `may` names the endpoints of the delivery's page that fit this step now."""

    delivery: Delivery
    title: str
    kind: str
    label: str
    why: str
    url: str
    may: frozenset[str]


@dataclass(frozen=True)
class Link:
    label: str
    text: str
    url: str
    note: str = ""


def registration_parts(
    claim: Claim, deliveries: Sequence[Delivery], *, now: datetime, may_move: bool
) -> dict[str, Any]:
    """The steps of the registration, those of later documents that are not done, and where everything is now."""
    kept = registration_kept(claim)
    steps = [one for one in deliveries if one.chain in CHAINS]
    lines = _lines(steps, kept, now, may_move)
    return {
        "registration": kept,
        "chain": [one for one in lines if one.delivery.chain == CHAINS[0]],
        "additions": [one for one in lines if one.delivery.chain != CHAINS[0] and one.delivery.state != S.DONE],
        "chain_moves": any(one.state in Delivery.UNFINISHED for one in steps),
        "records": _records(claim, kept) if kept else [],
        "notes": list(ClaimNote.objects.filter(claim=claim)),
    }


def _lines(steps: Sequence[Delivery], kept: Registration | None, now: datetime, may_move: bool) -> list[StepLine]:
    current = {one.pk for one, _since in current_steps(steps)}
    held = _held_back({one.target for one in steps if one.pk in current}, now)
    busy = {one.event_id for one in steps if one.state == S.RUNNING}
    found = []
    for one in steps:
        here = one.pk in current
        waits = _waits_for(one, held) if here else None
        kind, label = _badge(one, here, waits is not None and one.state in PARKS)
        may = _may(one, here, waits, one.event_id in busy) if may_move else frozenset()
        why = _why(waits) if waits else _next_try(one, now) if here else ""
        found.append(StepLine(one, words_of(one.handler), kind, label, why, _step_url(one, kept), may))
    return found


def _waits_for(one: Delivery, held: dict[str, Target]) -> Target | None:
    """The target that holds the step back. A pause also holds what somebody would try again."""
    row = held.get(one.target)
    return row if row and (one.state in PARKS or (row.paused_at and one.state in STUCK)) else None


def _badge(one: Delivery, here: bool, is_parked: bool) -> tuple[str, str]:
    if is_parked:
        return "parked", _("Parked")
    if one.state == S.QUEUED and not here:
        return "turn", _("Its turn comes")
    return f"delivery-{one.state}", one.get_state_display()


def _may(one: Delivery, here: bool, waits: Target | None, busy: bool) -> frozenset[str]:
    if here and (waits or one.state in STUCK):
        known = handler_named(one.handler)
        adopts = known is not None and known.adopt is not None
        retries = waits is None or waits.paused_at is None  # a pause holds
        return frozenset({"skip", *(["retry"] if retries else []), *(["complete"] if adopts else [])})
    return frozenset({"restart"}) if one.state in Delivery.FINAL and not busy else frozenset()


def _next_try(one: Delivery, now: datetime) -> str:
    if one.state not in (S.WAITING, S.UNKNOWN):
        return ""
    if one.next_at < now + timedelta(minutes=1):
        return _("The next try comes within a minute.")
    return _("Next try in %(time)s.") % {"time": words.short_age(one.next_at - now)}


def _held_back(targets: Iterable[str], now: datetime) -> dict[str, Target]:
    """Those of `targets` that get nothing now."""
    held = parked(now)
    return {row.name: row for row in Target.objects.filter(name__in=[name for name in targets if name in held])}


def _why(row: Target) -> str:
    name = target_words(row.name)
    if row.paused_at:
        told = {"name": name, "who": row.paused_by, "why": row.pause_reason}
        return _("%(name)s is paused by %(who)s: %(why)s") % told
    since = row.opened_at or row.last_failure_at
    told = {"system": name, "time": time_format(timezone.localtime(since), "H:i") if since else "—"}
    return _("%(system)s does not answer since %(time)s. It is asked again soon.") % told


def _step_url(one: Delivery, kept: Registration | None) -> str:
    kind = one.handler.rpartition(".")[2]
    if one.chain != CHAINS[0] or kind not in REFS:
        return ""
    return crm_url(one.remote_id or (getattr(kept, REFS[kind]) if kept else ""), kind)


def crm_url(record_id: str, kind: str) -> str:
    """Where people open the CRM's record; empty without one, or without a CRM."""
    return get_crm().url(record_id, kind) if record_id and settings.CRM_URL else ""


def _records(claim: Claim, kept: Registration) -> list[Link]:
    """What there is of the claim elsewhere."""
    new = _("made by us")
    found = [
        Link(_("Ticket number"), kept.ticket_number or kept.ticket_ref, crm_url(kept.ticket_ref, "ticket")),
        Link(_("Contact"), kept.contact_ref, crm_url(kept.contact_ref, "contact"), new if kept.is_new_contact else ""),
        Link(_("Project"), kept.project_ref, crm_url(kept.project_ref, "project"), new if kept.is_new_project else ""),
        Link(_("Folder"), _folder(claim).rpartition("/")[2], _folder_url(claim)),
    ]
    return [one for one in found if one.text]


def _folder(claim: Claim) -> str:
    """The claim's folder in the share, as its documents came to lie there."""
    return next((one.share_path.rpartition("/")[0] for one in claim.documents.all() if one.share_path), "")


def _folder_url(claim: Claim) -> str:
    folder = _folder(claim)
    return get_share().url(f"{folder}/") if folder and settings.NEXTCLOUD_URL else ""
