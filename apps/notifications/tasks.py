from celery import shared_task
from django.utils import timezone

from apps.notifications.digest import digest_due


@shared_task(name="notifications.digest")
def digest() -> None:
    """Tell the administrators what needs them, once a day; asked every hour, so that a missed one is made up for."""
    digest_due(now=timezone.now())
