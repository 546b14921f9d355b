"""Tells the applicant what happened to the claim. Each message goes out at most once."""

from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.claims.events import (
    ClaimRegistered,
    ClaimStatusChanged,
    ClaimSubmitted,
    DocumentRejected,
    DocumentsReminded,
    DocumentsRequested,
)
from apps.claims.models import Claim
from apps.claims.selectors import claim_receipt, claim_to_tell
from apps.claims.selectors.progress import registration_kept
from apps.core.outbox import Obsolete, Work, handler
from apps.integrations import mail
from apps.integrations.sms import sms_send
from apps.notifications import digest, messages
from apps.notifications.events import AttentionDue

NOTHING_MISSING = gettext_noop("nothing is missing any more")
ANSWERED = gettext_noop("it is answered by now")
NO_OTHER_NEEDED = gettext_noop("no other document is needed by now")


@handler("notifications.receipt_email", on=ClaimSubmitted, target="email", repeat="never")
def receipt_email(work: Work) -> None:
    """The receipt by email, with its PDF, where the applicant gave an address."""
    claim = _claim(work)
    message = messages.receipt(claim)
    message.attach(f"{claim.number}.pdf", claim_receipt(claim), "application/pdf")
    work.intend()
    mail.send(message)


@handler("notifications.submitted_sms", on=ClaimSubmitted, target="sms", repeat="never")
def submitted_sms(work: Work) -> None:
    """The claim's number by SMS, so that it is at hand without any email."""
    claim = claim_to_tell(work.event.claim_id)
    with translation.override(claim.language):
        text = _("We received your claim %(number)s. Follow it: %(url)s")
        _sms(work, claim, text % {"number": claim.number, "url": messages.status_url(claim)})


@handler("notifications.registered_email", on=ClaimRegistered, target="email", repeat="never")
def registered_email(work: Work) -> None:
    """The number under which the company goes on with the claim."""
    claim = _claim(work)
    message = messages.registered(claim, _ticket(claim))
    work.intend()
    mail.send(message)


@handler("notifications.registered_sms", on=ClaimRegistered, target="sms", repeat="never")
def registered_sms(work: Work) -> None:
    """The same by SMS, for those who gave no email."""
    claim = _without_email(work)
    with translation.override(claim.language):
        text = _("Claim %(number)s is registered, its number is %(ticket)s. %(url)s")
        _sms(work, claim, text % {"number": claim.number, "ticket": _ticket(claim), "url": messages.status_url(claim)})


@handler("notifications.request_sms", on=DocumentsRequested, target="sms", repeat="never")
def request_sms(work: Work) -> None:
    claim = claim_to_tell(work.event.claim_id)
    line = messages.request_line(claim, work.event.request_id)
    if line is None:
        raise Obsolete(ANSWERED)
    _sms(work, claim, line)


@handler("notifications.request_email", on=DocumentsRequested, target="email", repeat="never")
def request_email(work: Work) -> None:
    message = messages.request(_claim(work), work.event.request_id)
    if message is None:
        raise Obsolete(ANSWERED)
    work.intend()
    mail.send(message)


@handler("notifications.reminder_email", on=DocumentsReminded, target="email", repeat="never")
def reminder_email(work: Work) -> None:
    """What is still missing."""
    message = messages.reminder(_claim(work))
    if message is None:
        raise Obsolete(NOTHING_MISSING)
    work.intend()
    mail.send(message)


@handler("notifications.reminder_sms", on=DocumentsReminded, target="sms", repeat="never")
def reminder_sms(work: Work) -> None:
    """The same by SMS, for those who gave no email."""
    claim = _without_email(work)
    line = messages.reminder_line(claim)
    if line is None:
        raise Obsolete(NOTHING_MISSING)
    _sms(work, claim, line)


@handler("notifications.rejected_email", on=DocumentRejected, target="email", repeat="never")
def rejected_email(work: Work) -> None:
    """A document does not fit: which, and why."""
    message = messages.rejected(_claim(work), work.event.document_id)
    if message is None:
        raise Obsolete(NO_OTHER_NEEDED)
    work.intend()
    mail.send(message)


@handler("notifications.rejected_sms", on=DocumentRejected, target="sms", repeat="never")
def rejected_sms(work: Work) -> None:
    """The same by SMS, for those who gave no email."""
    claim = _without_email(work)
    if messages.rejected_document(claim, work.event.document_id) is None:
        raise Obsolete(NO_OTHER_NEEDED)
    with translation.override(claim.language):
        text = _("Claim %(number)s: a document does not fit, please send another. %(url)s")
        _sms(work, claim, text % {"number": claim.number, "url": messages.status_url(claim)})


@handler("notifications.status_sms", on=ClaimStatusChanged, target="sms", repeat="never")
def status_sms(work: Work) -> None:
    """A decision by SMS, for those who gave no email."""
    claim = _without_email(work)
    told = messages.status(claim, work.event.change_id)
    if told is None:
        raise Obsolete(gettext_noop("this change is told in another way"))
    _sms(work, claim, f"{told.subject}. {messages.status_url(claim)}")


@handler("notifications.status_email", on=ClaimStatusChanged, target="email", repeat="never")
def status_email(work: Work) -> None:
    """A decision by email. That documents are needed has a message of its own."""
    message = messages.status(_claim(work), work.event.change_id)
    if message is None:
        raise Obsolete(gettext_noop("this change is told in another way"))
    work.intend()
    mail.send(message)


@handler("notifications.digest", on=AttentionDue, target="email", repeat="never", lifetime=timedelta(days=1))
def digest_email(work: Work) -> None:
    """What needs somebody, to one administrator."""
    message = digest.message(user_id=work.event.user_id, now=work.now)
    if message is None:
        raise Obsolete(gettext_noop("nothing needs attention any more, or nobody is there to be told"))
    work.intend()
    mail.send(message)


def _claim(work: Work) -> Claim:
    claim = claim_to_tell(work.event.claim_id)
    if not claim.email:
        raise Obsolete(gettext_noop("the applicant gave no email address"))
    return claim


def _ticket(claim: Claim) -> str:
    kept = registration_kept(claim)
    if kept is None or not kept.ticket_number:
        raise Obsolete(gettext_noop("the claim was handed over without a ticket"))
    return kept.ticket_number


def _without_email(work: Work) -> Claim:
    claim = claim_to_tell(work.event.claim_id)
    if claim.email:
        raise Obsolete(gettext_noop("the applicant is told by email"))
    return claim


def _sms(work: Work, claim: Claim, text: str) -> None:
    sms_send(work, phone=claim.contact.phone, text=text, key=str(work.event_id))
