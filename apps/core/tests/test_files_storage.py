"""A file is kept only when it is there and equal: on disk, in S3, and in an S3 that lies."""

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from apps.core.files import storage
from apps.core.files.errors import StorageFailed, StorageFull

CONTENT = bytes(range(256)) * 4096  # 1 MB, several pieces
BUCKET = "claims"
KEY = "claims/CLM-2026-01-01-0001/7f9c.pdf"


def s3_options(url: str) -> dict[str, object]:
    return {
        "endpoint_url": url,
        "bucket_name": BUCKET,
        "access_key": "test",
        "secret_key": "test",
        "region_name": "us-east-1",
        "location": "intake",
        "client_config": Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
            connect_timeout=2,
            read_timeout=5,
            retries={"max_attempts": 1},
        ),
    }


def use_s3(settings, url: str) -> None:
    private = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": s3_options(url)}
    settings.STORAGES = {**settings.STORAGES, "private": private}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def disk(settings, tmp_path: Path) -> Path:
    private = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "kept", "allow_overwrite": True},
    }
    settings.STORAGES = {**settings.STORAGES, "private": private}
    return tmp_path / "kept"


@pytest.fixture
def bucket(settings, moto: str):
    use_s3(settings, moto)
    made = boto3.resource(
        "s3", endpoint_url=moto, aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1"
    )
    kept = made.create_bucket(Bucket=BUCKET)
    yield kept
    kept.objects.delete()
    kept.delete()


@pytest.fixture(params=["disk", "bucket"])
def place(request) -> str:
    """Both kinds of storage, one after the other."""
    request.getfixturevalue(request.param)
    return str(request.param)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return path


def keep(path: Path, key: str = KEY, **other: Any) -> None:
    sha256, size = storage.hash_file(path)
    told: dict[str, Any] = {"sha256": sha256, "size": size, "content_type": "application/pdf", **other}
    storage.store(path, key=key, **told)


def read(key: str = KEY) -> bytes:
    with storage.open_stream(key) as stream:
        return stream.read()


def left_on(disk: Path) -> list[Path]:
    return [path for path in disk.rglob("*") if path.is_file()]


def test_a_file_is_kept_whole(place, upload):
    keep(upload)

    assert read() == CONTENT


def test_a_file_may_be_kept_twice(place, upload):
    keep(upload)
    keep(upload)

    assert read() == CONTENT


def test_a_newer_file_takes_the_place_of_an_older(place, upload, tmp_path):
    keep(upload)
    newer = tmp_path / "newer"
    newer.write_bytes(CONTENT[::-1])

    keep(newer)

    assert read() == CONTENT[::-1]


def test_a_stream_is_read_in_pieces(place, upload):
    keep(upload)

    with storage.open_stream(KEY) as stream:
        pieces = iter(lambda: stream.read(100_000), b"")
        assert [len(piece) for piece in pieces] == [100_000] * 10 + [48_576]


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size": 5}])
def test_a_file_other_than_announced_is_not_kept(wrong, place, upload):
    with pytest.raises(StorageFailed) as caught:
        keep(upload, **wrong)

    assert (caught.value.status, caught.value.retry_after) == (503, 30)
    with pytest.raises(StorageFailed):
        read()


def test_deleted_files_are_gone_and_others_stay(place, upload):
    other = "claims/CLM-2026-01-01-0002/a.pdf"
    keep(upload)
    keep(upload, other)

    storage.delete([KEY, "claims/none/none.pdf", KEY])

    assert read(other) == CONTENT
    with pytest.raises(StorageFailed):
        read()


def test_check_leaves_no_probe(place, request):
    storage.check()

    if place == "disk":
        assert left_on(request.getfixturevalue("disk")) == []
    else:
        assert list(request.getfixturevalue("bucket").objects.all()) == []


@pytest.mark.parametrize("key", ["../a", "/a", "a//b", "a/../b", ".a", "a/.b", "", "а", "a b", "a\n"])
def test_a_key_of_other_making_is_an_error(key, disk, upload):
    with pytest.raises(ValueError, match="storage key"):
        keep(upload, key)


def test_an_object_says_what_it_is(bucket, upload):
    keep(upload)

    assert bucket.Object(f"intake/{KEY}").content_type == "application/pdf"


# --- the disk


def test_files_on_disk_are_for_their_owner_only(disk, upload):
    keep(upload)

    assert (disk / KEY).stat().st_mode & 0o777 == 0o600
    assert (disk / KEY).parent.stat().st_mode & 0o777 == 0o700


def test_the_file_and_its_folders_are_synced_before_success(disk, upload, monkeypatch):
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)

    keep(upload)

    folders = [(disk / KEY).parent, (disk / KEY).parent.parent, disk]
    assert synced[0].endswith(".part")
    assert synced[1:] == [str(folder) for folder in folders]


@pytest.mark.parametrize(
    ("number", "error", "status"), [(errno.ENOSPC, StorageFull, 507), (errno.EIO, StorageFailed, 503)]
)
def test_a_failing_disk_keeps_nothing(number, error, status, disk, upload, monkeypatch):
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(error) as caught:
        keep(upload)

    assert caught.value.status == status
    assert left_on(disk) == []


def test_a_disk_that_changes_bytes_keeps_nothing(disk, upload, monkeypatch):
    real = os.fsync

    def spoil(descriptor: int) -> None:
        real(descriptor)
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        if name.endswith(".part"):
            with open(name, "r+b") as part:
                part.write(b"spoilt")

    monkeypatch.setattr(os, "fsync", spoil)

    with pytest.raises(StorageFailed):
        keep(upload)

    assert left_on(disk) == []


def test_a_failed_newer_file_does_not_harm_the_folder_of_others(disk, upload):
    other = f"{KEY}.other"
    keep(upload, other)

    with pytest.raises(StorageFailed):
        keep(upload, sha256="0" * 64)

    assert read(other) == CONTENT


def test_an_empty_folder_goes_with_its_last_file(disk, upload):
    keep(upload)

    storage.delete([KEY])

    assert list(disk.iterdir()) == []


def test_many_at_once_in_one_folder(disk, upload):
    keys = [f"claims/one/{number}.pdf" for number in range(12)]
    failed = []

    def keep_and_delete(key: str) -> None:
        try:
            for _ in range(5):
                keep(upload, key)
                storage.delete([key])
            keep(upload, key)
        except StorageFailed as error:
            failed.append(error)

    threads = [threading.Thread(target=keep_and_delete, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert all(read(key) == CONTENT for key in keys)
    assert len(left_on(disk)) == len(keys)


def test_free_space_below_the_floor_is_full(disk, settings, monkeypatch):
    usage = type(shutil.disk_usage("/"))
    total, free = 10_000 * storage.MB, 1_500 * storage.MB
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(total, total - free, free))
    settings.FREE_SPACE_FLOOR_PERCENT, settings.FREE_SPACE_FLOOR_MB = 10, 5_000

    storage.require_free_space(500 * storage.MB)
    with pytest.raises(StorageFull) as caught:
        storage.require_free_space(501 * storage.MB)

    assert (caught.value.status, caught.value.problems[0].code, caught.value.retry_after) == (507, "storage_full", 600)


def test_a_tenth_of_a_large_disk_is_not_asked_for(disk, settings, monkeypatch):
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**13, 10**13 - 10**10, 10**10))
    settings.FREE_SPACE_FLOOR_PERCENT, settings.FREE_SPACE_FLOOR_MB = 10, 1024

    storage.require_free_space(storage.MB)


# --- an S3 that lies


class Liar(BaseHTTPRequestHandler):
    """Answers 200 to every PUT. What it then has, `fault` says."""

    protocol_version = "HTTP/1.1"
    fault = ""
    deleted: list[str] = []
    kept: dict[str, bytes] = {}

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.fault == "refuses":
            self.answer(503)
            return
        changes = {"keeps nothing": None, "other bytes": body[::-1], "half": body[: len(body) // 2]}
        kept = changes.get(self.fault, body)
        if kept is not None:
            self.kept[self.path] = kept
        self.answer(200, etag=True)

    def do_HEAD(self) -> None:
        body = self.kept.get(self.path)
        if body is None or self.fault == "not found after":
            self.answer(404, length=0)
        else:
            self.answer(200, length=len(CONTENT) if self.fault == "half" else len(body))

    def do_GET(self) -> None:
        body = self.kept.get(self.path)
        if body is None:
            self.answer(404)
            return
        self.answer(200, length=len(body))
        if self.fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
        else:
            self.wfile.write(body)

    def do_DELETE(self) -> None:
        self.deleted.append(self.path)
        if self.fault == "never deletes":
            self.answer(500)
            return
        self.kept.pop(self.path, None)
        self.answer(204)

    def answer(self, status: int, *, length: int = 0, etag: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if etag:
            self.send_header("ETag", f'"{hashlib.md5(CONTENT).hexdigest()}"')
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def liar(settings) -> Iterator[type[Liar]]:
    class Own(Liar):
        deleted: list[str] = []
        kept: dict[str, bytes] = {}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    use_s3(settings, f"http://127.0.0.1:{server.server_port}")
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_honest_server_is_believed(liar, upload):
    keep(upload)

    assert read() == CONTENT
    assert liar.deleted == []


@pytest.mark.parametrize("fault", ["keeps nothing", "other bytes", "half", "not found after", "cut", "refuses"])
def test_a_lie_is_never_success_and_leaves_nothing(fault, liar, upload):
    liar.fault = fault

    with pytest.raises(StorageFailed) as caught:
        keep(upload)

    assert (caught.value.status, caught.value.problems[0].code) == (503, "storage_failed")
    assert liar.kept == {}
    assert liar.deleted == [f"/{BUCKET}/intake/{KEY}"]


def test_a_file_that_cannot_be_deleted_is_told(liar, upload):
    keep(upload)
    liar.fault = "never deletes"

    with pytest.raises(StorageFailed):
        storage.delete([KEY])


def test_no_server_at_all_is_a_failure_to_retry(settings, upload):
    use_s3(settings, "http://127.0.0.1:1")

    with pytest.raises(StorageFailed) as caught:
        storage.check()

    assert caught.value.retry_after == 30


def test_the_storage_of_the_settings_works():
    storage.check()


def test_a_folder_goes_with_everything_in_it_and_its_neighbour_stays(disk: Path, tmp_path: Path) -> None:
    _keep_two_folders(tmp_path)
    (disk / "claims" / "one" / ".left-by-a-crash.part").write_bytes(b"half")

    storage.delete_folder("claims/one")
    storage.delete_folder("claims/one")

    left = [str(file.relative_to(disk)) for file in disk.rglob("*") if file.is_file()]
    assert left == ["claims/one-more/b.pdf"]


def test_a_folder_goes_from_s3_as_well(settings, moto: str, tmp_path: Path) -> None:
    use_s3(settings, moto)
    boto3.client(
        "s3", endpoint_url=moto, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    ).create_bucket(Bucket=BUCKET)
    _keep_two_folders(tmp_path)

    storage.delete_folder("claims/one")

    with pytest.raises(StorageFailed), storage.open_stream("claims/one/a.pdf") as stream:
        stream.read()
    with storage.open_stream("claims/one-more/b.pdf") as stream:
        assert stream.read() == CONTENT


def _keep_two_folders(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    sha256, size = storage.hash_file(file)
    for key in ("claims/one/a.pdf", "claims/one-more/b.pdf"):
        storage.store(file, key=key, sha256=sha256, size=size, content_type="application/pdf")
