"""Lists that stay quick with a million rows: no full count, page ids first and then the rows of that page."""

from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.paginator import InvalidPage, Paginator
from django.db import connection, models
from django.http import HttpRequest
from django.utils.functional import cached_property

CAP = 10_000
NOT_FILTERS = {ORDER_VAR, SEARCH_VAR, ALL_VAR, IS_POPUP_VAR, "_to_field", "_changelist_filters"}


def table_estimate(model: type[models.Model]) -> int | None:
    """About how many rows `model` has, as PostgreSQL's planner believes; None where nobody knows without counting."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        rows = int(cursor.fetchone()[0])
    return rows if rows >= CAP else None  # so few are counted in no time, and exactly


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than CAP, unless `estimate` says about how many there are."""

    estimate: int | None = None

    @cached_property
    def count(self) -> int:
        if self.estimate is not None:
            return self.estimate
        rows: Any = self.object_list
        counted: int = rows.order_by()[: CAP + 1].count()
        return counted

    @property
    def is_capped(self) -> bool:
        return self.estimate is None and self.count > CAP

    @cached_property
    def num_pages(self) -> int:
        return -(-max(1, min(self.count, CAP) if self.is_capped else self.count) // self.per_page)

    def ids(self, number: int) -> list[Any]:
        """The primary keys of page `number`. Raises InvalidPage."""
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        rows: Any = self.object_list
        return list(rows.values_list("pk", flat=True)[bottom : bottom + self.per_page])


class TunedChangeList(ChangeList):
    """`model_admin.list_rows(request, ids)` gives the rows of one page; nothing else is read from the table."""

    def get_results(self, request: HttpRequest) -> None:
        page: Any = self.model_admin  # a StaffAdmin, whose module imports this one
        paginator = page.get_paginator(request, self.queryset, self.list_per_page)
        if self.is_bare:
            paginator.estimate = page.estimated_count(request)
        try:
            ids = paginator.ids(self.page_num)
        except InvalidPage:
            raise IncorrectLookupParameters from None
        self.result_list = page.list_rows(request, ids)
        self.paginator = paginator
        self.is_capped = paginator.is_capped
        self.is_estimate = paginator.estimate is not None
        self.result_count = min(paginator.count, CAP) if self.is_capped else paginator.count
        self.multi_page = paginator.num_pages > 1
        self.can_show_all = False
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = True

    @property
    def is_bare(self) -> bool:
        """Is this the list as it opens, with no search and no filter chosen?"""
        return not self.query and not set(self.filter_params) - NOT_FILTERS

    def count_text(self) -> str:
        """How many rows there are, for people: "12", "10 000+", "≈ 1 204 000"."""
        number = f"{self.result_count:,}".replace(",", "\u202f")
        if self.is_capped:
            return f"{number}+"
        return f"≈ {number}" if self.is_estimate else number
