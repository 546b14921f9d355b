"""What can go wrong with files, said to the person who sent one."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.files import refusals

SENTENCES: dict[str, Any] = {
    refusals.EMPTY: _("This file is empty. Choose the file again or take a new photo."),
    refusals.TYPE_REFUSED: _("This kind of file is not accepted. Send a PDF, or a photo as JPEG, PNG or HEIC."),
    refusals.POLYGLOT: _("Something else is hidden inside this file. Save it as a new PDF or send a screenshot of it."),
    refusals.BROKEN: _("This file is damaged and cannot be opened. Save it once more and send the new copy."),
    refusals.BOMB: _("This file is too large to open. Send a smaller copy, or photos of its pages."),
    refusals.ENCRYPTED: _("This PDF needs a password. Save a copy without one, or send photos of its pages."),
    refusals.ACTIVE_CONTENT: _(
        "This PDF holds scripts, attachments or a live form. Print it to a new PDF and send that, or send photos."
    ),
    refusals.TOO_MANY_PAGES: _("This PDF has too many pages. Send only the pages that matter for your claim."),
}


class FileRefused(DomainError):
    """The file is not one that can be taken. `reason` is technical English for the log, without its content."""

    code = "file_broken"
    status = 400
    detail = SENTENCES[refusals.BROKEN]

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(SENTENCES[code], code=code, attr="file")
        self.reason = reason


class FilesBusy(DomainError):
    """So many files are being looked at that this one would wait too long."""

    code: ClassVar[str] = "files_busy"
    status: ClassVar[int] = 503
    detail: ClassVar[Any] = _("Many files are arriving right now. Send this one again in a moment.")

    def __init__(self) -> None:
        super().__init__(attr="file", retry_after=10)


class StorageFailed(DomainError):
    """The storage did not do what was asked, or not provably. Nothing was kept of what was being stored."""

    code: ClassVar[str] = "storage_failed"
    status: ClassVar[int] = 503
    detail: ClassVar[Any] = _("The file could not be kept. Send it again in a minute.")
    wait: ClassVar[int] = 30  # s

    def __init__(self, reason: str = "") -> None:
        super().__init__(retry_after=self.wait)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason or self.code


class StorageFull(StorageFailed):
    """There is no room, or so little that what runs beside would suffer."""

    code = "storage_full"
    status = 507
    detail = _("There is no room for files right now. Try again later.")
    wait = 600
