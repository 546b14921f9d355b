"""Email through Django's backend, with its failures told apart as for any other integration."""

import smtplib

from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from apps.integrations.errors import OutcomeUnknown, Rejected, Unavailable
from apps.integrations.health import Health


def send(message: EmailMessage) -> None:
    """Hand `message` to the mail server. Raises Unavailable, Rejected or OutcomeUnknown."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"the mail server does not answer ({type(error).__name__})", "mail_unavailable") from error
    message.connection = connection
    try:
        message.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _refusal(error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(f"the mail server fell silent ({type(error).__name__})", "mail_unclear") from error
    finally:
        connection.close()


def check() -> Health:
    """Whether the mail server lets us in."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return Health(False, "mail_unavailable", _("The mail server does not answer (%s).") % type(error).__name__)
    finally:
        connection.close()
    return Health(True, "ok", _("The mail server answers."))


def _refusal(error: smtplib.SMTPException) -> Unavailable | Rejected:
    """A 4xx of SMTP asks to come back later, a 5xx does not (RFC 5321, 4.2.1)."""
    codes = [answer[0] for answer in error.recipients.values()] if isinstance(
        error, smtplib.SMTPRecipientsRefused
    ) else [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []  # fmt: skip
    if codes and all(400 <= code < 500 for code in codes):
        return Unavailable(f"the mail server asks to try later ({codes[0]})", "mail_later")
    return Rejected(f"the mail server refuses the message ({codes[0] if codes else 'no code'})", "mail_refused")
