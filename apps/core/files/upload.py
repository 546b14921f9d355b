from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from apps.core.api.parsers import TooLarge

MB = 1024 * 1024
OVERHEAD = 64 * 1024  # bytes of multipart around the file


def upload_bytes() -> int:
    """The longest body that carries one file."""
    return int(settings.MAX_FILE_MB) * MB + OVERHEAD


class FileTooLarge(TooLarge):
    default_code = "file_too_large"

    def __init__(self) -> None:
        from django.utils.translation import gettext as _

        super().__init__(_("This file is larger than %(mb)d MB. Send a smaller copy.") % {"mb": settings.MAX_FILE_MB})


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Streams an upload to disk and gives up as soon as it is too large, whatever its headers said."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.MAX_FILE_MB * MB:
            self.upload_interrupted()
            raise FileTooLarge
        super().receive_data_chunk(raw_data, start)
