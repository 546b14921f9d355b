"""Files on this machine's disk: written beside their place, synced, read back, and only then moved to it."""

import contextlib
import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.core.files.storage import FileSystemStorage

from apps.core.files.errors import StorageFailed, StorageFull

CHUNK = 256 * 1024  # bytes
FOLDER_MODE = 0o700
FILE_MODE = 0o600


class Disk:
    """A `Place` below the location of a FileSystemStorage."""

    def __init__(self, storage: FileSystemStorage) -> None:
        self._root = Path(storage.location)

    def size(self, key: str) -> int | None:
        """How many bytes are under `key`; None if nothing is."""
        with as_storage_failed():
            try:
                return (self._root / key).stat().st_size
            except (FileNotFoundError, NotADirectoryError):
                return None

    def open(self, key: str) -> IO[bytes]:
        """The file, open for reading."""
        with as_storage_failed():
            return (self._root / key).open("rb")

    def put(self, path: Path, *, key: str, sha256: str, size: int, content_type: str) -> None:
        """Copy `path` to its place. A crash at any moment leaves the old file or the whole new one."""
        place = self._root / key
        with as_storage_failed():
            part, target = self._new_part(place)
            try:
                with target, path.open("rb") as source:
                    while piece := source.read(CHUNK):
                        target.write(piece)
                    target.flush()
                    os.fsync(target.fileno())
                if _hash(part) != (sha256, size):
                    raise StorageFailed("the copy on disk differs from what was sent")
                part.replace(place)
                self._sync_folders(place.parent)
            finally:
                part.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Remove the file, and the folders that it leaves empty."""
        place = self._root / key
        with as_storage_failed():
            place.unlink(missing_ok=True)
        for folder in place.parents:
            if folder == self._root:
                break
            try:
                folder.rmdir()
            except OSError:
                break  # not empty, or gone already

    def delete_folder(self, folder: str) -> None:
        """Remove all below `folder`, also the parts that a crash left."""
        with as_storage_failed():
            if (self._root / folder).is_dir():
                shutil.rmtree(self._root / folder)

    def _new_part(self, place: Path) -> tuple[Path, IO[bytes]]:
        for _attempt in range(5):
            place.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            part = place.with_name(f".{uuid.uuid4()}.part")
            try:
                return part, open(part, "xb", opener=_private)
            except FileNotFoundError:
                continue  # `delete` has just removed the empty folder
        raise StorageFailed("its folder disappears")

    def _sync_folders(self, folder: Path) -> None:
        """Make the new name survive a loss of power, with every folder above it that may be new."""
        while True:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder in (self._root, folder.parent):
                return
            folder = folder.parent


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, FILE_MODE)


def _hash(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size


@contextlib.contextmanager
def as_storage_failed() -> Iterator[None]:
    """Let what the disk says come out as StorageFailed, or StorageFull where there is no room."""
    try:
        yield
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(reason) from error
        raise StorageFailed(reason) from error
