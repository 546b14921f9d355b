from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from apps.core.schedule import every


class ClaimsConfig(AppConfig):
    name = "apps.claims"
    verbose_name = _("Claims")
    desk_order = 10

    def ready(self) -> None:
        from apps.claims import roles  # noqa: F401  imported for what it grants

        every(3600, name="Purge what is past its time", task="claims.purge")
        every(86400, name="Compare the claims with the CRM", task="claims.reconcile")
        every(3600, name="Remind applicants of what is missing", task="claims.remind")
