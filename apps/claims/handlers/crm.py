"""The steps that make a claim known to the CRM. Each looks at what there is before it makes anything."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.claims.events import AnswersGiven, ClaimSubmitted
from apps.claims.models import Claim, Registration
from apps.claims.selectors.registration import claim_to_register, registration_of
from apps.claims.services.registration import registration_note
from apps.claims.ticket import answers_asked, ticket_of
from apps.contacts.rules import names
from apps.core.errors import Conflict, IntegrationError, Rejected
from apps.core.models import RemoteRef
from apps.core.outbox import Event, Postponed, Work, handler
from apps.core.remote import ref_adopt, ref_forget, ref_intend, ref_keep, ref_take
from apps.integrations.crm import Case, Person, Record, get_crm

CONTACT, PROJECT = "crm.contact", "crm.project"
NO_CONTACT = gettext_noop("The CRM contact is not known: do that step, or give its id by hand.")
NO_PROJECT = gettext_noop("The CRM project is not known: do that step, or give its id by hand.")
NO_TICKET = gettext_noop("The CRM ticket is not known: do that step, or give its id by hand.")
NO_TICKET_YET = gettext_noop("The claim has no ticket in the CRM yet.")
UNTIL_TICKET = 60  # s
RECORD_GONE = gettext_noop(
    "The CRM does not show us the record any more. Try again to look for another and make it if there is none, or give "
    "its id by hand."
)
NOT_THERE = gettext_noop("The CRM does not show us a record with this id.")
ANOTHERS = gettext_noop("This ticket is another claim's.")


def contact(work: Work) -> None:
    """One contact there for each of ours, also where two of their claims come at once."""
    claim = claim_to_register(work.event.claim_id)
    crm, person = get_crm(), person_of(claim)
    made = _shared(
        work, CONTACT, _contact_key(claim), lambda: crm.contact_find(person), lambda: crm.contact_create(person)
    )
    registration_note(claim_id=claim.pk, contact_ref=made.id, is_new_contact=made.is_new)


def project(work: Work) -> None:
    """One project there for a contact's policy."""
    claim = claim_to_register(work.event.claim_id)
    crm, case = get_crm(), case_of(claim, _known(registration_of(claim).contact_ref, NO_CONTACT))
    made = _shared(work, PROJECT, _project_key(claim), lambda: crm.project_find(case), lambda: crm.project_create(case))
    registration_note(claim_id=claim.pk, project_ref=made.id, is_new_project=made.is_new)


def ticket(work: Work) -> None:
    claim = claim_to_register(work.event.claim_id)
    known = registration_of(claim)
    crm = get_crm()
    if known.ticket_ref:  # done before: this is a repetition from here on
        if crm.record_read("ticket", known.ticket_ref) is None:
            work.detail["gone"] = known.ticket_ref
            registration_note(claim_id=claim.pk, ticket_ref="")
            raise Rejected(RECORD_GONE, "record_gone")
        return
    contact_id, project_id = _known(known.contact_ref, NO_CONTACT), _known(known.project_ref, NO_PROJECT)
    wanted = ticket_of(claim, contact_id=contact_id, project_id=project_id)
    found = crm.ticket_find(wanted)
    if found is None:
        work.intend()
        found = crm.ticket_create(wanted)
    work.remember(found.id)
    work.detail["not_kept"] = list(found.differences)
    _keep_ticket(claim, found, work.clock())


def relation(work: Work) -> None:
    """Both ways, and read back: the CRM says "successful" when nothing was stored."""
    claim = claim_to_register(work.event.claim_id)
    known = registration_of(claim)
    project_id, ticket_id = _known(known.project_ref, NO_PROJECT), _known(known.ticket_ref, NO_TICKET)
    work.reach("before_intent")
    get_crm().ticket_relate(project_id=project_id, ticket_id=ticket_id)
    work.reach("after_answer")
    registration_note(claim_id=claim.pk, related_at=work.clock())
    work.reach("after_saving")


def to_crm(event: Event) -> bool:
    return bool(settings.CRM_URL)


@handler("ticket.answers", on=AnswersGiven, target="crm", lane="slow", ordered=True, wanted=to_crm)
def answers(work: Work) -> None:
    """What was answered later goes below the ticket's description, beside what people wrote there meanwhile."""
    claim = claim_to_register(work.event.claim_id)
    ticket_ref = registration_of(claim).ticket_ref
    if not ticket_ref:
        raise Postponed(NO_TICKET_YET, UNTIL_TICKET)
    get_crm().ticket_append(ticket_ref, answers_asked(claim))


def person_of(claim: Claim) -> Person:
    surname, given_names = names.parts(claim.contact.full_name)
    email = claim.email or claim.contact.email
    return Person(claim.contact.phone, claim.contact.full_name, email, surname, given_names)


def case_of(claim: Claim, contact_id: str) -> Case:
    title = " ".join(part for part in (claim.policy_number, claim.contact.full_name) if part)
    return Case(_project_key(claim), contact_id, claim.policy_number, title or claim.number)


def _contact_key(claim: Claim) -> str:
    return str(claim.contact_id)


def _project_key(claim: Claim) -> str:
    return f"{claim.contact_id}:{claim.policy_number or '-'}"


def _known(remote_id: str, otherwise: str) -> str:
    if not remote_id:
        raise Rejected(otherwise, "step_missing")
    return remote_id


def _shared(work: Work, kind: str, key: str, find: Callable[[], Record | None], create: Callable[[], Record]) -> Record:
    """The record that several claims may need: as it is known, or found there, or made. Raises Postponed."""
    ref = ref_take(work, kind=kind, natural_key=key, window=timedelta(seconds=settings.CRM_WINDOW_SECONDS))
    if ref.remote_id:
        return _still_there(work, ref)
    found = find()
    if found is None:
        ref_intend(work, ref)
        found = create()
    ref_keep(work, ref, found.id)
    return found


def _still_there(work: Work, ref: RemoteRef) -> Record:
    """The record that is known. Where the CRM shows it no more it is forgotten, and staff decide what comes next."""
    found = get_crm().record_read(ref.kind.removeprefix("crm."), ref.remote_id)
    if found is None:
        work.detail["gone"] = ref.remote_id
        ref_forget(ref)
        raise Rejected(RECORD_GONE, "record_gone")
    work.remember(ref.remote_id)
    return Record(ref.remote_id)


def _keep_ticket(claim: Claim, found: Record, now: datetime) -> None:
    registration_note(
        claim_id=claim.pk, ticket_ref=found.id, ticket_number=found.number, registered_at=now,
        not_kept=list(found.differences),
    )  # fmt: skip


# --- ids that staff give by hand


Kept = tuple[str, Callable[[datetime], None]]


def contact_adopt(event: ClaimSubmitted, remote_id: str) -> Kept:
    claim, (whole, _found) = claim_to_register(event.claim_id), _seen("contact", remote_id)

    def keep(now: datetime) -> None:
        ref_adopt(kind=CONTACT, natural_key=_contact_key(claim), remote_id=whole, now=now)
        registration_note(claim_id=claim.pk, contact_ref=whole, is_new_contact=False)

    return whole, keep


def project_adopt(event: ClaimSubmitted, remote_id: str) -> Kept:
    claim, (whole, _found) = claim_to_register(event.claim_id), _seen("project", remote_id)

    def keep(now: datetime) -> None:
        ref_adopt(kind=PROJECT, natural_key=_project_key(claim), remote_id=whole, now=now)
        registration_note(claim_id=claim.pk, project_ref=whole, is_new_project=False)

    return whole, keep


def ticket_adopt(event: ClaimSubmitted, remote_id: str) -> Kept:
    claim, (whole, found) = claim_to_register(event.claim_id), _seen("ticket", remote_id)
    if Registration.objects.filter(ticket_ref=whole).exclude(claim=claim).exists():
        raise Conflict(_(ANOTHERS), code="ticket_of_another")
    return whole, lambda now: _keep_ticket(claim, found, now)


def _seen(kind: str, remote_id: str) -> tuple[str, Record]:
    """The whole id and the record that the CRM shows under it. Raises Conflict."""
    whole = _asked(lambda: get_crm().normalise(kind, remote_id))
    found = _asked(lambda: get_crm().record_read(kind, whole))
    if found is None:
        raise Conflict(_(NOT_THERE), code="record_not_there")
    return whole, found


T = TypeVar("T")


def _asked(ask: Callable[[], T]) -> T:
    """What the CRM answers; its failure as an error for the person who waits. Raises Conflict."""
    try:
        return ask()
    except IntegrationError as error:
        raise Conflict(error.detail, code=error.code) from None
