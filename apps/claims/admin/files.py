"""A claim's files for staff: each belongs to the claim in the address, and an original that leaves is written down."""

from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.claims.models import Document, DocumentReading, Registration
from apps.claims.services.reading import INFECTED
from apps.core import audit
from apps.core.desk.base import actor_of
from apps.core.files.errors import StorageFailed
from apps.core.files.names import content_disposition
from apps.core.files.streams import PDF_IN_FRAME, file_response
from apps.integrations.archive import get_archive

LINK_SECONDS = 60


def _document(request: HttpRequest, claim_id: UUID, document_id: UUID) -> Document:
    if not request.user.has_perms(["claims.view_claim", "claims.view_document"]):
        raise PermissionDenied
    if DocumentReading.objects.filter(document=document_id, code=INFECTED).exists():
        raise PermissionDenied  # a virus is opened by nobody here
    return get_object_or_404(Document, pk=document_id, claim_id=claim_id)


@require_GET
def original(request: HttpRequest, claim_id: UUID, document_id: UUID) -> HttpResponseBase:
    """The file as it came, to be saved."""
    document = _document(request, claim_id, document_id)
    try:
        response = file_response(
            request, document.key, content_type=document.content_type, size=document.size,
            disposition=content_disposition(document.name),
        )  # fmt: skip
    except StorageFailed as error:
        return HttpResponse(str(error.detail), status=error.status, content_type="text/plain; charset=utf-8")
    audit.record(action="document.download", target=document, actor=actor_of(request), now=timezone.now())
    return response


@require_GET
def archive(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    """Sends on to the insurer's archive, by an address that soon works no longer. By GET: a form may not leave us."""
    if not request.user.has_perms(["claims.view_claim", "claims.view_document"]):
        raise PermissionDenied
    kept = get_object_or_404(Registration.objects.exclude(archive_key=""), claim=claim_id)
    if not settings.ARCHIVE_S3["endpoint_url"]:
        raise Http404
    audit.record(action="archive.download", target=kept, actor=actor_of(request), now=timezone.now())
    link = get_archive().link(kept.archive_key, seconds=LINK_SECONDS)
    return HttpResponseRedirect(link, headers={"Cache-Control": "no-store"})


@require_GET
def preview(request: HttpRequest, claim_id: UUID, document_id: UUID) -> HttpResponseBase:
    """What the viewer shows: the re-encoded picture, or a PDF itself, in a frame of our own page."""
    document = _document(request, claim_id, document_id)
    if document.kind != "pdf":
        return _picture(request, document.preview_key)
    try:
        response = file_response(
            request, document.key, content_type="application/pdf", size=document.size, csp=PDF_IN_FRAME,
            disposition="inline",
        )  # fmt: skip
    except StorageFailed as error:
        return HttpResponse(str(error.detail), status=error.status, content_type="text/plain; charset=utf-8")
    audit.record(action="document.view", target=document, actor=actor_of(request), now=timezone.now())
    return response


@require_GET
def thumb(request: HttpRequest, claim_id: UUID, document_id: UUID) -> HttpResponseBase:
    return _picture(request, _document(request, claim_id, document_id).thumb_key)


@require_GET
def page(request: HttpRequest, claim_id: UUID, document_id: UUID, number: int) -> HttpResponseBase:
    """The picture of one page, upright, as it was read."""
    document = _document(request, claim_id, document_id)
    reading = get_object_or_404(DocumentReading.objects.only("pages"), document=document)
    return _picture(request, next((one["key"] for one in reading.pages if one["number"] == number), ""))


def _picture(request: HttpRequest, key: str) -> HttpResponseBase:
    if not key:
        raise Http404
    try:
        response = file_response(request, key, content_type="image/jpeg", disposition="inline")
    except StorageFailed:
        raise Http404 from None
    # A key is made from the file's content, and a page's address names its picture: what is there never changes.
    response["Cache-Control"] = "private, max-age=3600"
    return response
