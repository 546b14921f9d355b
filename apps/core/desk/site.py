from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps as installed
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from apps.core.desk.login import StaffLoginForm

LAST = 1000


class DeskSite(AdminSite):
    """The staff's desk: in the user's language and time zone, apps in the order of the work (`desk_order`)."""

    site_header = "Claimdesk"
    site_title = "Claimdesk"
    index_title = _("Today")
    login_form = StaffLoginForm

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return as_user(super().admin_view(view, cacheable))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The apps and their models, each in the order that it asks for."""
        found: list[Any] = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: (self._order_of(model["model"]), model["name"]))
        return sorted(found, key=lambda app: (_app_order(app["app_label"]), app["name"]))

    def _order_of(self, model: Any) -> int:
        return int(getattr(self._registry.get(model), "desk_order", LAST))


def _app_order(label: str) -> int:
    return int(getattr(installed.get_app_config(label), "desk_order", LAST))


def as_user(view: Callable[..., Any]) -> Callable[..., Any]:
    """`view` in the language and time zone of its user; the page is drawn inside, before both are put back."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        if not user.is_authenticated:
            response: HttpResponse = view(request, *args, **kwargs)
            return response
        with translation.override(user.language), timezone.override(zone(user.time_zone)):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse) and not response.is_rendered:
                response.render()
        response.headers.setdefault("Content-Language", user.language)
        return response

    return inner


def zone(name: str) -> ZoneInfo:
    """The time zone called `name`, or the installation's own if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)
