"""The staff's login, with a limit on guessing that has no off switch."""

from typing import Any

import structlog
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import F
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
HOUR = 60 * 60  # s
BY_NAME = 20  # in an hour, from all addresses: many addresses guess one password
BY_ADDRESS = 30  # in an hour, of all names: one address guesses a common password


def wide_limits(username: str, address: str) -> list[Limit]:
    name, place = blind_index("staff-login-name", username.casefold()), blind_index("staff-login-address", address)
    return [Limit(f"staff_login_name.{name}", BY_NAME, HOUR), Limit(f"staff_login_address.{place}", BY_ADDRESS, HOUR)]


def login_limit(username: str, address: str) -> Limit:
    return Limit(f"staff_login.{blind_index('staff-login', f'{username.casefold()}|{address}')}", FAILURES, WINDOW)


class StaffLoginForm(AdminAuthenticationForm):
    """A try takes its place before the password is looked at, so parallel guesses count too; a success clears them.

    From the wide limits a success takes back its own place only: a guesser with an account would clear them.
    """

    def clean(self) -> dict[str, Any]:
        assert self.request is not None
        now = timezone.now()
        username, address = self.cleaned_data.get("username", ""), client_address(self.request)
        limit, wide = login_limit(username, address), wide_limits(username, address)
        try:
            reserve([limit, *wide], now=now)
        except QuotaExceeded as refused:
            log.warning("staff_login_locked")
            raise ValidationError(_wait(refused.retry_after), code="too_many_logins") from None
        cleaned: dict[str, Any] = super().clean()
        Quota.objects.filter(name=limit.name).delete()
        Quota.objects.filter(name__in=[one.name for one in wide], used__gt=0).update(used=F("used") - 1)
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
