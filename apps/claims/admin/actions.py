"""What staff do on a claim's page. Each is a POST, checked for its permission, and one call of a service."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.claims.models import ChecklistEntry, Claim, Document, SbpBank
from apps.claims.selectors.reading import judgement_said
from apps.claims.services import claim_move, document_judge, item_ask, item_unwaive, item_waive
from apps.claims.services.staff import REASONED
from apps.contacts.rules import phones
from apps.core.desk.base import actor_of, say
from apps.core.desk.reveal import reveal
from apps.core.errors import DomainError
from apps.core.quotas import Limit, QuotaExceeded, reserve

S = Claim.Status
DECISIONS = (S.APPROVED, S.REJECTED)
DOUBLE_CLICK = 30  # s
VERBS: dict[str, Any] = {
    S.IN_REVIEW: gettext_lazy("Take into review"),
    S.APPROVED: gettext_lazy("Approve"),
    S.REJECTED: gettext_lazy("Reject"),
    S.PAID: gettext_lazy("Mark as paid"),
    S.WITHDRAWN: gettext_lazy("Withdraw"),
}


@dataclass(frozen=True)
class Move:
    to: str
    verb: Any
    needs_reason: bool
    confirms: bool  # asks once more before it is done, with room for a note
    kind: str  # of the button: main, danger or plain


def moves(claim: Claim, user: Any) -> list[Move]:
    """The statuses that `user` may move the claim to. Documents are asked for with words, by an action of their own."""
    return [
        Move(str(to), VERBS[to], to in REASONED, to == S.APPROVED, _kind(claim, to))
        for to in claim.next_statuses()
        if to in VERBS and _may_move(user, claim.status, to)
    ]


def _may_move(user: Any, source: str, to: str) -> bool:
    if to == S.PAID:  # of those who pay, who work no claims
        return bool(user.has_perm("claims.pay_claim"))
    decides = source in DECISIONS or to in DECISIONS  # who may not decide may not undo a decision either
    return bool(user.has_perms(["claims.change_claim", *(["claims.decide_claim"] if decides else [])]))


def _kind(claim: Claim, to: str) -> str:
    if to in REASONED:
        return "danger"
    return "plain" if to == S.IN_REVIEW and claim.status not in (S.SUBMITTED, S.NEEDS_DOCUMENTS) else "main"


def _back(claim_id: UUID, part: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:claims_claim_change", args=[claim_id]) + (f"#{part}" if part else ""))


def _told(request: HttpRequest, claim_id: UUID, part: str, done: Any, change: Callable[[], Any]) -> HttpResponse:
    try:
        change()
    except DomainError as error:
        say(request, error)
    else:
        messages.success(request, done)
    return _back(claim_id, part)


@require_POST
def move(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    to = request.POST.get("to", "")
    claim = get_object_or_404(Claim.objects.only("status"), pk=claim_id)
    if to not in VERBS or not _may_move(request.user, claim.status, to):
        raise PermissionDenied
    if claim.status == to:
        messages.info(request, _("The claim has this status already: %(status)s.") % {"status": S(to).label})
        return _back(claim_id)
    reason = request.POST.get("reason", "")
    done = _("Status: %(status)s.") % {"status": S(to).label}

    @transaction.atomic
    def change() -> None:
        # It may have been decided since the page was drawn: what is asked of the user depends on the locked status.
        source = Claim.objects.select_for_update().values_list("status", flat=True).get(pk=claim_id)
        if not _may_move(request.user, source, to):
            raise PermissionDenied
        claim_move(claim_id=claim_id, to=S(to), actor=actor_of(request), reason=reason, now=timezone.now())

    return _told(request, claim_id, "", done, change)


@require_POST
def ask(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    if not request.user.has_perm("claims.request_documents"):
        raise PermissionDenied
    kind, key = _item(request.POST.get("slot", ""))
    text = request.POST.get("text", "")
    same = hashlib.sha256(f"{kind}:{key}|{text.strip()}".encode()).hexdigest()[:32]

    def change() -> None:
        now = timezone.now()
        with transaction.atomic():
            reserve([Limit(f"ask.{claim_id}.{same}", 1, DOUBLE_CLICK)], now=now)
            item_ask(claim_id=claim_id, kind=kind, key=key, text=text, actor=actor_of(request), now=now)

    try:
        return _told(request, claim_id, "documents", _("The applicant is asked for it."), change)
    except QuotaExceeded:
        messages.info(request, _("This has just been asked for."))
        return _back(claim_id, "documents")


@require_POST
def waive(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    if not request.user.has_perm("claims.request_documents"):
        raise PermissionDenied
    kind, key = _item(request.POST.get("item", ""))
    return _told(request, claim_id, "documents", _("It is not needed any more."), lambda: item_waive(
        claim_id=claim_id, kind=kind, key=key, note=request.POST.get("note", ""), actor=actor_of(request),
        now=timezone.now(),
    ))  # fmt: skip


@require_POST
def unwaive(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    if not request.user.has_perm("claims.request_documents"):
        raise PermissionDenied
    kind, key = _item(request.POST.get("item", ""))
    return _told(request, claim_id, "documents", _("It is needed again."), lambda: item_unwaive(
        claim_id=claim_id, kind=kind, key=key, actor=actor_of(request), now=timezone.now()
    ))  # fmt: skip


def _item(text: str) -> tuple[ChecklistEntry.Kind, str]:
    """Kind and key of `question:key`, or of a document's key alone; an empty key is a line in staff's own words."""
    kind, colon, key = text.rpartition(":")
    if colon and kind not in ChecklistEntry.Kind.values:
        raise PermissionDenied
    return ChecklistEntry.Kind(kind or ChecklistEntry.Kind.DOCUMENT), key


@require_POST
def judge(request: HttpRequest, claim_id: UUID, document_id: UUID) -> HttpResponse:
    if not request.user.has_perm("claims.change_claim"):
        raise PermissionDenied
    document = get_object_or_404(Document.objects.only("pk", "judgement"), pk=document_id, claim_id=claim_id)
    state = request.POST.get("state", "")
    done = {
        Document.State.ACCEPTED: _("The document is accepted."),
        Document.State.REJECTED: _("The document is rejected, and the applicant can see why."),
        Document.State.RECEIVED: _("The document is to be looked at again."),
    }
    if state not in done:  # the others are found by reading
        raise PermissionDenied
    if state == (document.judgement or Document.State.RECEIVED):
        messages.info(request, judgement_said(document))
        return _back(claim_id, "documents")
    return _told(request, claim_id, "documents", done[Document.State(state)], lambda: document_judge(
        document_id=document_id, state=Document.State(state), reason=request.POST.get("reason", ""),
        actor=actor_of(request), now=timezone.now(), seen=request.POST.get("seen"),
    ))  # fmt: skip


def revealed(request: HttpRequest, claim_id: UUID) -> HttpResponse | dict[str, Any]:
    """One personal detail in full: as JSON for the page's script, else the values that the page is drawn with."""
    if request.method != "POST":
        return _back(claim_id)
    rows = Claim.objects.select_related("contact", "requisites")
    claim = get_object_or_404(rows, pk=claim_id)
    what = request.POST.get("what", "")
    if what not in ("phone", "email", "requisites"):
        raise PermissionDenied
    if what == "requisites" and not request.user.has_perm("claims.view_requisites"):
        raise PermissionDenied
    target: Any = getattr(claim, "requisites", None) if what == "requisites" else claim.contact
    if target is None:
        return _back(claim_id)
    try:
        reveal(
            target=target, what=what, permission="contacts.reveal_personal",
            action="requisites.reveal" if what == "requisites" else "contact.reveal",
            actor=actor_of(request), now=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return _refused(request, claim_id, error)
    value: Any
    if what == "phone":
        value = phones.display(claim.contact.phone)
    elif what == "email":
        value = claim.email or claim.contact.email
    else:
        value = requisites_lines(target)
    if _wants_json(request):
        return JsonResponse({what: value}, headers={"Cache-Control": "no-store"})
    return {what: value}


def _refused(request: HttpRequest, claim_id: UUID, error: DomainError) -> HttpResponse:
    if not _wants_json(request):
        say(request, error)
        return _back(claim_id)
    detail = str(error.problems[0].detail)
    return JsonResponse({"detail": detail}, status=error.status, headers={"Retry-After": str(error.retry_after or 60)})


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def requisites_lines(kept: Any) -> list[tuple[str, str]]:
    """Payout details in full, as (label, value)."""
    labels = {
        "bik": _("BIK"), "account": _("Account"), "recipient": _("Recipient"), "inn": _("INN"), "number": _("Card"),
        "system": _("Payment system"), "phone": _("Phone"), "bank_id": _("Bank"),
    }  # fmt: skip
    shown = dict(kept.data)
    if shown.get("phone"):
        shown["phone"] = phones.display(shown["phone"])
    if bank := SbpBank.objects.filter(member_id=shown.get("bank_id", "")).first():
        shown["bank_id"] = str(bank)
    return [(str(labels.get(name, name)), str(value)) for name, value in shown.items() if value]
