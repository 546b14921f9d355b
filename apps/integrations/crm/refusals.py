"""What the CRM's errors mean. They come in HTTP 200, with a code that is a word, or the number 0 for a duplicate."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.integrations.errors import AccountRejected, IntegrationError, OutcomeUnknown, Rejected, Unavailable


class SessionGone(Unavailable):
    """The CRM does not know our session any more: nothing was done, and a new login mends it."""


SESSION = {
    "INVALID_SESSIONID",
    "AUTHENTICATION_REQUIRED",
    "AUTHENTICATION_FAILURE",
    "SESSION_EXPIRED",
    "SESSION_LEFT_IDLE",
}
ACCOUNT = {
    "INVALID_USER_CREDENTIALS": gettext_noop("The CRM refused our user or its access key."),
    "ACCESSKEY_UNDEFINED": gettext_noop("Our user has no access key in the CRM."),
}
REJECTED = {
    "MANDATORY_FIELDS_MISSING": gettext_noop("The CRM requires a field that we do not fill."),
    "REFERENCE_INVALID": gettext_noop("The CRM refused a reference to another record."),
    "INVALID_ID_ATTRIBUTE": gettext_noop("The CRM has no such record in this module."),
    "RECORD_NOT_FOUND": gettext_noop("The CRM does not show us this record."),
    "QUERY_SYNTAX_ERROR": gettext_noop("The CRM did not understand our query."),
    "UNKOWN_ENTITY": gettext_noop("The CRM has no such relation."),  # the CRM's own spelling
    "OPERATION_NOT_SUPPORTED": gettext_noop("The CRM does not offer this operation."),
    "UNKNOWN_OPERATION": gettext_noop("The CRM does not offer this operation."),
    "CURRENCY_INACTIVE": gettext_noop("The CRM refused the record."),
    "INVALID_OLD_PASSWORD": gettext_noop("The CRM refused the record."),
    "NEW_PASSWORD_MISMATCH": gettext_noop("The CRM refused the record."),
    "CHANGE_PASSWORD_FAILURE": gettext_noop("The CRM refused the record."),
    "PASSWORD_NOT_STRONG": gettext_noop("The CRM refused the record."),
}
# FAILED_TO_CREATE, FAILED_TO_UPDATE, INTERNAL_SERVER_ERROR, DATABASE_QUERY_ERROR, and what custom PHP makes up:
# the CRM may have done a part, or all, of a write.

_ACCESS_DENIED = "ACCESS_DENIED"
# Of these, a refusal is about our rights or the map; of all others, about the record: missing, deleted, not ours.
_BY_RIGHTS = {"getchallenge", "login", "listtypes", "describe", "relatedtypes", "query", "create"}
_NO_RIGHT_TO_WRITE = "Permission to write is denied"
_FIELD = re.compile(
    r"(?:^(?P<a>\w{1,50}) does not have a value|specified for (?P<b>\w{1,50})$|access '?\.?(?P<c>\w{1,50})\.?'? attr)"
)


def refusal(operation: str, code: object, message: object, *, safe: bool) -> IntegrationError:
    """The error that stands for the CRM's `code`; `safe` for a call that only reads, or may be repeated."""
    name, text = str(code), message if isinstance(message, str) else ""
    ours = f"crm_{name.lower()}"[:60] if re.fullmatch(r"\w+", name, re.ASCII) else "crm_error"
    if name in SESSION:
        return SessionGone(_("The CRM ended our session."), "crm_session")
    if name == "INVALID_AUTH_TOKEN":
        return Unavailable(_("The CRM let our login run out."), ours)
    if name in ACCOUNT:
        return AccountRejected(_(ACCOUNT[name]), ours)
    if name == _ACCESS_DENIED:
        return _denied(operation, text)
    if name == "0":
        return Rejected(_("The CRM refused the record: it holds such a one already."), "crm_duplicate")
    if name in REJECTED or name.startswith(("LEAD_", "CONVERT_LEAD")):
        words = REJECTED.get(name, gettext_noop("The CRM refused the record."))
        return Rejected(_with_field(_(words), text), ours)
    detail = _("The CRM failed and does not say how far it came (%(code)s).") % {"code": name[:40]}
    return Unavailable(detail, ours) if safe else OutcomeUnknown(detail, ours)


def _denied(operation: str, message: str) -> Rejected:
    if operation in ("getchallenge", "login"):
        return AccountRejected(_("The CRM does not know our user."), "crm_user_unknown")
    if operation in _BY_RIGHTS or message == _NO_RIGHT_TO_WRITE:
        return AccountRejected(
            _with_field(_("Our user has no right to this in the CRM, or the module or field is missing."), message),
            "crm_access_denied",
        )
    return Rejected(_("The CRM does not show us this record: it is deleted, or our user may not see it."), "crm_gone")


def _with_field(words: str, message: str) -> str:
    """`words` and the field that the CRM's message names; the message itself may quote what a person wrote."""
    found = _FIELD.search(message)
    field = found and next(filter(None, found.groups()), "")
    return f"{words} ({field})" if field else words
