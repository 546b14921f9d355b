"""`make faults`: the product as real processes on servers of its own, killed and let down, and what must still be true.

`ARGS="--seed N --claims 500 --cycles 400 --down 60"`; `--only reading` (attack, failpoints, outages, webhooks) for one
part.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults import matrix
from tests.faults.attack import Attack, Result, told
from tests.faults.outages import Outages
from tests.faults.reading import Readings
from tests.faults.rig import WINDOW, Rig, keep_logs, rig
from tests.faults.webhooks import Webhooks
from tests.services import Unusable

SHOWN = 60  # flaws


Part = Callable[[Rig, argparse.Namespace], Result]


def say(text: str) -> None:
    told([text])


def attack(one: Rig, given: argparse.Namespace) -> Result:
    return Attack(one, seed=given.seed, claims=given.claims, cycles=given.cycles, say=say).run()


def failpoints(one: Rig, given: argparse.Namespace) -> Result:
    return matrix.run(one, matrix.cells(), say=say)


def outages(one: Rig, given: argparse.Namespace) -> Result:
    return Outages(one, down=given.down, say=say).run()


def webhooks(one: Rig, given: argparse.Namespace) -> Result:
    one.start("web")
    one.wait_for_web()
    return Webhooks(one, seed=given.seed).run()


def reading(one: Rig, given: argparse.Namespace) -> Result:
    return Readings(one, say=say).run()


PARTS: dict[str, Part] = {one.__name__: one for one in (attack, webhooks, failpoints, outages, reading)}
# What shares a rig. One slow worker, so that a failpoint meets the try that reached it and no other.
RIGS = [(2, ["attack"]), (1, ["webhooks", "failpoints", "outages", "reading"])]


def parts(names: Sequence[str], slow_workers: int, given: argparse.Namespace, keep: Path) -> list[str]:
    """The flaws that these parts found, one after the other on one rig. Its logs are kept if there are any."""
    flaws = []
    with rig(slow_workers=slow_workers, window=given.window, keep=keep) as one:
        for name in names:
            say(f"=== {name}")
            result = PARTS[name](one, given)
            told(result.lines())
            flaws += [f"{name}: {flaw}" for flaw in result.flaws]
        if flaws:
            keep_logs(one, keep)
            (keep / "flaws.txt").write_text("\n".join(flaws))
    return flaws


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--cycles", type=int, default=150)
    parser.add_argument("--down", type=float, default=20.0, help="s that Redis and RabbitMQ are away")
    parser.add_argument(
        "--window", type=int, default=WINDOW, help="s; a window shorter than the CRM's own limit doubles records: try 1"
    )
    parser.add_argument("--only", choices=list(PARTS))
    given, began = parser.parse_args(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that was started is left behind
    keep = Path(tempfile.gettempdir()) / f"claimdesk-faults-logs-{time.strftime('%H%M%S')}"
    flaws = []
    try:
        for slow_workers, names in RIGS:
            if wanted := [name for name in names if given.only in (None, name)]:
                flaws += parts(wanted, slow_workers, given, keep / wanted[0])
    except Unusable as reason:
        told([str(reason)])
        return 1
    told([*flaws[:SHOWN], f"seed {given.seed}: {len(flaws)} flaws, {time.monotonic() - began:.0f} s"])
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
