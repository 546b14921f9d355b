"""kill -9 of everything and faults of everyone, at random from one seed, while claims are submitted."""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg

from tests.faults.clients import Clients
from tests.faults.judge import UNFINISHED, Judge, Verdict
from tests.faults.rig import PROCESSES, SLOWEST_DEED, Rig

PAUSE = (0.1, 0.9)  # s between two cycles
STUCK = 60.0  # s without a delivery that was done, when nothing fails any more: longer than any wait that is left
DRAINS_WITHIN = 3600.0  # s in all, on the slowest machine
HURRY = """UPDATE core_delivery SET next_at = now() WHERE state = 'waiting' AND next_at > now() + interval '20 s'"""
# What is done in a cycle, and how often beside the others.
WEIGHTS = {"crm": 40, "share": 8, "archive": 8, "sms": 5, "mail": 4, "n8n": 5, "pool child": 14, "slow": 5, "quick": 3,
           "heavy": 4, "web": 7, "beat": 3, "database": 5}  # fmt: skip
SYSTEMS = {"crm": "vtiger", "share": "nextcloud", "archive": "s3", "sms": "smsc", "mail": "mail", "n8n": "n8n"}
REFUSALS = {
    "vtiger": ("END_SESSIONS", "INVALID_SESSIONID", "INTERNAL_SERVER_ERROR", "DATABASE_QUERY_ERROR", "FATAL"),
    "nextcloud": ("423", "503", "hollow", "half"),
    "s3": ("SlowDown", "hollow", "half", "etag"),
    "n8n": ("workflow_error", "empty_body"),
    "mail": ("451",),
}


class Result(Protocol):
    """What a part of `make faults` found: lines for people, and what must not have happened."""

    flaws: list[str]

    def lines(self) -> list[str]: ...


@dataclass
class Report:
    seed: int
    cycles: Counter[str] = field(default_factory=Counter)
    ended_by_themselves: Counter[str] = field(default_factory=Counter)
    pressed: Counter[str] = field(default_factory=Counter)
    hurried: int = 0
    lost_tries: int = 0
    unclear_tries: int = 0
    answers: str = ""
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    flaws: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        done = ", ".join(f"{name} {n}" for name, n in sorted(self.cycles.items()))
        ended = ", ".join(f"{name} {n}" for name, n in self.ended_by_themselves.items()) or "none"
        pressed = ", ".join(f"{name} {n}" for name, n in self.pressed.items()) or "none"
        return [
            f"seed {self.seed}: {sum(self.cycles.values())} cycles ({done}) in {self.seconds:.0f} s; {self.answers}",
            f"tries lost {self.lost_tries}, unclear {self.unclear_tries}; processes that ended by themselves: {ended}; "
            f"retried by staff: {pressed}; waits cut short: {self.hurried}",
            self.verdict.line(),
        ]


class Attack:
    def __init__(self, rig: Rig, *, seed: int, claims: int, cycles: int, say: Callable[[str], None]) -> None:
        self.rig, self.random, self.report, self.say = rig, random.Random(seed), Report(seed), say
        self.cycles = cycles
        made = rig.run("drafts", str(claims), str(max(2, claims * 3 // 10)))
        self.clients = Clients(rig, made, seed=seed)

    def run(self) -> Report:
        began = time.monotonic()
        self.rig.start(*PROCESSES)
        self.rig.wait_for_web()
        for done in range(self.cycles):
            self.clients.release(1 + len(self.clients.drafts) * (done + 1) // self.cycles)
            time.sleep(self.random.uniform(*PAUSE))
            what = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            self.act(what)
            self.report.cycles[what] += 1
            if done % 25 == 24:
                self.say(f"  {done + 1} cycles, {len(self.clients.acknowledged)} claims acknowledged, "
                         f"{time.monotonic() - began:.0f} s")  # fmt: skip
        self.recover()
        self.clients.finish()
        self.rig.wait_for_web()
        self.clients.ask_again()
        self.drain()
        self.judge()
        self.report.seconds = time.monotonic() - began
        return self.report

    # --- the harm

    def act(self, what: str) -> None:
        if what in SYSTEMS:
            self.rig.fault(SYSTEMS[what], **self.fault(SYSTEMS[what]))
        elif what == "pool child":
            self.rig.kill_child(self.random.choice(["slow", "slow", "quick", "heavy"]), self.random)
        elif what == "database":
            self.rig.postgres.kill()
            time.sleep(self.random.uniform(0, 1.5))
            self.rig.postgres.start()
        else:
            self.rig.kill(what)
            time.sleep(self.random.uniform(0, 1))
            self.rig.start(what)
        self.raise_the_dead()

    def fault(self, system: str) -> dict[str, Any]:
        """Slow, silent, failing, cutting the line, talking nonsense: for the next calls."""
        kinds = ["delay", "delay", "silence", "cut", "garbage"]
        kinds += ["status", "status"] if system != "mail" else []
        kinds += ["refuse"] if system in REFUSALS else []
        kind = self.random.choice(kinds)
        fault: dict[str, Any] = {
            "kind": kind,
            "when": self.random.choice(["before", "after", "after"]),
            "times": self.random.randint(1, 6),
        }
        if kind == "delay":
            fault["seconds"] = self.random.uniform(0.3, SLOWEST_DEED)
        if kind == "status":
            fault["status"] = self.random.choice([500, 502, 503, 504])
        if kind == "refuse":
            fault["code"] = self.random.choice(REFUSALS[system])
        if system == "vtiger" and self.random.random() < 0.6:
            fault["match"] = self.random.choice(["create", "add_related", "create HelpDesk", "query"])
        return fault

    # --- the end

    def recover(self) -> None:
        """Mend everything that was broken."""
        self.rig.mend()
        self.raise_the_dead()

    def raise_the_dead(self) -> None:
        self.report.ended_by_themselves.update(self.rig.raise_the_dead())

    def drain(self) -> None:
        """Wait until every delivery has an end; staff press "retry" where a delivery asks for them."""
        drain(self.rig, self.report)

    def judge(self) -> None:
        report, clients = self.report, self.clients
        report.lost_tries, report.unclear_tries = (
            self.rig.number(f"SELECT count(*) FROM core_deliveryattempt WHERE outcome = '{outcome}'")
            for outcome in ("lost", "unknown")
        )
        refused = ", ".join(f"{n} times {status}" for status, n in clients.refused.items()) or "none refused"
        report.answers = f"{len(clients.acknowledged)} submits acknowledged, {clients.broken_off} broken off, {refused}"
        report.verdict = Judge(self.rig, clients.acknowledged).judge()
        report.flaws = [*clients.flaws, *report.verdict.all()]


def drain(rig: Rig, report: Report) -> None:
    end, moved, left = time.monotonic() + DRAINS_WITHIN, time.monotonic(), -1
    while time.monotonic() < min(end, moved + STUCK):
        report.ended_by_themselves.update(rig.raise_the_dead())
        try:
            # The longest waits between tries are hours: they are cut short, and counted.
            report.hurried += _change(rig, HURRY)
            before, left = left, rig.number(UNFINISHED)
            if not left and not _press(rig, report):
                return
            moved = moved if left == before else time.monotonic()
        except psycopg.OperationalError:  # it is starting
            pass
        time.sleep(0.5)


def _press(rig: Rig, report: Report) -> bool:
    if not rig.number(
        "SELECT count(*) FROM core_delivery WHERE state = 'needs_attention' AND target NOT IN ('sms', 'email')"
    ):
        return False
    report.pressed.update(rig.run("retry"))
    return True


def _change(rig: Rig, statement: str) -> int:
    with psycopg.connect(rig.postgres.url, connect_timeout=5) as connection:
        return connection.execute(statement.encode()).rowcount


def told(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()
