"""A claim as the API shows it: plain JSON in the language of the request. Its shape is declared in serializers.py."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.claims import selectors
from apps.claims.consents import CONSENTS
from apps.claims.models import Claim, Document, FormDefinition, Requisites
from apps.claims.rules import form
from apps.claims.rules.reading.verdict import MENDABLE
from apps.claims.selectors.progress import claim_progress
from apps.claims.selectors.reading import document_reason
from apps.claims.selectors.timeline import claim_timeline, status_words
from apps.contacts.models import VerificationCode
from apps.contacts.services import RESEND, SESSION_IDLE
from apps.core.fields import translated
from apps.policies.models import Policy

MB = 1024 * 1024


def language() -> str:
    return (get_language() or settings.LANGUAGE_CODE)[:2]


def step_titles() -> dict[str, str]:
    return {
        "phone": _("Phone"),
        "description": _("What happened"),
        "policy": _("Policy"),
        "event": _("Details"),
        "documents": _("Documents"),
        "requisites": _("Payout"),
        "review": _("Check and send"),
    }


def definition_json(definition: FormDefinition) -> dict[str, Any]:
    """Everything a client needs to draw the form: event types with their questions and slots, limits, consents."""
    content, lang = definition.content, language()

    def group(part: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "questions": [selectors.question_texts(one, lang) for one in part["questions"]],
            "slots": [selectors.slot_texts(one, lang) for one in part["slots"]],
        }

    return {
        "version": definition.version,
        "language": lang,
        "languages": [code for code, _name in settings.LANGUAGES],
        "steps": [{"key": key, "title": title} for key, title in step_titles().items()],
        "event_types": [
            {"code": one["code"], "icon": one["icon"], "title": translated(one["title"], lang),
             "description": translated(one["description"], lang), **group(one)}
            for one in content["event_types"]
        ],
        "common": group(content["common"]),
        "limits": limits_json(),
        "consents": [
            {"kind": one["kind"], "version": one["version"], "required": one["required"],
             "title": translated(one["title"], lang),
             "text": translated(one["text"], lang).replace("{operator}", settings.OPERATOR_NAME)}
            for one in CONSENTS
        ],
        "banks": [
            {"id": bank.member_id, "name": translated(bank.name, lang)}
            for bank in selectors.banks()
        ],
        "currencies": list(form.CURRENCIES),
    }  # fmt: skip


def limits_json() -> dict[str, int]:
    """Sizes in bytes, times in seconds (the draft's in hours), texts in characters."""
    return {
        "max_file_bytes": settings.MAX_FILE_MB * MB,
        "max_claim_bytes": settings.MAX_CLAIM_MB * MB,
        "max_claim_files": settings.MAX_CLAIM_FILES,
        "draft_hours": settings.DRAFT_HOURS,
        "code_length": 6,
        "code_seconds": VerificationCode.SECONDS,
        "code_tries": VerificationCode.TRIES,
        "resend_seconds": RESEND,
        "description_min": form.DESCRIPTION_LEAST,
        "description_max": form.DESCRIPTION_MOST,
        "session_idle_seconds": int(SESSION_IDLE.total_seconds()),
    }


def claim_json(claim: Claim) -> dict[str, Any]:
    """Everything about a claim that its applicant may see."""
    lang, base = language(), f"/api/v1/intake/claims/{claim.number}"
    notes = selectors.waiver_notes(claim)
    return {
        **claim_row(claim),
        "version": claim.version,
        "language": claim.language,
        "definition_version": claim.definition.version,
        "description": claim.description,
        "event_type": claim.event_type,
        "event_date": claim.event_date,
        "event_place": claim.event_place,
        "email": claim.email,
        "policy": _policy_json(claim),
        "answers": claim.answers,
        "steps": _steps_json(claim, lang),
        "questions": [
            {**selectors.question_texts(one, lang), **selectors.provenance(one), "value": claim.answers.get(one["key"])}
            for one in selectors.asked_questions(claim)
        ],
        "slots": [
            {**slot, "can_waive": claim.takes_documents and slot["required"] and slot["waived"] != "staff",
             "waived_note": notes.get(slot["key"], ""),
             "documents": [document_json(one, claim) for one in slot["documents"]]}
            for slot in selectors.claim_slots(claim, lang)
        ],
        "requisites": requisites_json(claim),
        "requests": [
            {"kind": one.kind, "slot": one.slot, "text": one.text, "at": one.at}
            for one in ([] if claim.is_draft else claim.document_requests.all()) if one.answered_at is None
        ],
        "registration": _registration_json(claim),
        "advice": selectors.advice_state(claim, now=timezone.now()),
        "timeline": claim_timeline(claim),
        "can": {
            "edit": claim.is_draft, "upload": claim.takes_documents, "submit": claim.is_draft and not claim.missing
        },
        "receipt_url": None if claim.is_draft else f"{base}/receipt.pdf",
    }  # fmt: skip


def claim_row(claim: Claim) -> dict[str, Any]:
    """A claim as a list shows it."""
    return {
        "number": claim.number,
        "status": claim.status,
        "status_label": status_words(claim),
        "event_title": selectors.event_title(claim, language()),
        "created_at": claim.created_at,
        "updated_at": claim.updated_at,
        "submitted_at": claim.submitted_at,
        "expires_at": claim.expires_at,
        "missing_count": claim.missing,
    }


def _steps_json(claim: Claim, lang: str) -> list[dict[str, Any]]:
    titles, shown = step_titles(), []
    owes = claim.takes_documents  # whoever may send nothing any more misses nothing
    for step in form.steps(claim.definition.content, selectors.draft_of(claim)):
        problems = [selectors.missing_problem(one, lang) for one in step.missing if owes]
        missing = [{"attr": one.attr, "code": one.code, "detail": str(one.detail)} for one in problems]
        shown.append({"key": step.key, "title": titles[step.key], "state": step.state, "missing": missing})
    return shown


def _registration_json(claim: Claim) -> dict[str, Any]:
    found = claim_progress(claim, now=timezone.now())
    names = ("state", "ticket_number", "registered_at", "documents_handed_over", "documents_total", "text")
    return {name: getattr(found, name) for name in names}


def _policy_json(claim: Claim) -> dict[str, Any] | None:
    if not claim.policy_number:
        return None
    return policy_json(
        number=claim.policy_number, status=claim.policy_status, policy=claim.policy,
        project_id=claim.project_id, is_new_project=claim.is_new_project,
    )  # fmt: skip


def policy_json(
    *, number: str, status: str, policy: Policy | None, project_id: object, is_new_project: bool
) -> dict[str, Any]:
    """What a check of a policy found. Nothing about persons: whoever knows a number learns no name by it."""
    return {
        "number": number,
        "status": status,
        "valid_from": policy.valid_from if policy else None,
        "valid_until": policy.valid_until if policy else None,
        "insurer": policy.product.insurer if policy and policy.product else "",
        "product": translated(policy.product.name, language()) if policy and policy.product else "",
        "project_id": project_id,
        "is_new_project": is_new_project,
        "detail": _POLICY_LINES[status](),
    }


_POLICY_LINES = {
    "valid": lambda: _("The policy was valid on that day."),
    "expired": lambda: _("The policy had ended by that day. You can go on; a person will look at it."),
    "not_yet": lambda: _("The policy had not begun on that day. You can go on; a person will look at it."),
    "not_found": lambda: _("We do not find this number. You can go on; a person will look for it."),
    "unavailable": lambda: _("We can't check the policy right now. Go on; we will check it ourselves."),
}


def document_json(document: Document, claim: Claim) -> dict[str, Any]:
    base = f"/api/v1/intake/claims/{claim.number}/documents/{document.pk}"
    return {
        "id": document.pk,
        "slot": document.slot,
        "name": document.name,
        "size": document.size,
        "sha256": document.sha256,
        "type": document.content_type,
        "state": document.state,
        "judged_by": judged_by(document),
        "reason": document_reason(document, claim, language()),
        "can_keep": claim.takes_documents and may_keep(document),
        "wants_better": wants_better(document),
        "created_at": document.created_at,
        "pages": document.pages,
        "preview_url": f"{base}/preview" if document.preview_key else None,
        "download_url": f"{base}/file",
    }


def may_keep(document: Document) -> bool:
    """Rejected by the reading alone, and no danger to whoever opens it."""
    is_by_reading = document.state == Document.State.REJECTED and not document.judgement
    return is_by_reading and document.reading.code != "infected"


def wants_better(document: Document) -> bool:
    """Rejected, or doubted for what another file can mend; what the applicant insists on is left to staff."""
    if document.state != Document.State.DOUBTFUL:
        return document.state == Document.State.REJECTED
    reading = getattr(document, "reading", None)
    return bool(reading and reading.code in MENDABLE and not document.insisted_at)


def judged_by(document: Document) -> str:
    if document.judgement:
        return "staff"
    reading = getattr(document, "reading", None)
    return "machine" if reading and reading.verdict else ""


def requisites_json(claim: Claim) -> dict[str, Any] | None:
    """Masked: the whole numbers leave the server to nobody but staff who may see them."""
    kept: Requisites | None = getattr(claim, "requisites", None)
    if kept is None:
        return None
    bank = selectors.banks().filter(member_id=kept.data["bank_id"]).first() if kept.kind == "sbp" else None
    return {
        "kind": kept.kind,
        "summary": kept.summary,
        "confirmed": kept.confirmed_at is not None,
        "recipient": kept.data.get("recipient", ""),
        "bank_name": translated(bank.name, language()) if bank else "",
    }


def session_times(seen_at: datetime, expires_at: datetime) -> dict[str, datetime]:
    idle = min(seen_at + SESSION_IDLE, expires_at)
    return {"expires_at": expires_at, "idle_expires_at": idle, "now": timezone.now()}
