"""Bodies that the API does not read, said so before anyone takes them for empty."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.api.parsers import TooLarge


class LengthRequired(APIException):
    status_code = 411
    default_code = "length_required"
    default_detail = _("Send the body with its length (Content-Length).")


class BodyCheckingView(APIView):
    """A view whose body has a stated length, is not packed, and is within `most_bytes`."""

    needs_body = ("PUT", "PATCH")  # an empty one would be taken for "nothing to change", and told that it was kept

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, (request.method or "").lower()):
            return  # answered by 405
        if request.headers.get("Transfer-Encoding"):
            # REST framework takes a body without a length for an empty one.
            raise LengthRequired
        packed = request.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            raise UnsupportedMediaType(packed[:40], _("Send the body as it is, not packed."))
        length = body_length(request)
        if length > self.most_bytes():
            raise self.too_large()
        if not length and request.method in self.needs_body:
            raise ParseError(_("Send a JSON object."))

    def most_bytes(self) -> int:
        return int(settings.API_MAX_JSON_BYTES)

    def too_large(self) -> APIException:
        return TooLarge()


def body_length(request: Request) -> int:
    """The stated length in bytes; what is no number counts as too large for anything."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 1 << 62
