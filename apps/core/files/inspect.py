"""`python -m apps.core.files.inspect`: look into one uploaded file, in a process of its own that may be killed.

Writes one line of JSON to standard output: {"kind", "mime", "pages", "width", "height"} or {"refused", "reason"}. For
pictures also a preview and a thumbnail, JPEG, to the given paths. Nothing of Django is imported; the limits of this
process are set before any parser is loaded.
"""

import argparse
import errno
import json
import mmap
import sys
from pathlib import Path
from typing import Any

from apps.core.files import refusals, signatures
from apps.core.files.bounded import limit_this_process
from apps.core.files.refusals import Refused


def main(arguments: list[str] | None = None) -> int:
    """Inspect the file that the arguments name and print what was found. Always 0; a crash is seen by its own code."""
    options = _options(arguments)
    limit_this_process(memory_mb=options.memory_mb, cpu_s=options.cpu_s, file_mb=options.file_mb)
    try:
        found = inspect(options)
    except Refused as error:
        found = {"refused": error.code, "reason": error.reason}
    except MemoryError:
        found = {"refused": refusals.BOMB, "reason": f"needs more than {options.memory_mb} MB"}
    except OSError as error:
        if error.errno not in (errno.EFBIG, errno.ENOMEM):
            raise
        found = {"refused": refusals.BOMB, "reason": error.strerror}
    json.dump(found, sys.stdout)
    return 0


def inspect(options: argparse.Namespace) -> dict[str, Any]:
    """What the file is. Raises Refused."""
    path: Path = options.path
    if path.stat().st_size == 0:
        raise Refused(refusals.EMPTY, "0 bytes")
    with path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        kind = signatures.kind_of(data)
        signatures.refuse_hidden(data, kind)
        found: dict[str, Any] = {"kind": kind, "mime": signatures.MIME[kind], "pages": 1, "width": None, "height": None}
        if kind == "pdf":
            from apps.core.files.pdf import read_pdf

            return found | {"pages": read_pdf(path, data, max_pages=options.max_pages)}
    from apps.core.files.images import read_picture

    picture = read_picture(
        path, kind, max_pixels=options.max_pixels, preview_to=options.preview_to, thumb_to=options.thumb_to
    )
    return found | {"width": picture.width, "height": picture.height}


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="inspect", description="Look into one uploaded file.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--preview-to", type=Path, required=True)
    parser.add_argument("--thumb-to", type=Path, required=True)
    parser.add_argument("--max-pixels", type=int, default=50_000_000)
    parser.add_argument("--max-pages", type=int, default=300)
    parser.add_argument("--memory-mb", type=int, default=1024)
    parser.add_argument("--cpu-s", type=int, default=10)
    parser.add_argument("--file-mb", type=int, default=20)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
