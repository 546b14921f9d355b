"""Claims on the pages of what they belong to."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.claims.admin.reads import event_titles
from apps.claims.models import Claim
from apps.core.panels import panel

SHOWN = 20
TEMPLATE = "claims/admin/claims_panel.html"


def _claims(**of: Any) -> dict[str, Any]:
    rows = Claim.objects.filter(**of).exclude(status=Claim.Status.DRAFT).order_by("-listed_at", "-id")
    rows = rows.only("number", "status", "event_type", "event_date", "listed_at", "missing")
    titles = event_titles()
    claims: list[Any] = list(rows[: SHOWN + 1])
    for one in claims:
        one.shown_event = titles.get(one.event_type, one.event_type)
    return {"claims": claims[:SHOWN], "more": len(claims) > SHOWN, "url": reverse("admin:claims_claim_changelist")}


@panel(model="contacts.Contact", title=_("Claims"), template=TEMPLATE, permission="claims.view_claim", order=10)
def claims_of_contact(request: HttpRequest, contact: Any) -> dict[str, Any]:
    return _claims(contact=contact)


@panel(model="projects.Project", title=_("Claims"), template=TEMPLATE, permission="claims.view_claim", order=10)
def claims_of_project(request: HttpRequest, project: Any) -> dict[str, Any]:
    return _claims(project=project)


@panel(model="policies.Policy", title=_("Claims"), template=TEMPLATE, permission="claims.view_claim", order=10)
def claims_of_policy(request: HttpRequest, policy: Any) -> dict[str, Any]:
    return _claims(policy=policy)
