from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    verbose_name = _("Staff")
    desk_order = 80

    def ready(self) -> None:
        from apps.accounts import grants, roles  # noqa: F401  grants is imported for what it grants

        post_migrate.connect(roles.write_permissions, dispatch_uid="accounts.roles")
