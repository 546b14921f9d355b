"""The Integrations page: each outside system green or red with the reason, its queue, and what can be done."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.core.desk.base import ReadOnlyAdmin, actor_of, say
from apps.core.desk.handlers import describe_target
from apps.core.errors import DomainError
from apps.core.models import Delivery, Target
from apps.core.outbox import handlers
from apps.core.targets import target_pause, target_resume
from apps.integrations.checking import system_check
from apps.integrations.models import System
from apps.integrations.overview import PARKED, Level, Standing, standings
from apps.integrations.registry import integration_named, integrations, titles

MAY_LOOK, MAY_STEER = "core.view_target", "core.change_target"
LEVELS = {
    Level.GREEN: gettext_lazy("Works"),
    Level.AMBER: gettext_lazy("Attention"),
    Level.RED: gettext_lazy("Does not work"),
    Level.GREY: gettext_lazy("Not checked"),
}
STATES = {PARKED: gettext_lazy("Parked"), **dict(Delivery.State.choices)}

for name, title in titles().items():
    describe_target(name, title)
describe_target("claimdesk", "Claimdesk")
describe_target("reading", gettext_lazy("Reading of documents"))
describe_target("antivirus", gettext_lazy("Antivirus"))


@admin.register(System)
class SystemAdmin(ReadOnlyAdmin):
    desk_order = 10

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(MAY_LOOK))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_STEER))

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view
        return [
            path("", page(self.changelist_view), name="integrations_system_changelist"),
            path("<str:name>/<str:what>/", page(require_POST(self.steer)), name="integrations_system_do"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Integrations"),
            "systems": [_shown(one) for one in standings(now=timezone.now())],
            "may_steer": self.has_steer_permission(request),
        }
        return TemplateResponse(request, "integrations/systems.html", context)

    def steer(self, request: HttpRequest, name: str, what: str) -> HttpResponse:
        if not self.has_steer_permission(request):
            raise PermissionDenied
        if not _is_known(name) or what not in ("check", "pause", "resume"):
            raise Http404
        try:
            getattr(self, f"_{what}")(request, name)
        except DomainError as error:
            say(request, error)
        return HttpResponseRedirect(reverse("admin:integrations_system_changelist") + f"#{name}")

    def _check(self, request: HttpRequest, name: str) -> None:
        one = integration_named(name)
        if one is None:
            raise Http404
        health = system_check(one, now=timezone.now(), actor=actor_of(request))
        tell = messages.success if health.ok else messages.error
        tell(request, f"{one.title}: {health.detail}")

    def _pause(self, request: HttpRequest, name: str) -> None:
        reason = request.POST.get("reason", "")
        target_pause(name=name, reason=reason, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Paused. What is due to it is kept and goes on when it is resumed."))

    def _resume(self, request: HttpRequest, name: str) -> None:
        target_resume(name=name, actor=actor_of(request), now=timezone.now())
        messages.success(request, _("Resumed. What has waited for it goes on now."))


def _is_known(name: str) -> bool:
    """Whether there is such a system at all: nobody makes rows for names of their own invention."""
    named = {one.name for one in integrations()} | {one.target for one in handlers()}
    return name in named or Target.objects.filter(name=name).exists()


def _shown(one: Standing) -> dict[str, Any]:
    deliveries = reverse("admin:core_delivery_changelist")
    queue = [
        (state, STATES[state], n, f"{deliveries}?{urlencode({'state': state, 'target': one.name})}")
        for state, n in sorted(one.queue.items(), key=lambda item: list(STATES).index(item[0]))
    ]
    return {
        "one": one,
        "row": one.row,
        "level": LEVELS[one.level],
        "queue": queue,
        "is_new": one.row.checked_at is None,
    }
