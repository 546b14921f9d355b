"""What the fake systems hold, in a small SQLite file of its own: it survives a restart of the sandbox."""

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEEP = 1000  # items of each system and kind

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
    """Opens or makes the file at `path`, readable by its owner alone: it holds codes and addresses."""

    def __init__(self, path: Path, *, fresh: bool = False, keep: int = KEEP) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._keep = keep
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else reads or writes inside: for "if there is none yet, add one"."""
        with self._lock:
            yield

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.rollback()
                raise
            self._db.commit()

    def add(self, system: str, kind: str, data: Mapping[str, Any], files: Sequence[File] = ()) -> int:
        """Keep one item and return its id; beyond the limit the oldest of its kind goes."""
        row = (system, kind, datetime.now(UTC).isoformat(), json.dumps(data, ensure_ascii=False))
        with self._transaction():
            added = self._db.execute("INSERT INTO item (system, kind, at, data) VALUES (?, ?, ?, ?)", row)
            id_ = int(added.lastrowid or 0)
            rows = [(id_, n, file.name, file.type, file.content) for n, file in enumerate(files)]
            self._db.executemany("INSERT INTO file (item, n, name, type, content) VALUES (?, ?, ?, ?, ?)", rows)
            self._db.execute(
                "DELETE FROM item WHERE system = ?1 AND kind = ?2 AND id <= "
                "(SELECT id FROM item WHERE system = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
                (system, kind, self._keep),
            )
        return id_

    def items(self, system: str, *, limit: int = KEEP) -> list[Item]:
        """What `system` holds, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, system, kind, at, data FROM item WHERE system = ? ORDER BY id DESC LIMIT ?", (system, limit)
            ).fetchall()
            oldest = rows[-1][0] if rows else 0
            notes = self._db.execute(
                "SELECT file.item, n, name, type, length(content) FROM file JOIN item ON item.id = file.item "
                "WHERE item.system = ? AND item.id >= ? ORDER BY n",
                (system, oldest),
            ).fetchall()
        files: dict[int, list[FileNote]] = {}
        for item, n, name, kind, size in notes:
            files.setdefault(item, []).append(FileNote(n, name, kind, size))
        return [
            Item(id_, name, kind, datetime.fromisoformat(at), json.loads(data), tuple(files.get(id_, ())))
            for id_, name, kind, at, data in rows
        ]

    def count(self, system: str) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM item WHERE system = ?", (system,)).fetchone()[0])

    def file(self, system: str, item: int, n: int) -> File | None:
        with self._lock:
            row = self._db.execute(
                "SELECT name, type, content FROM file JOIN item ON item.id = file.item "
                "WHERE item.system = ? AND item.id = ? AND n = ?",
                (system, item, n),
            ).fetchone()
        return File(*row) if row else None

    def clear(self, system: str = "") -> None:
        """Forget what `system` holds, or everything."""
        with self._transaction():
            self._db.execute("DELETE FROM item WHERE ?1 = '' OR system = ?1", (system,))

    def close(self) -> None:
        with self._lock:
            self._db.close()
