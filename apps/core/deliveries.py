"""What staff and ops may do with a delivery. Each is audited, and each moves only a delivery that it may move."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from apps.core import audit
from apps.core.errors import Conflict
from apps.core.models import Delivery, DeliveryAttempt, Target
from apps.core.outbox import event_from, handler_named, wake_after_commit
from apps.core.realtime import group_name, tell

State = Delivery.State
OPEN = (State.QUEUED, State.WAITING, State.UNKNOWN, State.NEEDS_ATTENTION)  # neither finished nor being worked on
QUEUED_AGAIN = gettext_noop("queued again")


class NotMovable(Conflict):
    code = "delivery_not_movable"
    detail = _("This delivery is finished or being worked on right now.")


class NoRemoteId(Conflict):
    code = "delivery_has_no_remote_id"
    detail = _("This step makes nothing that has an id. Skip it with a reason instead.")


class ReasonMissing(Conflict):
    code = "reason_required"
    detail = _("Say why, for those who come after you.")


@transaction.atomic
def delivery_retry(*, delivery_id: int, actor: AbstractBaseUser | None, now: datetime) -> None:
    """Queue an unfinished or cancelled delivery for now, with its tries counted from the start. Raises NotMovable.

    It may come too late to be of use by its own measure: staff know better. A handler that can look for what an unclear
    try has left still does; where it can't, staff take it on themselves that it may be done twice.
    """
    _probe_now(delivery_id, now)
    delivery = _lock(delivery_id, (*OPEN, State.CANCELLED))
    _queue(delivery, actor, now)
    audit.record(action="delivery.retry", target=delivery, actor=actor, now=now)


@transaction.atomic
def delivery_restart(*, delivery_id: int, actor: AbstractBaseUser | None, now: datetime) -> None:
    """Queue this step of a chain and all after it, also those that are done: each looks at what there is already.

    Raises NotMovable, also while one of them is being worked on.
    """
    _probe_now(delivery_id, now)
    delivery = _lock(delivery_id, (*OPEN, *Delivery.FINAL))
    for step in _from(delivery):
        if step.state == State.RUNNING:
            raise NotMovable
        _queue(step, actor, now)
    audit.record(action="delivery.restart", target=delivery, actor=actor, now=now)


def _probe_now(delivery_id: int, now: datetime) -> None:
    """Who presses "try again" expects a try now: an open breaker lets its probe through. A pause holds.

    Before the delivery is locked: a worker may have the target's row and be waiting for the delivery's.
    """
    target = Delivery.objects.filter(pk=delivery_id).values("target")
    Target.objects.filter(name__in=target, opened_at__isnull=False).update(probe_at=now)


def _from(delivery: Delivery) -> list[Delivery]:
    """This delivery and the later steps of its chain, locked."""
    if not delivery.chain:
        return [delivery]
    steps = Delivery.objects.select_for_update().filter(event=delivery.event_id, chain=delivery.chain)
    return list(steps.filter(position__gte=delivery.position).order_by("position"))


def _queue(delivery: Delivery, actor: AbstractBaseUser | None, now: datetime) -> None:
    one = handler_named(delivery.handler)
    if delivery.state == State.DONE or one is None or one.repeat != "search":
        delivery.intent_at = None
    delivery.state, delivery.attempts, delivery.next_at = State.QUEUED, 0, now
    delivery.finished_at = delivery.expires_at = None
    delivery.save(update_fields=["state", "attempts", "next_at", "finished_at", "expires_at", "intent_at"])
    _note(delivery, QUEUED_AGAIN, actor, now)


def delivery_complete(
    *, delivery_id: int, remote_id: str, reason: str, actor: AbstractBaseUser | None, now: datetime
) -> None:
    """End a delivery that was done by hand: with the id of what was made there, or skipped without one.

    The next step of its chain goes on. Raises NotMovable, ReasonMissing, NoRemoteId, and what the step says to the id.
    """
    if not reason.strip():
        raise ReasonMissing
    whole, keep = _adopted(delivery_id, remote_id.strip())  # before any lock: it may ask the target
    with transaction.atomic():
        delivery = _lock(delivery_id, (*OPEN, State.CANCELLED))
        delivery.state, delivery.finished_at, delivery.remote_id = State.DONE_MANUALLY, now, whole or delivery.remote_id
        delivery.save(update_fields=["state", "finished_at", "remote_id"])
        keep(now)
        _note(delivery, f"{whole}: {reason.strip()}" if whole else reason.strip(), actor, now)
        action = "delivery.complete" if whole else "delivery.skip"
        audit.record(action=action, target=delivery, actor=actor, now=now, reason=reason.strip(), remote_id=whole)


def _adopted(delivery_id: int, remote_id: str) -> tuple[str, Callable[[datetime], None]]:
    if not remote_id:
        return "", lambda now: None
    delivery = Delivery.objects.select_related("event").filter(pk=delivery_id).first()
    one = handler_named(delivery.handler) if delivery else None
    if delivery is None or one is None or one.adopt is None:
        raise NoRemoteId
    return one.adopt(event_from(delivery.event), remote_id)


@transaction.atomic
def delivery_cancel(*, delivery_id: int, reason: str, actor: AbstractBaseUser | None, now: datetime) -> None:
    """End an unfinished delivery without doing it, and with it the later steps of its chain. Raises NotMovable."""
    delivery = _lock(delivery_id, OPEN)
    for step in _from(delivery):
        if step.state in OPEN:
            step.state, step.finished_at = State.CANCELLED, now
            step.save(update_fields=["state", "finished_at"])
            _note(step, reason, actor, now)
    audit.record(action="delivery.cancel", target=delivery, actor=actor, now=now, reason=reason)


def _lock(delivery_id: int, movable: tuple[State, ...]) -> Delivery:
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("event")
    delivery = rows.filter(pk=delivery_id, state__in=movable).first()
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
    kind, _sep, key = delivery.event.aggregate.partition(":")
    tell(group_name(kind, key), f"{kind}.changed", what=["deliveries"])
    wake_after_commit()


def behind() -> Exists:
    """Of deliveries: whether an earlier step of the same chain is not finished."""
    mine = Delivery.objects.filter(event=OuterRef("event"), chain=OuterRef("chain"), position__lt=OuterRef("position"))
    return Exists(mine.exclude(chain="").exclude(state__in=Delivery.FINAL))


def oldest_unfinished(*, now: datetime) -> timedelta:
    """The age of the oldest delivery that still has to be done; zero if there is none. Metric number one."""
    first = Delivery.objects.filter(state__in=Delivery.UNFINISHED).order_by("created_at").values_list(
        "created_at", flat=True
    ).first()  # fmt: skip
    return max(now - first, timedelta()) if first else timedelta()
