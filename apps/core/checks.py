from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register

GUARDS = {"apps.core.middleware.PageCsrf", "apps.core.middleware.PageFrameOptions"}


@register(Tags.security, deploy=True)
def production_settings(app_configs: Any, **_: Any) -> list[Error]:
    """What must never reach production, beyond what Django checks itself."""
    wrong = {
        "core.E001": (settings.EMBEDDED, "CLAIMDESK_ENV is not production."),
        "core.E002": (not settings.POSTGRES, "Production needs PostgreSQL: set CLAIMDESK_DATABASE_URL."),
        "core.E003": (not settings.REDIS_URL, "Production needs Redis: set CLAIMDESK_REDIS_URL."),
        "core.E004": (settings.SHOW_CODES, "Verification codes would be shown on the page."),
        "core.E005": (not settings.HTTPS, "CLAIMDESK_SITE_URL must begin with https://."),
        "core.E006": (bool(settings.SANDBOX_URL), "The sandbox must not stand in for real systems."),
        "core.E007": (not set(settings.MIDDLEWARE) >= GUARDS, "Pages lack their CSRF or frame protection."),
    }
    return [Error(text, id=code) for code, (bad, text) in wrong.items() if bad]
