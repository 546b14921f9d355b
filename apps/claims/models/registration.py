from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.claims.models.claim import Claim
from apps.core.fields import EncryptedTextField
from apps.core.models import BaseModel


class Registration(BaseModel):
    """What a submitted claim has become in the company's systems. Ids are theirs; empty until a step has made them."""

    claim = models.OneToOneField(Claim, models.CASCADE, related_name="registration", verbose_name=_("claim"))
    contact_ref = models.CharField(_("CRM contact"), max_length=40, blank=True)
    is_new_contact = models.BooleanField(_("made in the CRM by us"), null=True, blank=True)
    project_ref = models.CharField(_("CRM project"), max_length=40, blank=True)
    is_new_project = models.BooleanField(_("project made in the CRM by us"), null=True, blank=True)
    ticket_ref = models.CharField(_("CRM ticket"), max_length=40, blank=True)
    ticket_number = models.CharField(_("ticket number"), max_length=40, blank=True)
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True)
    related_at = models.DateTimeField(_("related to the project"), null=True, blank=True)
    not_kept = models.JSONField(_("fields that the CRM did not keep"), default=list, blank=True)
    folder = models.CharField(_("folder"), max_length=500, blank=True)
    archive_key = models.CharField(_("archive"), max_length=200, blank=True)
    archive_sha256 = models.CharField(_("archive's SHA-256"), max_length=64, blank=True)
    archive_size = models.PositiveBigIntegerField(_("archive's size, bytes"), default=0)
    archive_files = models.PositiveSmallIntegerField(_("files in the archive"), default=0)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    completed_at = models.DateTimeField(_("everything handed over"), null=True, blank=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket_ref"], condition=~models.Q(ticket_ref=""), name="registration_ticket_once"
            )
        ]
        indexes = [models.Index(fields=["ticket_number"], name="registration_ticket")]

    def __str__(self) -> str:
        return self.ticket_number


class ClaimNote(BaseModel):
    """What another system, such as a workflow, has to say about a claim. For staff only."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="notes", verbose_name=_("claim"))
    source = models.CharField(_("from"), max_length=40)
    text = EncryptedTextField(_("text"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.source
