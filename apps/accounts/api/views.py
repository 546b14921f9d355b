from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.api.authentication import ApiTokenAuthentication
from apps.core import metrics

PERMISSION = "core.view_metrics"


@extend_schema(exclude=True)
class Metrics(APIView):
    """Prometheus metrics, for a token whose user may see them."""

    authentication_classes = [ApiTokenAuthentication]
    throttle_classes = []

    def get(self, request: Request) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return HttpResponse(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")
