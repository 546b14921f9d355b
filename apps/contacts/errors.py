from django.utils.translation import gettext_lazy as _

from apps.contacts.phone_texts import PHONE_TEXTS
from apps.core.errors import DomainError

__all__ = ["PHONE_TEXTS", "CodeExpired", "CodeInvalid", "CodeUsedUp", "PhoneRefused", "TooManyCodes"]


class TooManyCodes(DomainError):
    code = "too_many_codes"
    status = 429
    detail = _("Too many codes were asked for. Wait a little and try again.")


class CodeInvalid(DomainError):
    code = "code_invalid"
    detail = _("This is not the code that we sent.")


class CodeExpired(DomainError):
    code = "code_expired"
    detail = _("This code is no longer valid. Ask for a new one.")


class CodeUsedUp(DomainError):
    code = "code_used_up"
    detail = _("This code was tried too often. Ask for a new one.")


class PhoneRefused(DomainError):
    code = "phone_invalid"
