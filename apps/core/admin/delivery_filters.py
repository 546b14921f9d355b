from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from apps.core import targets
from apps.core.deliveries import behind
from apps.core.desk.handlers import target_words, words_of
from apps.core.models import Delivery
from apps.core.outbox import handlers

State = Delivery.State
PARKED = "parked"
NOT_DONE = (*Delivery.UNFINISHED, State.NEEDS_ATTENTION)


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    template = "core/filter_tabs.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unfinished", gettext_lazy("Unfinished")), (PARKED, gettext_lazy("Parked")), *State.choices]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        if self.value() == "unfinished":
            return queryset.filter(state__in=NOT_DONE)
        if self.value() == PARKED:
            return parked_ones(queryset)
        return queryset.filter(state=self.value()) if self.value() in State.values else queryset


class HandlerFilter(admin.SimpleListFilter):
    title = gettext_lazy("handler")
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words_of(name)) for name in sorted(one.name for one in handlers())]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        return queryset.filter(handler=self.value()) if self.value() else queryset


class TargetFilter(admin.SimpleListFilter):
    title = gettext_lazy("target")
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, target_words(name)) for name in sorted({one.target for one in handlers()})]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        return queryset.filter(target=self.value()) if self.value() else queryset


def parked_ones(rows: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
    """Those that would be worked on, if their target were not paused and its breaker closed."""
    held = rows.filter(state__in=(State.QUEUED, State.WAITING), target__in=targets.parked(timezone.now()))
    return held.filter(~behind())
