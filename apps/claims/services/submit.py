from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.claims.consents import CONSENTS
from apps.claims.errors import ClaimIncomplete
from apps.claims.events import ClaimSubmitted
from apps.claims.models import Claim, ClaimStatusChange, Consent
from apps.claims.selectors import asked_questions, missing_sentences
from apps.claims.services.changes import claim_lock, claim_save, search_text
from apps.contacts.services import contact_name
from apps.core.errors import Problem
from apps.core.outbox import publish


@dataclass(frozen=True)
class Agreed:
    """A consent as it was given: its kind, and the version of the text that was shown."""

    kind: str
    version: str


@transaction.atomic
def claim_submit(*, claim_id: UUID, consents: Sequence[Agreed], address: str | None, now: datetime) -> Claim:
    """Hand the claim over. A claim that was submitted already is given as it is: it is handed over once.

    Raises ClaimIncomplete with one problem for each thing that is missing, ClaimNotEditable.
    """
    claim = claim_lock(claim_id)
    if not claim.is_draft:
        return claim
    claim.require_editable(now)
    problems = [*missing_sentences(claim, get_language() or claim.language), *_consent_problems(consents)]
    if problems:
        raise ClaimIncomplete(problems=problems)
    for one in consents:
        Consent.objects.create(claim=claim, kind=one.kind, version=one.version, given_at=now, address=address)
    _name_contact(claim)
    claim.advance(Claim.Status.SUBMITTED)
    claim.submitted_at = claim.listed_at = now
    claim.expires_at = None
    claim.search = search_text(claim)
    claim_save(claim, "status", "submitted_at", "listed_at", "expires_at", "search", now=now, what=["status"])
    ClaimStatusChange.objects.create(claim=claim, source=Claim.Status.DRAFT, target=claim.status, at=now)
    publish(ClaimSubmitted(claim_id=claim.pk), now=now)
    return claim


def _consent_problems(consents: Sequence[Agreed]) -> list[Problem]:
    given = {(one.kind, one.version) for one in consents}
    problems = [
        Problem("consent_required", _("Your consent is needed to go on."), f"consents.{one['kind']}")
        for one in CONSENTS
        if one["required"] and (one["kind"], one["version"]) not in given
    ]
    known = {(one["kind"], one["version"]) for one in CONSENTS}
    unknown = [
        Problem("consent_unknown", _("The text has changed. Please read it again."), f"consents.{kind[:40]}")
        for kind, version in sorted(given - known)
    ]
    repeated = len({one.kind for one in consents}) < len(consents)
    if repeated:
        unknown.append(Problem("consent_repeated", _("Send each consent once."), "consents"))
    return problems + unknown


def _name_contact(claim: Claim) -> None:
    """The answer to the question with the role `applicant_name` is the contact's name from now on."""
    for question in asked_questions(claim):
        name = claim.answers.get(question["key"])
        if question.get("role") == "applicant_name" and name:
            contact_name(contact_id=claim.contact_id, full_name=name, email=claim.email, language=claim.language)
            claim.contact.refresh_from_db()
