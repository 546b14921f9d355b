"""Texts that people type into a page of the staff."""

import re

from django.utils.translation import gettext as _

from apps.core.errors import DomainError


class TextRefused(DomainError):
    code = "text_refused"


# A text may hold neither what is drawn nowhere nor what turns the direction of others.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def visible(text: str) -> str:
    return _INVISIBLE.sub("", text)


def kept_text(raw: str, *, most: int) -> str:
    """`raw` trimmed, of `most` characters at most. Raises TextRefused, also for what can't be stored."""
    text = raw.replace("\r\n", "\n").strip()  # a page counts a new line as one character, and sends two
    if "\x00" in text:
        raise TextRefused(_("The text has characters that cannot be stored."))
    if len(text) > most:
        raise TextRefused(_("This is too long: %(most)d characters at most.") % {"most": most}, code="too_long")
    return text
