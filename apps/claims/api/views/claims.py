"""A claim from its first answer to its receipt."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.claims.api import serializers as shapes
from apps.claims.api.output import claim_json, claim_row, language, policy_json, requisites_json
from apps.claims.api.views.base import LANGUAGE, NUMBER, IntakeView, if_match, own_claim, own_claim_id, session_of
from apps.claims.errors import ClaimNotEditable, ReceiptNotReady
from apps.claims.models import ChecklistEntry, Claim, Requisites
from apps.claims.receipt import receipt_pdf
from apps.claims.selectors import applicant_claim, applicant_claims, with_definition
from apps.claims.services import (
    answers_give,
    claim_begin,
    claim_describe,
    claim_patch,
    claim_policy,
    claim_submit,
    requisites_code,
    requisites_confirm,
    requisites_put,
    slot_unwaive,
    slot_waive,
)
from apps.claims.services.requisites import RequisitesKept
from apps.claims.services.submit import Agreed
from apps.core.addresses import client_address
from apps.core.idempotency import KeyInvalid, fingerprint, once

KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="8 to 200 visible ASCII characters; a repeat with the same key gets the same answer.",
)  # fmt: skip
SLOT = OpenApiParameter("slot", OpenApiTypes.STR, OpenApiParameter.PATH, description="The slot's key.")
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description='The version read before, as `"7"`.'
)


def fresh(claim: Claim) -> dict[str, Any]:
    """The claim as it is now, for the answer."""
    return claim_json(applicant_claim(contact_id=claim.contact_id, number=claim.number, now=timezone.now()))


class Claims(IntakeView):
    @extend_schema(
        operation_id="claims_list", summary="My claims", parameters=[LANGUAGE], responses=shapes.ClaimListOut,
        filters=False,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        held = applicant_claims(contact_id=session_of(request).contact_id, now=timezone.now())
        mine = held.prefetch_related("document_requests")
        return Response({"results": [claim_row(with_definition(claim)) for claim in mine[:100]]})

    @extend_schema(
        operation_id="claims_create", summary="Begin another claim", request=shapes.ClaimNewIn,
        responses={201: shapes.ClaimOut},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = shapes.ClaimNewIn(data=request.data)
        given.is_valid(raise_exception=True)
        chosen = given.validated_data.get("language", language())
        claim = claim_begin(contact=session_of(request).contact, language=chosen, now=timezone.now())
        return Response(fresh(claim), status=status.HTTP_201_CREATED)


class OneClaim(IntakeView):
    @extend_schema(
        operation_id="claims_read", summary="Everything about a claim", parameters=[NUMBER, LANGUAGE],
        responses=shapes.ClaimOut,
    )  # fmt: skip
    def get(self, request: Request, number: str) -> Response:
        claim = own_claim(request, number)
        return Response(claim_json(claim), headers={"ETag": f'"{claim.version}"'})

    @extend_schema(
        operation_id="claims_patch", summary="Save answers", parameters=[NUMBER, IF_MATCH],
        request=shapes.ClaimPatchIn, responses=shapes.ClaimPatchedOut,
    )  # fmt: skip
    def patch(self, request: Request, number: str) -> Response:
        claim_id, changes = own_claim_id(request, number), dict(request.data)
        try:
            claim, overwrote = claim_patch(
                claim_id=claim_id, changes=changes, expected_version=if_match(request), now=timezone.now()
            )
        except ClaimNotEditable:
            if changes.keys() != {"answers"}:
                raise
            # Submitted: what staff have asked since may still be answered.
            claim = answers_give(claim_id=claim_id, answers=changes["answers"], now=timezone.now())
            claim, overwrote = applicant_claim(contact_id=claim.contact_id, number=number, now=timezone.now()), None
        return Response({**claim_json(claim), "overwrote": overwrote}, headers={"ETag": f'"{claim.version}"'})


class Description(IntakeView):
    @extend_schema(
        operation_id="claims_describe", summary="Tell what happened", request=shapes.DescriptionIn,
        responses={202: shapes.DescribedOut},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        given = shapes.DescriptionIn(data=request.data)
        given.is_valid(raise_exception=True)
        claim_id = own_claim_id(request, given.validated_data["session_id"])
        claim = claim_describe(claim_id=claim_id, text=given.validated_data["text"], now=timezone.now())
        return Response({"number": claim.number, "version": claim.version}, status=status.HTTP_202_ACCEPTED)


class ClaimPolicy(IntakeView):
    @extend_schema(
        operation_id="claims_policy", summary="Check the policy", parameters=[NUMBER], request=shapes.PolicyIn,
        responses=shapes.PolicyOut,
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        given = shapes.PolicyIn(data=request.data)
        given.is_valid(raise_exception=True)
        claim = own_claim(request, number)
        _claim, check = claim_policy(
            claim_id=claim.pk, contact=claim.contact, raw=given.validated_data["number"], now=timezone.now()
        )
        project_id = check.project.pk if check.project else None
        found = policy_json(
            number=check.number, status=check.status, policy=check.policy, project_id=project_id,
            is_new_project=check.is_new_project,
        )  # fmt: skip
        return Response(found)


class SlotWaiver(IntakeView):
    @extend_schema(
        operation_id="slots_waive", summary="Say that a document can't be sent", parameters=[NUMBER, SLOT],
        request=shapes.WaiverIn, responses=shapes.ClaimOut,
    )  # fmt: skip
    def put(self, request: Request, number: str, slot: str) -> Response:
        given = shapes.WaiverIn(data=request.data)
        given.is_valid(raise_exception=True)
        why, note = given.validated_data["reason"], given.validated_data.get("note", "")
        claim_id = own_claim_id(request, number)
        claim = slot_waive(claim_id=claim_id, slot=slot, why=ChecklistEntry.Waived(why), note=note, now=timezone.now())
        return Response(fresh(claim))

    @extend_schema(
        operation_id="slots_unwaive", summary="Say that the document was found after all", parameters=[NUMBER, SLOT],
        responses={200: shapes.ClaimOut},
    )  # fmt: skip
    def delete(self, request: Request, number: str, slot: str) -> Response:
        claim = slot_unwaive(claim_id=own_claim_id(request, number), slot=slot, now=timezone.now())
        return Response(fresh(claim))


class ClaimRequisites(IntakeView):
    @extend_schema(
        operation_id="requisites_put", summary="Say where the payout goes", parameters=[NUMBER],
        request=shapes.RequisitesIn, responses=shapes.RequisitesKeptOut,
    )  # fmt: skip
    def put(self, request: Request, number: str) -> Response:
        given = shapes.RequisitesIn(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        kept = requisites_put(
            claim_id=own_claim_id(request, number), kind=Requisites.Kind(fields.pop("kind")), fields=fields,
            address=client_address(request._request), now=timezone.now(),
        )  # fmt: skip
        return Response(kept_json(kept))


def kept_json(kept: RequisitesKept) -> dict[str, Any]:
    code: dict[str, Any] = {"sent": False, "expires_in": 0, "resend_in": kept.resend_in}
    if kept.code:
        code = {"sent": True, "expires_in": kept.code.expires_in, "resend_in": kept.code.resend_in}
        if settings.SHOW_CODES:
            code["debug_code"] = kept.code.code
    return {"requisites": requisites_json(kept.claim), "code": code}


class ClaimRequisitesCode(IntakeView):
    @extend_schema(
        operation_id="requisites_code", summary="Ask for another code for the kept details", parameters=[NUMBER],
        request=None, responses=shapes.RequisitesKeptOut,
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        kept = requisites_code(
            claim_id=own_claim_id(request, number), address=client_address(request._request), now=timezone.now()
        )
        return Response(kept_json(kept))


class ClaimRequisitesConfirm(IntakeView):
    @extend_schema(
        operation_id="requisites_confirm", summary="Confirm the payout details", parameters=[NUMBER],
        request=shapes.CodeIn, responses=shapes.ClaimOut,
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        given = shapes.CodeIn(data=request.data)
        given.is_valid(raise_exception=True)
        claim_id = own_claim_id(request, number)
        claim = requisites_confirm(claim_id=claim_id, secret=given.validated_data["code"], now=timezone.now())
        return Response(fresh(claim))


class ClaimSubmit(IntakeView):
    @extend_schema(
        operation_id="claims_submit", summary="Hand the claim over", parameters=[NUMBER, KEY],
        request=shapes.SubmitIn, responses=shapes.SubmittedOut,
    )  # fmt: skip
    def post(self, request: Request, number: str) -> Response:
        claim_id = own_claim_id(request, number)
        key = request.headers.get("Idempotency-Key")
        if not key:
            raise KeyInvalid(code="idempotency_key_required", attr="Idempotency-Key")
        given = shapes.SubmitIn(data=request.data)
        given.is_valid(raise_exception=True)
        consents = [Agreed(one["kind"], one["version"]) for one in given.validated_data["consents"]]
        now = timezone.now()

        def act() -> tuple[int, dict[str, Any]]:
            done = claim_submit(claim_id=claim_id, consents=consents, address=consent_address(request), now=now)
            assert done.submitted_at is not None
            return 200, {"number": done.number, "status": done.status, "submitted_at": done.submitted_at.isoformat()}

        mark = fingerprint("submit", number, given.validated_data)
        code, answer = once(scope=f"submit.{session_of(request).contact_id}", key=key, mark=mark, now=now, act=act)
        return Response(answer, status=code)


def consent_address(request: Request) -> str | None:
    address = client_address(request._request)
    return None if address == "unknown" else address


class ClaimReceipt(IntakeView):
    @extend_schema(
        operation_id="claims_receipt", summary="The receipt", parameters=[NUMBER, LANGUAGE],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )  # fmt: skip
    def get(self, request: Request, number: str) -> HttpResponseBase:
        claim = own_claim(request, number)
        if claim.is_draft:
            raise ReceiptNotReady
        answer = HttpResponse(receipt_pdf(claim, claim.language), content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="{claim.number}.pdf"'
        return answer
