"""The sockets under `http.py`: which addresses may be connected to, and one deadline for everything a call does."""

import contextlib
import ipaddress
import queue
import socket
import threading
import time
from contextvars import ContextVar
from typing import Any

from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from apps.integrations.errors import Rejected, Unavailable

# Addresses that carry an IPv4 address inside: judging the outside says nothing about where the packet ends.
_WRAPPING = [
    ipaddress.ip_network(net) for net in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]


def is_reachable(address: str, *, allow_private: bool) -> bool:
    """True if a call may go to `address`: a global one, or with `allow_private` our own machine and networks too.

    Link-local (where clouds keep their metadata), multicast, wrapped and reserved addresses are refused always.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if ip.is_multicast or ip.is_link_local or ip.is_unspecified:
        return False
    if ip.version == 6 and (any(ip in net for net in _WRAPPING) or ip.is_site_local):
        return False
    if ip.is_loopback:
        return allow_private
    if ip.is_reserved:
        return False
    return ip.is_global or (allow_private and ip.is_private)


class Call:
    """One call on the wire: its deadline (s), what it may connect to, and whether anything of the request has left.

    `pause` (s) is how long the peer may let us wait while we send.
    """

    def __init__(self, *, deadline: float, private_host: tuple[str, int] | None, pause: float) -> None:
        self.ends = time.monotonic() + deadline
        self.pause = pause
        self.private_host = private_host
        self.sent = False
        self.expired = False
        self._wires: list[socket.socket] = []
        self._timer: threading.Timer | None = None

    def remaining(self) -> float:
        return self.ends - time.monotonic()

    def watch(self, sock: socket.socket) -> None:
        """Shut `sock` down at the deadline, so that neither a silent nor a dripping peer outlives it."""
        # A second descriptor of the same connection: TLS wraps and detaches the first.
        self._wires.append(sock.dup())
        if self._timer is None:
            self._timer = threading.Timer(max(0.0, self.remaining()), self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        self.expired = True
        for wire in self._wires:
            with contextlib.suppress(OSError):  # the peer was quicker
                wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        for wire in self._wires:
            wire.close()


CURRENT: ContextVar[Call] = ContextVar("integration_call")


def _resolve(host: str, port: int, timeout: float) -> list[Any]:
    """The addresses of `host`, within `timeout` seconds: the system's resolver has its own, longer patience."""
    answer: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA refuses
            answer.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        found = answer.get(timeout=max(0.01, timeout))
    except queue.Empty:
        found = TimeoutError()
    if isinstance(found, Exception):
        raise Unavailable(_("The system's name could not be resolved."), "dns_failed")
    return found


def _refuse() -> Rejected:
    return Rejected(
        _("The system's address is not public; CLAIMDESK_PRIVATE_HOSTS names those that need not be."),
        "address_refused",
    )


def _open(host: str, port: int, timeout: float) -> socket.socket:
    """A connection to `host`, watched by the current call.

    Raises Rejected (address_refused) or Unavailable (dns_failed, connect_failed): nothing has been sent.
    """
    call = CURRENT.get()
    ends = time.monotonic() + min(timeout, call.remaining())
    allow_private = (host.lower(), port) == call.private_host
    found = _resolve(host, port, ends - time.monotonic())
    if not all(is_reachable(str(address[0]), allow_private=allow_private) for *_rest, address in found):
        raise _refuse()
    for family, kind, protocol, _name, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(0.01, ends - time.monotonic()))
            sock.connect(address)
            peer = str(sock.getpeername()[0])
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()
            continue
        if not is_reachable(peer, allow_private=allow_private):
            sock.close()
            raise _refuse()
        sock.settimeout(call.pause)
        call.watch(sock)
        return sock
    raise Unavailable(_("The system does not accept connections."), "connect_failed")


class _Guarded(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, int | float) else CURRENT.get().remaining()
        return _open(self._dns_host, self.port or self.default_port, timeout)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        CURRENT.get().sent = True
        super().send(data)


class _GuardedTLS(_Guarded, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class GuardedAdapter(HTTPAdapter):
    """requests' transport over guarded sockets; works only inside a `Call`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
