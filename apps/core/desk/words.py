"""Small pieces of a staff page: how long ago, badges, sizes."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86400  # s


def short_age(since: timedelta) -> str:
    """How long, in one unit: "now", "5 min", "3 h", "2 d", "4 months"."""
    seconds = max(0, int(since.total_seconds()))
    if seconds < MINUTE:
        return _("now")
    if seconds < HOUR:
        return _("%(n)d min") % {"n": seconds // MINUTE}
    if seconds < DAY:
        return _("%(n)d h") % {"n": seconds // HOUR}
    if seconds < 60 * DAY:
        return _("%(n)d d") % {"n": seconds // DAY}
    return _("%(n)d months") % {"n": seconds // (30 * DAY)}


def age(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    """How long ago `at` was, with the exact time as its title."""
    if at is None:
        return "—"
    exact = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    text = short_age((now or timezone.now()) - at)
    return format_html('<time class="age" datetime="{}" title="{}">{}</time>', at.isoformat(), exact, text)


def badge(kind: str, text: Any) -> SafeString:
    """A label whose colour follows `kind` (a status); the text says the same."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, text)


def said(error: str) -> str:
    """A delivery's error in the reader's language, where it is one of ours."""
    return _(error) if error else ""
