from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DialogsConfig(AppConfig):
    name = "apps.dialogs"
    verbose_name = _("Dialogs")
