"""Tells the applicant what happened to the claim. Each message goes out at most once."""

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.claims.events import ClaimStatusChanged, ClaimSubmitted, DocumentRejected, DocumentsRequested
from apps.claims.models import Claim
from apps.claims.selectors import claim_receipt, claim_to_tell
from apps.core.outbox import Obsolete, Work, handler
from apps.integrations import mail
from apps.integrations.sms import get_gateway
from apps.notifications import messages


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


@handler("notifications.request_sms", on=DocumentsRequested, target="sms", repeat="never")
def request_sms(work: Work) -> None:
    claim = claim_to_tell(work.event.claim_id)
    with translation.override(claim.language):
        text = _("Claim %(number)s: we need a document from you. %(url)s")
        _sms(work, claim, text % {"number": claim.number, "url": messages.status_url(claim)})


@handler("notifications.request_email", on=DocumentsRequested, target="email", repeat="never")
def request_email(work: Work) -> None:
    message = messages.request(_claim(work), work.event.request_id)
    work.intend()
    mail.send(message)


@handler("notifications.rejected_email", on=DocumentRejected, target="email", repeat="never")
def rejected_email(work: Work) -> None:
    """A document does not fit: which, and why."""
    message = messages.rejected(_claim(work), work.event.document_id)
    if message is None:
        raise Obsolete(gettext_noop("the document is accepted by now"))
    work.intend()
    mail.send(message)


@handler("notifications.rejected_sms", on=DocumentRejected, target="sms", repeat="never")
def rejected_sms(work: Work) -> None:
    """The same by SMS, for those who gave no email."""
    claim = _without_email(work)
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


def _claim(work: Work) -> Claim:
    claim = claim_to_tell(work.event.claim_id)
    if not claim.email:
        raise Obsolete(gettext_noop("the applicant gave no email address"))
    return claim


def _without_email(work: Work) -> Claim:
    claim = claim_to_tell(work.event.claim_id)
    if claim.email:
        raise Obsolete(gettext_noop("the applicant is told by email"))
    return claim


def _sms(work: Work, claim: Claim, text: str) -> None:
    work.intend()
    work.remember(get_gateway().send(phone=claim.contact.phone, text=text, key=str(work.event_id)).id)
