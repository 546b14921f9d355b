"""What other systems tell us comes ten times at once and in any order: each has one effect."""

import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from apps.core import signatures
from tests.faults.rig import Rig

TIMES = 10
SECRET = "sandbox"
Send = Callable[[], requests.Response]


@dataclass
class Outcome:
    sent: int = 0
    effects: int = 0
    seconds: float = 0.0
    flaws: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        return [
            f"webhooks: {self.sent} calls ({TIMES} times each, shuffled, in parallel), {self.effects} effects, "
            f"{len(self.flaws)} flaws, in {self.seconds:.0f} s"
        ]


class Webhooks:
    """Reports of SMSC.ru and SMS.ru about messages of our own, and n8n's callbacks about a claim."""

    def __init__(self, rig: Rig, *, seed: int) -> None:
        self.rig, self.random, self.outcome = rig, random.Random(seed), Outcome()

    def run(self) -> Outcome:
        began = time.monotonic()
        number = self.rig.run("drafts", "1")["drafts"][0]["number"]
        messages = {gateway: self.rig.run("messages", gateway, "2") for gateway in ("smsc", "smsru")}
        notes = [str(uuid.UUID(int=self.random.getrandbits(128))) for _ in range(2)]
        now = int(time.time())
        calls: list[Send] = []
        for place, id_ in enumerate(messages["smsc"]):  # the furthest state stays, whatever comes last
            calls += [self.smsc(id_, status, now + 60 * place + status) for status in (-1, 0, 1)]
        calls += [self.smsru([(id_, status, now + status) for id_ in messages["smsru"]]) for status in (101, 102, 103)]
        calls += [self.n8n(id_, number) for id_ in notes]
        self.send(calls * TIMES)
        self.expect(messages, number, notes)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def send(self, calls: list[Send]) -> None:
        self.random.shuffle(calls)
        self.outcome.sent = len(calls)
        with ThreadPoolExecutor(TIMES) as pool:
            answers = list(pool.map(lambda call: call(), calls))
        self.outcome.flaws += [
            f"answered {one.status_code} {one.text[:100]}" for one in answers if one.status_code != 200
        ]
        firsts = sum(one.json() == {"repeated": False} for one in answers if one.text.startswith("{"))
        if firsts != 2:
            self.outcome.flaws.append(f"{firsts} of n8n's calls were told to be the first of their kind, not 2")

    def expect(self, messages: dict[str, list[str]], number: str, notes: list[str]) -> None:
        for gateway, ids in messages.items():
            rows = self.rig.rows(
                f"SELECT gateway_id, state, phone FROM integrations_smsmessage WHERE gateway = '{gateway}'"
            )
            self.count("messages", {id_ for id_, state, phone in rows if (state, phone) == ("delivered", "")}, ids)
            reports = self.rig.rows(f"SELECT external_id FROM core_inboxmessage WHERE source = 'sms.{gateway}'")
            self.count("reports", {id_ for (id_,) in reports}, [None] * (3 * len(ids)))
        claim = self.rig.rows(
            "SELECT note.id FROM claims_claimnote AS note JOIN claims_claim AS claim ON claim.id = note.claim_id "
            f"WHERE number = '{number}'"
        )
        self.count("notes", {id_ for (id_,) in claim}, notes)

    def count(self, what: str, found: set[Any], expected: list[Any]) -> None:
        self.outcome.effects += len(found)
        if len(found) != len(expected):
            self.outcome.flaws.append(f"{len(found)} {what}, not {len(expected)}")

    # --- the callers, each by its own rules

    def post(self, path: str, **request: Any) -> requests.Response:
        return requests.post(f"{self.rig.url}/api/v1/hooks/{path}/", timeout=30, **request)

    def smsc(self, id_: str, status: int, at: int) -> Send:
        form = {"id": id_, "phone": "79000000001", "status": str(status), "ts": str(at)}
        signed = ":".join([form["id"], form["phone"], form["status"], SECRET])
        form["md5"] = hashlib.md5(signed.encode(), usedforsecurity=False).hexdigest()
        return lambda: self.post("sms/smsc", data=form)

    def smsru(self, reports: list[tuple[str, int, int]]) -> Send:
        entries = [f"sms_status\n{id_}\n{status}\n{at}" for id_, status, at in reports]
        form = {f"data[{n}]": entry for n, entry in enumerate(entries)}
        form["hash"] = hashlib.sha256((SECRET + "".join(entries)).encode()).hexdigest()
        return lambda: self.post("sms/smsru", data=form)

    def n8n(self, id_: str, number: str) -> Send:
        body = json.dumps({"id": id_, "kind": "note", "about": number, "data": {"text": "Seen."}}).encode()
        signature = signatures.sign(body, secret=SECRET, now=datetime.now(UTC))
        headers = {"Content-Type": "application/json", signatures.HEADER: signature}
        return lambda: self.post("n8n", data=body, headers=headers)
