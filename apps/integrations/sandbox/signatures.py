"""AWS Signature Version 4 from the server's side: is this request signed by whom it says, and lately?"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from apps.integrations.sandbox.registry import Request

SKEW = timedelta(minutes=15)
LONGEST = 7 * 24 * 3600  # s that a signed address may live
_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


def signature_error(request: Request, *, top: str, key: str, secret: str, now: datetime) -> str:
    """What S3 would call the fault in the signature of a header or a signed address; "" if there is none.

    `top` is the part of the path in front of the request's own.
    """
    query = parse_qsl(request.query, keep_blank_values=True)
    signed = _from_query(dict(query)) if "X-Amz-Signature" in dict(query) else _from_headers(request)
    scope = signed.get("credential", "").split("/")
    if len(scope) != 5 or signed["algorithm"] != _ALGORITHM or not _time(signed["date"]):
        return "AccessDenied"
    if scope[0] != key:
        return "InvalidAccessKeyId"
    own = [(name, value) for name, value in query if name != "X-Amz-Signature"]
    if not hmac.compare_digest(_signature(request, top, signed, scope, own, secret), signed["signature"]):
        return "SignatureDoesNotMatch"
    return _staleness(signed, now) or _body_error(request, signed["payload"])


def _from_query(query: dict[str, str]) -> dict[str, str]:
    names = ("algorithm", "credential", "date", "expires", "signedheaders", "signature")
    found = {name.lower().removeprefix("x-amz-"): value for name, value in query.items()}
    return {**{name: found.get(name, "") for name in names}, "payload": _UNSIGNED}


def _from_headers(request: Request) -> dict[str, str]:
    algorithm, _space, rest = request.headers.get("Authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    return {
        "algorithm": algorithm,
        "credential": parts.get("Credential", ""),
        "date": request.headers.get("X-Amz-Date", ""),
        "expires": "",
        "signedheaders": parts.get("SignedHeaders", ""),
        "signature": parts.get("Signature", ""),
        "payload": request.headers.get("X-Amz-Content-SHA256", ""),
    }


def _signature(
    request: Request, top: str, signed: dict[str, str], scope: list[str], query: list[tuple[str, str]], secret: str
) -> str:
    headers = [(name, " ".join(request.headers.get(name, "").split())) for name in signed["signedheaders"].split(";")]
    canonical = "\n".join(
        [
            request.method,
            quote(top + request.path, safe="/~"),
            "&".join(f"{name}={value}" for name, value in sorted((_plain(n), _plain(v)) for n, v in query)),
            "".join(f"{name}:{value}\n" for name, value in headers),
            signed["signedheaders"],
            signed["payload"],
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([_ALGORITHM, signed["date"], "/".join(scope[1:]), digest])
    key = f"AWS4{secret}".encode()
    for part in scope[1:]:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _plain(text: str) -> str:
    return quote(text, safe="~")


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _staleness(signed: dict[str, str], now: datetime) -> str:
    at = _time(signed["date"]) or now
    if not signed["expires"]:
        return "RequestTimeTooSkewed" if abs(now - at) > SKEW else ""
    seconds = int(signed["expires"]) if signed["expires"].isdecimal() else LONGEST + 1
    if seconds > LONGEST:
        return "AuthorizationQueryParametersError"
    return "ExpiredToken" if now > at + timedelta(seconds=seconds) else ""


def _body_error(request: Request, payload: str) -> str:
    if payload in (_UNSIGNED, hashlib.sha256(request.body).hexdigest()):
        return ""
    return "NotImplemented" if payload.startswith("STREAMING-") else "XAmzContentSHA256Mismatch"
