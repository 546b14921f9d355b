"""A draft from its first minute to its submit or its purge."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, prefetch_related_objects
from django.utils import timezone

from apps.claims.errors import FieldsInvalid, TooManyDrafts, TooManyPolicyChecks, VersionConflict
from apps.claims.events import ClaimDescribed
from apps.claims.form_texts import ANSWER_TEXTS
from apps.claims.models import Claim
from apps.claims.rules import form
from apps.claims.selectors import HELD, entries_of, unfinished_drafts
from apps.claims.services.advice import advice_rechosen, advice_rules
from apps.claims.services.changes import claim_save, draft_lock, search_text
from apps.claims.services.definition import definition_current
from apps.contacts.models import Contact
from apps.core.errors import Problem
from apps.core.files import storage
from apps.core.files.errors import StorageFailed
from apps.core.inserts import insert_once
from apps.core.outbox import publish
from apps.core.quotas import Limit, QuotaExceeded, reserve
from apps.policies.services import PolicyCheck, policy_check, validity

log = structlog.get_logger(__name__)
MOST_DRAFTS = 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that reads like something else
POLICY_CHECKS = 30  # an hour, for one contact: numbers are not there to be guessed
EMPTY = (None, "")  # takes an answer back; 0, false and [] are none, and no way to say so
EDITABLE = ("event_type", "event_date", "event_place", "email", "language", "answers")


@transaction.atomic
def claim_begin(*, contact: Contact, language: str, now: datetime) -> Claim:
    """A new draft of `contact`. Raises TooManyDrafts."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    if unfinished_drafts(contact_id=contact.pk, now=now).count() >= MOST_DRAFTS:
        raise TooManyDrafts
    definition = definition_current(now=now)
    day = timezone.localtime(now).date()
    claim = Claim(
        contact=contact, definition=definition, language=language, created_at=now, listed_at=now, updated_at=now,
        expires_at=now + timedelta(hours=settings.DRAFT_HOURS),
    )  # fmt: skip
    # A number may be taken already, also by a draft of this very moment: the insert says so, and another is drawn.
    while True:
        claim.number = _number(day)
        claim.search = search_text(claim)
        if insert_once(Claim, **{f.attname: getattr(claim, f.attname) for f in Claim._meta.concrete_fields}):
            return Claim.objects.get(pk=claim.pk)


def _number(day: date) -> str:
    return f"CLM-{day:%Y-%m-%d}-{''.join(secrets.choice(ALPHABET) for _sign in range(4))}"


@transaction.atomic
def claim_describe(*, claim_id: UUID, text: str, now: datetime) -> Claim:
    """Keep the applicant's own words, and what they tell of the event. Raises FieldsInvalid, ClaimNotEditable."""
    claim = draft_lock(claim_id, now)
    before = claim.description
    try:
        claim.description = form.clean_text(text, most=form.DESCRIPTION_MOST, lines=True)
    except form.AnswerInvalid as error:
        raise FieldsInvalid(ANSWER_TEXTS[error.code], code=error.code, attr="text") from None
    if claim.description != before:
        advice_rules(claim, now=now)
    advised = ("event_type", "event_type_advised")
    claim_save(claim, "description", *advised, now=now, what=["description", "advice"])
    publish(ClaimDescribed(claim_id=claim.pk), now=now)
    return claim


@transaction.atomic
def claim_patch(
    *, claim_id: UUID, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> tuple[Claim, int | None]:
    """Change any of EDITABLE; answers are merged, null removes one. All of it is kept, or nothing.

    Returns the claim, and the version that was written over where the caller named none.
    Raises VersionConflict, ClaimNotEditable, FieldsInvalid (one problem for each field that is wrong).
    """
    claim = draft_lock(claim_id, now)
    if expected_version is not None and expected_version != claim.version:
        raise VersionConflict
    prefetch_related_objects([claim], *HELD)  # for what is missing, and for the answer
    before = claim.version
    problems = [*_apply(claim, changes, timezone.localtime(now).date())]
    if problems:
        raise FieldsInvalid(problems=problems)
    if "event_type" in changes:
        advice_rechosen(claim, now=now)
    if claim.policy:
        claim.policy_status = validity(claim.policy, claim.event_date or timezone.localtime(now).date())
    claim_save(claim, *EDITABLE, "event_type_advised", "policy_status", now=now, what=sorted(changes))
    return claim, before if expected_version is None else None


def _apply(claim: Claim, changes: Mapping[str, Any], today: date) -> Iterator[Problem]:
    """Set what is valid on the claim in memory, and yield a problem for each field that is not."""
    setters: dict[str, Callable[[Claim, Any, date], None]] = {
        "event_type": _set_event_type,
        "event_date": _set_event_date,
        "event_place": _set_event_place,
        "email": _set_email,
        "language": _set_language,
    }
    for name in EDITABLE[:-1]:
        if name in changes:
            try:
                setters[name](claim, changes[name], today)
            except form.AnswerInvalid as error:
                yield Problem(error.code, ANSWER_TEXTS[error.code], name)
    if "answers" in changes:
        yield from merge_answers(claim, changes["answers"], today)
    for name in changes.keys() - set(EDITABLE):
        yield Problem("unknown_field", ANSWER_TEXTS["unknown_field"], name[:80])


def _set_event_type(claim: Claim, value: Any, _today: date) -> None:
    if value not in EMPTY and not (isinstance(value, str) and form.event_type(claim.definition.content, value)):
        raise form.AnswerInvalid("event_type_unknown")
    claim.event_type, claim.event_type_advised = value or "", False


def _set_event_date(claim: Claim, value: Any, today: date) -> None:
    claim.event_date = None if value in EMPTY else form.clean_date(value, today=today)


def _set_event_place(claim: Claim, value: Any, _today: date) -> None:
    claim.event_place = form.clean_text(_string(value), most=form.PLACE_MOST)


def _set_email(claim: Claim, value: Any, _today: date) -> None:
    text = form.clean_text(_string(value), most=254)
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise form.AnswerInvalid("email_invalid") from None
        if text.endswith("]"):  # name@[192.0.2.1]: valid, and nobody's
            raise form.AnswerInvalid("email_invalid")
    claim.email = text


def _set_language(claim: Claim, value: Any, _today: date) -> None:
    if value not in ("ru", "uk", "en"):
        raise form.AnswerInvalid("language_unknown")
    claim.language = value


def _string(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise form.AnswerInvalid("text_expected")
    return value


def merge_answers(claim: Claim, given: Any, today: date) -> Iterator[Problem]:
    """Put what is valid into the claim's answers in memory, and yield a problem for each answer that is not."""
    if not isinstance(given, Mapping):
        yield Problem("answers_expected", ANSWER_TEXTS["answers_expected"], "answers")
        return
    asked = form.questions(claim.definition.content, claim.event_type, entries_of(claim))
    questions = {one["key"]: one for one in asked}
    merged = dict(claim.answers)
    for key, raw in given.items():
        if key not in questions:
            yield Problem("unknown_question", ANSWER_TEXTS["unknown_question"], f"answers.{key[:80]}")
            continue
        try:
            value = form.clean_answer(questions[key], raw, today=today)
        except form.AnswerInvalid as error:
            yield Problem(error.code, ANSWER_TEXTS[error.code], f"answers.{key}")
            continue
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    claim.answers = merged


def claim_policy(*, claim_id: UUID, contact: Contact, raw: str, now: datetime) -> tuple[Claim, PolicyCheck]:
    """Check a policy number for the day of the event (today, while that is not known) and keep what was found.

    Raises PolicyNumberRefused, TooManyPolicyChecks, ClaimNotEditable.
    """
    try:
        reserve([Limit(f"policy_check.{contact.pk}", POLICY_CHECKS, 3600)], now=now)
    except QuotaExceeded as refused:
        raise TooManyPolicyChecks(retry_after=refused.retry_after) from None
    with transaction.atomic():
        day = draft_lock(claim_id, now).event_date
    today = timezone.localtime(now).date()
    # The source may be another system: nothing is locked while it answers.
    check = policy_check(contact=contact, raw=raw, on=day or today)
    with transaction.atomic():
        claim = draft_lock(claim_id, now)
        if check.policy:
            status = validity(check.policy, claim.event_date or today)
            was_new = claim.is_new_project and claim.project == check.project
            check = replace(check, status=status, is_new_project=check.is_new_project or was_new)
        claim.policy_number, claim.policy_status, claim.policy = check.number, check.status, check.policy
        claim.project, claim.is_new_project = check.project, check.is_new_project
        fields = ("policy_number", "policy_status", "policy", "project", "is_new_project")
        claim_save(claim, *fields, now=now, what=["policy"])
    return claim, check


def drafts_purge(*, now: datetime, dry_run: bool = False, progress: Callable[[str], None] | None = None) -> int:
    """Delete drafts that are past their time, with their files. Returns how many.

    One whose files the storage does not give up is left, and the next purge tries again.
    """
    purged = 0
    expired = Claim.objects.filter(status=Claim.Status.DRAFT, expires_at__lte=now).order_by("expires_at")
    for pk, number in list(expired.values_list("pk", "number")):
        if dry_run or _purge(pk, now):
            purged += 1
            if progress:
                progress(number)
    return purged


def _purge(pk: UUID, now: datetime) -> bool:
    """Files first: a purge cut off between the two leaves rows that the next one finds."""
    expired = Claim.objects.filter(pk=pk, status=Claim.Status.DRAFT, expires_at__lte=now)
    # Backdated, it can't be saved any more, not even by a call that began while it was alive.
    if not expired.update(expires_at=F("created_at")):
        return False
    try:
        storage.delete_folder(f"claims/{pk}")
    except StorageFailed as error:
        log.error("draft_not_purged", id=str(pk), reason=error.reason)
        return False
    expired.delete()
    return True
