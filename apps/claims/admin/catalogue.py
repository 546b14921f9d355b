"""The form that applicants fill in: staff edit its rows and publish them as a new version."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.claims.admin.forms import EventTypeForm, QuestionForm, QuestionFormSet, SlotForm
from apps.claims.models import DocumentSlot, EventType, FormDefinition, Question
from apps.claims.selectors import definition_changes
from apps.claims.services import definition_publish
from apps.core.desk.base import ReadOnlyAdmin, StaffAdmin, actor_of, say
from apps.core.errors import DomainError
from apps.core.fields import translated

MAY_PUBLISH = "claims.add_formdefinition"
QUESTION_FIELDSETS: Any = [
    (None, {"fields": [("key", "kind"), "label", ("required", "order")]}),
    (gettext_lazy("Help, choices, condition, bounds"), {
        "classes": ["collapse"],
        "fields": ["help", "choices", ("condition_key", "condition_value"), ("least", "most"), "role"],
    }),
]  # fmt: skip
SLOT_FIELDSETS: Any = [
    (None, {"fields": ["key", "title", ("required", "order", "max_files"), "accepts"]}),
    (gettext_lazy("Why it is needed, what is accepted"), {"classes": ["collapse"], "fields": ["why", "accepts_note"]}),
]  # fmt: skip


class CatalogueAdmin(StaffAdmin):
    """Rows of the catalogue may be deleted: claims keep the published version that they were filled in by."""

    list_per_page = 100
    change_list_template = "claims/admin/catalogue_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def estimated_count(self, request: HttpRequest) -> int | None:
        return None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        newest = FormDefinition.objects.only("version", "created_at").order_by("-version").first()
        more = {"published": newest, "changes": changes(), "may_publish": request.user.has_perm(MAY_PUBLISH)}
        return super().changelist_view(request, {**(extra_context or {}), **more})


def changes() -> list[tuple[str, int]]:
    """What publishing would change: (what, how many), without the zeros."""
    words = {"added": _("Added"), "changed": _("Changed"), "removed": _("Removed")}
    return [(words.get(name, name), n) for name, n in definition_changes().items() if n]


class QuestionInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Question
    form = QuestionForm
    formset = QuestionFormSet
    extra = 0
    fieldsets = QUESTION_FIELDSETS
    template = "core/folded_inline.html"


class SlotInline(admin.StackedInline):  # type: ignore[type-arg]
    model = DocumentSlot
    form = SlotForm
    extra = 0
    fieldsets = SLOT_FIELDSETS
    template = "core/folded_inline.html"


@admin.register(EventType)
class EventTypeAdmin(CatalogueAdmin):
    form = EventTypeForm
    desk_order = 20
    list_display = ("title_shown", "code", "questions_count", "slots_count", "order", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code",)
    inlines = (QuestionInline, SlotInline)
    fieldsets = [
        (None, {"fields": [("code", "icon"), "title", "description", ("order", "is_active")]}),
        (gettext_lazy("Words for the adviser"), {"classes": ["collapse"], "fields": ["words"]}),
    ]  # fmt: skip

    def list_rows(self, request: HttpRequest, ids: list[Any]) -> list[Any]:
        rows: QuerySet[EventType] = EventType.objects.filter(pk__in=ids)
        counted = rows.annotate(n_questions=Count("questions", distinct=True), n_slots=Count("slots", distinct=True))
        found = {one.pk: one for one in counted}
        return [found[pk] for pk in ids if pk in found]

    @admin.display(description=gettext_lazy("event type"), ordering="code")
    def title_shown(self, row: EventType) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("questions"))
    def questions_count(self, row: Any) -> int:
        return int(row.n_questions)

    @admin.display(description=gettext_lazy("documents"))
    def slots_count(self, row: Any) -> int:
        return int(row.n_slots)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [path("publish/", wrap(self.publish), name="claims_eventtype_publish"), *super().get_urls()]

    def publish(self, request: HttpRequest) -> HttpResponse:
        """What would change, and on POST the publishing itself."""
        if not request.user.has_perm(MAY_PUBLISH):
            raise PermissionDenied
        if request.method == "POST":
            try:
                made = definition_publish(actor=actor_of(request), now=timezone.now())
            except DomainError as error:
                say(request, error)
            else:
                messages.success(request, _("Version %(n)d is published: new claims use it.") % {"n": made.version})
            return HttpResponseRedirect(reverse("admin:claims_eventtype_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Publish the form"),
            "changes": changes(),
            "published": FormDefinition.objects.only("version", "created_at").order_by("-version").first(),
        }
        return TemplateResponse(request, "claims/admin/publish.html", context)


class CommonFirst(admin.SimpleListFilter):
    """Questions and documents of an event type are edited with it; these lists begin with what everyone is asked."""

    title = gettext_lazy("event type")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", gettext_lazy("All event types too"))]

    def choices(self, changelist: Any) -> Any:
        shown = list(super().choices(changelist))
        shown[0]["display"] = gettext_lazy("Asked of everyone")
        return shown

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset if self.value() == "all" else queryset.filter(event_type=None)


class CommonAdmin(CatalogueAdmin):
    list_filter = (CommonFirst,)
    list_joins = ("event_type",)
    search_fields = ("key",)

    @admin.display(description=gettext_lazy("event type"))
    def asked_of(self, row: Any) -> str:
        return str(row.event_type or _("Everyone"))

    @admin.display(description=gettext_lazy("text"))
    def text(self, row: Any) -> str:
        return str(row)


@admin.register(Question)
class QuestionAdmin(CommonAdmin):
    form = QuestionForm
    desk_order = 21
    list_display = ("text", "key", "kind", "required", "asked_of", "order")
    fieldsets = [(None, {"fields": ["event_type", ("key", "kind"), "label", "help", ("required", "order"), "choices",
                                    ("condition_key", "condition_value"), ("least", "most"), "role"]})]  # fmt: skip


@admin.register(DocumentSlot)
class DocumentSlotAdmin(CommonAdmin):
    form = SlotForm
    desk_order = 22
    list_display = ("text", "key", "required", "max_files", "asked_of", "order")
    fieldsets = [(None, {"fields": ["event_type", "key", "title", "why", "accepts_note", "accepts",
                                    ("required", "order", "max_files")]})]  # fmt: skip


@admin.register(FormDefinition)
class FormDefinitionAdmin(ReadOnlyAdmin):
    desk_order = 23
    list_display = ("version", "created_at", "published_by", "event_types")
    list_joins = ("published_by",)
    fields = ("version", "created_at", "published_by", "event_types", "shown")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("event types"))
    def event_types(self, row: FormDefinition) -> str:
        return ", ".join(translated(one["title"]) for one in row.content.get("event_types", []))

    @admin.display(description=gettext_lazy("content"))
    def shown(self, row: FormDefinition) -> SafeString:
        text = json.dumps(row.content, ensure_ascii=False, indent=1)
        return format_html('<pre class="code" tabindex="0">{}</pre>', text)
