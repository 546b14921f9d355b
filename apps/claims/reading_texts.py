"""What a person reads for each finding of `rules/reading/`."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.claims.models import DocumentReading
from apps.core.fields import translated

Json = Mapping[str, Any]

VERDICTS: dict[str, Callable[[], str]] = {
    "too_dark": lambda: _("The photo is too dark. Take it again in daylight, without a flash."),
    "blurred": lambda: _("The photo is blurred. Hold the phone still, tap the paper to focus, and take it again."),
    "too_small": lambda: _("The picture is too small to read. Send the original photo, not a copy from a messenger."),
    "cut": lambda: _("A part of the paper is not in the picture. Take it again with all four corners."),
    "empty": lambda: _("There is nothing on this page. Turn the paper over or choose another file."),
    "unreadable": lambda: _("We can't read this. Take the photo again in good light, straight from above."),
    "wrong_kind": lambda: _("This looks like “%(found)s”. Needed here: “%(wanted)s”."),
    "unsure_kind": lambda: _("We are not sure what this paper is. A person will look at it."),
    "not_read": lambda: _("A person will look at it."),
    "infected": lambda: _("This file is not safe: a virus was found in it. Send another one."),
}
# The same for staff, who are not asked to do anything.
STAFF: dict[str, Callable[[], str]] = {
    **VERDICTS,
    "too_dark": lambda: _("The photo is too dark."),
    "blurred": lambda: _("The photo is blurred."),
    "too_small": lambda: _("The picture is too small to read."),
    "cut": lambda: _("A part of the paper is not in the picture."),
    "empty": lambda: _("There is nothing on it."),
    "unreadable": lambda: _("It can't be read."),
    "unsure_kind": lambda: _("It is not clear what paper this is."),
    "not_read": lambda: _("Left to a person: nobody could read it."),
    "infected": lambda: _("A virus was found in it."),
}

# What staff read of what could not be done.
NOTES: dict[str, Callable[[], str]] = {
    "reading_failed": lambda: _("It could not be read: the reading broke off again and again."),
    "ocr_missing": lambda: _("Its pictures were not read: there is no text recognition on this server."),
    "ocr_timeout": lambda: _("Not every page was read: it took too long."),
    "ocr_failed": lambda: _("Not every page was read: the text recognition failed."),
    "only_first_pages": lambda: _("Only the first pages were read."),
    "storage_away": lambda: _("The storage does not answer; the reading goes on when it does."),
}


def verdict_text(
    reading: DocumentReading, definition: Json, slot: Json | None, language: str, *, for_staff: bool = False
) -> str:
    """Why the reading rejects a document of `slot` or doubts it, in `language`."""
    texts = STAFF if for_staff else VERDICTS
    titles = {one["code"]: one["title"] for one in definition.get("kinds", [])}
    with override(language):
        text = texts.get(reading.code, texts["not_read"])()
        other = _("another document")
    found = translated(titles.get(str(reading.params.get("found", ""))), language)
    return text % {"found": found or other, "wanted": translated(slot["title"], language) if slot else other}


def note_text(reading: DocumentReading, language: str) -> str:
    """What could not be done with a document, for staff in `language`; empty if nothing is missing."""
    with override(language):
        return NOTES[reading.note]() if reading.note in NOTES else ""
