"""What staff may do with deliveries, as the admin offers it: one by one on its page, or many from the list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.deliveries import (
    OPEN,
    ReasonMissing,
    delivery_cancel,
    delivery_complete,
    delivery_restart,
    delivery_retry,
)
from apps.core.errors import Conflict
from apps.core.models import Delivery, Target
from apps.core.outbox import handler_named, handlers
from apps.core.targets import REASON, target_pause, target_resume
from apps.core.texts import kept_text

State = Delivery.State
MAY_MOVE, MAY_STEER = "core.change_delivery", "core.change_target"
ID_MOST = 120  # characters of an id elsewhere
MOVABLE = (*OPEN, State.CANCELLED)


class NoIdGiven(Conflict):
    code = "remote_id_required"
    detail = _("Give the id of what was made there.")


class TargetPaused(Conflict):
    code = "target_paused"
    detail = _("Its target is paused. Resume that first, then try again.")


@dataclass(frozen=True)
class Given:
    """Who asks for a move, when, and what was typed."""

    typed: Mapping[str, str]
    actor: Any
    now: datetime

    @property
    def reason(self) -> str:
        """Raises ReasonMissing, TextRefused."""
        if not (reason := kept_text(self.typed.get("reason", ""), most=REASON)):
            raise ReasonMissing
        return reason

    @property
    def remote_id(self) -> str:
        """Raises TextRefused, NoIdGiven: without an id it would be a skip."""
        if not (remote_id := kept_text(self.typed.get("remote_id", ""), most=ID_MOST)):
            raise NoIdGiven
        return remote_id


@dataclass(frozen=True)
class Move:
    do: Callable[[Delivery, Given], None]
    done: Any
    is_possible: Callable[[Delivery], bool]
    permission: str = MAY_MOVE


def _retry(row: Delivery, given: Given) -> None:
    """Raises TargetPaused: a try now is promised, and a pause holds."""
    if Target.objects.filter(name=row.target, paused_at__isnull=False).exists():
        raise TargetPaused
    delivery_retry(delivery_id=row.pk, actor=given.actor, now=given.now)


def _restart(row: Delivery, given: Given) -> None:
    delivery_restart(delivery_id=row.pk, actor=given.actor, now=given.now)


def _complete(row: Delivery, given: Given) -> None:
    delivery_complete(
        delivery_id=row.pk, remote_id=given.remote_id, reason=given.reason, actor=given.actor, now=given.now
    )


def _skip(row: Delivery, given: Given) -> None:
    delivery_complete(delivery_id=row.pk, remote_id="", reason=given.reason, actor=given.actor, now=given.now)


def _cancel(row: Delivery, given: Given) -> None:
    delivery_cancel(delivery_id=row.pk, reason=given.reason, actor=given.actor, now=given.now)


def _pause(row: Delivery, given: Given) -> None:
    target_pause(name=row.target, reason=given.reason, actor=given.actor, now=given.now)


def _resume(row: Delivery, given: Given) -> None:
    target_resume(name=row.target, actor=given.actor, now=given.now)


def _is_open(row: Delivery) -> bool:
    return row.state not in Delivery.FINAL


def _can_adopt(row: Delivery) -> bool:
    one = handler_named(row.handler)
    return row.state in MOVABLE and one is not None and one.adopt is not None


MOVES: dict[str, Move] = {
    "retry": Move(_retry, _("It will be tried again now."), lambda row: row.state in MOVABLE),
    "restart": Move(
        _restart, _("This step and all after it will be done again."),
        lambda row: bool(row.chain) and row.state != State.RUNNING,
    ),
    "complete": Move(_complete, _("Done by hand, with the id that you gave."), _can_adopt),
    "skip": Move(_skip, _("Skipped. What comes after it goes on."), lambda row: row.state in MOVABLE),
    "cancel": Move(_cancel, _("The delivery is cancelled."), lambda row: row.state in OPEN),
    "pause": Move(_pause, _("Paused. What is due to it is kept and goes on when it is resumed."), _is_open,
                  MAY_STEER),
    "resume": Move(_resume, _("Resumed. What has waited for it goes on now."), _is_open, MAY_STEER),
}  # fmt: skip


def may_twice(row: Delivery) -> bool:
    """Whether trying again may do twice what must not be done twice: an earlier try may have done it."""
    one = handler_named(row.handler)
    return one is not None and one.repeat == "never" and row.intent_at is not None


def steps_of(row: Delivery) -> int:
    """How many steps the chain of a delivery has."""
    return max((one.position for one in handlers() if one.chain == row.chain), default=row.position)
