from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.claims.models import SbpBank
from apps.core.desk.base import StaffAdmin


@admin.register(SbpBank)
class SbpBankAdmin(StaffAdmin):
    """Switched off rather than deleted: requisites name their bank."""

    desk_order = 40
    list_display = ("member_id", "shown", "is_active")
    list_filter = ("is_active",)
    search_fields = ("member_id",)
    fields = ("member_id", "name", "is_active")

    @admin.display(description=_("name"))
    def shown(self, row: SbpBank) -> str:
        return str(row)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("member_id",) if obj else ()
