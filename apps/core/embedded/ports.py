"""Ports on this machine, and the lock that keeps two runs out of one folder."""

import errno
import fcntl
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"


class PortTaken(Exception):
    """The port cannot be listened on; str() is the sentence for a person."""


class AlreadyRunning(Exception):
    """Another run holds this folder; str() is the sentence for a person."""


def check_port(port: int) -> None:
    """Raise PortTaken unless a server of ours could listen on `port`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as refused:
            if refused.errno == errno.EACCES:
                raise PortTaken(f"Port {port} needs root: choose one above 1023, as in `make run PORT=8100`.") from None
            raise PortTaken(
                f"Port {port} is taken by another program: choose another, as in `make run PORT={_suggestion(port)}`."
            ) from None


def _suggestion(port: int) -> int:
    return next((other for other in range(port + 100, 65000, 100) if is_free(other)), free_port())


def is_free(port: int) -> bool:
    try:
        check_port(port)
    except PortTaken:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on, and that the kernel gives to nobody else: it hands out those from 32768 on."""
    while True:
        port = secrets.SystemRandom().randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


def sandbox_ports(*, folder: Path, port: int) -> tuple[int, int]:
    """The sandbox's HTTP and SMTP ports beside `port`: those of the last run, else the next two, else free ones."""
    memory = folder / "ports.json"
    kept: dict[str, list[int]] = json.loads(memory.read_text()) if memory.exists() else {}
    chosen: list[int] = []
    for wanted in kept.get(str(port), [port + 1, port + 2]):
        usable = wanted <= 65535 and wanted not in chosen and is_free(wanted)
        chosen.append(wanted if usable else free_port())
    memory.write_text(json.dumps({**kept, str(port): chosen}))
    return chosen[0], chosen[1]


@contextmanager
def sole_run(folder: Path, *, note: str) -> Iterator[None]:
    """Hold `folder` for this process, or raise AlreadyRunning with the holder's note. The dead hold nothing."""
    with open(folder / "run.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(f"Claimdesk already runs from this folder: {lock.read().strip()}.") from None
        lock.truncate(0)
        lock.write(note)
        lock.flush()
        yield
