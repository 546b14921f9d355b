"""Records in outside systems that several deliveries need and one of them makes."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_noop

from apps.core.models import Delivery, RemoteRef
from apps.core.outbox import Postponed, Work

log = structlog.get_logger(__name__)
AT_IT = gettext_noop("another claim is making the same record right now")
MAYBE_AT_IT = gettext_noop("another claim may have made the same record: its outcome is being waited for")
ASK_AGAIN = 5  # s


def ref_take(work: Work, *, kind: str, natural_key: str, window: timedelta) -> RemoteRef:
    """The row of the record: with its remote id if it was made, else owned by this delivery, which may make it.

    Raises Postponed while another delivery is at making it, or may be (for `window` after its intent).
    """
    RemoteRef.objects.get_or_create(kind=kind, natural_key=natural_key, defaults={"created_at": work.now})
    with transaction.atomic():
        ref = RemoteRef.objects.select_for_update().get(kind=kind, natural_key=natural_key)
        if not ref.remote_id and ref.owner_id != work.delivery_id:
            # Read after the row is locked: one statement with both would show the owner as it was before the lock.
            if ref.owner_id and (owner := Delivery.objects.filter(pk=ref.owner_id).first()):
                _require_idle(owner, work, window)
            ref.owner_id = work.delivery_id
            ref.save(update_fields=["owner"])
    return ref


def _require_idle(owner: Delivery, work: Work, window: timedelta) -> None:
    """Raise Postponed unless the delivery that began to make the record has surely stopped."""
    if owner.state == Delivery.State.RUNNING and owner.lease_until and owner.lease_until > work.now:
        raise Postponed(AT_IT, ASK_AGAIN)
    if owner.intent_at and work.now < owner.intent_at + window:
        raise Postponed(MAYBE_AT_IT, max(ASK_AGAIN, (owner.intent_at + window - work.now).total_seconds()))


def ref_intend(work: Work, ref: RemoteRef) -> None:
    """State the intent to make the record. Raises LeaseLost, and Postponed if another delivery took it over.

    Intent first, look second; who takes over locks the row and looks at the intent: one of the two sees the other.
    """
    work.intend()
    with transaction.atomic():
        now = RemoteRef.objects.select_for_update().get(pk=ref.pk)
        if now.remote_id or now.owner_id != work.delivery_id:
            raise Postponed(AT_IT, ASK_AGAIN)


def ref_keep(work: Work, ref: RemoteRef, remote_id: str) -> None:
    """Commit the remote id, for this delivery and for all that need the record."""
    work.reach("after_answer")
    if not RemoteRef.objects.filter(pk=ref.pk, remote_id__in=["", remote_id]).update(remote_id=remote_id):
        log.error("remote_record_twice", kind=ref.kind, remote_id=remote_id)  # reconcile finds it, too
    work.remember(remote_id)


def ref_forget(ref: RemoteRef) -> None:
    """The record is not there any more: the next who needs it looks for another."""
    RemoteRef.objects.filter(pk=ref.pk, remote_id=ref.remote_id).update(remote_id="", owner=None)


def ref_adopt(*, kind: str, natural_key: str, remote_id: str, now: datetime) -> None:
    """Take the record that staff named, for all that need it."""
    made = {"remote_id": remote_id, "created_at": now}
    RemoteRef.objects.update_or_create(
        kind=kind, natural_key=natural_key, defaults={"remote_id": remote_id}, create_defaults=made
    )
