from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.claims.models import Claim, Document
from apps.claims.selectors import event_title

TOLD = (Claim.Status.IN_REVIEW, Claim.Status.APPROVED, Claim.Status.REJECTED, Claim.Status.PAID, Claim.Status.WITHDRAWN)


def status_url(claim: Claim) -> str:
    return f"{settings.SITE_URL}/claims/{claim.number}/"


def receipt(claim: Claim) -> EmailMultiAlternatives:
    with translation.override(claim.language):
        subject = _("Claim %(number)s: received") % {"number": claim.number}
        text = _("We have your claim. A person will read it and write to you; the receipt is attached.")
        return _message(claim, subject, _("We received your claim"), text)


def request(claim: Claim, request_id: UUID) -> EmailMultiAlternatives:
    asked = claim.document_requests.get(pk=request_id)
    with translation.override(claim.language):
        subject = _("Claim %(number)s: we need a document") % {"number": claim.number}
        return _message(claim, subject, _("We need a document from you"), asked.text)


def rejected(claim: Claim, document_id: UUID) -> EmailMultiAlternatives | None:
    """The message that a document does not fit; None if it is not rejected any more."""
    document = claim.documents.filter(pk=document_id, state=Document.State.REJECTED).first()
    if document is None:
        return None
    with translation.override(claim.language):
        subject = _("Claim %(number)s: a document does not fit") % {"number": claim.number}
        text = _("%(name)s does not fit: %(reason)s") % {"name": document.name, "reason": document.reason}
        return _message(claim, subject, _("Please send another document"), text)


def status(claim: Claim, change_id: UUID) -> EmailMultiAlternatives | None:
    """The message for a change of status; None for one that is told in another way."""
    change = claim.status_changes.get(pk=change_id)
    if change.target not in TOLD:
        return None
    with translation.override(claim.language):
        label = change.get_target_display()
        subject = _("Claim %(number)s: %(status)s") % {"number": claim.number, "status": label}
        return _message(claim, subject, label, change.reason)


def _message(claim: Claim, subject: str, title: str, text: str) -> EmailMultiAlternatives:
    facts = {
        "title": title,
        "text": text,
        "number": claim.number,
        "event": event_title(claim, claim.language),
        "url": status_url(claim),
        "language": claim.language,
    }
    message = EmailMultiAlternatives(subject, render_to_string("notifications/message.txt", facts), to=[claim.email])
    message.attach_alternative(render_to_string("notifications/message.html", facts), "text/html")
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message
