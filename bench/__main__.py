"""The one command: `python -m bench [part ...]`, or `make bench ARGS="patch submit"`."""

import argparse
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable

from bench.figures import Figure, table
from bench.place import Place
from tests.services import Unusable

# Where each part is measured; they are imported when Django is set up.
PARTS = {
    "patch": "bench.steps:measure_patch",
    "submit": "bench.steps:measure_submit",
    "crm": "bench.crm_down:measure",
    "upload": "bench.upload:measure",
    "bundle": "bench.bundle:measure",
    "deliveries": "bench.deliveries:measure",
    "list": "bench.lists:measure",
    "live": "bench.live:measure",
    "sockets": "bench.sockets:measure",
    "advice": "bench.advice:measure",
    "reading": "bench.reading:measure",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Claimdesk beside baselines taken in the same run, in about six minutes. Needs PostgreSQL "
        "and Redis (where CLAIMDESK_TEST_DATABASE_URL and _REDIS_URL say, or on this machine); `live` needs chromium.",
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without one")
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    try:
        place = Place()
    except Unusable as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and databases go then, too
    figures: list[Figure] = []
    began = time.monotonic()
    try:
        place.enter()
        for name in chosen:
            module, _colon, function = PARTS[name].partition(":")
            measure: Callable[[Place], list[Figure]] = getattr(importlib.import_module(module), function)
            sys.stderr.write(f"{name} ...\n")
            figures += measure(place)
    finally:
        place.close()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end, {time.monotonic() - began:.0f} s\n")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
