"""Asks the gateway about messages whose end it has not told us."""

import time
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from apps.integrations.errors import AccountRejected, IntegrationError, Unavailable
from apps.integrations.models import GIVE_UP, SmsMessage
from apps.integrations.sms.gateway import DeliveryStatus, SmsGateway, get_gateway

log = structlog.get_logger(__name__)
State = SmsMessage.State

MOST = 50  # messages in one run
SECONDS = 40.0  # after which a run asks no more: the next one comes a minute after it


def sms_poll(*, now: datetime) -> int:
    """Ask about the messages that are due, until one run's share is done or the gateway is away. Returns how many."""
    _give_up(now)
    due = SmsMessage.objects.filter(ask_at__lte=now).exclude(gateway_id="").order_by("ask_at", "id")
    if not due.exists():
        return 0
    gateway, ends, asked = get_gateway(), time.monotonic() + SECONDS, 0
    for message in due.filter(gateway=gateway.name)[:MOST]:
        if time.monotonic() >= ends:
            break
        if not _take(message, now):
            continue
        try:
            _ask(gateway, message, now)
        except (Unavailable, AccountRejected) as error:
            log.warning("sms_poll_stopped", gateway=gateway.name, code=error.code)
            break
        except IntegrationError as error:
            log.warning("sms_status_refused", gateway=gateway.name, message=message.pk, code=error.code)
        asked += 1
    return asked


def _give_up(now: datetime) -> None:
    """What nobody has told us for so long stays unclear."""
    open_ = Q(state=State.WAITING) | Q(state=State.UNCLEAR, ask_at__isnull=False)
    SmsMessage.objects.filter(open_, sent_at__lt=now - GIVE_UP).update(
        state=State.UNCLEAR, code="expired", changed_at=now, phone="", ask_at=None
    )


def _take(message: SmsMessage, now: datetime) -> bool:
    """Put the next question off, which also tells another run that this one asks."""
    mine = SmsMessage.objects.filter(pk=message.pk, ask_at=message.ask_at)
    return bool(mine.update(asked_at=now, ask_at=message.next_question(now)))


def _ask(gateway: SmsGateway, message: SmsMessage, now: datetime) -> None:
    status = gateway.status(id=message.gateway_id, phone=message.phone)
    _keep(message.pk, status, now)
    log.info("sms_asked", gateway=gateway.name, message=message.pk, state=status.state)


@transaction.atomic
def _keep(pk: int, status: DeliveryStatus, now: datetime) -> None:
    message = SmsMessage.objects.select_for_update().get(pk=pk)
    if message.follow(status.state, status.code, status.at or now):
        message.save(update_fields=SmsMessage.FOLLOWED)
