"""The deliveries: what is stuck, why, and what to do about it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from apps.core import targets
from apps.core.admin.delivery_filters import HandlerFilter, StateFilter, TargetFilter
from apps.core.admin.moves import MAY_MOVE, MOVES, Given, TargetPaused, may_twice, steps_of
from apps.core.admin.outbox import pretty
from apps.core.deliveries import ReasonMissing
from apps.core.desk import words
from apps.core.desk.base import ReadOnlyAdmin, actor_of, say
from apps.core.desk.handlers import target_words, things_found, things_named, words_of
from apps.core.errors import DomainError
from apps.core.models import Delivery, DeliveryAttempt, OutboxEvent, Target
from apps.core.texts import TextRefused

State = Delivery.State
AT_ONCE = 500
LISTED = 50  # of those chosen are named before they are moved
NONE = "—"
DONE = (State.DONE, State.DONE_MANUALLY)


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    model = DeliveryAttempt
    template = "core/readonly_inline.html"
    extra = 0
    can_delete = False
    fields = ("number", "started_at", "took", "outcome", "error_shown", "shown", "by")
    readonly_fields = fields
    empty_value_display = NONE

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("took"))
    def took(self, row: DeliveryAttempt) -> str:
        return _("%(n)s ms") % {"n": row.duration_ms}

    @admin.display(description=gettext_lazy("error"))
    def error_shown(self, row: DeliveryAttempt) -> str:
        return words.said(row.error) or NONE

    @admin.display(description=gettext_lazy("request and answer, masked"))
    def shown(self, row: DeliveryAttempt) -> SafeString | str:
        return pretty(row.detail) if row.detail else NONE


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    desk_order = 10
    list_display = ("shown", "state_shown", "error_shown", "attempts", "age", "next_shown", "target_shown")
    list_filter = (StateFilter, TargetFilter, HandlerFilter)
    list_joins = ("event",)
    sortable_by = ()
    search_fields = ("event__aggregate",)
    search_help_text = gettext_lazy("Claim's number or ticket, or the id of what it is about")
    actions = ("retry", "skip", "cancel")
    ordering = ("-id",)
    fields = ("handler", "target_shown", "step", "state_shown", "about", "attempts", "remote_id", "error_shown",
              "created_at", "next_shown", "intent_at", "expires_at", "finished_at")  # fmt: skip
    readonly_fields = ("target_shown", "step", "state_shown", "about", "error_shown", "next_shown")
    empty_value_display = NONE
    inlines = (AttemptInline,)
    change_list_template = "core/delivery_list.html"
    change_form_template = "core/delivery.html"

    def list_rows(self, request: HttpRequest, ids: list[Any]) -> list[Any]:
        return marked(super().list_rows(request, ids))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Delivery | None:
        row: Delivery | None = super().get_object(request, object_id, from_field)
        return marked([row])[0] if row else None

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Delivery]", search_term: str
    ) -> tuple["QuerySet[Delivery]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        events = OutboxEvent.objects.filter(aggregate__in=things_found(term)).values("pk")
        return queryset.filter(event__in=events), False

    # --- columns

    @admin.display(description=gettext_lazy("delivery"))
    def shown(self, row: Any) -> SafeString:
        step = _("step %(k)d of %(n)d") % {"k": row.position, "n": steps_of(row)} if row.chain else ""
        more = " · ".join(part for part in (row.thing, row.event.name, step) if part)
        return format_html('<b>{}</b><br><span class="quiet">{}</span>', words_of(row.handler), more)

    @admin.display(description=gettext_lazy("step"))
    def step(self, row: Delivery) -> str:
        return _("%(k)d of %(n)d") % {"k": row.position, "n": steps_of(row)} if row.chain else "—"

    @admin.display(description=gettext_lazy("target"))
    def target_shown(self, row: Delivery) -> str:
        return target_words(row.target)

    @admin.display(description=gettext_lazy("state"))
    def state_shown(self, row: Any) -> SafeString:
        return words.badge(*state_of(row))

    @admin.display(description=gettext_lazy("age"))
    def age(self, row: Delivery) -> SafeString | str:
        return words.age(row.created_at)

    @admin.display(description=gettext_lazy("next try"))
    def next_shown(self, row: Any) -> SafeString | str:
        if row.state not in Delivery.UNFINISHED:
            return "—"
        if row.is_parked:
            return _("when its target is back")
        if row.waits_for:
            return _("after step %(k)d") % {"k": row.waits_for}
        left = row.next_at - timezone.now()
        is_soon = left.total_seconds() < words.MINUTE
        text = _("now") if is_soon else _("in %(time)s") % {"time": words.short_age(left)}
        return format_html('<span class="until">{}</span>', text)

    @admin.display(description=gettext_lazy("last error"))
    def error_shown(self, row: Delivery) -> str:
        return NONE if row.state in DONE else words.said(row.last_error) or NONE

    @admin.display(description=gettext_lazy("about"))
    def about(self, row: Any) -> SafeString:
        url = reverse("admin:core_outboxevent_change", args=[row.event_id])
        thing = format_html('<a href="{}">{}</a> · ', row.thing_url, row.thing) if row.thing else ""
        return format_html('{}<a href="{}">{}</a> · {}', thing, url, row.event.name, row.event.aggregate)

    # --- many at once

    def has_move_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_MOVE))

    @admin.action(description=gettext_lazy("Try again now"), permissions=["move"])
    def retry(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> None:
        self._each(request, queryset, "retry")

    @admin.action(description=gettext_lazy("Skip …"), permissions=["move"])
    def skip(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> HttpResponse | None:
        return self._each_for_a_reason(request, queryset, "skip")

    @admin.action(description=gettext_lazy("Cancel …"), permissions=["move"])
    def cancel(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> HttpResponse | None:
        return self._each_for_a_reason(request, queryset, "cancel")

    def _each_for_a_reason(
        self, request: HttpRequest, queryset: "QuerySet[Delivery]", what: str
    ) -> HttpResponse | None:
        """Ask for the reason first."""
        try:
            if Given(request.POST.dict(), actor_of(request), timezone.now()).reason:
                self._each(request, queryset, what)
                return None
        except ReasonMissing:
            pass  # it was not asked for yet
        except TextRefused as error:
            say(request, error)
        ids = list(queryset.values_list("pk", flat=True)[:AT_ONCE])
        title = _("Skip deliveries") if what == "skip" else _("Cancel deliveries")
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": title, "ids": ids, "what": what,
            "rows": [_listed(row) for row in self.list_rows(request, ids[:LISTED])],
            "more": max(0, len(ids) - LISTED),
        }  # fmt: skip
        return TemplateResponse(request, "core/deliveries_reason.html", context)

    def _each(self, request: HttpRequest, queryset: "QuerySet[Delivery]", what: str) -> None:
        given = Given(request.POST.dict(), actor_of(request), timezone.now())
        moved = stuck = unclear = paused = 0
        for row in queryset[:AT_ONCE]:
            if what == "retry" and may_twice(row):
                unclear += 1
                continue
            try:
                MOVES[what].do(row, given)
                moved += 1
            except TargetPaused:
                paused += 1
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
        if paused:
            text = ngettext(
                "%(n)d is held by a pause: resume its target first.",
                "%(n)d are held by a pause: resume their targets first.", paused,
            )  # fmt: skip
            self.message_user(request, text % {"n": paused}, messages.WARNING)
        if unclear:
            text = ngettext(
                "%(n)d may have been sent already: open it to decide.",
                "%(n)d may have been sent already: open each to decide.", unclear,
            )  # fmt: skip
            self.message_user(request, text % {"n": unclear}, messages.WARNING)
        if moved + stuck + unclear + paused == AT_ONCE:
            self.message_user(request, _("These were the first %(n)d.") % {"n": AT_ONCE}, messages.WARNING)

    # --- one, on its page

    def get_urls(self) -> list[Any]:
        one = self.admin_site.admin_view(require_POST(self.move_one))
        return [path("<int:pk>/<str:what>/do/", one, name="core_delivery_do"), *super().get_urls()]

    def move_one(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        move = MOVES.get(what)
        if move is None or not request.user.has_perm(move.permission):
            raise PermissionDenied
        row = get_object_or_404(Delivery, pk=pk)
        if what == "restart" and not row.chain:
            raise Http404
        try:
            move.do(row, Given(request.POST.dict(), actor_of(request), timezone.now()))
            messages.success(request, move.done)
        except DomainError as error:
            say(request, error)
        return HttpResponseRedirect(_onward(request) or reverse("admin:core_delivery_change", args=[pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Any = kwargs.get("obj")
        if row is not None:
            may = {
                what for what, one in MOVES.items() if one.is_possible(row) and request.user.has_perm(one.permission)
            }
            target = Target.objects.filter(name=row.target).first()
            if target and target.paused_at:
                may.discard("retry")
            context |= {
                "subtitle": words_of(row.handler), "may": may, "may_twice": may_twice(row), "target": target,
                "target_words": target_words(row.target), "is_waiting": row.state not in DONE,
            }  # fmt: skip
        return super().render_change_form(request, context, *args, **kwargs)


def _onward(request: HttpRequest) -> str:
    """The page of ours from which it was asked, if it says which; empty for none, and for another site's."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return page if ours else ""


def state_of(row: Any) -> tuple[str, Any]:
    """The badge of a marked delivery and what it says."""
    return ("delivery-parked", _("Parked")) if row.is_parked else (f"delivery-{row.state}", row.get_state_display())


def _listed(row: Any) -> dict[str, Any]:
    badge, label = state_of(row)
    return {"row": row, "words": words_of(row.handler), "badge": badge, "label": label}


def marked(rows: list[Any]) -> list[Any]:
    """The same deliveries, each knowing what it is about, whether it is parked, and which step it waits for.

    `thing` is empty if that has no name, `waits_for` 0 for no step.
    """
    names = things_named(row.event.aggregate for row in rows)
    parked = targets.parked(timezone.now())
    chains = [row.event_id for row in rows if row.chain]
    before = Delivery.objects.filter(event__in=chains).exclude(chain="").exclude(state__in=Delivery.FINAL)
    steps = list(before.values_list("event", "chain", "position"))
    for row in rows:
        row.thing, row.thing_url = names.get(row.event.aggregate, ("", ""))
        mine = [k for event, chain, k in steps if (event, chain) == (row.event_id, row.chain) and k < row.position]
        row.waits_for = max(mine, default=0)
        is_due = row.state in (State.QUEUED, State.WAITING) and not row.waits_for
        row.is_parked = is_due and row.target in parked
    return rows
