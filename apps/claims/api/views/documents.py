"""A claim's files."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.claims.api import serializers as shapes
from apps.claims.api.output import document_json
from apps.claims.api.views.base import NUMBER, IntakeView, own_claim
from apps.claims.errors import DocumentRefused
from apps.claims.selectors import applicant_document
from apps.claims.services import document_add, document_delete, document_keep
from apps.core.api.parsers import PlainMultiPartParser
from apps.core.api.throttles import AddressThrottle, UploadThrottle
from apps.core.errors import NotFound
from apps.core.files.names import content_disposition
from apps.core.files.streams import file_response
from apps.core.files.upload import FileTooLarge, upload_bytes
from apps.core.idempotency import KeyReused, answered, fingerprint, once

SLOT = re.compile(r"[A-Za-z0-9_-]{1,50}")
DOCUMENT = OpenApiParameter("document_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="Lets a broken upload be repeated safely; 8 to 200 visible ASCII characters.",
)  # fmt: skip


class Documents(IntakeView):
    def get_throttles(self) -> list[Any]:
        return [UploadThrottle()] if self.request.method == "POST" else [AddressThrottle()]

    def get_parsers(self) -> list[Any]:
        return [PlainMultiPartParser()]

    def most_bytes(self) -> int:
        return upload_bytes()

    def too_large(self) -> FileTooLarge:
        return FileTooLarge()

    @extend_schema(
        operation_id="documents_list", summary="The files of a claim", parameters=[NUMBER],
        responses=shapes.DocumentListOut, filters=False,
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        claim = own_claim(request, number)
        return Response({"results": [document_json(one, claim) for one in claim.documents.all()]})

    @extend_schema(
        operation_id="documents_add", summary="Send a file", parameters=[NUMBER, KEY],
        request={"multipart/form-data": shapes.DocumentIn}, responses={201: shapes.DocumentOut},
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        claim, now = own_claim(request, number), timezone.now()
        file, slot = _file(request), str(request.POST.get("slot", ""))
        if not slot:
            raise DocumentRefused(_("Say which document this is."), code="required", attr="slot")
        if not SLOT.fullmatch(slot):
            raise DocumentRefused(_("There is no such document in this claim."), code="slot_unknown", attr="slot")
        scope, key = f"upload.{claim.pk}", request.headers.get("Idempotency-Key", "")
        mark = fingerprint("upload", number, slot, file.name, file.size)
        if key and (kept := answered(scope=scope, key=key, mark=mark)):
            if not claim.documents.filter(pk=kept[1]["id"]).exists():
                raise KeyReused  # for a file that was removed since: nobody is told that it is here
            return Response(kept[1], status=kept[0])
        document, _is_new = document_add(
            claim_id=claim.pk, slot=slot, path=Path(file.temporary_file_path()), name=file.name or "", now=now
        )
        # Kept as it is sent, so that a repeat gets the very same answer.
        answer = json.loads(JSONRenderer().render(document_json(document, claim)))
        if key:
            once(scope=scope, key=key, mark=mark, now=now, act=lambda: (201, answer))
        return Response(answer, status=status.HTTP_201_CREATED)


def _file(request: Request) -> TemporaryUploadedFile:
    files = request.FILES.getlist("file")
    if not files:
        raise DocumentRefused(_("Choose a file."), code="required", attr="file")
    if len(files) > 1 or len(request.FILES) > 1:
        raise DocumentRefused(_("Send one file at a time."), code="one_file_at_a_time", attr="file")
    file = files[0]
    assert isinstance(file, TemporaryUploadedFile)  # the only upload handler streams to disk
    if not file.size:
        raise DocumentRefused(_("This file is empty. Choose another one."), code="file_empty", attr="file")
    return file


class OneDocument(IntakeView):
    @extend_schema(
        operation_id="documents_read", summary="One file's state", parameters=[NUMBER, DOCUMENT],
        responses=shapes.DocumentOut,
    )  # fmt: skip
    def get(self, request: Request, number: str, document_id: UUID) -> Response:
        claim = own_claim(request, number)
        return Response(document_json(applicant_document(claim=claim, document_id=document_id), claim))

    @extend_schema(
        operation_id="documents_delete", summary="Remove a file", parameters=[NUMBER, DOCUMENT],
        responses={204: None},
    )  # fmt: skip
    def delete(self, request: Request, number: str, document_id: UUID) -> Response:
        claim = own_claim(request, number)
        document_delete(claim_id=claim.pk, document_id=document_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DocumentKeep(IntakeView):
    @extend_schema(
        operation_id="documents_keep", summary="Say that a rejected file is the right one",
        parameters=[NUMBER, DOCUMENT], request=None, responses=shapes.DocumentOut,
    )  # fmt: skip
    def post(self, request: Request, number: str, document_id: UUID) -> Response:
        claim = own_claim(request, number)
        document_keep(claim_id=claim.pk, document_id=document_id, now=timezone.now())
        claim = own_claim(request, number)
        return Response(document_json(applicant_document(claim=claim, document_id=document_id), claim))


class DocumentFile(IntakeView):
    @extend_schema(
        operation_id="documents_file", summary="The file as it was sent", parameters=[NUMBER, DOCUMENT],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )  # fmt: skip
    def get(self, request: Request, number: str, document_id: UUID) -> HttpResponseBase:
        document = applicant_document(claim=own_claim(request, number), document_id=document_id)
        return file_response(
            request._request, document.key, content_type="application/octet-stream",
            disposition=content_disposition(document.name), size=document.size,
        )  # fmt: skip


class DocumentPreview(IntakeView):
    @extend_schema(
        operation_id="documents_preview", summary="A picture of the file", parameters=[NUMBER, DOCUMENT],
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )  # fmt: skip
    def get(self, request: Request, number: str, document_id: UUID) -> HttpResponseBase:
        document = applicant_document(claim=own_claim(request, number), document_id=document_id)
        if not document.preview_key:
            raise NotFound
        return file_response(request._request, document.preview_key, content_type="image/jpeg", disposition="inline")
