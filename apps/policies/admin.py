import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.desk import words
from apps.core.desk.base import StaffAdmin
from apps.core.panels import panel
from apps.policies.models import Policy, PolicyProduct, PolicyProject

PANEL = "policies/admin/policies_panel.html"


@admin.register(PolicyProduct)
class PolicyProductAdmin(StaffAdmin):
    desk_order = 20
    list_display = ("code", "insurer", "shown", "number_example")
    search_fields = ("code", "insurer")
    fields = ("code", "insurer", "name", "number_pattern", "number_example")

    @admin.display(description=gettext_lazy("name"))
    def shown(self, row: PolicyProduct) -> str:
        from apps.core.fields import translated

        return translated(row.name)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=ProductForm, **kwargs)


class ProductForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = PolicyProduct
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        pattern, example = cleaned.get("number_pattern"), cleaned.get("number_example")
        if not pattern or not example:
            return cleaned
        try:
            fits = re.fullmatch(pattern, example)
        except re.error:
            raise ValidationError({"number_pattern": _("This is not a regular expression.")}) from None
        if not fits:
            raise ValidationError({"number_example": _("The example does not fit the pattern.")})
        return cleaned


class LinesField(forms.CharField):
    """A list of objects as lines, their values with `|` between."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "lines"})

    def __init__(self, *, names: tuple[str, ...], **kwargs: Any) -> None:
        self.names = names
        kwargs.pop("max_length", None)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(" | ".join(str(one.get(name, "")) for name in self.names) for one in value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        rows = []
        for number, line in enumerate((line for line in (value or "").splitlines() if line.strip()), start=1):
            parts = [part.strip() for part in line.split("|")]
            if len(parts) != len(self.names) or not parts[0]:
                raise ValidationError(
                    _("Line %(n)d: give %(parts)d parts with | between.") % {"n": number, "parts": len(self.names)}
                )
            rows.append(dict(zip(self.names, parts, strict=True)))
        return rows

    def run_validators(self, value: Any) -> None:
        """The lines were checked as they were read."""


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    insured = LinesField(
        names=("name", "born"), required=False, label=gettext_lazy("Insured persons"),
        help_text=gettext_lazy("One a line: name | date of birth, such as 1988-05-04"),
    )  # fmt: skip
    sums = LinesField(
        names=("risk", "amount", "currency"), required=False, label=gettext_lazy("Sums insured"),
        help_text=gettext_lazy("One a line: risk | amount | currency, such as Baggage | 1000.00 | EUR"),
    )  # fmt: skip

    class Meta:
        model = Policy
        fields = "__all__"


@admin.register(Policy)
class PolicyAdmin(StaffAdmin):
    desk_order = 10
    form = PolicyForm
    list_display = ("number", "holder_name", "product", "valid_from", "valid_until", "state")
    list_joins = ("product",)
    list_defer = ("insured", "sums")
    list_filter = ("product",)
    sortable_by = ("number",)
    search_fields = ("number", "holder_name")
    search_help_text = gettext_lazy("The number, or part of the holder's name")
    ordering = ("number",)
    fields = (("number", "product"), "holder_name", ("valid_from", "valid_until"), "territory", "insured", "sums")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Policy]", search_term: str
    ) -> tuple["QuerySet[Policy]", bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if any(sign.isdigit() for sign in term):
            return queryset.filter(number__istartswith=term.replace(" ", "")), False
        for word in term.split():
            queryset = queryset.filter(holder_name__iregex=re.escape(word))
        return queryset, False

    @admin.display(description=gettext_lazy("validity"))
    def state(self, row: Policy) -> SafeString:
        today = timezone.localdate()
        if row.valid_from > today:
            return words.badge("draft", _("Not valid yet"))
        if row.valid_until < today:
            return words.badge("rejected", _("Expired"))
        return words.badge("accepted", _("Valid"))


def _policies(**of: Any) -> dict[str, Any]:
    rows = PolicyProject.objects.filter(**of).select_related("policy__product", "project").order_by("-created_at")
    return {"placements": list(rows[:20]), "today": timezone.localdate()}


@panel(model="contacts.Contact", title=gettext_lazy("Policies"), template=PANEL, permission="policies.view_policy",
       order=30)  # fmt: skip
def policies_of_contact(request: HttpRequest, contact: Any) -> dict[str, Any]:
    return _policies(contact=contact)


@panel(model="projects.Project", title=gettext_lazy("Policies"), template=PANEL, permission="policies.view_policy",
       order=20)  # fmt: skip
def policies_of_project(request: HttpRequest, project: Any) -> dict[str, Any]:
    return _policies(project=project)
