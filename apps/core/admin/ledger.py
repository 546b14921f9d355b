from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.core.admin.outbox import pretty
from apps.core.desk.base import ReadOnlyAdmin
from apps.core.models import AuditEntry, InboxMessage


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Who saw or changed what; rows are only ever added, and nobody edits them."""

    desk_order = 30
    list_display = ("at", "actor", "action", "object_type", "object_id", "reason")
    list_joins = ("actor",)
    sortable_by = ()
    search_fields = ("object_id",)
    search_help_text = _("An object's id, a user's name, or an action such as contact.reveal")
    fields = ("at", "actor", "action", "object_type", "object_id", "reason", "shown")
    readonly_fields = ("shown",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[AuditEntry]", search_term: str
    ) -> tuple["QuerySet[AuditEntry]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        by_id = queryset.filter(object_id=term)
        if by_id.exists():
            return by_id, False
        return (queryset.filter(action=term) if "." in term else queryset.filter(actor__username=term)), False

    @admin.display(description=_("details"))
    def shown(self, row: AuditEntry) -> SafeString | str:
        return pretty(row.detail)


@admin.register(InboxMessage)
class InboxAdmin(ReadOnlyAdmin):
    desk_order = 40
    list_display = ("source", "external_id", "received_at")
    sortable_by = ()
    search_fields = ("external_id",)
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[InboxMessage]", search_term: str
    ) -> tuple["QuerySet[InboxMessage]", bool]:
        return (queryset.filter(external_id=search_term.strip()) if search_term.strip() else queryset), False
