import contextlib
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from apps.core.api.parsers import TooLarge
from apps.core.files.disk import as_storage_failed
from apps.core.files.errors import StorageFailed

log = structlog.get_logger(__name__)
MB = 1024 * 1024
OVERHEAD = 64 * 1024  # bytes of multipart around the file
LEFT_BEHIND = timedelta(days=1)  # nobody works on a file for so long: the process was killed


def upload_bytes() -> int:
    """The longest body that carries one file."""
    return int(settings.MAX_FILE_MB) * MB + OVERHEAD


def uploads_purge(*, now: datetime) -> None:
    """Remove what killed processes left where files arrive and are worked on: no row knows of it."""
    for left in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.lstat().st_mtime > (now - LEFT_BEHIND).timestamp():
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


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
        with self._given_up_if_full():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        with self._given_up_if_full():  # the last of it is written now
            return super().file_complete(file_size)

    @contextlib.contextmanager
    def _given_up_if_full(self) -> Iterator[None]:
        try:
            with as_storage_failed():
                yield
        except StorageFailed as error:
            log.error("upload_not_kept", reason=error.reason)
            with contextlib.suppress(OSError):  # closing writes once more what there was no room for
                self.file.close()
            raise
