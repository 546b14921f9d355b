"""The one HTTP client for all outside systems: bounded in time and size, guarded at the socket, quiet in the logs.

A connection serves one call: on a kept-alive one that its peer just closed, nobody could say whether a POST arrived.
"""

import contextlib
import email.utils
import json
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote, urlsplit

import requests
import structlog
import urllib3
from django.conf import settings
from django.utils.translation import gettext as _
from requests.structures import CaseInsensitiveDict

from apps.integrations.errors import IntegrationError, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.sockets import CURRENT, Call, GuardedAdapter

log = structlog.get_logger(__name__)

MAX_BYTES = 2 * 1024 * 1024
TRIES = 3  # of a GET, within one deadline
_CHUNK = 16 * 1024
_PIECE = 256 * 1024  # of an upload
_READS = ("GET", "HEAD")
_NOT_DONE = {408, 425, 429}  # by definition nothing was done, whatever the method
_LONGEST_WAIT = 24 * 3600.0  # s: no system's Retry-After is believed beyond it


@dataclass(frozen=True)
class Answer:
    """What came back: a status that counts as success, or one the caller expected."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    safe: bool

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON, numbers with a point as Decimal. Raises Unavailable after a read, else OutcomeUnknown."""
        try:
            return json.loads(self.content, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, ArithmeticError, RecursionError):
            raise self.unclear("answer_garbled") from None

    def unclear(self, code: str) -> IntegrationError:
        """The error to raise when this answer says nothing we understand."""
        return _undecided(_("The system's answer could not be understood."), code, safe=self.safe)


class Upload:
    """A request's body of `size` bytes, read from `stream` while it is sent and never whole in memory.

    It serves one request, and `stream` stays open. What its `read` raises comes out of the call, except an OSError,
    which counts as a broken line. A stream of another size makes the call raise Rejected (upload_size).
    """

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._size = stream, size

    def __len__(self) -> int:
        return self._size  # requests asks for it and then names it in Content-Length

    def __iter__(self) -> Iterator[bytes]:
        left = self._size
        while piece := self._stream.read(_PIECE):
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise Rejected(_("The file has changed while it was being sent."), "upload_size")


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _undecided(detail: str, code: str, *, safe: bool) -> IntegrationError:
    return Unavailable(detail, code) if safe else OutcomeUnknown(detail, code)


def in_our_network(url: str) -> bool:
    """Whether what is at `url` may be on our own machine or network: the sandbox, and hosts that the settings name."""
    parts = urlsplit(url)
    is_sandbox = bool(settings.SANDBOX_URL) and parts.netloc == urlsplit(settings.SANDBOX_URL).netloc
    return is_sandbox or parts.hostname in settings.PRIVATE_HOSTS


class HttpClient:
    """Calls one outside system below `base_url`.

    `name` names it in the logs. `allow_private` lets that one host be on our own machine or network. Times are seconds:
    `connect` and `read` bound single waits, `deadline` bounds the whole call with its retries.
    """

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        allow_private: bool = False,
        connect: float = 3.0,
        read: float = 10.0,
        deadline: float = 20.0,
        max_bytes: int = MAX_BYTES,
        verify: bool | str = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
            raise ValueError(f"{name}: the address must look like https://host or https://host/path")
        self.name = name
        self.base_url = base_url.rstrip("/")
        self.host = parts.hostname.lower()
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self._prefix = parts.path.rstrip("/")
        self._private_host = (self.host, self.port) if allow_private else None
        self._connect, self._read, self._deadline = connect, read, deadline
        self._max_bytes, self._verify, self._sleep = max_bytes, verify, sleep

    def call(
        self,
        method: str,
        path: str,
        *,
        args: Mapping[str, object] | None = None,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | bytes | Upload | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        expected: Collection[int] = (),
        safe: bool | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Send one request and return the answer if its status is 2xx or among `expected`.

        `path` may hold places as in `/customers/{id}`, filled with quoted `args`; only the template is logged.
        `safe` says that a repetition does no harm though the method is not GET: then failures are Unavailable.
        `deadline` (s) replaces the client's own for this call.
        Raises Unavailable, Rejected or OutcomeUnknown.
        """
        method = method.upper()
        safe = method in _READS if safe is None else safe
        filled = path.format_map({k: quote(str(v), safe="") for k, v in (args or {}).items()})
        body: Any = data if data else None  # an empty Upload would be sent in chunks
        request = requests.Request(
            method, self.base_url + filled, params=params, data=body, json=json, headers=dict(headers or {}), auth=auth
        )
        ends = time.monotonic() + (self._deadline if deadline is None else deadline)
        tries = TRIES if method in _READS else 1
        for attempt in range(1, tries + 1):
            try:
                return self._once(request, path, safe=safe, expected=expected, ends=ends)
            except Unavailable as error:
                wait = random.uniform(0.0, 0.2 * 2**attempt)
                if attempt == tries or error.retry_after is not None or time.monotonic() + wait >= ends:
                    raise
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _once(
        self, request: requests.Request, path: str, *, safe: bool, expected: Collection[int], ends: float
    ) -> Answer:
        call = Call(deadline=ends - time.monotonic(), private_host=self._private_host, pause=self._read)
        token = CURRENT.set(call)
        started = time.monotonic()
        status, code = None, ""
        try:
            status, headers, content = self._exchange(request, call, safe=safe)
            _judge(status, headers, safe=safe, expected=expected)
            return Answer(status, headers, content, safe)
        except IntegrationError as error:
            code = error.code
            raise
        finally:
            call.close()
            CURRENT.reset(token)
            fields = {"vendor": self.name, "method": request.method, "host": self.host, "path": self._prefix + path}
            took = round((time.monotonic() - started) * 1000)
            if code:
                log.warning("http_call_failed", **fields, status=status, ms=took, code=code)
            else:
                log.info("http_call", **fields, status=status, ms=took)

    def _exchange(
        self, request: requests.Request, call: Call, *, safe: bool
    ) -> tuple[int, CaseInsensitiveDict[str], bytes]:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["User-Agent"] = "claimdesk"
            session.headers["Connection"] = "close"
            session.mount("http://", GuardedAdapter())
            session.mount("https://", GuardedAdapter())
            try:
                prepared = session.prepare_request(request)
            except (requests.RequestException, ValueError):
                raise Rejected(_("The request could not be written."), "request_invalid") from None
            timeout = (self._connect, max(0.01, min(self._read, call.remaining())))
            try:
                with session.send(
                    prepared, stream=True, timeout=timeout, verify=self._verify, allow_redirects=False
                ) as response:
                    content = self._body(response, safe=safe)
                    if call.expired:
                        raise TimeoutError
                    return response.status_code, response.headers, content
            # The originals name the whole address, query and all: they are not chained.
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise _failure(error, call, safe=safe) from None

    def _body(self, response: requests.Response, *, safe: bool) -> bytes:
        content = bytearray()
        for chunk in response.raw.stream(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > self._max_bytes:
                detail = _("The system's answer is larger than allowed.")
                raise Rejected(detail, "answer_too_large") if safe else OutcomeUnknown(detail, "answer_too_large")
        return bytes(content)


def _failure(error: Exception, call: Call, *, safe: bool) -> IntegrationError:
    """What a broken exchange means; it hangs on whether the request had left."""
    if not call.sent:
        tls = isinstance(error, requests.exceptions.SSLError)
        detail = _("No secure connection to the system.") if tls else _("The system does not accept connections.")
        return Unavailable(detail, "tls_failed" if tls else "connect_failed")
    if call.expired:
        return _undecided(_("The system did not answer in time."), "deadline", safe=safe)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return _undecided(_("The system did not answer in time."), "timeout", safe=safe)
    if isinstance(error, requests.exceptions.ContentDecodingError | urllib3.exceptions.DecodeError):
        return _undecided(_("The system's answer could not be understood."), "answer_garbled", safe=safe)
    return _undecided(_("The system broke the connection off."), "cut", safe=safe)


def _judge(status: int, headers: Mapping[str, str], *, safe: bool, expected: Collection[int]) -> None:
    """Raise what `status` means, unless it is a success or expected."""
    if 200 <= status < 300 or status in expected:
        return
    code = f"http_{status}"
    if status in _NOT_DONE or (status >= 500 and safe):
        detail = _("The system asks to try later (HTTP %(status)s).") % {"status": status}
        raise Unavailable(detail, code, retry_after=retry_after(headers.get("Retry-After", ""), now=datetime.now(UTC)))
    if status >= 500 or status < 200:
        raise _undecided(_("The system failed (HTTP %(status)s).") % {"status": status}, code, safe=safe)
    raise Rejected(_("The system refused the request (HTTP %(status)s).") % {"status": status}, code)


def retry_after(value: str, *, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks to wait, from 0 to a day; None if it says nothing readable."""
    seconds: float | None = None
    if value.strip().isascii() and value.strip().isdigit():
        seconds = float(value.strip()[:10])
    else:
        with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError):
            at = email.utils.parsedate_to_datetime(value)
            seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)
