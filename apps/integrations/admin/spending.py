from decimal import Decimal

from django.conf import settings
from django.contrib import admin
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.desk.base import ReadOnlyAdmin
from apps.integrations.llm import MILLION
from apps.integrations.models import ModelSpending


@admin.register(ModelSpending)
class ModelSpendingAdmin(ReadOnlyAdmin):
    """What the language model has cost, day by day, beside what a day may cost."""

    desk_order = 60
    list_display = ("day", "calls", "useless", "tokens_in", "tokens_out", "money", "budget")
    sortable_by = ()
    fields = list_display
    readonly_fields = fields

    @admin.display(description=gettext_lazy("spent"))
    def money(self, row: ModelSpending) -> str:
        has_prices = settings.LLM_PRICE_IN or settings.LLM_PRICE_OUT
        return amount_text(Decimal(row.spent) / MILLION) if row.spent or has_prices else "—"

    @admin.display(description=gettext_lazy("a day's budget now"))
    def budget(self, row: ModelSpending) -> str:
        return amount_text(settings.LLM_DAY_BUDGET) if settings.LLM_DAY_BUDGET else _("no limit set")


def amount_text(amount: Decimal) -> str:
    """With two decimals, or of less than 1 its first four digits: a call may cost a fraction of a cent."""
    places = 3 - amount.adjusted() if 0 < amount < 1 else 2
    whole, _point, decimals = f"{amount:.{places}f}".partition(".")
    return str(number_format(f"{whole}.{decimals.rstrip('0'):0<2}"))
