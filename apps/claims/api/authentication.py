from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from apps.contacts.models import ApplicantSession
from apps.contacts.services import session_use
from apps.core.addresses import is_origin_of

COOKIE = "claimdesk_applicant"
SAFE = ("GET", "HEAD", "OPTIONS")


class ApplicantAuthentication(BaseAuthentication):
    """The applicant's session by Bearer token, or by cookie from our own pages."""

    def authenticate(self, request: Request) -> tuple[ApplicantSession, str] | None:
        header = request.headers.get("Authorization", "")
        if header.lower().startswith("bearer "):
            return self._session(header[7:].strip())
        token = request.COOKIES.get(COOKIE, "")
        if not token:
            return None
        if request.method not in SAFE and not same_origin(request._request):
            raise PermissionDenied(_("This was sent from another site."), "foreign_origin")
        return self._session(token)

    def _session(self, token: str) -> tuple[ApplicantSession, str]:
        session = session_use(token=token, now=timezone.now()) if token.startswith("apl_") else None
        if session is None:
            raise AuthenticationFailed(_("Your session has ended. Confirm your phone once more."), "session_ended")
        return session, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def same_origin(request: HttpRequest) -> bool:
    """Whether the browser says that the call comes from a page of this very host. A cookie alone proves nothing."""
    return is_origin_of(request.headers.get("Origin", ""), request.get_host())


class ApplicantScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApplicantAuthentication
    name = ["applicantToken", "applicantCookie"]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [{"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "cookie", "name": COOKIE}]
