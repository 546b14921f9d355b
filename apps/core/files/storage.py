"""Keeps files on disk or in S3 (Django's storage "private"), and calls one kept only when it was read back equal."""

import contextlib
import hashlib
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages

from apps.core.files.disk import Disk
from apps.core.files.errors import StorageFailed, StorageFull

log = structlog.get_logger(__name__)

CHUNK = 256 * 1024  # bytes
KEY = re.compile(r"(?!.*(?:\A|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)
MB = 1024 * 1024


class Place(Protocol):
    """Where files are kept. Each call raises StorageFailed if the place does not answer or refuses."""

    def size(self, key: str) -> int | None:
        """How many bytes are under `key`; None if nothing is."""

    def open(self, key: str) -> IO[bytes]: ...

    def put(self, path: Path, *, key: str, sha256: str, size: int, content_type: str) -> None: ...

    def delete(self, key: str) -> None: ...

    def delete_folder(self, folder: str) -> None: ...


def store(path: Path, *, key: str, sha256: str, size: int, content_type: str) -> None:
    """Keep the file at `path` under `key`; it is kept, and equal in size and SHA-256 (hex), when this returns.

    May be repeated: a file that is already there and equal stays. Raises StorageFailed, or StorageFull, and then leaves
    nothing under `key`, so a key is for one content: what may fail must not take an older file with it.
    """
    place = _place(key)
    if _is_equal(place, key, sha256, size):
        return
    try:
        place.put(path, key=key, sha256=sha256, size=size, content_type=content_type)
        if not _is_equal(place, key, sha256, size):
            raise StorageFailed("what was read back is not what was written")
    except StorageFailed as error:
        log.error("file_not_kept", key=key, reason=error.reason)
        try:
            place.delete(key)
        except StorageFailed as second:
            log.error("file_left_behind", key=key, reason=second.reason)
        raise


def open_stream(key: str) -> IO[bytes]:
    """The kept file, to be read in pieces and closed. Raises StorageFailed, also from `read`, if it is not there."""
    return _place(key).open(key)


def delete(keys: Iterable[str]) -> None:
    """Remove the files; one that is not there is fine. Tries all of them, then raises StorageFailed if any is left."""
    failed = []
    for key in keys:
        try:
            _place(key).delete(key)
        except StorageFailed as error:
            log.error("file_not_deleted", key=key, reason=error.reason)
            failed.append(key)
    if failed:
        raise StorageFailed(f"{len(failed)} files were not deleted")


def delete_folder(folder: str) -> None:
    """Remove all that is under `folder/`, also what no row knows of. Raises StorageFailed if that fails."""
    _place(folder).delete_folder(folder)


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file on this machine."""
    with path.open("rb") as stream:
        return hash_stream(stream)


def hash_stream(stream: IO[bytes]) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes of what is left in the stream."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def require_free_space(size: int) -> None:
    """Raise StorageFull if `size` more bytes would leave less than the floor on a disk that uploads pass through.

    The floor is a share of the disk (FREE_SPACE_FLOOR_PERCENT), at most FREE_SPACE_FLOOR_MB: a tenth of a large disk is
    more than anything here will need.
    """
    for folder in _local_folders():
        disk = shutil.disk_usage(folder)
        floor = min(disk.total * settings.FREE_SPACE_FLOOR_PERCENT // 100, settings.FREE_SPACE_FLOOR_MB * MB)
        if disk.free - size < floor:
            log.error("storage_full", free_mb=disk.free // MB, floor_mb=floor // MB)
            raise StorageFull("below the floor of free space")


def check() -> None:
    """Write, read and delete a probe. Raises StorageFailed if this storage cannot keep a file."""
    with tempfile.NamedTemporaryFile() as probe:
        probe.write(uuid.uuid4().bytes)
        probe.flush()
        key = f"probes/{uuid.uuid4()}"
        sha256, size = hash_file(Path(probe.name))
        store(Path(probe.name), key=key, sha256=sha256, size=size, content_type="application/octet-stream")
    delete([key])


def _place(key: str) -> Place:
    if not KEY.fullmatch(key):
        raise ValueError("A storage key is made of letters, digits, dots, dashes and single slashes.")
    storage: Any = storages["private"]
    if isinstance(storage, FileSystemStorage):
        return Disk(storage)
    from apps.core.files.s3 import S3

    return S3(storage)


def _is_equal(place: Place, key: str, sha256: str, size: int) -> bool:
    if place.size(key) != size:
        return False
    with contextlib.closing(place.open(key)) as stream:
        return hash_stream(stream) == (sha256, size)


def _local_folders() -> Iterator[Path]:
    """Existing folders on the disks that an upload passes through: where it arrives, where it stays if not in S3."""
    folders = [Path(settings.FILE_UPLOAD_TEMP_DIR)]
    storage = storages["private"]
    if isinstance(storage, FileSystemStorage):
        folders.append(Path(storage.location))
    for folder in folders:
        yield next(place for place in (folder, *folder.parents) if place.is_dir())
