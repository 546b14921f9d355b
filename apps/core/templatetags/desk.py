from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR
from django.utils.safestring import SafeString

from apps.core.desk import index, words

register = template.Library()


@register.simple_tag(takes_context=True)
def index_blocks(context: dict[str, Any]) -> list[tuple[Any, SafeString]]:
    """Title and HTML of the first page's blocks."""
    return index.rendered(context["request"])


@register.filter
def age(at: datetime | None) -> SafeString | str:
    return words.age(at)


@register.filter
def said(error: str) -> str:
    return words.said(error)


@register.simple_tag
def badge(kind: str, text: Any) -> SafeString:
    return words.badge(kind, text)


@register.simple_tag
def page_link(cl: Any, number: int) -> str:
    """The address of page `number` of a list, its search and filters kept."""
    link: str = cl.get_query_string({PAGE_VAR: number})
    return link
