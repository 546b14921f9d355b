"""Which outside systems there are, and how each says whether it works. Called when the app is ready."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.integrations import antivirus, mail
from apps.integrations.archive import get_archive
from apps.integrations.automation import get_automation
from apps.integrations.broker import get_broker
from apps.integrations.crm import get_crm
from apps.integrations.files import get_share
from apps.integrations.health import Health
from apps.integrations.llm import get_model
from apps.integrations.registry import Integration, register
from apps.integrations.sms import get_gateway


def _host(address: Callable[[], str]) -> Callable[[], str]:
    """The host of an address, without the login that may stand in it."""
    return lambda: urlsplit(address()).hostname or ""


def _system(
    name: str, title: Any, check: Callable[[], Health], address: Callable[[], str], order: int, proves: bool = True
) -> None:
    register(Integration(name, title, check, _host(address), lambda: bool(address()), order, proves))


def register_all() -> None:
    _system("crm", _("CRM (vTiger)"), lambda: get_crm().check(), lambda: settings.CRM_URL, 10)
    _system("files", _("File share (Nextcloud)"), lambda: get_share().check(), lambda: settings.NEXTCLOUD_URL, 20)
    _system("archive", _("Insurers' archives (S3)"), lambda: get_archive().check(), _archive, 30)
    _system("sms", _("Text messages"), lambda: get_gateway().check(), lambda: settings.SMS_URL, 40)
    _system("email", _("Email"), mail.check, lambda: f"smtp://{settings.EMAIL_HOST}", 50)
    _system("n8n", _("Automation (n8n)"), lambda: get_automation().check(), lambda: settings.N8N_URL, 60, proves=False)
    _system("rabbitmq", _("Events (RabbitMQ)"), lambda: get_broker().check(), lambda: settings.EVENTS_URL, 70)
    _system("llm", _("Language model"), lambda: get_model().check(), _model, 80)
    _system("antivirus", _("Virus scanner"), antivirus.check, lambda: settings.CLAMAV_URL, 90)


def _model() -> str:
    return str(settings.LLM_URL) if settings.ADVISER == "model" else ""


def _archive() -> str:
    return str(settings.ARCHIVE_S3["endpoint_url"])
