"""How long a submit takes while the CRM falls silent: as long as ever, since it waits for nobody outside."""

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import requests

from bench import drafts, load
from bench.figures import Figure, p50_p95
from bench.load import Load
from bench.place import HOST, ROOT, Place, free_port, stop, wait_for_answer
from bench.steps import ROUNDS, interleaved

SUBMITS = 60  # of one contender in one round
CONNECTIONS = 16
GOAL = 1.2


def measure(place: Place) -> list[Figure]:
    supply = iter(drafts.make(2 * (ROUNDS + 1) * SUBMITS, filled=True, series=5))
    body = drafts.submit_body()
    with _company(place) as (sandbox, environment), place.serve(
        "crm", "granian", "--interface", "wsgi", "--host", HOST, "--port", "{port}", "--workers", "2",
        "--blocking-threads", "2", "--no-ws", "config.wsgi:application", environment=environment,
    ) as server:  # fmt: skip

        def submits(fault: dict[str, str]) -> Load:
            _forget_deliveries(place)
            requests.post(f"{sandbox}/_faults/vtiger", json=fault, timeout=10).raise_for_status()
            wanted = (one.submit(body) for one in itertools.islice(supply, SUBMITS))
            return load.run(server.port, CONNECTIONS, wanted, seconds=60)

        submits({})
        found = interleaved({"up": lambda: submits({}), "silent": lambda: submits({"kind": "silence"})})
    up, silent = found["up"], found["silent"]
    ratio = silent.p95 / up.p95
    return [
        Figure("intake", "submit, 16 at once, CRM silent, workers at it", p50_p95(silent.seconds),
               f"CRM answering: {p50_p95(up.seconds)}", f"{ratio:.2f}x", f"G2: p95 ≤ {GOAL}x", ratio <= GOAL)
    ]  # fmt: skip


def _forget_deliveries(place: Place) -> None:
    """What an earlier round left for the workers is not this round's load."""
    with place.connect() as connection:
        connection.execute("TRUNCATE core_outboxevent, core_target CASCADE")


@contextlib.contextmanager
def _company(place: Place) -> Iterator[tuple[str, dict[str, str]]]:
    """The sandbox and a slow worker; gives the sandbox's address and what the web server is to be told."""
    url, smtp = f"http://{HOST}:{free_port()}", free_port()
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "CLAIMDESK_ENV": "embedded", "CLAIMDESK_SANDBOX_URL": url, "CLAIMDESK_LOG_LEVEL": "ERROR",
            "CLAIMDESK_SMS_LOGIN": "sandbox", "CLAIMDESK_SMS_PASSWORD": "sandbox",
        }  # fmt: skip
        port = url.rpartition(":")[2]
        commands = {
            "sandbox": f"manage.py sandbox --http-port {port} --smtp-port {smtp}",
            "slow": "-m celery --quiet --app config.celery worker --queues slow --pool threads --concurrency 4",
        }
        running = [_start(place, Path(folder), name, line, told) for name, line in commands.items()]
        try:
            wait_for_answer(f"{url}/_ready", running[0], Path(folder) / "sandbox.log")
            yield url, told
        finally:
            for process in running:
                stop(process)


def _start(place: Place, folder: Path, name: str, line: str, told: dict[str, str]) -> "subprocess.Popen[bytes]":
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *line.split()], cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **place.environment(), **told},
        )  # fmt: skip
