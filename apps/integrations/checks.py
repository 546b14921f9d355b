from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.sms import get_gateway


@register(Tags.security, deploy=True)
def sms_settings(app_configs: Any, **_: Any) -> list[Error]:
    """The gateway that is named has to have what it asks for: SMS.ru an api_id, the others a login beside it."""
    try:
        get_gateway()
    except (ImproperlyConfigured, ImportError, ValueError) as error:
        return [Error(f"{settings.SMS_BACKEND}: {error}", id="integrations.E001")]
    return []
