"""Texts that people type into a page of the staff."""

from django.utils.translation import gettext as _

from apps.core.errors import DomainError


class TextRefused(DomainError):
    code = "text_refused"


def kept_text(raw: str, *, most: int) -> str:
    """`raw` trimmed, of `most` characters at most. Raises TextRefused, also for what can't be stored."""
    text = raw.replace("\r\n", "\n").strip()  # a page counts a new line as one character, and sends two
    if "\x00" in text:
        raise TextRefused(_("The text has characters that cannot be stored."))
    if len(text) > most:
        raise TextRefused(_("This is too long: %(most)d characters at most.") % {"most": most}, code="too_long")
    return text
