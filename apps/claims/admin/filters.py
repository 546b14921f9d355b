from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.claims.admin.reads import event_titles
from apps.claims.models import Claim

OPEN = "open"
ARRIVED = "arrived"


class StatusFilter(admin.SimpleListFilter):
    """Without a choice drafts are hidden: they are the applicant's until submitted."""

    title = _("status")
    parameter_name = "status"
    template = "core/filter_tabs.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        submitted = [choice for choice in Claim.Status.choices if choice[0] != Claim.Status.DRAFT]
        return [(OPEN, _("Open")), *submitted, (Claim.Status.DRAFT, _("Drafts"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("All submitted"),
        }
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Claim]") -> "QuerySet[Claim]":
        chosen = self.value()
        if chosen == OPEN:
            return queryset.filter(status__in=Claim.OPEN)
        if chosen in Claim.Status.values:
            return queryset.filter(status=chosen)
        return queryset.filter(~Q(status=Claim.Status.DRAFT))


class EventFilter(admin.SimpleListFilter):
    title = _("event type")
    parameter_name = "event_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(event_titles().items())

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Claim]") -> "QuerySet[Claim]":
        return queryset.filter(event_type=self.value()) if self.value() else queryset


class PeriodFilter(admin.SimpleListFilter):
    title = _("period")
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("today", _("Today")), ("7", _("7 days")), ("30", _("30 days")), ("365", _("A year"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Claim]") -> "QuerySet[Claim]":
        chosen = self.value()
        if chosen == "today":
            midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
            return queryset.filter(listed_at__gte=midnight)
        if chosen in ("7", "30", "365"):
            return queryset.filter(listed_at__gte=timezone.now() - timedelta(days=int(chosen)))
        return queryset


class MissingFilter(admin.SimpleListFilter):
    title = _("missing")
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("no", _("Complete")), ("yes", _("Something is missing")), (ARRIVED, _("Documents arrived")),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Claim]") -> "QuerySet[Claim]":
        if self.value() == ARRIVED:
            return queryset.filter(status=Claim.Status.NEEDS_DOCUMENTS, missing=0)
        if self.value() == "no":
            return queryset.filter(missing=0)
        return queryset.filter(missing__gt=0) if self.value() == "yes" else queryset
