"""The door through which an upper app shows its things on a lower app's admin page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Context = Callable[[HttpRequest, Any], dict[str, Any]]


@dataclass(frozen=True)
class Panel:
    model: str
    title: Any
    template: str
    context: Context
    permission: str
    order: int


_panels: list[Panel] = []


def panel(*, model: str, title: Any, template: str, permission: str, order: int = 100) -> Callable[[Context], Context]:
    """Register a function giving `template`'s context for one object of `model` ("contacts.Contact")."""

    def register(context: Context) -> Context:
        _panels.append(Panel(model, title, template, context, permission, order))
        return context

    return register


def rendered(request: HttpRequest, obj: models.Model) -> list[tuple[Any, SafeString]]:
    """Title and HTML of each panel of `obj` that the request's user may see, in order."""
    mine = sorted((p for p in _panels if p.model == obj._meta.label), key=lambda p: p.order)
    return [
        (p.title, render_to_string(p.template, p.context(request, obj), request))
        for p in mine
        if request.user.has_perm(p.permission)
    ]
