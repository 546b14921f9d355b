from celery import shared_task
from django.utils import timezone

from apps.integrations.checking import systems_check
from apps.integrations.sms.polling import sms_poll


@shared_task(name="integrations.sms_poll")
def ask_about_sms() -> int:
    """How the messages fare that no report has told about."""
    return sms_poll(now=timezone.now())


@shared_task(name="integrations.check")
def check() -> None:
    """Whether each outside system works for us; the Integrations page shows what they said."""
    systems_check(now=timezone.now())
