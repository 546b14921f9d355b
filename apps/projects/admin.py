from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.contacts.models import Contact
from apps.contacts.selectors import matches
from apps.core.desk import words
from apps.core.desk.base import StaffAdmin
from apps.core.panels import panel
from apps.projects.models import Project


@admin.register(Project)
class ProjectAdmin(StaffAdmin):
    desk_order = 10
    list_display = ("title", "person", "state", "created_at")
    list_filter = ("status",)
    list_joins = ("contact",)
    sortable_by = ()
    search_fields = ("title",)
    search_help_text = _("Phone or its last 4 digits, name")
    ordering = ("-created_at", "-id")
    fields = ("title", "status", "person", "created_at")
    readonly_fields = ("person", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a project comes with the first policy of a contact

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Project]", search_term: str
    ) -> tuple["QuerySet[Project]", bool]:
        if not search_term.strip():
            return queryset, False
        people = Contact.objects.filter(matches(search_term)).values_list("pk", flat=True)[:1000]
        return queryset.filter(contact_id__in=list(people)), False

    @admin.display(description=_("person"))
    def person(self, row: Project) -> SafeString:
        url = reverse("admin:contacts_contact_change", args=[row.contact_id])
        return format_html('<a href="{}">{}</a>', url, row.contact)

    @admin.display(description=_("status"))
    def state(self, row: Project) -> SafeString:
        return words.badge(f"project-{row.status}", row.get_status_display())


@panel(
    model="contacts.Contact", title=_("Projects"), template="projects/admin/projects_panel.html",
    permission="projects.view_project", order=20,
)  # fmt: skip
def projects_of_contact(request: HttpRequest, contact: Any) -> dict[str, Any]:
    return {"projects": list(Project.objects.filter(contact=contact).order_by("-created_at", "-id")[:20])}
