"""Many files as one ZIP: the same bytes for the same files, and never more of them in memory than a few pieces."""

import hashlib
import io
import itertools
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import IO

import pytest

from apps.core.files.bundle import Entry, bundle
from apps.core.files.errors import StorageFailed

AT = datetime(2026, 5, 4, 12, 30, 10, tzinfo=UTC)
GOLDEN = "788e30a736aaea1f9f2215c87c89503857f46a9c25f24a3886a05dcaa712fead"
MB = 1024 * 1024


def entry(name: str, content: bytes, key: str = "") -> Entry:
    return Entry(name, key or name, len(content), lambda: io.BytesIO(content))


def zipped(*entries: Entry, modified: datetime = AT) -> bytes:
    return b"".join(bundle(entries, modified=modified))


def read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


PAPERS = (
    entry("Посадочный талон.pdf", b"%PDF-1.7 pass", "2"),
    entry("scan.jpg", b"\xff\xd8" * 200_000, "3"),
    entry("scan.jpg", b"another", "1"),
    entry("nothing.pdf", b"", "4"),
)


def test_it_unpacks_to_what_went_in():
    assert read(zipped(*PAPERS)) == {
        "nothing.pdf": b"",
        "scan.jpg": b"another",
        "scan (2).jpg": b"\xff\xd8" * 200_000,
        "Посадочный талон.pdf": b"%PDF-1.7 pass",
    }


def test_the_same_files_in_any_order_give_the_same_bytes():
    hashes = {hashlib.sha256(zipped(*order)).hexdigest() for order in itertools.permutations(PAPERS)}

    assert hashes == {GOLDEN}


def test_no_files_are_an_empty_zip():
    assert read(zipped()) == {}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.pdf", "A.PDF", "a.pdf"], ["A.PDF", "a (2).pdf", "a (3).pdf"]),
        (["a.pdf", "a.pdf", "a (2).pdf"], ["a (2).pdf", "a.pdf", "a (3).pdf"]),
        (["scan", "scan"], ["scan", "scan (2)"]),
        (["../../etc/passwd"], ["passwd"]),
        (["C:\\temp\\a\u202e.pdf"], ["a.pdf"]),
        (["", "..."], ["file", "file (2)"]),
    ],
)
def test_names_are_clean_and_differ_on_any_system(names, expected):
    entries = [entry(name, b"x", str(n)) for n, name in enumerate(names)]

    assert list(read(zipped(*entries))) == expected


@pytest.mark.parametrize(
    ("modified", "stamp"),
    [
        (AT, (2026, 5, 4, 12, 30, 10)),
        (AT.astimezone(timezone(timedelta(hours=3))), (2026, 5, 4, 12, 30, 10)),
        (datetime(1970, 1, 1, tzinfo=UTC), (1980, 1, 1, 0, 0, 0)),
    ],
)
def test_every_file_has_the_one_time_given(modified, stamp):
    with zipfile.ZipFile(io.BytesIO(zipped(*PAPERS, modified=modified))) as opened:
        assert {info.date_time for info in opened.infolist()} == {stamp}


@pytest.mark.parametrize("size", [4, 6])
def test_a_file_of_another_size_is_not_passed_on_as_whole(size):
    with pytest.raises(StorageFailed):
        list(bundle([Entry("a.pdf", "1", size, lambda: io.BytesIO(b"12345"))]))


class Watched(io.BytesIO):
    """Zeros, and a count of how many such files are open."""

    open_now = 0

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size
        Watched.open_now += 1

    def read(self, size: int | None = -1) -> bytes:
        taken = min(size or 0, self.left)
        self.left -= taken
        return bytes(taken)

    def close(self) -> None:
        Watched.open_now -= 0 if self.closed else 1
        super().close()


def watched(size: int) -> Callable[[], IO[bytes]]:
    return lambda: Watched(size)


def test_memory_stays_flat_and_one_file_is_open_at_a_time():
    entries = [Entry("scan.jpg", str(n), 32 * MB, watched(32 * MB)) for n in range(3)]
    most_open = size = 0
    tracemalloc.start()
    try:
        for piece in bundle(entries):
            size += len(piece)
            most_open = max(most_open, Watched.open_now)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert size > 96 * MB
    assert (most_open, Watched.open_now) == (1, 0)
    assert peak < 4 * MB


def test_a_reader_that_goes_away_leaves_no_file_open():
    pieces = bundle([Entry("scan.jpg", "1", 32 * MB, watched(32 * MB))])
    next(pieces), next(pieces)

    pieces.close()  # type: ignore[attr-defined]

    assert Watched.open_now == 0


@pytest.mark.parametrize(("gigabytes", "version"), [(1, zipfile.DEFAULT_VERSION), (5, zipfile.ZIP64_VERSION)])
def test_a_file_beyond_four_gigabytes_is_written_as_zip64(gigabytes, version):
    size = gigabytes * 1024 * MB

    head = next(iter(bundle([Entry("video.mp4", "1", size, watched(size))])))

    assert int.from_bytes(head[4:6], "little") == version
