"""A scanner of files as clamd speaks it, for tests: it finds the word EICAR, and takes files up to a size."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

VIRUS = b"EICAR"
MOST_BYTES = 300_000


class _Talk(socketserver.StreamRequestHandler):
    server: "Clamd"

    def handle(self) -> None:
        command = self._command()
        if self.server.is_silent:
            self.server.over.wait(10)
        elif command == b"zPING":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM":
            self.wfile.write(self.server.says or self._examined())

    def _command(self) -> bytes:
        said = b""
        while not said.endswith(b"\0"):
            said += self.rfile.read(1)
        return said[:-1]

    def _examined(self) -> bytes:
        held = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            held += self.rfile.read(size)
            if len(held) > MOST_BYTES:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.server.examined.append(held)
        return b"stream: Test.Virus-1 FOUND\0" if VIRUS in held else b"stream: OK\0"


class Clamd(socketserver.ThreadingTCPServer):
    """What it was given is in `examined`; `says` is answered whatever comes, and when silent nothing is."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.examined, self.says, self.is_silent = list[bytes](), b"", False
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that hangs up is no news."""


@contextmanager
def running_clamd() -> Iterator[Clamd]:
    with Clamd() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def nobody() -> str:
    """The address of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"
