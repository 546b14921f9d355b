"""Signed bodies, both ways: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>." and the raw body>`.

Several secrets may be live at once: a new one is named first and the old one dropped when the other side has it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime

HEADER = "X-Claimdesk-Signature"
TOLERANCE = 300.0  # s, to either side
_LONGEST = 1000  # characters of a header; several v1 fit
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SignatureInvalid(Exception):
    """The body is not from who knows a secret, or not from now. str() is one of the words below, for the log alone."""

    MISSING, MALFORMED, STALE, WRONG = "missing", "malformed", "stale", "wrong"


def sign(body: bytes, *, secret: str, now: datetime) -> str:
    """The header for `body`. Raises ValueError for an empty secret."""
    if not secret:
        raise ValueError("a signature needs a secret")
    time = str(int(now.timestamp()))
    return f"t={time},v1={_digest(time, body, secret)}"


def verify(header: str, body: bytes, *, secrets: Iterable[str], now: datetime, tolerance: float = TOLERANCE) -> None:
    """Return if one of `secrets` signed `body` within `tolerance` seconds of `now`. Raises SignatureInvalid.

    Parts may come in any order; unknown ones are passed over, and of several v1 one has to be right.
    """
    time, digests = _read(header)
    if abs(now.timestamp() - int(time)) > tolerance:
        raise SignatureInvalid(SignatureInvalid.STALE)
    live = [secret for secret in secrets if secret]  # an empty secret is nobody's
    if not any(hmac.compare_digest(_digest(time, body, secret), given) for secret in live for given in digests):
        raise SignatureInvalid(SignatureInvalid.WRONG)


def _read(header: str) -> tuple[str, list[str]]:
    if not header:
        raise SignatureInvalid(SignatureInvalid.MISSING)
    pairs = [part.strip().partition("=") for part in header.split(",")] if len(header) <= _LONGEST else []
    times = [value for key, _, value in pairs if key == "t"]
    digests = [value for key, _, value in pairs if key == "v1"]
    well_formed = len(times) == 1 and _TIME.fullmatch(times[0]) and digests and all(map(_DIGEST.fullmatch, digests))
    if not well_formed:
        raise SignatureInvalid(SignatureInvalid.MALFORMED)
    return times[0], digests


def _digest(time: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
