"""What needs somebody, to the administrators: at most one email a day, and none where all is well."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts.models import User
from apps.accounts.roles import ADMINISTRATOR
from apps.claims.rules.reconcile import Verdict
from apps.claims.selectors.reconcile import latest_reconciliation
from apps.core import inbox
from apps.core.desk.site import zone
from apps.core.desk.words import short_age
from apps.core.outbox import publish
from apps.integrations.overview import Standing, attention, unsound
from apps.integrations.registry import integration_named
from apps.notifications.events import AttentionDue

log = structlog.get_logger(__name__)
HOUR = 9  # of the installation's day, from which on it is sent
NAMED = 20  # claims that one mail names
DIFFERENCES = {
    Verdict.DOUBLED: gettext_lazy("several tickets in the CRM"),
    Verdict.MISSING: gettext_lazy("its ticket is gone from the CRM"),
    Verdict.OTHER: gettext_lazy("another ticket in the CRM than here"),
    Verdict.UNREGISTERED: gettext_lazy("not in the CRM, and nothing will bring it there"),
}


@dataclass(frozen=True)
class Line:
    """Something that needs somebody: what it is, what is to be said, and where to see to it."""

    title: str
    text: str
    url: str


def digest_due(*, now: datetime) -> int:
    """Have each administrator told, once a day, if anything needs somebody. Returns how many are."""
    local = timezone.localtime(now)
    if local.hour < HOUR or not _lines(now):
        return 0
    people = list(administrators())
    if not people:
        log.warning("digest_has_no_readers")
        return 0
    day = local.date().isoformat()
    with transaction.atomic():
        if not inbox.receive(source="digest", external_id=day, now=now):
            return 0
        for user in people:
            publish(AttentionDue(user_id=str(user.pk), day=day), now=now)
    return len(people)


def administrators() -> "QuerySet[User]":
    """Those who can be written to."""
    role = Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR)
    return User.objects.filter(role, is_active=True).exclude(email="").distinct().order_by("pk")


def message(*, user_id: str, now: datetime) -> EmailMultiAlternatives | None:
    """The mail as things are now, in the reader's language; None if there is nothing to tell, or nobody to tell it."""
    user = administrators().filter(pk=user_id).first()
    if user is None:
        return None
    with translation.override(user.language), timezone.override(zone(user.time_zone)):
        lines = _lines(now)
        return _written(user, lines) if lines else None


def _written(user: User, lines: list[Line]) -> EmailMultiAlternatives:
    facts = {"title": _("Needs attention"), "lines": lines, "language": user.language,
             "url": f"{settings.SITE_URL}{reverse('admin:index')}"}  # fmt: skip
    subject = ngettext("Claimdesk: %(n)d thing needs attention", "Claimdesk: %(n)d things need attention", len(lines))
    mail = EmailMultiAlternatives(
        subject % {"n": len(lines)}, render_to_string("notifications/digest.txt", facts), to=[user.email]
    )
    mail.attach_alternative(render_to_string("notifications/digest.html", facts), "text/html")
    mail.extra_headers["Auto-Submitted"] = "auto-generated"
    return mail


def _lines(now: datetime) -> list[Line]:
    found = [_deliveries(name, n, now - first) for name, n, first in attention()]
    return [*found, *(_system(one) for one in unsound(now=now)), *_differences(now)]


def _deliveries(target: str, n: int, oldest: timedelta) -> Line:
    text = ngettext(
        "%(n)d delivery needs attention, the oldest for %(age)s.",
        "%(n)d deliveries need attention, the oldest for %(age)s.", n,
    )  # fmt: skip
    known = integration_named(target)
    asked = urlencode({"state": "needs_attention", "target": target})
    return Line(str(known.title) if known else target, text % {"n": n, "age": short_age(oldest)},
                _address("admin:core_delivery_changelist", f"?{asked}"))  # fmt: skip


def _system(one: Standing) -> Line:
    return Line(one.title, " ".join(one.reasons), _address("admin:integrations_system_changelist", f"#{one.name}"))


def _differences(now: datetime) -> list[Line]:
    latest = latest_reconciliation(now=now)
    if latest is None or not latest.flaws:
        return []
    named = [f"{one['number']}: {DIFFERENCES[Verdict(one['verdict'])]}" for one in latest.flaws[:NAMED]]
    text = _("Claims that differ: %(n)d. %(named)s.") % {"n": _flawed(latest.counts), "named": "; ".join(named)}
    return [Line(_("Comparison with the CRM"), text, _address("admin:core_auditentry_changelist", ""))]


def _flawed(counts: dict[str, Any]) -> int:
    return sum(counts.get(verdict, 0) for verdict in DIFFERENCES)


def _address(name: str, more: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}{more}"
