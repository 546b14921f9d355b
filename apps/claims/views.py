"""The applicant's pages. They hold nothing personal: whatever they show comes by the API."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from apps.claims.consents import CONSENTS
from apps.core.fields import translated


@require_safe
@ensure_csrf_cookie
def form(request: HttpRequest) -> HttpResponse:
    return render(request, "claims/form.html")


@require_safe
@ensure_csrf_cookie
def status(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "claims/status.html", {"number": number})


@require_safe
@ensure_csrf_cookie
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "claims/receipt.html", {"number": number})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    def shown(one: dict[str, Any]) -> dict[str, Any]:
        text = translated(one["text"]).replace("{operator}", settings.OPERATOR_NAME)
        return {**one, "title": translated(one["title"]), "text": text}

    facts = {"consents": [shown(one) for one in CONSENTS], "draft_hours": settings.DRAFT_HOURS}
    return render(request, "claims/privacy.html", facts)
