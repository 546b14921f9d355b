"""The one way to send an SMS: at most once, with a row that says how far it came."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.core.outbox import Work
from apps.integrations.errors import AccountRejected, IntegrationError, OutcomeUnknown, Rejected
from apps.integrations.models import SHORTEST, SmsMessage
from apps.integrations.sms.gateway import Sent, SmsGateway, get_gateway

# After an unclear outcome: how long the gateway may still be at the call that we gave up.
WINDOW = timedelta(seconds=180)
MOST_PARTS, MOST_COST = 1000, 100_000  # beyond which a gateway's figure is nonsense


def sms_send(work: Work, *, phone: str, text: str, key: str) -> None:
    """Send `text` to `phone` as the deed of `work`, which has to be registered with repeat="never".

    `key` is our own id of the message. After an unclear outcome the row stays, to be asked about where that is
    possible. Raises what the gateway raises, and LeaseLost.
    """
    gateway = get_gateway()
    work.intend()
    message = _begin(work, gateway, phone, key)
    try:
        sent = gateway.send(phone=phone, text=text, key=key)
    except IntegrationError as error:
        _end(message, error, phone, now=work.clock())
        raise
    try:
        work.remember(sent.id)
    finally:
        _note(message, sent, phone, now=work.clock())


def _begin(work: Work, gateway: SmsGateway, phone: str, key: str) -> SmsMessage:
    """The row of a message that is about to leave: whatever happens from here on, it is known to be unclear."""
    now, own_id = work.clock(), gateway.own_id(key)
    with transaction.atomic():
        _release(gateway.name, own_id)
        return SmsMessage.objects.create(
            gateway=gateway.name,
            gateway_id=own_id,
            delivery_id=work.delivery_id,
            phone=phone if own_id else "",
            sent_at=now,
            ask_at=now + WINDOW if own_id else None,
        )


def _release(gateway: str, gateway_id: str) -> None:
    """Staff had it sent again, and the gateway knows the new message by this id now: the old one can't be asked."""
    if gateway_id:
        SmsMessage.objects.filter(gateway=gateway, gateway_id=gateway_id).update(gateway_id="", phone="", ask_at=None)


def _end(message: SmsMessage, error: IntegrationError, phone: str, *, now: datetime) -> None:
    """Say what the error means: unclear, refused, or (as the delivery tries again by itself) no message at all."""
    if isinstance(error, OutcomeUnknown):
        SmsMessage.objects.filter(pk=message.pk, state=SmsMessage.State.UNCLEAR).update(code=error.code)
    elif isinstance(error, Rejected) and not isinstance(error, AccountRejected):
        _follow(message, SmsMessage.State.FAILED, error.code, now)
    else:
        message.delete()


@transaction.atomic
def _note(message: SmsMessage, sent: Sent, phone: str, *, now: datetime) -> None:
    """Keep what the gateway said. A report may have overtaken its answer: then the row is final already."""
    row = SmsMessage.objects.select_for_update().get(pk=message.pk)
    if row.gateway_id != sent.id:
        _release(row.gateway, sent.id)
    row.gateway_id, row.parts = sent.id, min(sent.parts, MOST_PARTS)
    row.cost = sent.cost if sent.cost is not None and 0 <= sent.cost < MOST_COST else None
    row.follow(SmsMessage.State.WAITING, "", now)
    if row.state == SmsMessage.State.WAITING:
        row.phone, row.ask_at = phone, now + SHORTEST
    row.save(update_fields=["gateway_id", "parts", "cost", *SmsMessage.FOLLOWED])


@transaction.atomic
def _follow(message: SmsMessage, state: str, code: str, now: datetime) -> None:
    row = SmsMessage.objects.select_for_update().get(pk=message.pk)
    row.follow(state, code, now)
    row.save(update_fields=SmsMessage.FOLLOWED)
