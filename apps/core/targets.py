"""Which outside systems get deliveries now: staff may pause one, and its breaker opens when it fails again and again.

What is due to a system that gets none is parked: it stays as it is, no try is counted, and it goes on by itself.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.core import audit
from apps.core.deliveries import ReasonMissing
from apps.core.errors import Conflict
from apps.core.models import Delivery, Target
from apps.core.outbox import wake_after_commit
from apps.core.realtime import group_name, tell
from apps.core.texts import kept_text

log = structlog.get_logger(__name__)
FAILURES = 5  # in a row open the breaker
PROBE = 30  # s between probes of a system whose breaker is open
REFUSED_PROBE = 600  # s, where it refuses our account: guessing passwords gets us blocked
NOTED = 10.0  # s that a success of a sound system is not written again
REASON = 300  # characters
_noted: dict[str, float] = {}


@dataclass(frozen=True)
class Standing:
    """Names of targets: which get nothing, which may get one probe, and which have failed lately."""

    blocked: frozenset[str]
    probing: frozenset[str]
    troubled: frozenset[str]
    opened: Mapping[str, datetime]  # since when the breakers are open


def standing(now: datetime) -> Standing:
    rows = Target.objects.filter(Q(paused_at__isnull=False) | Q(opened_at__isnull=False) | Q(failures__gt=0))
    blocked, probing, troubled = set(), set(), set()
    opened = {}
    for name, paused_at, opened_at, probe_at in rows.values_list("name", "paused_at", "opened_at", "probe_at"):
        troubled.add(name)
        if opened_at:
            opened[name] = opened_at
        if paused_at or (opened_at and probe_at and probe_at > now):
            blocked.add(name)
        elif opened_at:
            probing.add(name)
    return Standing(frozenset(blocked), frozenset(probing), frozenset(troubled), opened)


def parked(now: datetime) -> frozenset[str]:
    """The targets whose deliveries are parked: paused, or with an open breaker."""
    where = standing(now)
    return where.blocked | where.probing


def probe_take(name: str, *, now: datetime) -> bool:
    """Whether the caller may send the one probe that is due to an open breaker's target."""
    due = Target.objects.filter(name=name, paused_at=None, opened_at__isnull=False, probe_at__lte=now)
    return bool(due.update(probe_at=now + _probe(PROBE)))


def probe_return(name: str, *, now: datetime) -> None:
    """The probe was not used: what it was taken for had nothing to ask. The next delivery may have it."""
    Target.objects.filter(name=name, opened_at__isnull=False).update(probe_at=now)


def _probe(seconds: float) -> timedelta:
    return timedelta(seconds=seconds / settings.HASTE)


def success_note(name: str, *, now: datetime, troubled: bool) -> None:
    """The target did what it was asked. An open breaker closes, and what waited for it goes on at once."""
    if not troubled and time.monotonic() - _noted.get(name, -NOTED) < NOTED:
        return
    _noted[name] = time.monotonic()
    with transaction.atomic():
        Target.objects.get_or_create(name=name)
        row = Target.objects.select_for_update().get(name=name)
        was_open, row.failures, row.opened_at, row.probe_at, row.last_success_at = row.opened_at, 0, None, None, now
        row.save(update_fields=["failures", "opened_at", "probe_at", "last_success_at"])
    if was_open:
        log.info("breaker_closed", target=name)
        _go_on(name, now)


def failure_note(name: str, *, error: str, refused: bool, now: datetime, wait: float | None = None) -> None:
    """The target did not answer, or `refused` our account, which opens the breaker at once.

    An open one is not probed before `wait` seconds, if the target named them, or sooner than it was to be.
    """
    with transaction.atomic():
        Target.objects.get_or_create(name=name)
        row = Target.objects.select_for_update().get(name=name)
        row.failures, row.last_failure_at, row.last_error = row.failures + 1, now, error
        if refused or row.failures >= FAILURES:
            if row.opened_at is None:
                log.warning("breaker_opened", target=name)
                tell(group_name("staff.targets"), "targets.changed")
            row.opened_at = row.opened_at or now
            probe_at = now + max(_probe(REFUSED_PROBE if refused else PROBE), timedelta(seconds=wait or 0))
            row.probe_at = max(row.probe_at or probe_at, probe_at)
        row.save(update_fields=["failures", "last_failure_at", "last_error", "opened_at", "probe_at"])


def check_note(name: str, *, ok: bool, detail: str, now: datetime, proves: bool = True) -> None:
    """Keep what a check of the target said. A sound one that `proves` something lets an open breaker's probe through.

    Only work that is done closes the breaker; or the check, where there is no work to try.
    """
    Target.objects.update_or_create(name=name, defaults={"checked_at": now, "check_ok": ok, "check_detail": detail})
    if ok and proves:
        is_open = Target.objects.filter(name=name, opened_at__isnull=False)
        if Delivery.objects.filter(target=name, state__in=Delivery.UNFINISHED).exists():
            is_open.update(probe_at=now)
            wake_after_commit()
        else:
            is_open.update(opened_at=None, probe_at=None, failures=0)
    tell(group_name("staff.targets"), "targets.changed")


@transaction.atomic
def target_pause(*, name: str, reason: str, actor: AbstractBaseUser, now: datetime) -> None:
    """Send nothing more to the target until it is resumed; what is on its way is finished.

    Raises ReasonMissing, TextRefused, and Conflict if it is paused already.
    """
    why = kept_text(reason, most=REASON)
    if not why:
        raise ReasonMissing
    Target.objects.get_or_create(name=name)
    row = Target.objects.select_for_update().get(name=name)
    if row.paused_at:
        told = {"who": row.paused_by, "why": row.pause_reason}
        raise Conflict(_("It is paused already by %(who)s: %(why)s") % told, code="target_paused_already")
    row.paused_at, row.paused_by, row.pause_reason = now, actor.get_username(), why
    row.save(update_fields=["paused_at", "paused_by", "pause_reason"])
    _note("target.pause", name, actor, now, why)


def target_resume(*, name: str, actor: AbstractBaseUser, now: datetime) -> None:
    """Send again, from now on, also what was waiting for a later try."""
    with transaction.atomic():
        Target.objects.filter(name=name).update(paused_at=None, paused_by="", pause_reason="", probe_at=now)
        _note("target.resume", name, actor, now)
    _go_on(name, now)


def _note(action: str, name: str, actor: AbstractBaseUser, now: datetime, reason: str = "") -> None:
    audit.record(action=action, target=Target.objects.get(name=name), actor=actor, now=now, reason=reason)
    tell(group_name("staff.targets"), "targets.changed")


def _go_on(name: str, now: datetime) -> None:
    """Bring forward what waits for the target. An unclear outcome still waits out its window.

    In a transaction of its own: whoever has a delivery locked may be waiting for the target's row.
    """
    Delivery.objects.filter(target=name, state=Delivery.State.WAITING, next_at__gt=now).update(next_at=now)
    wake_after_commit()
    tell(group_name("staff.targets"), "targets.changed")
