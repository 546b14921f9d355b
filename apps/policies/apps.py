from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PoliciesConfig(AppConfig):
    name = "apps.policies"
    verbose_name = _("Policies")
    desk_order = 40

    def ready(self) -> None:
        from apps.policies import roles  # noqa: F401  imported for what it grants
