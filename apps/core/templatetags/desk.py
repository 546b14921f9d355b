from datetime import datetime, timedelta
from typing import Any

from django import template
from django.contrib.admin.utils import flatten
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


@register.filter
def short_age(since: timedelta | None) -> str:
    return words.short_age(since) if since is not None else "—"


@register.filter
def erred(fieldset: Any) -> bool:
    """Whether an error stands in a set of fields; Django's own look misses the fields that share a line."""
    return any(name in fieldset.form.errors for name in flatten(fieldset.fields))
