"""Many files as one ZIP, made while it is sent: the same files always give the same bytes."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from apps.core.files.errors import StorageFailed
from apps.core.files.names import clean_name
from apps.core.files.storage import CHUNK

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # a ZIP knows no earlier time
_PRIVATE_FILE = 0o100600 << 16  # Unix mode, as ZIP keeps it
_UNIX = 3


@dataclass(frozen=True)
class Entry:
    """One file of `size` bytes that `open` opens. `key`, unique among the entries, orders those of one name."""

    name: str
    key: str
    size: int
    open: Callable[[], IO[bytes]]


def bundle(entries: Iterable[Entry], *, modified: datetime = EARLIEST) -> Iterator[bytes]:
    """The pieces of a ZIP (stored, not packed) with the entries by name, all of them stamped `modified` in UTC.

    Names are cleaned, a second one gets " (2)". One file is open at a time, and only while it is read.
    Raises StorageFailed if a file has another size than its entry says, and whatever `open` and `read` raise.
    """
    sink = _Sink()
    stamp = max(modified, EARLIEST).astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as made:
        for name, entry in _named(entries):
            info = zipfile.ZipInfo(name, stamp)
            info.file_size, info.external_attr, info.create_system = entry.size, _PRIVATE_FILE, _UNIX
            with made.open(info, "w") as target:
                for piece in _pieces(entry):
                    target.write(piece)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()


def _named(entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """The entries in order, each with a name that no other has, whatever the case of its letters."""
    used: set[str] = set()
    for name, entry in sorted(((clean_name(entry.name), entry) for entry in entries), key=_order):
        unique, n = name, 1
        while unique.casefold() in used:
            n += 1
            unique = _numbered(name, n)
        used.add(unique.casefold())
        yield unique, entry


def _order(named: tuple[str, Entry]) -> tuple[str, str, str]:
    name, entry = named
    return name.casefold(), name, entry.key


def _numbered(name: str, n: int) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({n}).{extension}" if stem and dot else f"{name} ({n})"


def _pieces(entry: Entry) -> Iterator[bytes]:
    size = 0
    with entry.open() as stream:
        while piece := stream.read(CHUNK):
            size += len(piece)
            if size > entry.size:
                break
            yield piece
    if size != entry.size:
        raise StorageFailed("a file has not the size that was written down for it")


class _Sink:
    """What zipfile writes to: no seeking back, so sizes and checksums follow each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open here."""

    def taken(self) -> Sequence[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces
