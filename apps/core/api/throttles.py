from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

import structlog

log = structlog.get_logger(__name__)


def client_address(request: HttpRequest | Request) -> str:
    """The caller's address: the socket's, or behind TRUSTED_PROXIES hops the one that the outermost of them saw."""
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and len(hops) >= settings.TRUSTED_PROXIES:
        return str(hops[-settings.TRUSTED_PROXIES])
    return str(request.META.get("REMOTE_ADDR") or "unknown")


class AddressThrottle(SimpleRateThrottle):
    """A ceiling for each address, against floods. The domain's own limits (codes) are counted in the database."""

    scope = "address"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"throttle.{self.scope}.{client_address(request)}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError) as error:
            # The cache is not the truth of anything: without it the intake goes on.
            log.warning("throttle_without_cache", error=type(error).__name__)
            return True


class UploadThrottle(AddressThrottle):
    scope = "upload"
