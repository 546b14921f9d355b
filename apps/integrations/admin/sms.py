from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from apps.core.desk import words
from apps.core.desk.base import ReadOnlyAdmin
from apps.core.desk.handlers import words_of
from apps.integrations.models import SmsMessage

State = SmsMessage.State
COLOURS = {
    State.WAITING: "in_review",
    State.DELIVERED: "accepted",
    State.FAILED: "rejected",
    State.NOT_FOUND: "rejected",
    State.UNCLEAR: "needs_documents",
}


@admin.register(SmsMessage)
class SmsMessageAdmin(ReadOnlyAdmin):
    """How far each SMS came; neither to whom nor what it said."""

    desk_order = 50
    list_display = ("sent_at", "what", "state_badge", "code", "gateway", "gateway_id", "parts", "cost", "changed_at")
    list_filter = ("state", "gateway")
    list_joins = ("delivery",)
    list_defer = ("phone",)
    sortable_by = ()
    search_fields = ("gateway_id",)
    search_help_text = gettext_lazy("The id at the gateway")
    ordering = ("-id",)
    fields = ("what", "state_badge", "code", "gateway", "gateway_id", "parts", "cost", "sent_at", "changed_at",
              "asked_at", "ask_at")  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("message"))
    def what(self, row: SmsMessage) -> SafeString | str:
        if row.delivery is None:
            return "—"
        address = reverse("admin:core_delivery_change", args=[row.delivery.pk])
        return format_html('<a href="{}">{}</a>', address, words_of(row.delivery.handler))

    @admin.display(description=gettext_lazy("state"))
    def state_badge(self, row: SmsMessage) -> SafeString:
        return words.badge(COLOURS[State(row.state)], row.get_state_display())
