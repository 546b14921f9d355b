from celery import shared_task
from django.utils import timezone

from apps.claims.services import drafts_purge
from apps.contacts.services import verification_purge
from apps.core.idempotency import keys_purge
from apps.core.quotas import quotas_purge


@shared_task(name="claims.purge")
def purge() -> None:
    """What is past its time: drafts with their files, codes, sessions, idempotency keys, quotas."""
    now = timezone.now()
    drafts_purge(now=now)
    verification_purge(now=now)
    keys_purge(now=now)
    quotas_purge(now=now)
