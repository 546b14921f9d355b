"""`python -m tests.faults.kill [--seed N] [--submits 50]`: kill -9 of web and worker at random during submits.

Clients repeat a request that got no answer with the same Idempotency-Key, as the form does. The web server is killed
after every few answers, with other requests on their way; the worker, or one of its children, while a delivery is being
made, which takes half a second here, before the deed or after it. Afterwards the database and the sandbox are asked: is
every acknowledged claim there once, has each of its deliveries an end, was nobody told twice?
"""

import argparse
import json
import random
import re
import sqlite3
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.faults.rig import Rig, rig

CLIENTS = 4
BETWEEN = (6, 11)  # answers between two kills of the web server
WORKER_KILLS = 6
SLOW = 0.5  # s that the outside systems take, so that kills find tries in every moment
ANSWERS_WITHIN = 200  # s, with starts of the web server in between
SETTLES_WITHIN = 75  # s: a lease, a sweep, a start, and room for a busy machine
ENDS = {"done", "done_manually", "cancelled", "needs_attention"}
UNFINISHED = "SELECT count(*) FROM core_delivery WHERE state IN ('queued', 'running', 'waiting', 'unknown')"
RUNNING = "SELECT id FROM core_delivery WHERE state = 'running'"
NUMBER = re.compile(r"CLM-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9A-Z]{4}")


@dataclass
class Report:
    """What happened, and in `flaws` what must not have."""

    seed: int
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)  # number → answer
    kills: Counter[str] = field(default_factory=Counter)
    repeats: int = 0  # requests that a kill broke off, without those that found nobody listening
    states: Counter[str] = field(default_factory=Counter)
    lost_tries: int = 0
    messages: Counter[str] = field(default_factory=Counter)  # by system
    seconds: float = 0
    flaws: list[str] = field(default_factory=list)

    def line(self) -> str:
        killed = ", ".join(f"{name} {n}" for name, n in sorted(self.kills.items()))
        ends = ", ".join(f"{n} {state}" for state, n in sorted(self.states.items()))
        told = ", ".join(f"{n} in {system}" for system, n in sorted(self.messages.items()))
        return (
            f"kill -9, seed {self.seed}: {len(self.acknowledged)} submits acknowledged, {self.repeats} broken off; "
            f"killed: {killed}; deliveries: {ends} ({self.lost_tries} tries lost); messages: {told}; "
            f"{len(self.flaws)} flaws; {self.seconds:.0f} s"
        )


class Attack:
    def __init__(self, on: Rig, *, seed: int, submits: int) -> None:
        self.rig, self.random, self.report = on, random.Random(seed), Report(seed)
        prepared = on.prepare(submits)
        self.consents, self.drafts = prepared["consents"], prepared["drafts"]
        self.keys = {draft["number"]: str(uuid.UUID(int=self.random.getrandbits(128))) for draft in self.drafts}
        self.over = threading.Event()

    def run(self) -> Report:
        began = time.monotonic()
        self.rig.slow_down("smsc", SLOW, when="after")
        self.rig.slow_down("mail", SLOW, when="before")
        for name in ("web", "worker", "beat"):
            self.rig.start(name)
        self.rig.wait_for_web()
        killers = [threading.Thread(target=one) for one in (self.kill_web, self.kill_worker)]
        for killer in killers:
            killer.start()
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(self.submit_until_answered, self.drafts))
        self.over.set()
        for killer in killers:
            killer.join()
        self.rig.wait_for_web()
        self.ask_again()
        self.settle()
        self.judge()
        self.report.seconds = time.monotonic() - began
        return self.report

    # --- the clients

    def submit(self, draft: dict[str, str]) -> requests.Response:
        return requests.post(
            f"{self.rig.url}/api/v1/intake/claims/{draft['number']}/submit",
            json={"consents": self.consents},
            headers={"Authorization": f"Bearer {draft['token']}", "Idempotency-Key": self.keys[draft["number"]]},
            timeout=30,
        )

    def submit_until_answered(self, draft: dict[str, str]) -> None:
        end = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < end:
            try:
                answer = self.submit(draft)
            except requests.RequestException as broken:
                self.report.repeats += not isinstance(broken, requests.ConnectTimeout) and "refused" not in str(broken)
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                self.report.acknowledged[draft["number"]] = answer.json()
            else:
                self.report.flaws.append(f"{draft['number']}: answered {answer.status_code} {answer.text[:200]}")
            return
        self.report.flaws.append(f"{draft['number']}: no answer")

    def ask_again(self) -> None:
        for draft in self.drafts:
            first, again = self.report.acknowledged.get(draft["number"]), self.submit(draft)
            if first is not None and (again.status_code, again.json()) != (200, first):
                self.report.flaws.append(f"{draft['number']}: a repeat was answered {again.text[:200]}, not {first}")

    # --- the killers

    def kill_web(self) -> None:
        chance = random.Random(self.random.random())
        until = chance.randint(*BETWEEN)
        while not self.over.wait(0.002):
            if len(self.report.acknowledged) >= until:
                time.sleep(chance.uniform(0, 0.05))
                self.rig.kill("web")
                self.report.kills["web"] += 1
                self.rig.start("web")
                self.rig.wait_for_web()
                until = len(self.report.acknowledged) + chance.randint(*BETWEEN)

    def kill_worker(self) -> None:
        """Also after the last submit, for as long as there are deliveries to interrupt."""
        chance = random.Random(self.random.random())
        while sum(self.report.kills[name] for name in ("worker", "pool child")) < WORKER_KILLS:
            if not self.rig.rows(RUNNING):
                if self.over.wait(0.01) and not self.rig.rows(UNFINISHED)[0][0]:
                    return
                continue
            time.sleep(chance.uniform(0, SLOW))
            if chance.random() < 0.4 and self.rig.kill_child("worker"):
                self.report.kills["pool child"] += 1
            else:
                self.rig.kill("worker")
                self.report.kills["worker"] += 1
                self.rig.start("worker")
            self.wait_for_progress()

    def wait_for_progress(self) -> None:
        """Until a delivery that was not being made before is, or the leases of the dead are all that is left."""
        held = {pk for (pk,) in self.rig.rows(RUNNING)}
        end = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < end:
            if {pk for (pk,) in self.rig.rows(RUNNING)} - held or not self.rig.rows(UNFINISHED)[0][0]:
                return
            time.sleep(0.02)

    # --- the judge

    def settle(self) -> None:
        """Wait until every delivery has an end."""
        end = time.monotonic() + SETTLES_WITHIN
        while self.rig.rows(UNFINISHED)[0][0] and time.monotonic() < end:
            time.sleep(0.5)

    def judge(self) -> None:
        flaws, numbers = self.report.flaws, set(self.report.acknowledged)
        claims = self.rig.rows(
            """SELECT number, status, submitted_at,
                      (SELECT count(*) FROM claims_claimstatuschange WHERE claim_id = claim.id),
                      (SELECT count(*) FROM claims_consent WHERE claim_id = claim.id),
                      (SELECT count(*) FROM core_outboxevent
                       WHERE name = 'claim.submitted' AND aggregate = 'claim:' || claim.id)
               FROM claims_claim AS claim"""
        )
        found = Counter(number for number, *_rest in claims)
        flaws += [f"{number}: acknowledged, found {found[number]} times" for number in numbers if found[number] != 1]
        for number, status, at, changes, consents, events in claims:
            if (status, bool(at), changes, consents, events) != ("submitted", True, 1, len(self.consents), 1):
                flaws.append(f"{number}: {status}, {changes} changes, {consents} consents, {events} events")

        deliveries = self.rig.rows(
            """SELECT claim.number, handler, state, attempts, target, last_error,
                      (SELECT count(*) FROM core_deliveryattempt WHERE delivery_id = delivery.id)
               FROM core_delivery AS delivery JOIN core_outboxevent AS event ON event.id = delivery.event_id
               JOIN claims_claim AS claim ON event.aggregate = 'claim:' || claim.id"""
        )
        self.report.states = Counter(state for _number, _handler, state, *_rest in deliveries)
        self.report.lost_tries = self.rig.rows("SELECT count(*) FROM core_deliveryattempt WHERE outcome = 'lost'")[0][0]
        told = {system: self.told(system) for system in ("smsc", "mail")}
        self.report.messages = Counter({system: sum(to.values()) for system, to in told.items()})
        flaws += [
            f"{number}: told {n} times by {system}" for system, to in told.items() for number, n in to.items() if n > 1
        ]
        for number, handler, state, attempts, target, error, tries in deliveries:
            if state not in ENDS:
                flaws.append(f"{number} {handler}: left {state} after {attempts} tries: {error}")
            if attempts != tries:
                flaws.append(f"{number} {handler}: {attempts} tries counted, {tries} written down")
            if state == "done" and told["smsc" if target == "sms" else "mail"][number] != 1:
                flaws.append(f"{number} {handler}: done, and nobody was told")
        each = Counter(number for number, *_rest in deliveries)
        if len(set(each.values())) != 1 or set(each) != numbers:
            flaws.append(f"deliveries of each claim differ in number: {Counter(each.values())}")

    def told(self, system: str) -> Counter[str]:
        """How many messages the sandbox's `system` holds about each claim."""
        [store] = self.rig.folder.rglob("*.sqlite3")
        with sqlite3.connect(store) as held:
            rows = held.execute("SELECT data FROM item WHERE system = ?", [system]).fetchall()
        texts = [json.loads(data) for (data,) in rows]
        return Counter(found.group() for one in texts if (found := NUMBER.search(one.get("subject") or one["text"])))


def attack(*, seed: int, submits: int = 50) -> Report:
    with rig() as one:
        return Attack(one, seed=seed, submits=submits).run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--submits", type=int, default=50)
    given = parser.parse_args()
    report = attack(seed=given.seed, submits=given.submits)
    sys.stdout.write("\n".join([*report.flaws, report.line(), ""]))
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
