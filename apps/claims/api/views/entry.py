"""The way in: the form's definition, the code by SMS, the session."""

from django.conf import settings
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.claims.api import serializers as shapes
from apps.claims.api.authentication import COOKIE
from apps.claims.api.output import claim_json, definition_json, language, session_times
from apps.claims.api.views.base import LANGUAGE, IntakeView, session_of
from apps.claims.selectors import applicant_claim
from apps.claims.services import applicant_verify, definition_current
from apps.contacts.errors import PHONE_TEXTS, PhoneRefused
from apps.contacts.models import VerificationCode
from apps.contacts.rules import phones
from apps.contacts.services import SESSION_LIFE, code_send, session_end
from apps.core.addresses import client_address


def read_phone(raw: str) -> str:
    """The normalised phone. Raises PhoneRefused."""
    try:
        return phones.normalise(raw, settings.PHONE_COUNTRIES)
    except phones.PhoneInvalid as error:
        raise PhoneRefused(PHONE_TEXTS[error.code], code=error.code, attr="phone") from None


class Definition(IntakeView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="definition", summary="The form", parameters=[LANGUAGE], responses=shapes.DefinitionOut, auth=[]
    )
    def get(self, request: Request) -> Response:
        answer = Response(definition_json(definition_current(now=timezone.now())))
        answer["Cache-Control"] = "no-cache"
        patch_vary_headers(answer, ["Accept-Language", "Cookie"])
        return answer


class SmsSend(IntakeView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="sms_send", summary="Ask for a code", request=shapes.SmsSendIn,
        responses={202: shapes.CodeSentOut}, auth=[],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = shapes.SmsSendIn(data=request.data)
        given.is_valid(raise_exception=True)
        phone = read_phone(given.validated_data["phone"])
        sent = code_send(
            phone=phone, purpose=VerificationCode.Purpose.LOGIN, subject="", address=client_address(request._request),
            language=language(), now=timezone.now(),
        )  # fmt: skip
        shown = {"debug_code": sent.code} if settings.SHOW_CODES else {}
        body = {"phone": phone, "expires_in": sent.expires_in, "resend_in": sent.resend_in, **shown}
        return Response(body, status=status.HTTP_202_ACCEPTED)


class SmsVerify(IntakeView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="sms_verify", summary="Prove the phone by its code", request=shapes.SmsVerifyIn,
        responses=shapes.VerifiedOut, auth=[],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = shapes.SmsVerifyIn(data=request.data)
        given.is_valid(raise_exception=True)
        now = timezone.now()
        entry = applicant_verify(
            phone=read_phone(given.validated_data["phone"]), secret=given.validated_data["code"],
            language=language(), now=now,
        )  # fmt: skip
        claim = applicant_claim(contact_id=entry.session.contact_id, number=entry.claim.number, now=now)
        answer = Response(
            {
                "token": entry.token,
                "expires_at": entry.session.expires_at,
                "contact_id": entry.session.contact_id,
                "is_new_contact": entry.is_new_contact,
                "resumed": entry.resumed,
                "claim": claim_json(claim),
            }
        )
        answer.set_cookie(
            COOKIE, entry.token, max_age=int(SESSION_LIFE.total_seconds()), httponly=True, samesite="Lax",
            secure=settings.HTTPS,
        )  # fmt: skip
        return answer


class Session(IntakeView):
    @extend_schema(operation_id="session", summary="Who is asking, and until when", responses=shapes.SessionOut)
    def get(self, request: Request) -> Response:
        session = session_of(request)
        times = session_times(session.seen_at, session.expires_at)
        return Response({"phone_masked": phones.mask(session.contact.phone), **times})


class SessionEnd(IntakeView):
    @extend_schema(operation_id="session_end", summary="Log out", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        session_end(session=session_of(request), now=timezone.now())
        answer = Response(status=status.HTTP_204_NO_CONTENT)
        answer.delete_cookie(COOKIE, samesite="Lax")
        return answer
