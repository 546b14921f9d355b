"""The HTTP side of the sandbox: finds the route, lets the fault that is on do its harm, and writes the answer."""

import select
import socket
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import structlog

from apps.integrations.sandbox import console
from apps.integrations.sandbox.faults import Fault
from apps.integrations.sandbox.registry import Answer, Request, System, World

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
_OWN_NAMES = (HOST, "localhost")  # any other name in Host is a foreign page that resolves to this machine
_MAX_BODY = 210 * 1024 * 1024
_GARBAGE = b'\x00\xff\xfe<html>{"id":' + b"\xd0" * 40


class SandboxServer(ThreadingHTTPServer):
    """All systems on one port of 127.0.0.1; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, world: World, systems: dict[str, System]) -> None:
        self.world = world
        self.systems = systems
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # s, for a client that says nothing

    @property
    def _sandbox(self) -> SandboxServer:
        return cast(SandboxServer, self.server)

    def version_string(self) -> str:
        return "sandbox"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
        """Nothing: request lines may carry phones."""

    def _serve(self) -> None:
        self.close_connection = True
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if refused := self._refused():
            self._write(refused)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the client broke off; what it asked for is not known
        name, _, rest = path.lstrip("/").partition("/")
        system = self._sandbox.systems.get(name)
        world = self._sandbox.world
        if system is None:
            request = Request(self.command, path, parts.query, self.headers, body)
            self._write(console.answer(request, world, self._sandbox.systems))
            return
        request = Request(self.command, "/" + rest, parts.query, self.headers, body)
        handler = system.handler_for(self.command, request.path)
        if handler is None:
            self._write(Answer.json({"error": "no such route"}, 404))
            return
        fault = world.faults.take(name, system.label(request))
        log.info("sandbox_call", system=name, method=self.command, fault=fault.kind if fault else None)
        with system.guard(request, world):
            self._suffer(fault, system, request, lambda: handler(request, world))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve
    do_MKCOL = do_MOVE = do_OPTIONS = do_PROPFIND = _serve  # WebDAV

    def _refused(self) -> Answer | None:
        """The refusal of a request that a page of somebody else's may have sent through a browser."""
        host = (self.headers.get("Host") or "").lower()
        if host.rpartition(":")[0] not in _OWN_NAMES and host not in _OWN_NAMES:
            return Answer.json({"error": "unknown host"}, 421)
        origin = self.headers.get("Origin")
        foreign = origin is not None and origin.lower() != f"http://{host}"
        site = self.headers.get("Sec-Fetch-Site", "none")
        if self.command not in ("GET", "HEAD") and (foreign or site not in ("none", "same-origin")):
            return Answer.json({"error": "foreign origin"}, 403)
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return Answer.json({"error": "Content-Length is needed"}, 411)
        if int(length) > _MAX_BODY:
            return Answer.json({"error": "too large"}, 413)
        return None

    def _suffer(self, fault: Fault | None, system: System, request: Request, act: Callable[[], Answer]) -> None:
        """Do the deed and answer it, with the harm that `fault` does."""
        if fault is None:
            self._write(act())
            return
        if fault.kind == "refuse" and system.refuse:
            self._write(system.refuse(fault.code, request))
            return
        if fault.kind == "refuse" and system.deceive:
            self._write(system.deceive(fault.code, request, self._sandbox.world))
            return
        wait = self._sandbox.world.stopping.wait
        if fault.kind == "delay" and not fault.deed_first:
            wait(fault.seconds)
        # Garbage, a dripped body and a delay answer after the deed; the others ask `when`.
        answer = act() if fault.deed_first or fault.kind in ("delay", "garbage", "slow_body") else Answer()
        if fault.kind == "delay" and fault.deed_first:
            wait(fault.seconds)
        if fault.kind == "delay":
            self._write(answer)
        elif fault.kind == "status":
            self._write(Answer(fault.status, b"<html>The sandbox fails on purpose.</html>", "text/html"))
        elif fault.kind == "garbage":
            self._write(Answer(200, _GARBAGE, answer.type))
        elif fault.kind == "slow_body":
            self._drip(answer, fault.seconds)
        elif fault.kind == "silence":
            self._keep_silent()
        else:
            self._cut()

    def _write(self, answer: Answer) -> None:
        self._head(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    def _head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Connection", "close")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, answer: Answer, pause: float) -> None:
        self._head(answer)
        for byte in answer.content:
            self.wfile.write(bytes([byte]))
            if self._sandbox.world.stopping.wait(pause):
                return

    def _keep_silent(self) -> None:
        """Hold the line until the client or the sandbox goes."""
        while not self._sandbox.world.stopping.wait(0.1):
            try:
                readable, _, _ = select.select([self.connection], [], [], 0)
            except ValueError:  # the server has closed the line: it stops
                return
            if readable and not self.connection.recv(1024):
                return

    def _cut(self) -> None:
        """Reset the connection, as a dying process or a firewall does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        if self.connection.fileno() != -1:
            super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client went first; there is nobody to tell
        except Exception:
            self.close_connection = True
            log.exception("sandbox_call_broke")
