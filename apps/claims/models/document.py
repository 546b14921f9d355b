from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.claims.models.claim import Claim
from apps.core.fields import EncryptedTextField
from apps.core.models import BaseModel


class Document(BaseModel):
    """A file of a claim. The original is kept as it came; pages show the re-encoded preview."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="documents", verbose_name=_("claim"))
    slot = models.SlugField(_("document"))
    name = EncryptedTextField(_("file name"))
    kind = models.CharField(_("kind"), max_length=10)
    content_type = models.CharField(_("type"), max_length=60)
    size = models.PositiveBigIntegerField(_("size, bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    pages = models.PositiveIntegerField(_("pages"), default=1)
    key = models.CharField(max_length=200, unique=True)
    preview_key = models.CharField(max_length=200, blank=True)
    thumb_key = models.CharField(max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "slot", "sha256"], name="document_once_per_slot"),
            models.CheckConstraint(condition=Q(size__gt=0), name="document_not_empty"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "accepted", "rejected"]), name="document_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(reason=""), name="document_rejected_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def keys(self) -> list[str]:
        """What this document holds in the storage."""
        return [key for key in (self.key, self.preview_key, self.thumb_key) if key]
