"""Events and their deliveries: what is stuck, why, and what to do about it."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from apps.core.deliveries import delivery_cancel, delivery_retry
from apps.core.desk import words
from apps.core.desk.base import ReadOnlyAdmin, actor_of, say
from apps.core.desk.handlers import words_of
from apps.core.errors import DomainError
from apps.core.models import Delivery, DeliveryAttempt, OutboxEvent

State = Delivery.State
MAY_MOVE = "core.change_delivery"
AT_ONCE = 500


def pretty(data: Any) -> SafeString | str:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return format_html('<pre class="code" tabindex="0">{}</pre>', text) if data else "—"


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    template = "core/filter_tabs.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unfinished", gettext_lazy("Unfinished")), *State.choices]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        if self.value() == "unfinished":
            return queryset.filter(state__in=(*Delivery.UNFINISHED, State.NEEDS_ATTENTION))
        return queryset.filter(state=self.value()) if self.value() in State.values else queryset


class HandlerFilter(admin.SimpleListFilter):
    title = gettext_lazy("handler")
    parameter_name = "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        from apps.core.outbox import _handlers

        return [(name, words_of(name)) for name in sorted(_handlers)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        return queryset.filter(handler=self.value()) if self.value() else queryset


class TargetFilter(admin.SimpleListFilter):
    title = gettext_lazy("target")
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        from apps.core.outbox import _handlers

        return [(name, name) for name in sorted({one.target for one in _handlers.values()})]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> "QuerySet[Delivery]":
        return queryset.filter(target=self.value()) if self.value() else queryset


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    model = DeliveryAttempt
    template = "core/readonly_inline.html"
    extra = 0
    can_delete = False
    fields = ("number", "started_at", "took", "outcome", "error", "shown", "by")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("took"))
    def took(self, row: DeliveryAttempt) -> str:
        return _("%(n)s ms") % {"n": row.duration_ms}

    @admin.display(description=gettext_lazy("request and answer, masked"))
    def shown(self, row: DeliveryAttempt) -> SafeString | str:
        return pretty(row.detail)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    desk_order = 10
    list_display = ("shown", "target", "state_shown", "attempts", "age", "next_shown", "error_shown")
    list_filter = (StateFilter, TargetFilter, HandlerFilter)
    list_joins = ("event",)
    sortable_by = ()
    search_fields = ("event__aggregate",)
    search_help_text = gettext_lazy("The id of the claim or another thing that it is about")
    actions = ("retry", "cancel")
    ordering = ("-id",)
    fields = ("handler", "target", ("chain", "position"), "state_shown", "about", "attempts", "remote_id",
              "error_shown", "created_at", "next_at", "intent_at", "expires_at", "finished_at")  # fmt: skip
    readonly_fields = ("state_shown", "about", "error_shown")
    inlines = (AttemptInline,)
    change_form_template = "core/delivery.html"

    @admin.display(description=gettext_lazy("last error"))
    def error_shown(self, delivery: Delivery) -> str:
        return words.said(delivery.last_error)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Delivery]", search_term: str
    ) -> tuple["QuerySet[Delivery]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        events = OutboxEvent.objects.filter(aggregate__in=[term, f"claim:{term}"]).values("pk")
        return queryset.filter(event__in=events), False

    @admin.display(description=gettext_lazy("delivery"))
    def shown(self, row: Delivery) -> SafeString:
        return format_html('<b>{}</b><br><span class="quiet">{}</span>', words_of(row.handler), row.event.name)

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: Delivery) -> SafeString:
        return words.badge(f"delivery-{row.state}", row.get_state_display())

    @admin.display(description=gettext_lazy("age"))
    def age(self, row: Delivery) -> SafeString | str:
        return words.age(row.created_at)

    @admin.display(description=gettext_lazy("next try"))
    def next_shown(self, row: Delivery) -> str:
        if row.state not in Delivery.UNFINISHED:
            return "—"
        left = row.next_at - timezone.now()
        return _("in %(time)s") % {"time": words.short_age(left)} if left.total_seconds() > 0 else _("now")

    @admin.display(description=gettext_lazy("about"))
    def about(self, row: Delivery) -> SafeString:
        url = reverse("admin:core_outboxevent_change", args=[row.event_id])
        return format_html('<a href="{}">{}</a> · {}', url, row.event.name, row.event.aggregate)

    # --- actions

    def has_move_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_MOVE))

    @admin.action(description=gettext_lazy("Try again now"), permissions=["move"])
    def retry(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> None:
        self._each(request, queryset, lambda pk: delivery_retry(
            delivery_id=pk, actor=actor_of(request), now=timezone.now()
        ))  # fmt: skip

    @admin.action(description=gettext_lazy("Cancel …"), permissions=["move"])
    def cancel(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> HttpResponse | None:
        """Asks for the reason first."""
        reason = request.POST.get("reason", "").strip()
        if "reason" in request.POST and reason:
            self._each(request, queryset, lambda pk: delivery_cancel(
                delivery_id=pk, reason=reason, actor=actor_of(request), now=timezone.now()
            ))  # fmt: skip
            return None
        ids = list(queryset.values_list("pk", flat=True)[:AT_ONCE])
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Cancel deliveries"),
                   "ids": ids, "asked_again": "reason" in request.POST}  # fmt: skip
        return TemplateResponse(request, "core/cancel_deliveries.html", context)

    def _each(self, request: HttpRequest, queryset: "QuerySet[Delivery]", do: Callable[[int], None]) -> None:
        moved = stuck = 0
        for pk in queryset.values_list("pk", flat=True)[:AT_ONCE]:
            try:
                do(pk)
                moved += 1
            except DomainError:
                stuck += 1
        if moved:
            text = ngettext("%(n)d delivery was changed.", "%(n)d deliveries were changed.", moved)
            self.message_user(request, text % {"n": moved}, messages.SUCCESS)
        if stuck:
            text = ngettext(
                "%(n)d is finished or being worked on right now.", "%(n)d are finished or being worked on right now.",
                stuck,
            )  # fmt: skip
            self.message_user(request, text % {"n": stuck}, messages.WARNING)

    def get_urls(self) -> list[Any]:
        one = self.admin_site.admin_view(require_POST(self.move_one))
        return [path("<int:pk>/<str:what>/do/", one, name="core_delivery_do"), *super().get_urls()]

    def move_one(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        if not self.has_move_permission(request) or what not in ("retry", "cancel"):
            raise PermissionDenied
        reason, actor, now = request.POST.get("reason", "").strip(), actor_of(request), timezone.now()
        try:
            if what == "retry":
                delivery_retry(delivery_id=pk, actor=actor, now=now)
                messages.success(request, _("It will be tried again now."))
            elif not reason:
                messages.error(request, _("Say why it is cancelled."))
            else:
                delivery_cancel(delivery_id=pk, reason=reason, actor=actor, now=now)
                messages.success(request, _("The delivery is cancelled."))
        except DomainError as error:
            say(request, error)
        return HttpResponseRedirect(reverse("admin:core_delivery_change", args=[pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Any = kwargs.get("obj")
        may = row is not None and self.has_move_permission(request)
        if row is not None:
            context["subtitle"] = words_of(row.handler)
        context["may_retry"] = may and row.state not in (State.RUNNING, State.DONE, State.DONE_MANUALLY)
        context["may_cancel"] = may and row.state in (
            State.QUEUED, State.WAITING, State.UNKNOWN, State.NEEDS_ATTENTION
        )  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)


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
