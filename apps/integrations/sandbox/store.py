"""What the fake systems hold, in a small SQLite file of its own: it survives a restart of the sandbox."""

import contextlib
import json
import os
import shutil
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEEP = 1000  # messages of each system; records stay until they are cleared
MESSAGES = ("sms", "mail", "event")  # the kinds of which only the newest are kept

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS item_newest ON item (system, kind, id);
CREATE TABLE IF NOT EXISTS file (
    item INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE, n INTEGER NOT NULL,
    name TEXT NOT NULL, type TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (item, n)
);
"""


@dataclass(frozen=True)
class File:
    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class FileNote:
    """A file without its content; `size` in bytes."""

    n: int
    name: str
    type: str
    size: int


@dataclass(frozen=True)
class Item:
    """One thing that a system was given; `at` is UTC."""

    id: int
    system: str
    kind: str
    at: datetime
    data: dict[str, Any]
    files: tuple[FileNote, ...]


class Store:
    """Opens or makes the file at `path`, readable by its owner alone: it holds codes and addresses.

    Items are read from memory and written through; contents of files stay on the disk.
    """

    def __init__(self, path: Path, *, fresh: bool = False, keep: int = KEEP) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.folder = path.with_suffix(".files")  # of contents too large for a row, a folder for each system
        if fresh:
            path.unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._keep = keep
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA synchronous = OFF")  # a power cut may lose the latest, a killed process does not
        self._db.executescript(_SCHEMA)
        self._items: dict[str, dict[int, Item]] = defaultdict(dict)  # by system, the oldest first
        self._load()

    def _load(self) -> None:
        notes: dict[int, list[FileNote]] = defaultdict(list)
        for item, *note in self._db.execute("SELECT item, n, name, type, length(content) FROM file ORDER BY item, n"):
            notes[item].append(FileNote(*note))
        for id_, system, kind, at, data in self._db.execute("SELECT id, system, kind, at, data FROM item ORDER BY id"):
            files = tuple(notes.get(id_, ()))
            self._items[system][id_] = Item(id_, system, kind, datetime.fromisoformat(at), json.loads(data), files)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else reads or writes inside: for "if there is none yet, add one"."""
        with self._lock:
            yield

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction, also for those that are begun inside it."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    def add(self, system: str, kind: str, data: Mapping[str, Any], files: Sequence[File] = ()) -> int:
        """Keep one item and return its id, which counts over all systems. Beyond the limit the oldest message goes."""
        at = datetime.now(UTC)
        row = (system, kind, at.isoformat(), json.dumps(data, ensure_ascii=False))
        with self._transaction():
            added = self._db.execute("INSERT INTO item (system, kind, at, data) VALUES (?, ?, ?, ?)", row)
            id_ = int(added.lastrowid or 0)
            rows = [(id_, n, file.name, file.type, file.content) for n, file in enumerate(files)]
            self._db.executemany("INSERT INTO file (item, n, name, type, content) VALUES (?, ?, ?, ?, ?)", rows)
            notes = tuple(FileNote(n, file.name, file.type, len(file.content)) for n, file in enumerate(files))
            self._items[system][id_] = Item(id_, system, kind, at, dict(data), notes)
            if kind in MESSAGES:
                for old in self.items(system, kind=kind)[self._keep :]:
                    self.remove(old.id)
        return id_

    def update(self, item: Item, data: Mapping[str, Any]) -> None:
        """Keep `data` in place of what `item` says."""
        with self._transaction():
            self._db.execute("UPDATE item SET data = ? WHERE id = ?", (json.dumps(data, ensure_ascii=False), item.id))
            self._items[item.system][item.id] = replace(item, data=dict(data))

    def items(self, system: str, *, kind: str = "", limit: int | None = None) -> list[Item]:
        """What `system` holds, newest first. The items are shared: change none of them."""
        with self._lock:
            held = list(self._items[system].values())
        held.reverse()
        return [item for item in held if not kind or item.kind == kind][:limit]

    def item(self, system: str, id_: int) -> Item | None:
        with self._lock:
            return self._items[system].get(id_)

    def count(self, system: str) -> int:
        with self._lock:
            return len(self._items[system])

    def file(self, system: str, item: int, n: int) -> File | None:
        with self._lock:
            row = self._db.execute(
                "SELECT name, type, content FROM file JOIN item ON item.id = file.item "
                "WHERE item.system = ? AND item.id = ? AND n = ?",
                (system, item, n),
            ).fetchone()
        return File(*row) if row else None

    def remove(self, id_: int) -> None:
        """Forget one item."""
        with self._transaction():
            self._db.execute("DELETE FROM item WHERE id = ?", (id_,))
            for held in self._items.values():
                held.pop(id_, None)

    def clear(self, system: str = "") -> None:
        """Forget what `system` holds, or everything."""
        with self._transaction():
            self._db.execute("DELETE FROM item WHERE ?1 = '' OR system = ?1", (system,))
            for name in [system] if system else list(self._items):
                self._items[name].clear()
            shutil.rmtree(self.folder / system, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            self._db.close()
