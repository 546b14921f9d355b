from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found, server_error

from apps.core import health
from apps.core.middleware import is_api


@never_cache
@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    ok, parts = health.ready()
    return JsonResponse({"status": "ok" if ok else "unavailable", "parts": parts}, status=200 if ok else 503)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For browsers that ask for it by its old name."""
    return HttpResponseRedirect(static("site/mark.svg"))


def api_error(kind: str, code: str, detail: str, status: int) -> JsonResponse:
    return JsonResponse({"type": kind, "errors": [{"code": code, "detail": detail, "attr": None}]}, status=status)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error("client_error", "not_found", _("Not found."), 404)
    return page_not_found(request, exception)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error("client_error", "bad_request", _("The request is malformed."), 400)
    return HttpResponse(status=400)


def handler500(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return api_error("server_error", "error", _("Something went wrong on our side. Nothing you sent is lost."), 500)
    return server_error(request)
