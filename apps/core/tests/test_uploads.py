import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from apps.core.files.errors import StorageFull
from apps.core.files.upload import BoundedUploadHandler, uploads_purge


def send(handler: BoundedUploadHandler, content: bytes) -> None:
    handler.receive_data_chunk(content, 0)
    handler.file_complete(len(content))


@pytest.fixture
def arriving(settings, tmp_path: Path) -> Callable[[], BoundedUploadHandler]:
    """An upload that has just begun to arrive."""

    def begin() -> BoundedUploadHandler:
        handler = BoundedUploadHandler()
        handler.new_file("file", "photo.jpg", "image/jpeg", None)
        return handler

    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return begin


# A small file is written when it is complete, a large one while it arrives.
@pytest.mark.parametrize("size", [10, 200_000])
def test_an_upload_that_finds_no_room_is_told_so_and_leaves_nothing(size, arriving, tmp_path):
    handler = arriving()
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, handler.file.fileno())
    os.close(full)

    with pytest.raises(StorageFull) as caught:
        send(handler, b"x" * size)

    assert caught.value.status == 507
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_finds_room_is_there(arriving, tmp_path):
    send(handler := arriving(), b"x" * 200_000)

    assert handler.file.size == 200_000
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [200_000]


def test_what_killed_processes_left_behind_is_removed_a_day_later(settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "original").write_bytes(b"paper")
        (tmp_path / f"{name}.upload.pdf").write_bytes(b"paper")
    then = (timezone.now() - timedelta(hours=25)).timestamp()
    for path in (tmp_path / "old", tmp_path / "old.upload.pdf"):
        os.utime(path, (then, then))

    uploads_purge(now=timezone.now())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "new.upload.pdf"]
