import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from structlog.contextvars import bound_contextvars

from apps.core import metrics

log = structlog.get_logger("request")
_CLAIM = re.compile(r"/(CLM-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9A-Z]{4})(?:/|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9\-]{8,64}")
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


@sync_and_async_middleware
def request_context(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Binds request and claim ids for the log, sets the API's language, and logs and counts each answer."""

    def begin(request: HttpRequest) -> dict[str, str]:
        given = request.headers.get("X-Request-ID", "")
        ids = {"request_id": given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex}
        if found := _CLAIM.search(request.path_info):
            ids["claim"] = found.group(1)
        if is_api(request):
            translation.activate(_language(request))
        return ids

    def finish(request: HttpRequest, response: HttpResponse, ids: dict[str, str], started: float) -> HttpResponse:
        seconds = time.monotonic() - started
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        response["X-Request-ID"] = ids["request_id"]
        if is_api(request):
            response.setdefault("Cache-Control", "no-store")
            if not response.streaming:
                response.setdefault("Content-Length", str(len(response.content)))  # else it goes out in chunks
            response.setdefault("Content-Language", translation.get_language() or "ru")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        metrics.count_request(request.method or "", route, response.status_code, seconds)
        if not request.path_info.startswith(QUIET):
            log.info("request", method=request.method, route=route, status=response.status_code,
                     ms=round(seconds * 1000, 1))  # fmt: skip
        return response

    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            started, ids = time.monotonic(), begin(request)
            with bound_contextvars(**ids):
                return finish(request, await get_response(request), ids, started)

    else:

        def middleware(request: HttpRequest) -> HttpResponse:  # type: ignore[misc]
            started, ids = time.monotonic(), begin(request)
            with bound_contextvars(**ids):
                return finish(request, get_response(request), ids, started)

    return middleware


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("lang", "")
    return asked if asked in ("ru", "uk", "en") else translation.get_language_from_request(request)


class _SkipsApi:
    """The API has its own token, language and errors, and goes without what pages need (performance.md)."""

    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if is_api(request) else super().__call__(request)  # type: ignore[misc]

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        inherited = getattr(super(), "process_view", None)
        return None if inherited is None or is_api(request) else inherited(request, *args)


class PageSession(_SkipsApi, SessionMiddleware):
    pass


class PageLocale(_SkipsApi, LocaleMiddleware):
    pass


class PageCommon(_SkipsApi, CommonMiddleware):
    pass


class PageCsrf(_SkipsApi, CsrfViewMiddleware):
    pass


class PageAuthentication(_SkipsApi, AuthenticationMiddleware):
    pass


class PageMessages(_SkipsApi, MessageMiddleware):
    pass


class PageFrameOptions(_SkipsApi, XFrameOptionsMiddleware):
    pass
