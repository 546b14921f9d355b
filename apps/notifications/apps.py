from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from apps.core.schedule import every


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        every(3600, name="Tell administrators what needs attention, once a day", task="notifications.digest")
