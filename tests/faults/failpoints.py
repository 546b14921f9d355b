"""What a try does when it comes to a named point (settings.FAILPOINT_HOOK): what was armed there, once.

A file `handler:point--fault` in the rig's folder arms it. Whoever removes the file is the one it happens to. The id of
a delivery in it spares that one and all before it.
"""

import json
import os
import signal
import urllib.request
from pathlib import Path

from structlog.contextvars import get_contextvars

SYSTEMS = {"contact": "vtiger", "project": "vtiger", "ticket": "vtiger", "relation": "vtiger", "files": "nextcloud",
           "archive": "s3", "submitted_sms": "smsc"}  # fmt: skip
DEEDS = {"contact": "create Contacts", "project": "create Project", "ticket": "create HelpDesk",
         "relation": "add_related", "files": "MOVE", "archive": "PutObject", "submitted_sms": "send.php"}  # fmt: skip
FAULTS = {
    "time-out": {"kind": "silence"},
    "5xx": {"kind": "status", "status": 502},
    "garbage": {"kind": "garbage"},
}
KINDS = ("kill", *FAULTS)
HURRY = "hurry"  # a page may be read for no more than a second, in this process from now on
POINTS = ("before_intent", "after_intent", "after_answer", "after_saving")
REPEATS = {"archive": 2}  # how often a client asks for the deed within one try; the others once
LASTING = 3  # calls: what a client repeats by itself within one try meets it again


def reach(place: str) -> None:
    folder, delivery = Path(os.environ["FAULTS_FOLDER"]), int(get_contextvars().get("delivery", 0))
    for kind in (*KINDS, HURRY):
        armed = folder / f"{place}--{kind}"
        try:
            if delivery <= int(armed.read_text() or -1):
                continue
            armed.unlink()
        except FileNotFoundError:
            continue
        (folder / f"hit--{armed.name}").write_text(str(delivery))
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == HURRY:
            _hurry()
        else:
            _break(place, kind)
        return


def _hurry() -> None:
    from apps.claims.handlers import reading

    reading.PAGE_SECONDS = 1


def _break(place: str, kind: str) -> None:
    """Let the step's system fail: at the deed itself if that comes next, else at whatever comes next."""
    handler, _, point = place.partition(":")
    step = handler.rpartition(".")[2]
    ahead = point in ("before_intent", "after_intent")
    fault = {**FAULTS[kind], "when": "before" if point == "before_intent" else "after"}
    fault |= {"match": DEEDS[step], "times": REPEATS.get(step, 1)} if ahead else {"times": LASTING}
    asked = urllib.request.Request(
        f"{os.environ['FAULTS_SANDBOX']}/_faults/{SYSTEMS[step]}",
        data=json.dumps(fault).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(asked, timeout=10).close()
