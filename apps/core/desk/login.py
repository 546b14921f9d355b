"""The staff's login, with a limit on guessing that has no off switch."""

from typing import Any

import structlog
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import ngettext

from apps.core import audit
from apps.core.addresses import client_address
from apps.core.crypto import blind_index
from apps.core.models import Quota
from apps.core.quotas import Limit, QuotaExceeded, reserve

log = structlog.get_logger(__name__)

FAILURES = 5
WINDOW = 15 * 60  # s


def login_limit(username: str, address: str) -> Limit:
    return Limit(f"staff_login.{blind_index('staff-login', f'{username.casefold()}|{address}')}", FAILURES, WINDOW)


class StaffLoginForm(AdminAuthenticationForm):
    """A try takes its place before the password is looked at, so parallel guesses count too; a success clears them."""

    def clean(self) -> dict[str, Any]:
        assert self.request is not None
        now = timezone.now()
        limit = login_limit(self.cleaned_data.get("username", ""), client_address(self.request))
        try:
            reserve([limit], now=now)
        except QuotaExceeded as refused:
            log.warning("staff_login_locked")
            raise ValidationError(_wait(refused.retry_after), code="too_many_logins") from None
        cleaned: dict[str, Any] = super().clean()
        Quota.objects.filter(name=limit.name).delete()
        user = self.get_user()
        audit.record(action="staff.login", target=user, actor=user, now=now)
        return cleaned


def _wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many failed tries. Try again in %(n)d minute.",
        "Too many failed tries. Try again in %(n)d minutes.",
        minutes,
    ) % {"n": minutes}
