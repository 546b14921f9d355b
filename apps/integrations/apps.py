from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from apps.core.schedule import every


class IntegrationsConfig(AppConfig):
    name = "apps.integrations"
    verbose_name = _("Integrations")
    desk_order = 80

    def ready(self) -> None:
        from apps.integrations import checks, roles, systems  # noqa: F401  checks and grants register themselves

        systems.register_all()
        every(60, name="Ask how text messages fare", task="integrations.sms_poll")
        every(300, name="Check the integrations", task="integrations.check")
