"""Turns the domain's errors into the one shape of the API: `{type, errors: [{code, detail, attr}]}`."""

import re
from collections import defaultdict
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import OperationalError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError

from apps.core.api.parsers import TooLarge
from apps.core.errors import DomainError

log = structlog.get_logger(__name__)
_NO_FIELD = re.compile(r"(?:^|\.)non_field_errors$")


class DomainRefusal(APIException):
    """A DomainError with a status of its own."""

    def __init__(self, error: DomainError) -> None:
        self.status_code = error.status
        self.wait = error.retry_after
        super().__init__(error.problems[0].detail, error.problems[0].code)


class Busy(APIException):
    status_code = 503
    default_code = "busy"
    default_detail = _("We can't keep this right now. Try again in a moment.")
    wait = 5


def _validation(error: DomainError) -> ValidationError:
    details: dict[str, list[ErrorDetail]] = defaultdict(list)
    for problem in error.problems:
        details[problem.attr or "non_field_errors"].append(ErrorDetail(str(problem.detail), problem.code))
    return ValidationError(dict(details))


class ApiExceptionHandler(ExceptionHandler):
    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return _validation(exc) if exc.status == 400 else DomainRefusal(exc)
        if isinstance(exc, RequestDataTooBig):
            return TooLarge()
        if isinstance(exc, TooManyFieldsSent | TooManyFilesSent | MultiPartParserError | UnicodeDecodeError):
            return ParseError(_("The request is malformed."))
        if isinstance(exc, OperationalError):
            log.error("database_unavailable", exc_info=exc)
            return Busy()
        return super().convert_known_exceptions(exc)

    def convert_unhandled_exceptions(self, exc: Exception) -> APIException:
        if isinstance(exc, APIException):
            return exc
        return APIException(_("Something went wrong on our side. Nothing you sent is lost."))

    def format_exception(self, exc: APIException) -> dict[str, Any]:
        """`attr` names a field or nothing: REST framework's word for "no field" is not one."""
        body: dict[str, Any] = super().format_exception(exc)
        for error in body["errors"]:
            if error["attr"]:
                error["attr"] = _NO_FIELD.sub("", error["attr"]) or None
        return body

    def get_headers(self, exc: APIException) -> dict[Any, Any]:
        headers = super().get_headers(exc)
        if wait := getattr(exc, "wait", None):
            headers["Retry-After"] = str(int(wait) + (0 if isinstance(wait, int) else 1))
        return headers
