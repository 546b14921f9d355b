"""How each outside system stands: what its check said, its breaker and pause, and the queue before it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core import targets
from apps.core.deliveries import behind
from apps.core.desk.words import said, short_age
from apps.core.models import Delivery, Target
from apps.integrations.models import ModelSpending
from apps.integrations.registry import integration_named, integrations, titles

State = Delivery.State
PARKED = "parked"
MODEL = "llm"
OURSELVES = "claimdesk"  # steps that ask nobody outside


class Level(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True)
class Standing:
    """One system. `reasons` say in plain words why it is not green; `queue` counts what is not done, by state.

    `is_known`: it has a check; others are only paused, or have deliveries, and are not named by the settings.
    """

    name: str
    title: str
    address: str
    is_known: bool
    row: Target
    level: Level
    reasons: list[str]
    queue: dict[str, int] = field(default_factory=dict)
    oldest: timedelta | None = None

    @property
    def is_paused(self) -> bool:
        return self.row.paused_at is not None


def standings(*, now: datetime) -> list[Standing]:
    """All systems of the settings in their order, then whatever else is paused, broken or waited for."""
    rows = {row.name: row for row in Target.objects.all()}
    queues, oldest = _queues(now)
    named = [one.name for one in integrations()]
    others = {name for name, row in rows.items() if row.paused_at or row.opened_at} | (set(queues) - {OURSELVES})
    order = [*named, *sorted(others - set(named))]
    return [_standing(rows.get(n) or Target(name=n), queues.get(n, {}), oldest.get(n), now) for n in order]


def _queues(now: datetime) -> tuple[dict[str, dict[str, int]], dict[str, timedelta]]:
    """By target: how many deliveries are in each state ("parked" is one here), and the age of the oldest."""
    counted: dict[str, dict[str, int]] = {}
    oldest: dict[str, timedelta] = {}
    parked = targets.parked(now)
    rows = Delivery.objects.filter(state__in=(*Delivery.UNFINISHED, State.NEEDS_ATTENTION)).order_by()
    by = rows.annotate(behind=behind()).values_list("target", "state", "behind")
    for name, state, waits, n, first in by.annotate(n=Count("pk"), first=Min("created_at")):
        held = name in parked and not waits and state in (State.QUEUED, State.WAITING)
        shown = PARKED if held else state
        mine = counted.setdefault(name, {})
        mine[shown] = mine.get(shown, 0) + n
        oldest[name] = max(oldest.get(name, timedelta()), now - first)
    return counted, oldest


def _standing(row: Target, queue: dict[str, int], oldest: timedelta | None, now: datetime) -> Standing:
    one = integration_named(row.name)
    level, reasons = judge(row, now=now, is_known=one is not None)
    title = str(titles().get(row.name, row.name))
    if row.name == MODEL and (
        today := ModelSpending.objects.filter(day=timezone.localdate(now), useless__gt=0).first()
    ):
        level, reasons = _with_useless(level, reasons, today)
    return Standing(row.name, title, one.address() if one else "", one is not None, row, level, reasons, queue, oldest)


def _with_useless(level: Level, reasons: list[str], today: ModelSpending) -> tuple[Level, list[str]]:
    """A model that answers nonsense is reached and lets us in: only its answers tell."""
    text = _("Answers of no use today: %(n)d of %(all)d.") % {"n": today.useless, "all": today.calls}
    is_mostly = level == Level.GREEN and today.useless * 2 >= today.calls
    return (Level.AMBER if is_mostly else level), [text, *reasons]


def judge(row: Target, *, now: datetime, is_known: bool = True) -> tuple[Level, list[str]]:
    """The colour of a target, and in plain words all that is to be said about it, the gravest first."""
    broken = [*_broken(row, now)]
    if row.paused_at:
        return Level.AMBER, [_paused(row), *broken]
    if broken:
        return Level.RED, broken
    if row.failures:
        text = _("It failed lately, %(n)d times in a row: %(error)s")
        return Level.AMBER, [text % {"n": row.failures, "error": said(row.last_error)}]
    if not is_known:
        return Level.GREY, [_("The settings do not name it, so there is nothing to check.")]
    if row.checked_at is None and row.last_success_at is None:
        return Level.GREY, [_("It has not been checked yet.")]
    if row.checked_at is None:
        return Level.GREEN, [_("It did what it was asked last.")]
    return Level.GREEN, [said(row.check_detail)] if row.check_ok and row.check_detail else []


def _broken(row: Target, now: datetime) -> list[str]:
    found = []
    if row.opened_at:
        text = _("It gets nothing since %(since)s: it kept failing. It is tried again %(probe)s. Last error: %(error)s")
        left = (row.probe_at or now) - now
        probe = _("in %(time)s") % {"time": _wait(left)} if left > timedelta() else _("now")
        found.append(text % {"since": moment(row.opened_at), "probe": probe, "error": said(row.last_error) or "—"})
    if row.check_ok is False and not _works_since(row):
        found.append(_("The check failed: %(error)s") % {"error": said(row.check_detail)})
    return found


def _works_since(row: Target) -> bool:
    """Whether it has done what we asked after its last check, which is then out of date."""
    return bool(row.checked_at and row.last_success_at and row.last_success_at > row.checked_at)


def _wait(left: timedelta) -> str:
    seconds = int(left.total_seconds())
    return _("%(n)d s") % {"n": max(1, seconds)} if seconds < 60 else short_age(left)


def _paused(row: Target) -> str:
    text = _("Paused by %(who)s since %(since)s: %(why)s")
    assert row.paused_at is not None
    return text % {"who": row.paused_by, "since": moment(row.paused_at), "why": row.pause_reason}


def moment(at: datetime) -> str:
    """A point in time as staff read it, in their own zone."""
    return date_format(timezone.localtime(at), "j E, H:i")


def unsound(*, now: datetime) -> list[Standing]:
    """The systems that somebody should look at: red, or paused."""
    return [one for one in standings(now=now) if one.level == Level.RED or one.is_paused]


def attention() -> list[tuple[str, int, datetime]]:
    """By target how many deliveries need attention, and when the oldest of them was made."""
    rows = Delivery.objects.filter(state=State.NEEDS_ATTENTION).order_by("target").values_list("target")
    return list(rows.annotate(n=Count("pk"), first=Min("created_at")))
