"""The scanner of files, a clamd at `settings.CLAMAV_URL` (tcp://host:3310 or unix:///path): one file, one answer."""

import contextlib
import socket
import struct
import time
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from apps.integrations.errors import Rejected, Unavailable
from apps.integrations.health import Health

CONNECT_S, ANSWER_S, WHOLE_S = 5.0, 60.0, 120.0  # s: an answer comes when the whole file was examined
CHUNK = 64 * 1024  # bytes
LONGEST_ANSWER = 1024  # bytes
END = b"\0"


@dataclass(frozen=True)
class Clean:
    """Nothing was found."""


@dataclass(frozen=True)
class Infected:
    """`name` is what the scanner calls that which it found."""

    name: str


def scan(stream: IO[bytes]) -> Clean | Infected:
    """What the scanner says of the file. Raises Unavailable, or Rejected for a file that it does not take (size)."""
    answer = _ask(b"zINSTREAM\0", stream)
    if answer.endswith(" FOUND"):
        return Infected(answer.removeprefix("stream: ").removesuffix(" FOUND")[:200])
    if answer == "stream: OK":
        return Clean()
    if "size limit exceeded" in answer:
        raise Rejected(_("The virus scanner does not take a file of this size."), "scan_too_large")
    raise Unavailable(_("The virus scanner's answer could not be understood."), "scan_garbled")


def check() -> Health:
    """Whether the scanner is there."""
    try:
        answer = _ask(b"zPING\0")
    except Unavailable as error:
        return Health(False, error.code, error.detail)
    if answer != "PONG":
        return Health(False, "scan_garbled", _("The virus scanner's answer could not be understood."))
    return Health(True, "ok", _("The virus scanner answers."))


def _ask(command: bytes, stream: IO[bytes] | None = None) -> str:
    ends = time.monotonic() + WHOLE_S
    try:
        with _connected() as line:
            line.sendall(command)
            if stream:
                _send(line, stream, ends)
            return _answer(line, ends)
    except OSError as error:
        raise Unavailable(_("The virus scanner does not answer."), "scan_unavailable") from error


def _connected() -> socket.socket:
    """A line to the scanner. Raises OSError."""
    address = urlsplit(settings.CLAMAV_URL)
    if address.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CONNECT_S)
        try:
            line.connect(address.path)
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection((address.hostname, address.port or 3310), timeout=CONNECT_S)


def _send(line: socket.socket, stream: IO[bytes], ends: float) -> None:
    """The file in pieces. The scanner hangs up on one that is too large, having said so: the answer tells."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while piece := stream.read(CHUNK):
            _let(line, ends)
            line.sendall(struct.pack(">I", len(piece)) + piece)
        line.sendall(struct.pack(">I", 0))


def _answer(line: socket.socket, ends: float) -> str:
    said = b""
    while END not in said and len(said) < LONGEST_ANSWER:
        _let(line, ends)
        piece = line.recv(LONGEST_ANSWER)
        if not piece:
            break
        said += piece
    return said.partition(END)[0].decode(errors="replace").strip()


def _let(line: socket.socket, ends: float) -> None:
    """Give the next call what is left of the time. Raises TimeoutError when nothing is."""
    left = min(ANSWER_S, ends - time.monotonic())
    if left <= 0:
        raise TimeoutError
    line.settimeout(left)
