"""Two people with one page open: what the first has saved is not lost to the second."""

import hashlib
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from apps.claims.models import EventType
from apps.core.models import BaseModel


def state_of(row: BaseModel) -> str:
    """Another after each change to the row, or to the questions and documents that are edited with it."""
    rows: list[BaseModel] = [row]
    if isinstance(row, EventType):
        rows += [*row.questions.order_by("pk"), *row.slots.order_by("pk")]
    states = " ".join(f"{one.pk} {one.updated_at.isoformat()}" for one in rows)
    return hashlib.sha256(states.encode()).hexdigest()[:16]


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a page, which is saved only if the row still is as the page showed it."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["seen"] = state_of(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen", "") != self.initial.get("seen", ""):
            meta = self.instance._meta
            page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[self.instance.pk])
            text = _(
                "Somebody has saved this since you opened it, so nothing was saved now. What you typed is still here: "
                '<a href="{page}" target="_blank">open the page as it is now</a> and carry your changes over.'
            )
            self.add_error(None, format_html(text, page=page))
        return cleaned
