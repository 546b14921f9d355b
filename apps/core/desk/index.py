"""Blocks of the desk's first page. Each app adds its own; the kernel only shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Context = Callable[[HttpRequest], dict[str, Any]]


@dataclass(frozen=True)
class Block:
    title: Any
    template: str
    context: Context
    permission: str
    order: int


_blocks: list[Block] = []


def block(*, title: Any, template: str, permission: str, order: int) -> Callable[[Context], Context]:
    """Register a function giving `template`'s context for whoever has `permission`."""

    def register(context: Context) -> Context:
        _blocks.append(Block(title, template, context, permission, order))
        return context

    return register


def rendered(request: HttpRequest) -> list[tuple[Any, SafeString]]:
    """Title and HTML of each block that the request's user may see, in order."""
    mine = sorted((one for one in _blocks if request.user.has_perm(one.permission)), key=lambda one: one.order)
    return [(one.title, render_to_string(one.template, one.context(request), request)) for one in mine]
