"""Every named point of every step × every fault there: the chain goes on, and everything is there once.

One slow worker with one process, so that what is armed by a try meets that try's calls and no other's.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.faults.attack import Report, drain
from tests.faults.clients import Clients
from tests.faults.failpoints import KINDS, POINTS
from tests.faults.judge import Judge
from tests.faults.rig import PROCESSES, Rig

STEPS = ("contact", "project", "ticket", "relation", "files", "archive")
# What a repetition replaces like by like states no intent; the last step calls nobody and has no points at all.
NATURAL = ("relation", "files", "archive")
POINTLESS = "after_intent of relation, files and archive (natural repeats state no intent); complete (calls nobody)"
MEETS_WITHIN = 60.0  # s
BAD = {"kill": ("lost",), "time-out": ("unknown", "unavailable"), "5xx": ("unknown", "unavailable"),
       "garbage": ("unknown", "unavailable")}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    step: str
    point: str
    kind: str

    @property
    def file(self) -> str:
        return f"registration.{self.step}:{self.point}--{self.kind}"

    @property
    def hurts_itself(self) -> bool:
        """Whether the fault meets the very try that reached the point, rather than what comes next."""
        if (self.step, self.kind) == ("archive", "garbage"):
            return False  # what the archive answers is not believed anyway: it is read back
        return self.kind == "kill" or self.point in ("before_intent", "after_intent")


def cells(steps: Sequence[str] = STEPS, kinds: Sequence[str] = KINDS) -> list[Cell]:
    return [
        Cell(step, point, kind)
        for kind in kinds
        for step in steps
        for point in POINTS
        if not (step in NATURAL and point == "after_intent")
    ]


@dataclass
class Outcome:
    cells: int
    resumed: int = 0
    report: Report = field(default_factory=lambda: Report(0))
    seconds: float = 0.0
    flaws: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"failpoints: {self.cells} cells, {self.resumed} resumed, in {self.seconds:.0f} s; "
            f"there is no {POINTLESS}; retried by staff: {sum(self.report.pressed.values())}",
            self.report.verdict.line(),
        ]


def run(rig: Rig, wanted: Sequence[Cell], *, say: Callable[[str], None]) -> Outcome:
    """Each cell has a claim, of a person of its own, so that each step makes something."""
    began, outcome = time.monotonic(), Outcome(len(wanted))
    clients = Clients(rig, rig.run("drafts", str(len(wanted))), seed=0)
    rig.start(*PROCESSES)
    rig.wait_for_web()
    for done, cell in enumerate(wanted):
        (rig.failpoints / cell.file).touch()
        clients.release(done + 1)
        _wait_until_hit(rig, cell)
        if done % 20 == 19:
            say(f"  {done + 1} cells, {time.monotonic() - began:.0f} s")
    clients.finish()
    rig.mend()
    drain(rig, outcome.report)
    verdict = outcome.report.verdict = Judge(rig, clients.acknowledged).judge()
    outcome.flaws = [*clients.flaws, *verdict.all()]
    for cell in wanted:
        if fault := _not_met(rig, cell):
            outcome.flaws.append(f"{cell.file}: {fault}")
        else:
            outcome.resumed += 1
    outcome.seconds = time.monotonic() - began
    return outcome


def _wait_until_hit(rig: Rig, cell: Cell) -> None:
    """Until a claim has come to the cell's point, or so long that it may be left to those that follow."""
    end = time.monotonic() + MEETS_WITHIN
    while (rig.failpoints / cell.file).exists() and time.monotonic() < end:
        time.sleep(0.02)


def _not_met(rig: Rig, cell: Cell) -> str:
    """Why the cell proves nothing; empty if its fault was met and the delivery was done afterwards."""
    hit = rig.failpoints / f"hit--{cell.file}"
    if not hit.exists():
        return "was never reached"
    rows = rig.rows(
        "SELECT state, array_agg(outcome) FROM core_delivery AS delivery "
        "JOIN core_deliveryattempt AS try ON try.delivery_id = delivery.id "
        f"WHERE delivery.id = {int(hit.read_text())} GROUP BY delivery.id"
    )
    [(state, outcomes)] = rows
    if state != "done":
        return f"ended {state}"
    if cell.hurts_itself and not set(outcomes) & set(BAD[cell.kind]):
        return f"did no harm: {outcomes}"
    return ""
