"""Asks outside systems whether they work for us, and keeps what they said with their target."""

from datetime import datetime

import structlog
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core import audit
from apps.core.errors import IntegrationError
from apps.core.models import Target
from apps.core.targets import check_note
from apps.integrations.health import Health
from apps.integrations.registry import Integration, integrations

log = structlog.get_logger(__name__)


def system_check(one: Integration, *, now: datetime, actor: AbstractBaseUser | None = None) -> Health:
    """Ask `one` now, and keep its answer. A check that `actor` asked for is noted in the audit.

    The answer is kept in the company's language: whoever reads it later is not who asked.
    """
    with translation.override(settings.LANGUAGE_CODE):
        health = _asked(one)
    check_note(one.name, ok=health.ok, detail=health.detail, now=now, proves=one.proves)
    log.info("integration_checked", target=one.name, ok=health.ok, code=health.code)
    if actor:
        audit.record(
            action="target.check", target=Target.objects.get(name=one.name), actor=actor, now=now, code=health.code
        )
    return health


def systems_check(*, now: datetime) -> dict[str, Health]:
    """Ask every system of this installation, one after the other."""
    return {one.name: system_check(one, now=now) for one in integrations()}


def _asked(one: Integration) -> Health:
    try:
        return one.check()
    except IntegrationError as error:
        return Health(False, error.code, error.detail)
    except (ImproperlyConfigured, ImportError) as error:
        return Health(False, "settings", _("The settings are wrong: %s") % error)
    except Exception as error:  # a defect of one client must not keep the others from being asked
        log.exception("integration_check_failed", target=one.name)
        return Health(False, "defect", _("The check itself failed (%s); the log says more.") % type(error).__name__)
