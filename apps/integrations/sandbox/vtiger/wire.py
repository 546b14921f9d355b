"""How the sandbox's vTiger reads a request and words an answer: as PHP does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from django.core.handlers.wsgi import WSGIRequest

from apps.integrations.sandbox.registry import Answer, Request
from apps.integrations.sandbox.store import File

HTML = "text/html; charset=UTF-8"
JSON = "application/json"


class Refused(Exception):
    """An error that vTiger words itself, in HTTP 200. The code of a duplicate is the number 0."""

    def __init__(self, code: str | int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Fatal(Exception):
    """PHP ends where it stands: HTTP 500, no body."""


def denied(of: str = "") -> Refused:
    return Refused("ACCESS_DENIED", f"Permission to perform the operation is denied{of}")


def broken() -> Refused:
    return Refused("INTERNAL_SERVER_ERROR", "Unknown Error while processing request")


@dataclass(frozen=True)
class Call:
    """The fields of one request, the query's and the body's apart."""

    method: str
    get: Mapping[str, str]
    post: Mapping[str, str]
    files: tuple[File, ...] = ()

    def either(self, name: str) -> str:
        return self.post.get(name) or self.get.get(name) or ""


def read(request: Request) -> Call:
    """A body that is no form is not read at all."""
    query = dict(parse_qsl(request.query, keep_blank_values=True, errors="replace"))
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return Call(request.method, query, {})
    if kind == "multipart/form-data":
        return _multipart(request, query)
    body = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=200)
    return Call(request.method, query, dict(body))


def _multipart(request: Request, query: Mapping[str, str]) -> Call:
    form = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": request.headers["Content-Type"],
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.input": BytesIO(request.body),
        }
    )
    files = []
    for sent in form.FILES.getlist("filename"):
        with sent:
            files.append(File(sent.name or "", sent.content_type or "", sent.read()))
    return Call(request.method, query, form.POST.dict(), tuple(files))


def success(result: Any) -> Answer:
    return _written({"success": True, "result": result})


def failure(error: Refused) -> Answer:
    return _written({"success": False, "error": {"message": error.message, "code": error.code}})


def fatal(kind: str = HTML) -> Answer:
    return Answer(500, b"", kind)


def _written(value: dict[str, Any]) -> Answer:
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return Answer(200, text.encode(), JSON)
