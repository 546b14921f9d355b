import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

MAX_DEPTH = 32
_NON_SCALAR = re.compile("[\ud800-\udfff\x00]")


class TooLarge(APIException):
    status_code = 413
    default_code = "request_too_large"
    default_detail = _("The request is too large.")


class StrictJSONParser(BaseParser):
    """JSON as UTF-8 of bounded size and depth; duplicate keys, NaN, infinities, NUL and lone surrogates are refused."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.API_MAX_JSON_BYTES + 1)
        if len(body) > settings.API_MAX_JSON_BYTES:
            raise TooLarge
        if media_type and "charset=" in media_type.lower() and "utf-8" not in media_type.lower():
            raise ParseError(_("Send JSON as UTF-8."))
        try:
            value = json.loads(
                body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_finite, parse_float=_float
            )
        except (ValueError, RecursionError):
            raise ParseError(_("This is not valid JSON.")) from None
        _look_through(value, 0)
        if not isinstance(value, dict):
            raise ParseError(_("Send a JSON object."))
        return value


class PlainMultiPartParser(MultiPartParser):
    """A form with files. What is wrong with its form is said in the reader's language, without its content."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError:
            raise ParseError(_("The request is malformed.")) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _value in pairs}) < len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def _finite(text: str) -> float:
    raise ValueError(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _look_through(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError(_("This JSON is nested too deeply."))
    if isinstance(value, str):
        if _NON_SCALAR.search(value):
            raise ParseError(_("The text has characters that cannot be stored."))
    elif isinstance(value, dict):
        for key, item in value.items():
            _look_through(key, depth)
            _look_through(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _look_through(item, depth + 1)
