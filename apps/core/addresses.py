import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the socket's, or behind TRUSTED_PROXIES hops the one that the outermost of them saw.

    "unknown" if neither is an address: what a header says is written into the database as one.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    seen = [request.META.get("REMOTE_ADDR") or ""]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        seen.insert(0, hops[-settings.TRUSTED_PROXIES])
    return next((address for text in seen if (address := _read(text))), "unknown")


def _read(text: str) -> str:
    """The address in `text` as it is written shortest, an IPv4 one out of its IPv6 dress; "" if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_origin_of(origin: str, host: str) -> bool:
    """Whether the `Origin` header names a page of `host` (with its port)."""
    try:
        page = urlsplit(origin)
    except ValueError:  # as of "http://["
        return False
    return page.netloc == host and page.scheme in ("http", "https")
