"""Delivery reports that come in: each has its effect once, and the order in which they come does not matter."""

from datetime import datetime

import structlog
from django.db import transaction

from apps.core.inbox import receive
from apps.integrations.models import SmsMessage
from apps.integrations.sms.gateway import Report

log = structlog.get_logger(__name__)


@transaction.atomic
def report_take(*, gateway: str, report: Report, now: datetime) -> bool:
    """Keep what `report` says of its message. False if that is no news, or about no message of ours."""
    message = SmsMessage.objects.select_for_update().filter(gateway=gateway, gateway_id=report.id).first()
    if message is None:
        log.info("sms_report_unknown", gateway=gateway)
        return False
    status, at = report.status, report.status.at or now
    told = f"{report.id}:{status.code}:{int(status.at.timestamp()) if status.at else ''}"
    if not receive(source=f"sms.{gateway}", external_id=told, now=now):
        return False
    news = message.follow(status.state, status.code, at)
    if news:
        message.save(update_fields=SmsMessage.FOLLOWED)
    log.info("sms_reported", gateway=gateway, message=message.pk, state=message.state, news=news)
    return news
