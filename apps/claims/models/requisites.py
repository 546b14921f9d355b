from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.claims.models.claim import Claim
from apps.core.fields import EncryptedJSONField, TranslatedField, translated
from apps.core.models import BaseModel


class Requisites(BaseModel):
    """Where a payout goes. `data` is ciphertext; `summary` is masked."""

    class Kind(models.TextChoices):
        BANK = "bank", _("Bank account")
        CARD = "card", _("Card")
        SBP = "sbp", _("Faster payments by phone")

    claim = models.OneToOneField(Claim, models.CASCADE, related_name="requisites", verbose_name=_("claim"))
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    data = EncryptedJSONField(verbose_name=_("details"))
    summary = models.CharField(_("masked"), max_length=60)
    needs_review = models.BooleanField(_("staff must look at it"), default=False)
    confirmed_at = models.DateTimeField(_("confirmed by code"), null=True, blank=True)

    class Meta:
        verbose_name = _("requisites")
        verbose_name_plural = _("requisites")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["bank", "card", "sbp"]), name="requisites_kind_known")
        ]

    def __str__(self) -> str:
        return self.summary


class SbpBank(BaseModel):
    """A participant of the faster payments system."""

    member_id = models.CharField(_("member id"), max_length=20, unique=True)
    name = TranslatedField(_("name"))
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("bank of the faster payments")
        verbose_name_plural = _("banks of the faster payments")
        ordering = ["member_id"]

    def __str__(self) -> str:
        return translated(self.name)
