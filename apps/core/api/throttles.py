from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.core.addresses import client_address

if TYPE_CHECKING:  # REST framework's views read the settings that name this module
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class AddressThrottle(SimpleRateThrottle):
    """A ceiling for each address, against floods. The domain's own limits (codes) are counted in the database."""

    scope = "address"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        return f"throttle.{self.scope}.{client_address(request._request)}"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError) as error:
            # The cache is not the truth of anything: without it the intake goes on.
            log.warning("throttle_without_cache", error=type(error).__name__)
            return True


class UploadThrottle(AddressThrottle):
    scope = "upload"
