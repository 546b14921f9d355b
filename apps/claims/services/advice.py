"""What advisers make of a description: the rules at once, a model or a workflow when they answer.

Advice only adds, and only what the catalogue keeps for it. What form and staff ask for stays whatever is advised.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.claims.errors import ClaimNotFound
from apps.claims.models import Advice, ChecklistEntry, Claim
from apps.claims.rules import advice as rules
from apps.claims.rules import form
from apps.claims.services.changes import claim_lock, claim_save, claim_tell
from apps.core.errors import Conflict
from apps.core.fields import translated

Backend, State = Advice.Backend, Advice.State
Kind, Origin = ChecklistEntry.Kind, ChecklistEntry.Origin
ADVISED = (Origin.RULE, Origin.ADVISER)
IN_TIME = timedelta(minutes=10)  # by then the form is filled in without it

Needs = Mapping[tuple[str, str], tuple[str, str]]  # (kind, key): (origin, evidence)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What another adviser answered, `raw`, or why there is nothing, `error`; and what it took to ask (money, ms)."""

    raw: Any = None
    error: str = ""
    model: str = ""
    prompt_version: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = field(default_factory=Decimal)
    ms: int = 0

    def spent(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("raw", "error")}


def advice_rules(claim: Claim, *, now: datetime) -> None:
    """Take what the rules make of a locked draft's new description, in memory and as rows; await whoever else is asked.

    The caller saves `event_type` and `event_type_advised`. Of a description too short to be one nothing is made.
    """
    claim.advice.filter(backend=Backend.RULES).delete()  # they say the same again whenever they are asked
    claim.advice.filter(state=State.ASKED).delete()
    if len(claim.description.strip()) < form.DESCRIPTION_LEAST:
        _take(claim, "", {}, now)
        return
    own = own_advice(claim)
    needs = _needs(own, own)
    _take(claim, own.event_type, needs, now)
    Advice.objects.create(
        claim=claim, backend=Backend.RULES, state=State.GIVEN, description_sha256=digest_of(claim), at=now,
        **_given(own, needs),
    )  # fmt: skip
    if settings.ADVISER != Backend.RULES:
        Advice.objects.update_or_create(
            claim=claim, backend=settings.ADVISER, description_sha256=digest_of(claim),
            defaults={"state": State.ASKED, "error": "", "at": now},
        )  # fmt: skip


def advice_rechosen(claim: Claim, *, now: datetime) -> None:
    """The applicant has chosen the event type of a locked draft: what the rules find for that one comes to the rest."""
    if len(claim.description.strip()) >= form.DESCRIPTION_LEAST:
        own = own_advice(claim)
        _keep(claim, {**_by_adviser(claim), **_needs(own, own)}, now)
        claim.refresh_from_db(fields=["checklist"])  # forgets what was read of it before


def advice_to_ask(*, claim_id: UUID, backend: str) -> Advice | None:
    """What this adviser is asked about a draft's description; None if it has answered, or nobody waits any more."""
    waiting = (State.ASKED, State.USELESS)  # useless: the try before failed
    rows = Advice.objects.select_related("claim__contact", "claim__definition")
    row = rows.filter(claim=claim_id, backend=backend, state__in=waiting).order_by("-at").first()
    waits = row and row.claim.is_draft and row.description_sha256 == digest_of(row.claim)
    return row if waits and backend == settings.ADVISER else None


@transaction.atomic
def advice_apply(*, claim_id: UUID, backend: str, told: Told, description_sha256: str, now: datetime) -> Advice:
    """Keep what an adviser said to the description with this digest, and take it if that is still the draft's.

    Its state: given, useless (with the error), or late, which changes nothing. Raises ClaimNotFound.
    """
    claim = claim_lock(claim_id)
    state, error, found, needs = _judged(claim, told, description_sha256, now)
    row, _is_new = Advice.objects.update_or_create(
        claim=claim, backend=backend, description_sha256=description_sha256,
        defaults={
            **told.spent(), **(_given(found, needs) if found else {}), "state": state, "error": error[:60], "at": now,
        },
    )  # fmt: skip
    if found and _take(claim, found.event_type, needs, now):
        claim_save(claim, "event_type", "event_type_advised", now=now, what=["advice"])
    else:
        claim_tell(claim, ["advice"])
    return row


def advice_called_back(*, about: str, asked: str, raw: Any, now: datetime) -> Advice:
    """Take a workflow's answer about the claim with this number or id; `asked` is what it was asked under, or "".

    Raises ClaimNotFound, and Conflict if nobody waits for it.
    """
    named = Q(claim__number=about) if about.startswith("CLM-") else Q(claim=_id(about))
    rows = Advice.objects.filter(named, backend=Backend.N8N)
    row = (rows.filter(pk=_id(asked)) if asked else rows.order_by("-at")).first()
    if row is None:
        raise Conflict(_("Nobody waits for this advice."), code="advice_not_awaited")
    digest = row.description_sha256
    return advice_apply(
        claim_id=row.claim_id, backend=Backend.N8N, told=Told(raw=raw), description_sha256=digest, now=now
    )


def advice_give_up(*, now: datetime) -> int:
    """No longer call asked what nobody answered in time: whoever was to ask was lost, let go, or got no answer.

    What comes after all is still taken, as ever. Returns how many.
    """
    waiting = Advice.objects.filter(state=State.ASKED, at__lte=now - IN_TIME)
    return waiting.update(state=State.USELESS, error="not_in_time", updated_at=now)


def own_advice(claim: Claim) -> rules.Advice:
    """What the rules make of the description, with the event type that the applicant chose, if there is one."""
    chosen = claim.event_type if _is_chosen(claim) else ""
    return rules.advise(claim.definition.content, claim.description, chosen=chosen)


def _is_chosen(claim: Claim) -> bool:
    """Whether the event type is the applicant's: chosen, or advised and answered for since by a file or an answer."""
    advised = form.event_type(claim.definition.content, claim.event_type) if claim.event_type_advised else None
    if advised is None:
        return bool(claim.event_type)
    if any(claim.answers.get(one["key"]) not in (None, "") for one in advised["questions"]):
        return True
    return claim.documents.filter(slot__in=[one["key"] for one in advised["slots"]]).exists()


def digest_of(claim: Claim) -> str:
    return hashlib.sha256(claim.description.encode()).hexdigest()


def names_in(claim: Claim) -> list[str]:
    """The names of people that are known of a claim: nobody outside needs them to give advice."""
    asked = form.all_questions(claim.definition.content, claim.event_type)
    answers = [claim.answers.get(one["key"]) for one in asked if one.get("role") == "applicant_name"]
    return [one for one in (claim.contact.full_name, *answers) if one and isinstance(one, str)]


def candidates_of(claim: Claim) -> dict[str, Any]:
    """For each event type what may be added, `{code: {"documents": [{key, title}], "questions": [{key, title}]}}`."""
    content = claim.definition.content
    found = {one["code"]: rules.candidates(content, one["code"]) for one in content["event_types"]}
    return {
        code: {"documents": _titled(slots, "title", claim), "questions": _titled(questions, "label", claim)}
        for code, (slots, questions) in found.items()
    }


def _titled(items: list[form.Json], name: str, claim: Claim) -> list[dict[str, str]]:
    return [{"key": one["key"], "title": translated(one[name], claim.language)} for one in items]


def _judged(
    claim: Claim, told: Told, description_sha256: str, now: datetime
) -> tuple[Advice.State, str, rules.Advice | None, Needs]:
    expired = claim.expires_at is None or claim.expires_at <= now
    if not claim.is_draft or expired or digest_of(claim) != description_sha256:
        return State.LATE, told.error, None, {}
    if told.error:
        return State.USELESS, told.error, None, {}
    content, own = claim.definition.content, own_advice(claim)
    try:
        found = rules.checked(told.raw, content, claim.description, own)
    except rules.AdviceInvalid as error:
        return State.USELESS, error.code, None, {}
    also = rules.advise(content, claim.description, chosen=found.event_type)
    return State.GIVEN, "", found, _needs(found, own, also)


def _needs(found: rules.Advice, *by_rules: rules.Advice) -> Needs:
    """The lines of an advice; what the rules find as well is theirs."""
    theirs = {pair for one in by_rules for pair, _evidence in _lines(one)}
    return {pair: (Origin.RULE if pair in theirs else Origin.ADVISER, evidence) for pair, evidence in _lines(found)}


def _lines(advice: rules.Advice) -> list[tuple[tuple[str, str], str]]:
    parts = ((Kind.DOCUMENT, advice.documents), (Kind.QUESTION, advice.questions))
    return [((str(kind), line.key), line.evidence) for kind, lines in parts for line in lines]


def _given(found: rules.Advice, needs: Needs) -> dict[str, Any]:
    """The fields of a row that keep what was advised."""
    lines = [
        {"kind": kind, "key": key, "origin": str(origin), "evidence": evidence}
        for (kind, key), (origin, evidence) in needs.items()
    ]
    return {"summary": found.summary, "event_type": found.event_type, "lines": {"sure": found.sure, "lines": lines}}


def _take(claim: Claim, event_type: str, needs: Needs, now: datetime) -> bool:
    """Whether the advice changed the claim: its event type, unless the applicant chose one, and its checklist."""
    before = claim.event_type
    if not _is_chosen(claim):
        claim.event_type, claim.event_type_advised = event_type, bool(event_type)
    return _keep(claim, needs, now) or claim.event_type != before


def _keep(claim: Claim, needs: Needs, now: datetime) -> bool:
    """Make the advised lines of the checklist those of `needs`; whether that changed any.

    What was waived or answered meanwhile stays, and so does what staff asked for.
    """
    rows = {(row.kind, row.key): row for row in ChecklistEntry.objects.filter(claim=claim)}
    advised = {pair: row for pair, row in rows.items() if row.origin in ADVISED}
    gone = [row.pk for pair, row in advised.items() if pair not in needs and not _is_used(claim, row)]
    changed = bool(gone)
    ChecklistEntry.objects.filter(pk__in=gone).delete()
    for pair, (origin, evidence) in needs.items():
        row = advised.get(pair)
        if row and (row.origin, row.evidence) != (origin, evidence):
            row.origin, row.evidence, row.updated_at = origin, evidence, now
            row.save(update_fields=["origin", "evidence", "updated_at"])
            changed = True
        elif pair not in rows:
            kind, key = pair
            ChecklistEntry.objects.create(claim=claim, kind=kind, key=key, origin=origin, evidence=evidence, at=now)
            changed = True
    return changed


def _is_used(claim: Claim, row: ChecklistEntry) -> bool:
    if row.kind == Kind.DOCUMENT:
        return bool(row.waived) or claim.documents.filter(slot=row.key).exists()
    return bool(row.waived) or claim.answers.get(row.key) not in (None, "")


def _by_adviser(claim: Claim) -> Needs:
    rows = ChecklistEntry.objects.filter(claim=claim, origin=Origin.ADVISER)
    return {(row.kind, row.key): (row.origin, row.evidence) for row in rows}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ClaimNotFound from None
