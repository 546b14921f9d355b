"""How a claim's documents are called where they are handed over, and which set of them an archive holds."""

import hashlib
import re
from collections.abc import Iterable, Sequence

_ENDING = re.compile(r"(\.[A-Za-z0-9]{1,8})?$")


def file_names(names: Sequence[str]) -> list[str]:
    """`names` made different from each other without regard to case: a second `scan.pdf` becomes `scan (2).pdf`."""
    taken: set[str] = set()
    found = []
    for name in names:
        candidate, n = name, 1
        while candidate.casefold() in taken:
            n += 1
            at = _ENDING.search(name)
            stem = name[: at.start()] if at else name
            candidate = f"{stem} ({n}){name[len(stem) :]}"
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


def set_digest(files: Iterable[tuple[str, str]]) -> str:
    """A digest (hex) of a set of files, each a name and the SHA-256 of its content."""
    lines = "\n".join(sorted(f"{sha256} {name}" for name, sha256 in files))
    return hashlib.sha256(lines.encode()).hexdigest()
