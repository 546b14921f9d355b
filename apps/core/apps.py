from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "apps.core"
    verbose_name = _("Operation")
    desk_order = 90

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from apps.core import checks, schedule, tasks  # noqa: F401  checks register themselves, tasks how to wake

        autodiscover_modules("handlers")
        post_migrate.connect(schedule.write_rows, sender=self, dispatch_uid="core.schedule")
