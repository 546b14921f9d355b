"""Delivery reports of the SMS gateways: forms that they sign with what only they and we know."""

from typing import ClassVar

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from apps.core.api.bodies import BodyCheckingView
from apps.core.errors import DomainError
from apps.integrations.sms import Report, ReportForged, smsc, smsru
from apps.integrations.sms.gateway import Form
from apps.integrations.sms.reports import report_take

log = structlog.get_logger(__name__)


class SignatureInvalid(DomainError):
    code = "signature_invalid"
    status = 401
    detail = _("The signature is not right.")


class _Reports(BodyCheckingView):
    """What every gateway's reports have in common. The signature is the only door, so floods stop there too."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes = (FormParser,)
    gateway: ClassVar[str]
    answer: ClassVar[str]  # whatever else is answered, the gateway repeats the report

    def most_bytes(self) -> int:
        return 64 * 1024

    def read(self, form: Form) -> list[Report]:
        """The reports in `form`. Raises ReportForged."""
        raise NotImplementedError

    def post(self, request: Request) -> HttpResponse:
        try:
            reports = self.read(dict(request.data.items()) if isinstance(request.data, dict) else {})
        except ReportForged:
            log.warning("sms_report_forged", gateway=self.gateway)
            raise SignatureInvalid from None
        for report in reports:
            report_take(gateway=self.gateway, report=report, now=timezone.now())
        return HttpResponse(self.answer, content_type="text/plain; charset=utf-8")


@extend_schema(exclude=True)
class SmscReports(_Reports):
    gateway = smsc.SmscGateway.name
    answer = "OK"

    def read(self, form: Form) -> list[Report]:
        report = smsc.read_report(form, secret=settings.SMS_REPORT_SECRET)
        return [report] if report else []


@extend_schema(exclude=True)
class SmsRuReports(_Reports):
    gateway = smsru.SmsRuGateway.name
    answer = "100"

    def read(self, form: Form) -> list[Report]:
        return smsru.read_reports(form, api_id=settings.SMS_PASSWORD)
