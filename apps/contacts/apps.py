from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "apps.contacts"
    verbose_name = _("Contacts")
    desk_order = 20

    def ready(self) -> None:
        from apps.contacts import roles  # noqa: F401  imported for what it grants
