"""What each handler of a claim's events does, in words for staff."""

from typing import Any

from django.utils.translation import gettext_lazy as _

HANDLERS: dict[str, Any] = {
    "contacts.send_code": _("SMS with the code"),
    "claims.receipt_mail": _("Receipt to the applicant by email"),
}
