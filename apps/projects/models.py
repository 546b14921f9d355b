from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.contacts.models import Contact
from apps.core.models import BaseModel


class Project(BaseModel):
    """The case container of one contact and its policies."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("project", "Open")
        CLOSED = "closed", pgettext_lazy("project", "Closed")

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="projects", verbose_name=_("contact"))
    title = models.CharField(_("title"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=["open", "closed"]), name="project_status_known")
        ]

    def __str__(self) -> str:
        return self.title
