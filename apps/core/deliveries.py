"""What staff and ops may do with a delivery. Each is audited, and each moves only a delivery that it may move."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core import audit
from apps.core.errors import Conflict
from apps.core.models import Delivery, DeliveryAttempt
from apps.core.outbox import handler_named, wake

State = Delivery.State


class NotMovable(Conflict):
    code = "delivery_not_movable"
    detail = _("This delivery is finished or being worked on right now.")


def delivery_retry(*, delivery_id: int, actor: AbstractBaseUser | None, now: datetime) -> None:
    """Queue an unfinished or cancelled delivery for now, with its tries counted from the start. Raises NotMovable.

    It may come too late to be of use by its own measure: staff know better. A handler that can look for what an unclear
    try has left still does; where it can't, staff take it on themselves that it may be done twice.
    """
    movable = (State.QUEUED, State.WAITING, State.UNKNOWN, State.NEEDS_ATTENTION, State.CANCELLED)
    with transaction.atomic():
        delivery = _lock(delivery_id, movable)
        delivery.state, delivery.attempts, delivery.next_at = State.QUEUED, 0, now
        delivery.finished_at = delivery.expires_at = None
        one = handler_named(delivery.handler)
        if one is None or one.repeat != "search":
            delivery.intent_at = None
        delivery.save(update_fields=["state", "attempts", "next_at", "finished_at", "expires_at", "intent_at"])
        _note(delivery, "queued again", actor, now)
        audit.record(action="delivery.retry", target=delivery, actor=actor, now=now)
        transaction.on_commit(wake, robust=True)


def delivery_cancel(*, delivery_id: int, reason: str, actor: AbstractBaseUser | None, now: datetime) -> None:
    """End an unfinished delivery without doing it. Raises NotMovable."""
    movable = (State.QUEUED, State.WAITING, State.UNKNOWN, State.NEEDS_ATTENTION)
    with transaction.atomic():
        delivery = _lock(delivery_id, movable)
        delivery.state, delivery.finished_at = State.CANCELLED, now
        delivery.save(update_fields=["state", "finished_at"])
        _note(delivery, reason, actor, now)
        audit.record(action="delivery.cancel", target=delivery, actor=actor, now=now, reason=reason)
        transaction.on_commit(wake, robust=True)  # for the next step of its chain


def _lock(delivery_id: int, movable: tuple[State, ...]) -> Delivery:
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id, state__in=movable).first()
    if delivery is None:
        raise NotMovable
    return delivery


def _note(delivery: Delivery, text: str, actor: AbstractBaseUser | None, now: datetime) -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=delivery.attempts,
        started_at=now,
        outcome=DeliveryAttempt.Outcome.STAFF,
        error=text,
        by=actor.get_username() if actor else "manage.py",
    )


def oldest_unfinished(*, now: datetime) -> timedelta:
    """The age of the oldest delivery that still has to be done; zero if there is none. Metric number one."""
    first = Delivery.objects.filter(state__in=Delivery.UNFINISHED).order_by("created_at").values_list(
        "created_at", flat=True
    ).first()  # fmt: skip
    return max(now - first, timedelta()) if first else timedelta()
