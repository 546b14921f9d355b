"""The form that applicants fill in: staff edit its rows and publish them as a new version."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.claims.admin.conditions import slots_for, waiting_for
from apps.claims.admin.forms import (
    EventTypeForm,
    KindForm,
    QuestionForm,
    QuestionFormSet,
    QuestionPageForm,
    ReasonForm,
    RowsFormSet,
    SlotForm,
    SlotPageForm,
)
from apps.claims.admin.preview import preview
from apps.claims.models import DocumentKind, DocumentSlot, EventType, FormDefinition, Question, ReadyReason
from apps.claims.selectors import definition_changes
from apps.claims.services import definition_publish
from apps.core.desk.base import ReadOnlyAdmin, StaffAdmin, actor_of, say
from apps.core.errors import DomainError
from apps.core.fields import translated

MAY_PUBLISH = "claims.add_formdefinition"
GREATEST = 32767  # of a PositiveSmallIntegerField
QUESTION_FIELDSETS: Any = [
    (None, {"fields": [("key", "kind"), "label", ("required", "order")]}),
    (gettext_lazy("Help, choices, condition, bounds"), {
        "classes": ["collapse"],
        "fields": ["help", "choices", ("condition_key", "condition_value"), ("least", "most"), "role"],
    }),
    (gettext_lazy("Only when it is needed"), {"classes": ["collapse"], "fields": ["on_advice", "words"]}),
]  # fmt: skip
SLOT_FIELDSETS: Any = [
    (None, {"fields": ["key", "title", ("required", "order", "max_files"), "accepts", "kinds"]}),
    (gettext_lazy("Why it is needed, what is accepted"), {"classes": ["collapse"], "fields": ["why", "accepts_note"]}),
    (gettext_lazy("Only when it is needed"), {"classes": ["collapse"], "fields": ["on_advice", "words"]}),
]  # fmt: skip

ORDER_JS = Script("claims/admin/order.js", **{
    "type": "module", "data-up": gettext_lazy("Move up"), "data-down": gettext_lazy("Move down"),
    "data-drag": gettext_lazy("Drag to another place"),
    "data-failed": gettext_lazy("The new order is not saved. Reload the page and try again."),
})  # fmt: skip


class CatalogueAdmin(StaffAdmin):
    """Rows of the catalogue may be deleted: claims keep the published version that they were filled in by."""

    class Media:
        js = (ORDER_JS,)

    list_per_page = 100
    change_list_template = "claims/admin/catalogue_list.html"
    change_form_template = "claims/admin/catalogue_form.html"
    delete_confirmation_template = "claims/admin/catalogue_delete.html"
    delete_selected_confirmation_template = "claims/admin/catalogue_delete_selected.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def estimated_count(self, request: HttpRequest) -> int | None:
        return None

    def get_urls(self) -> list[Any]:
        reorder = self.admin_site.admin_view(require_POST(self.reorder))
        return [path("reorder/", reorder, name=f"claims_{self.opts.model_name}_reorder"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        asked = request.GET
        in_order = not (asked.get("o") or asked.get("q") or asked.get("of") == "all")
        if not (in_order and self.has_change_permission(request)):
            return shown
        return ["place" if name == "order" else name for name in shown]

    @admin.display(description=gettext_lazy("order"), ordering="order")
    def place(self, row: Any) -> SafeString:
        """The order of a row that order.js lets staff move among those of its group."""
        return format_html('<span data-row="{}" data-group="{}">{}</span>', row.pk, getattr(row, "use", ""), row.order)

    def reorder(self, request: HttpRequest) -> HttpResponse:
        """Gives the rows sent as `id` the places that they hold now, in the order in which they are sent."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            ids = [UUID(one) for one in request.POST.getlist("id")]
        except ValueError:
            return HttpResponseBadRequest()
        with transaction.atomic():
            asked = self.get_queryset(request).filter(pk__in=ids).order_by("pk")  # all lock them in one order
            rows = {row.pk: row for row in asked.select_for_update()}
            if len(ids) < 2 or len(rows) != len(ids):
                return HttpResponseBadRequest()
            for pk, order in zip(ids, rising(row.order for row in rows.values()), strict=True):
                row = rows[pk]
                if row.order != order:
                    row.order = order
                    row.save(update_fields=["order", "updated_at"])
                    self.log_change(request, row, [{"changed": {"fields": ["order"]}}])
        return HttpResponse(status=204)

    def needed_by(self, row: Any) -> list[Any]:
        """What would refer to nothing without `row`."""
        return []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        going = {row.pk for row in objs}
        needed = {one.pk: one for row in objs for one in self.needed_by(row) if one.pk not in going}
        return found, counts, lacking, [*protected, *map(_linked, needed.values())]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        obj = super().get_object(request, object_id, from_field)
        if obj is None or request.method != "POST":
            return obj
        whole = getattr(obj, "event_type", None) or obj  # who saves the same rows waits here, and then sees the change
        type(whole)._default_manager.select_for_update().filter(pk=whole.pk).first()
        return super().get_object(request, object_id, from_field)

    def get_inline_formsets(self, request: HttpRequest, formsets: Any, *args: Any, **kwargs: Any) -> Any:
        for formset in formsets:
            if formset.is_bound:  # what was typed in a row that another has deleted stays on the page too
                formset._queryset = [form.instance for form in formset.initial_forms]
        return super().get_inline_formsets(request, formsets, *args, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        event_type = obj if isinstance(obj, EventType) else getattr(obj, "event_type", None)
        asked = Question.objects.filter(Q(event_type=None) | Q(event_type=event_type)).order_by("key")
        return super().render_change_form(request, {**context, "questions": asked}, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        newest = FormDefinition.objects.only("version", "created_at").order_by("-version").first()
        more = {"published": newest, "changes": changes(), "may_publish": request.user.has_perm(MAY_PUBLISH)}
        return super().changelist_view(request, {**(extra_context or {}), **more})


def rising(orders: Iterable[int]) -> list[int]:
    """The same places, sorted, each after the one before; counted anew by tens where they would grow too great."""
    places: list[int] = []
    for order in sorted(orders):
        places.append(max(places[-1] + 1, order) if places else order)
    return places if places[-1] <= GREATEST else [10 * (n + 1) for n in range(len(places))]


def _linked(row: Question | DocumentSlot) -> SafeString:
    url = reverse(f"admin:claims_{row._meta.model_name}_change", args=[row.pk])
    return format_html('{}: <a href="{}">{}</a>', row.event_type or _("Everyone"), url, row)


def changes() -> list[tuple[str, list[tuple[str, str]]]]:
    """What publishing would change: (group, [(title, how)]), without the groups that stay as they are."""
    groups = {"common": _("Asked of everyone"), "event_types": _("Event types"), "kinds": _("Kinds of papers")}
    hows = {"added": _("added"), "changed": _("changed"), "removed": _("removed"), "order": _("in another order")}
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in groups}
    for one in definition_changes():
        found[one.group].append((translated(one.title), hows[one.how]))
    return [(groups[name], rows) for name, rows in found.items() if rows]


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
    formset = RowsFormSet
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
        return [
            path("publish/", wrap(self.publish), name="claims_eventtype_publish"),
            path("preview/", wrap(self.preview), name="claims_eventtype_preview"),
            *super().get_urls(),
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The form as its rows would make it, in one of its languages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Preview of the form")}
        language = request.GET.get("language", "ru")
        return TemplateResponse(request, "claims/admin/preview.html", {**shown, **preview(language)})

    def publish(self, request: HttpRequest) -> HttpResponse:
        """What would change, and on POST the publishing itself."""
        if not request.user.has_perm(MAY_PUBLISH):
            raise PermissionDenied
        if request.method == "POST":
            try:
                now = timezone.now()
                made = definition_publish(actor=actor_of(request), now=now)
            except DomainError as error:
                say(request, error)
            else:
                if made.created_at == now:
                    messages.success(request, _("Version %(n)d is published: new claims use it.") % {"n": made.version})
                else:
                    messages.info(request, _("Nothing has changed since version %(n)d.") % {"n": made.version})
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
    form = QuestionPageForm
    desk_order = 21
    list_display = ("text", "key", "kind", "required", "asked_of", "order")

    def needed_by(self, row: Question) -> list[Question]:
        return waiting_for(row)

    fieldsets = [(None, {"fields": ["event_type", ("key", "kind"), "label", "help", ("required", "order"), "choices",
                                    ("condition_key", "condition_value"), ("least", "most"), "role", "on_advice",
                                    "words"]})]  # fmt: skip


@admin.register(DocumentSlot)
class DocumentSlotAdmin(CommonAdmin):
    form = SlotPageForm
    desk_order = 22
    list_display = ("text", "key", "required", "max_files", "asked_of", "order")
    fieldsets = [(None, {"fields": ["event_type", "key", "title", "why", "accepts_note", "accepts", "kinds",
                                    ("required", "order", "max_files"), "on_advice", "words"]})]  # fmt: skip


@admin.register(DocumentKind)
class DocumentKindAdmin(CatalogueAdmin):
    form = KindForm
    desk_order = 24
    list_display = ("text", "code", "textless", "order")
    search_fields = ("code",)
    fieldsets = [(None, {"fields": ["code", "title", "words", ("textless", "order")]})]

    def needed_by(self, row: DocumentKind) -> list[DocumentSlot]:
        return slots_for(row)

    @admin.display(description=gettext_lazy("title"))
    def text(self, row: DocumentKind) -> str:
        return str(row)


@admin.register(ReadyReason)
class ReadyReasonAdmin(CatalogueAdmin):
    form = ReasonForm
    desk_order = 25
    change_list_template = "claims/admin/catalogue_order.html"  # these are not published with the form
    list_display = ("text_shown", "use", "order", "is_active")
    list_filter = ("use", "is_active")
    fieldsets = [(None, {"fields": ["use", "text", ("order", "is_active")]})]

    @admin.display(description=gettext_lazy("text"))
    def text_shown(self, row: ReadyReason) -> str:
        return str(row)


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
