from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class PolicyNumberRefused(DomainError):
    code = "policy_number_invalid"
    detail = _("This can't be a policy number. Look for it at the top of your policy.")
