from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.models import User
from apps.accounts.services import api_token_use


class ApiTokenAuthentication(BaseAuthentication):
    """Another system's Bearer token; it may do what its user may."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        header = request.headers.get("Authorization", "")
        if not header.lower().startswith("bearer "):
            return None
        secret = header[7:].strip()
        user = api_token_use(secret=secret, now=timezone.now())
        if user is None:
            raise AuthenticationFailed(_("This token is not valid."), "token_invalid")
        return user, secret

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
