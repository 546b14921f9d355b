"""vTiger's webservice.php: one address, forms in, JSON out, errors in HTTP 200, sessions that end without a word."""

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.utils.translation import gettext as _

from apps.core.mutex import MutexTaken, mutex
from apps.integrations.crm.refusals import SessionGone, refusal
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.http import Answer, HttpClient

log = structlog.get_logger(__name__)

CONNECT = 5.0  # s
MARGIN = 5.0  # s of a whole call beyond its longest read
LOGIN_WAIT = 60.0  # s that others of our processes may take to log in
_KEPT_OF_GARBAGE = 500  # bytes
_DOOR = {"http_301", "http_302", "http_307", "http_308", "http_401", "http_403", "http_404"}
_AFTER_SILENCE = {"timeout", "deadline", "cut"}
_SECRET = re.compile(r"[0-9A-Za-z]{12,}")
_PATH = "/webservice.php"

Account = tuple[str, str, str]  # address, user, digest of the access key
_threads = threading.local()


@dataclass(frozen=True)
class Session:
    """What a login gave. `user_id` is whole, as in 19x5. Its parts are not shown: the name is as good as a password."""

    name: str
    user_id: str
    version: str

    def __repr__(self) -> str:
        return "Session(…)"


class Wire:
    """Speaks to the CRM at `url` as `user`; times are seconds.

    Each thread has a session of its own, kept between calls: the CRM runs the calls of one session one after another.
    `patience` bounds everything that this object will ever do; without it each call has its own deadline.
    """

    def __init__(
        self,
        *,
        url: str,
        user: str,
        access_key: str,
        read: float,
        allow_private: bool = False,
        patience: float | None = None,
    ) -> None:
        self._url, self._user, self._access_key = url, user, access_key
        self._read, self._allow_private = read, allow_private
        self._ends = None if patience is None else time.monotonic() + patience
        self.account: Account = (url, user, hashlib.sha256(access_key.encode()).hexdigest())
        self._http()  # an address that cannot be one is refused here

    def read(self, operation: str, **params: str) -> Any:
        """The result of an operation that changes nothing. Raises Unavailable or Rejected."""
        return self._with_session(lambda session: self._get(operation, params, session))

    def write(self, operation: str, **params: str) -> Any:
        """The result of an operation that changes something. Raises Unavailable, Rejected or OutcomeUnknown."""
        return self._with_session(lambda session: self._post(operation, params, session, safe=False))

    def session(self) -> Session:
        """This thread's session, from a login if there is none. Raises Unavailable or Rejected."""
        sessions = self._sessions()
        if self.account not in sessions:
            sessions[self.account] = self._login()
        return sessions[self.account]

    def login(self) -> Session:
        """A new session for this thread, whatever it had."""
        self._sessions().pop(self.account, None)
        return self.session()

    # --- sessions

    def _sessions(self) -> dict[Account, Session]:
        if getattr(_threads, "process", None) != os.getpid():  # a fork has none of its own yet
            _threads.process, _threads.sessions = os.getpid(), {}
        sessions: dict[Account, Session] = _threads.sessions
        return sessions

    def _with_session(self, send: Callable[[Session], Any]) -> Any:
        try:
            return self._try(send)
        except SessionGone:
            return self._try(send)

    def _try(self, send: Callable[[Session], Any]) -> Any:
        try:
            return send(self.session())
        except IntegrationError as error:
            # After silence the CRM may be at that call still, and would let the next one of this session wait for it.
            if isinstance(error, SessionGone) or error.code in _AFTER_SILENCE:
                self._sessions().pop(self.account, None)
            raise

    def _login(self) -> Session:
        """One at a time for a CRM user: a second challenge kills the first."""
        wait = LOGIN_WAIT if self._ends is None else max(0.0, self._ends - time.monotonic())
        try:
            with mutex(f"vtiger login {self._url} {self._user}", wait=wait):
                return self._login_twice()
        except MutexTaken:
            raise Unavailable(_("Others of our processes are still logging in to the CRM."), "crm_login_busy") from None

    def _login_twice(self) -> Session:
        try:
            return self._login_once()
        except (AccountRejected, Unavailable) as error:
            # Another program of the same user took the challenge from us, perhaps.
            if error.code not in ("crm_invalid_user_credentials", "crm_invalid_auth_token"):
                raise
        return self._login_once()

    def _login_once(self) -> Session:
        challenge = self._get("getchallenge", {"username": self._user}, None)
        token = challenge.get("token") if isinstance(challenge, dict) else None
        if not isinstance(token, str) or not token:
            raise _garbled()
        proof = hashlib.md5((token + self._access_key).encode(), usedforsecurity=False).hexdigest()
        got = self._post("login", {"username": self._user, "accessKey": proof}, None, safe=True)
        if not isinstance(got, dict) or not got.get("sessionName") or not got.get("userId"):
            raise _garbled()
        return Session(str(got["sessionName"]), str(got["userId"]), str(got.get("vtigerVersion") or ""))

    # --- calls

    def _http(self) -> HttpClient:
        read, deadline = self._read, self._read + MARGIN
        if self._ends is not None:
            deadline = min(deadline, self._ends - time.monotonic())
            if deadline <= 0:
                raise Unavailable(_("The CRM did not answer in time."), "timeout")
        return HttpClient(
            name="vtiger", base_url=self._url, allow_private=self._allow_private,
            connect=CONNECT, read=read, deadline=deadline,
        )  # fmt: skip

    def _get(self, operation: str, params: Mapping[str, str], session: Session | None) -> Any:
        query = _with_name({"operation": operation, **params}, session)
        return self._call(operation, "GET", params=query)

    def _post(self, operation: str, params: Mapping[str, str], session: Session | None, *, safe: bool) -> Any:
        form = _with_name({"operation": operation, **params}, session)
        return self._call(operation, "POST", data=form, safe=safe)

    def _call(self, operation: str, method: str, **request: Any) -> Any:
        try:
            answer = self._http().call(method, _PATH, **request)
        except Rejected as error:
            # The CRM itself refuses in HTTP 200: this was its web server, and will be for every request.
            raise (AccountRejected(error.detail, error.code) if error.code in _DOOR else error) from None
        return result(operation, answer)


def _with_name(params: dict[str, str], session: Session | None) -> dict[str, str]:
    return {**params, "sessionName": session.name} if session else params


def _garbled() -> Unavailable:
    return Unavailable(_("The system's answer could not be understood."), "answer_garbled")


def result(operation: str, answer: Answer) -> Any:
    """What the CRM's envelope holds, or raise the error that it holds."""
    try:
        envelope = answer.json()
    except IntegrationError:
        _note_garbage(operation, answer)
        raise
    if isinstance(envelope, dict) and envelope.get("success") is True:
        return envelope.get("result")
    error = envelope.get("error") if isinstance(envelope, dict) else None
    if not isinstance(error, dict) or "code" not in error:
        _note_garbage(operation, answer)
        raise answer.unclear("answer_garbled")
    raised = refusal(operation, error["code"], error.get("message"), safe=answer.safe)
    log.warning("crm_refused", operation=operation, code=raised.code)
    raise raised


def _note_garbage(operation: str, answer: Answer) -> None:
    """Keep the start of what is no answer, as PHP's warnings before the JSON, without what may be a secret."""
    start = answer.content[:_KEPT_OF_GARBAGE].decode("utf-8", errors="replace")
    log.warning("crm_answer_garbled", operation=operation, start=_SECRET.sub(_masked, start))


def _masked(found: re.Match[str]) -> str:
    return found.group() if found.group().isalpha() else "•••"


def as_object(found: Any) -> Mapping[str, Any] | None:
    """The object in what a custom operation gave: itself, as JSON text, or alone in a list. None if there is none."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None
