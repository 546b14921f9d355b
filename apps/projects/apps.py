from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectsConfig(AppConfig):
    name = "apps.projects"
    verbose_name = _("Projects")
    desk_order = 30

    def ready(self) -> None:
        from apps.projects import roles  # noqa: F401  imported for what it grants
