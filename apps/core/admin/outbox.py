"""Events as they were published, each with its deliveries."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from apps.core.desk.base import ReadOnlyAdmin
from apps.core.models import Delivery, OutboxEvent


def pretty(data: Any) -> SafeString | str:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return format_html('<pre class="code" tabindex="0">{}</pre>', text) if data else "—"


class DeliveryInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Delivery
    template = "core/readonly_inline.html"
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("handler", "target", "state", "attempts", "last_error", "finished_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    desk_order = 20
    list_display = ("name", "aggregate", "occurred_at", "request_id")
    sortable_by = ()
    search_fields = ("aggregate",)
    search_help_text = gettext_lazy("What it is about, such as claim:id, or the event's name")
    ordering = ("-occurred_at",)
    fields = ("name", "aggregate", "occurred_at", "request_id", "shown")
    readonly_fields = ("shown",)
    inlines = (DeliveryInline,)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[OutboxEvent]", search_term: str
    ) -> tuple["QuerySet[OutboxEvent]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return (queryset.filter(aggregate=term) if ":" in term else queryset.filter(name=term)), False

    @admin.display(description=gettext_lazy("data"))
    def shown(self, row: OutboxEvent) -> SafeString | str:
        return pretty(row.data)
