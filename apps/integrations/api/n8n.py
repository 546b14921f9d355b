"""Callbacks from n8n's workflows: signed, done once for each id."""

from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import signatures
from apps.core.api.bodies import BodyCheckingView
from apps.core.api.serializers import StrictCharField, StrictSerializer
from apps.integrations.automation.callbacks import callback_take

log = structlog.get_logger(__name__)


class SignedByN8n(BaseAuthentication):
    """Only a body that one of the live secrets signed in the last minutes is read at all."""

    def authenticate(self, request: Request) -> None:
        header = request.headers.get(signatures.HEADER, "")
        try:
            signatures.verify(header, request.body, secrets=settings.N8N_SECRETS, now=timezone.now())
        except signatures.SignatureInvalid as reason:
            log.warning("callback_unsigned", source="n8n", reason=str(reason))
            raise AuthenticationFailed(_("The signature is not right or too old."), "signature_invalid") from None

    def authenticate_header(self, request: Request) -> str:
        return signatures.HEADER


class CallbackIn(StrictSerializer):
    id = StrictCharField(max_length=200)
    kind = StrictCharField(max_length=80)
    about = StrictCharField(max_length=200)
    data = serializers.DictField(required=False, default=dict)  # type: ignore[assignment]


@extend_schema(exclude=True)
class N8nCallback(BodyCheckingView):
    authentication_classes = [SignedByN8n]
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        """200 also for an id that has come before: whoever repeats it wants to hear that it arrived."""
        body = CallbackIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked: dict[str, Any] = body.validated_data
        done = callback_take(source="n8n", **asked, now=timezone.now())
        return Response({"repeated": not done})
