"""Logins of the sandbox's vTiger: one challenge for each user, sessions that end when they are left idle."""

import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, cast

from apps.integrations.sandbox.registry import World
from apps.integrations.sandbox.vtiger.wire import Refused

CHALLENGE_LIFE = 300  # s
IDLE = 1440  # s; then PHP sweeps the session's file away


@dataclass(frozen=True)
class User:
    """Somebody who may log in; the access key is the name."""

    name: str
    id: str
    may_write: bool = True


USERS = {user.name: user for user in (User("sandbox", "19x5"), User("readonly", "19x6", may_write=False))}


@dataclass
class Session:
    """`lock` is PHP's on the session's file: calls of one session run one after another."""

    name: str
    user: User
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def described(self) -> dict[str, Any]:
        return {"sessionName": self.name, "userId": self.user.id, "version": "0.22", "vtigerVersion": "8.0.0"}


class Sessions:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, float]] = {}
        self._sessions: dict[str, Session] = {}

    def challenge(self, username: str) -> dict[str, Any]:
        """A token for `username`; the one before it is worth nothing from now on."""
        if not username:
            raise Refused("ACCESS_DENIED", "No username given")
        if username not in USERS:
            raise Refused("ACCESS_DENIED", "username does not exists")
        now = time.time()
        token = secrets.token_hex(7)[:13]
        with self._lock:
            self._tokens[username] = token, now + CHALLENGE_LIFE
        return {"token": token, "serverTime": int(now), "expireTime": int(now) + CHALLENGE_LIFE}

    def login(self, username: str, access_key: str) -> Session:
        with self._lock:
            token, expires = self._tokens.get(username, ("", 0.0))
            if not token or expires < time.time():
                raise Refused("INVALID_AUTH_TOKEN", "Specified token is invalid or expired")
            user = USERS[username]
            if access_key != hashlib.md5(f"{token}{user.name}".encode()).hexdigest():  # noqa: S324 - vTiger's own way
                raise Refused("INVALID_USER_CREDENTIALS", "Invalid username or password")
            session = Session(secrets.token_hex(10), user, time.monotonic())
            self._sessions[session.name] = session
            return session

    def find(self, name: str) -> Session | None:
        with self._lock:
            session = self._sessions.get(name)
            if session and time.monotonic() - session.used > IDLE:
                del self._sessions[name]
                return None
            if session:
                session.used = time.monotonic()
            return session

    def end_all(self) -> None:
        with self._lock:
            self._sessions.clear()


def sessions_of(world: World) -> Sessions:
    return cast(Sessions, world.memory.setdefault("vtiger", Sessions()))
