"""What the desk's first page says of claims."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.claims.admin import reads
from apps.core.desk.index import block


@block(title=_("Claims"), template="claims/admin/first_counts.html", permission="claims.view_claim", order=10)
def counts(request: HttpRequest) -> dict[str, Any]:
    return {"statuses": reads.statuses_counted(), "url": reverse("admin:claims_claim_changelist")}


@block(title=_("Waiting longest"), template="claims/admin/first_waiting.html", permission="claims.view_claim", order=20)
def waiting(request: HttpRequest) -> dict[str, Any]:
    titles = reads.event_titles()
    claims: list[Any] = reads.waiting_longest()
    for one in claims:
        one.shown_event = titles.get(one.event_type, one.event_type)
    return {"claims": claims, "now": timezone.now()}
