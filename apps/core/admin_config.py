from django.contrib.admin.apps import AdminConfig


class DeskAdminConfig(AdminConfig):
    """Django's admin on our own site: the staff's desk."""

    default = False
    default_site = "apps.core.desk.site.DeskSite"
