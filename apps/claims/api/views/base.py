import re
from typing import NoReturn, cast
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request

from apps.claims.errors import ClaimNotFound
from apps.claims.models import Claim
from apps.claims.selectors import applicant_claim, applicant_claim_id
from apps.contacts.models import ApplicantSession
from apps.core.api.bodies import BodyCheckingView

NUMBER = OpenApiParameter("number", OpenApiTypes.STR, OpenApiParameter.PATH, description="The claim's number.")
LANGUAGE = OpenApiParameter(
    "lang", OpenApiTypes.STR, description="`ru`, `uk` or `en`; else `Accept-Language` decides, else it is Russian."
)
_NUMBER = re.compile(r"CLM-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9A-Z]{4}")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def session_of(request: Request) -> ApplicantSession:
    return cast(ApplicantSession, request.user)


def own_claim(request: Request, number: str) -> Claim:
    """The caller's claim with this number. Raises ClaimNotFound: also for somebody else's."""
    if not _NUMBER.fullmatch(number):
        raise ClaimNotFound
    return applicant_claim(contact_id=session_of(request).contact_id, number=number, now=timezone.now())


def own_claim_id(request: Request, number: str) -> UUID:
    """Its id alone, for a service that reads the claim itself. Raises ClaimNotFound: also for somebody else's."""
    if not _NUMBER.fullmatch(number):
        raise ClaimNotFound
    return applicant_claim_id(contact_id=session_of(request).contact_id, number=number, now=timezone.now())


def if_match(request: Request) -> int | None:
    """The version that `If-Match` names, or None. Raises ValidationError for another form of it."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    found = _ETAG.fullmatch(header)
    if not found:
        raise ValidationError({"If-Match": [_("Send the claim's version in quotes.")]}, "if_match_invalid")
    return int(found.group(1))


class IntakeView(BodyCheckingView):
    """A view of the intake API."""

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        if request.successful_authenticator:
            super().permission_denied(request, message, code)
        raise NotAuthenticated(_("Confirm your phone first: send the token that you get for the code."))
