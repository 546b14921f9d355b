from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from apps.core import panels
from apps.core.desk.lists import CappedPaginator, TunedChangeList, table_estimate
from apps.core.errors import DomainError

# Django's own phrases, translated again by us: in theirs the name that follows would have to bend.
REPHRASED = (gettext_noop("Add %s"), gettext_noop("Add %(name)s"), gettext_noop("Add another %(verbose_name)s"))


class StaffAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The base of our admin pages: nothing is deleted, lists count little, other apps' panels stand below the form."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    change_form_template = "core/change_form.html"
    desk_order = 1000
    list_joins: Sequence[str] = ()
    list_defer: Sequence[str] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TunedChangeList]:
        return TunedChangeList

    def estimated_count(self, request: HttpRequest) -> int | None:
        """About how many rows the list has as it opens; None: count them."""
        return table_estimate(self.model)

    def list_rows(self, request: HttpRequest, ids: list[Any]) -> list[Any]:
        """The rows of one page, in the order of `ids`."""
        rows = self.get_queryset(request).filter(pk__in=ids).select_related(*self.list_joins or (None,))
        found = {row.pk: row for row in rows.defer(*self.list_defer)}
        return [found[pk] for pk in ids if pk in found]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj: models.Model | None = kwargs.get("obj") or context.get("original")
        context["panels"] = panels.rendered(request, obj) if obj else []
        return super().render_change_form(request, context, *args, **kwargs)


class ReadOnlyAdmin(StaffAdmin):
    """Rows that staff may look at and nobody changes here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def say(request: HttpRequest, error: DomainError) -> None:
    """Show what went wrong as messages on the next page."""
    for problem in error.problems:
        messages.error(request, str(problem.detail))


def actor_of(request: HttpRequest) -> Any:
    """The member of staff who asks: behind the admin's door that is always a User."""
    return request.user
