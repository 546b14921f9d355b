"""A load generator in one thread: so many keep-alive connections, each with one request under way."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass
class Load:
    """Seconds of each answered request, how long all of it took, and the server's processor time, where it was read."""

    seconds: list[float] = field(default_factory=list)
    took: float = 0.0
    cpu: float = 0.0  # s

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.took if self.took else 0.0


class _Line:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.body = b""
        self.whole = 0
        self.chunked = False

    def send(self, request: bytes) -> None:
        self.body, self.whole = b"", 0
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what came; True if the answer is whole. Raises ConnectionError if the server hung up."""
        piece = self.socket.recv(262144)
        if not piece:
            raise ConnectionError("the server closed a connection under way")
        self.body += piece
        if not self.whole:
            end = self.body.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = self.body[:end].lower()
            self.chunked = b"transfer-encoding: chunked" in head
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            self.whole = end + 4 + length
        return self.body.endswith(b"\r\n0\r\n\r\n") if self.chunked else len(self.body) >= self.whole

    @property
    def status(self) -> int:
        return int(self.body[9:12])


def run(port: int, connections: int, requests: Iterator[bytes], *, seconds: float, expect: int = 200) -> Load:
    """Send `requests` over `connections` for so many seconds, or until there are no more.

    Raises SystemExit with the answer if one has another status than `expect`: a refusal is quick and measures nothing.
    """
    done, waiting = Load(), selectors.DefaultSelector()
    began = time.perf_counter()
    for _number in range(connections):
        if (request := next(requests, None)) is not None:
            line = _Line(port)
            line.send(request)
            waiting.register(line.socket, selectors.EVENT_READ, line)
    while waiting.get_map():
        for key, _events in waiting.select():
            line = key.data
            if not line.receive():
                continue
            now = time.perf_counter()
            done.seconds.append(now - line.began)
            if line.status != expect:
                raise SystemExit(f"expected {expect}: {line.body[:2000].decode(errors='replace')}")
            request = next(requests, None) if now - began < seconds else None
            if request is None:
                waiting.unregister(line.socket)
                line.socket.close()
            else:
                line.send(request)
    done.took = time.perf_counter() - began
    return done


def request(method: str, path: str, *, token: str, address: str, body: bytes, **headers: str) -> bytes:
    """An HTTP request as bytes, from an applicant at `address` as the proxy tells it."""
    lines = [
        f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Authorization: Bearer {token}",
        f"X-Forwarded-For: {address}", "Accept-Language: ru", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def in_threads(work: Callable[[int], None], threads: int) -> None:
    """Do `work(number)` in so many threads at once and wait for all; an error in one is raised here."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
