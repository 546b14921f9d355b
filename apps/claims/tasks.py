from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apps.claims.services import drafts_purge
from apps.claims.services.advice import advice_give_up
from apps.claims.services.reconcile import claims_reconcile
from apps.claims.services.reminders import claims_remind
from apps.contacts.services import verification_purge
from apps.core.files.upload import uploads_purge
from apps.core.idempotency import keys_purge
from apps.core.quotas import quotas_purge


@shared_task(name="claims.purge")
def purge() -> None:
    """What is past its time: drafts with their files, advice that never came, codes, sessions, what was left behind."""
    now = timezone.now()
    drafts_purge(now=now)
    advice_give_up(now=now)
    uploads_purge(now=now)
    verification_purge(now=now)
    keys_purge(now=now)
    quotas_purge(now=now)


@shared_task(name="claims.reconcile")
def reconcile() -> None:
    """Last week's claims against the CRM; what differs stands in the administrators' digest."""
    if settings.CRM_URL:
        now = timezone.now()
        claims_reconcile(since=now - timedelta(days=7), most=2000, now=now)


@shared_task(name="claims.remind")
def remind() -> None:
    """Applicants, of what their claims still lack."""
    claims_remind(now=timezone.now())
