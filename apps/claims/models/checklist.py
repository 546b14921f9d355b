from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.claims.models.claim import Claim
from apps.core.fields import EncryptedJSONField, EncryptedTextField
from apps.core.models import BaseModel


class ChecklistEntry(BaseModel):
    """How what a claim needs differs from its form: what was added and by whom, what was waived and why.

    What the form asks of everyone has no row; `rules/form.py` puts both together.
    """

    class Kind(models.TextChoices):
        DOCUMENT = "document", _("Document")
        QUESTION = "question", _("Question")

    class Origin(models.TextChoices):
        FORM = "form", _("Form")
        RULE = "rule", _("Rule")
        ADVISER = "adviser", _("Adviser")
        STAFF = "staff", _("Staff")

    class Waived(models.TextChoices):
        NO = "", _("Not waived")
        LOST = "lost", _("It is lost")
        CANNOT_GET = "cannot_get", _("It can't be got")
        NOT_APPLICABLE = "not_applicable", _("It does not apply")
        STAFF = "staff", _("Not needed")

    BY_APPLICANT = (Waived.LOST, Waived.CANNOT_GET, Waived.NOT_APPLICABLE)

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="checklist", verbose_name=_("claim"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    key = models.SlugField(_("key"))
    origin = models.CharField(_("origin"), max_length=7, choices=Origin.choices)
    title = EncryptedTextField(_("title"), blank=True)  # of what staff ask for in words of their own
    reason = EncryptedTextField(_("reason"), blank=True)
    evidence = EncryptedTextField(_("in the applicant's words"), blank=True)
    waived = models.CharField(_("waived"), max_length=14, choices=Waived.choices, blank=True, default="")
    waived_note = EncryptedTextField(_("note"), blank=True)
    waived_at = models.DateTimeField(_("waived at"), null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("line of a checklist")
        verbose_name_plural = _("checklists")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "kind", "key"], name="checklist_key_once"),
            models.CheckConstraint(
                condition=Q(origin__in=["form", "rule", "adviser", "staff"]), name="checklist_origin_known"
            ),
            models.CheckConstraint(
                condition=Q(waived="", waived_at=None) | (~Q(waived="") & Q(waived_at__isnull=False)),
                name="checklist_waived_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(origin="form", waived=""), name="checklist_form_only_waived"),
        ]

    def __str__(self) -> str:
        return self.key

    def take_back(self, now: datetime) -> None:
        """Not waived any more. A row that only waived what the form asks for has nothing left to say."""
        if self.origin == self.Origin.FORM:
            self.delete()
            return
        self.waived, self.waived_note, self.waived_at, self.updated_at = self.Waived.NO, "", None, now
        self.save(update_fields=["waived", "waived_note", "waived_at", "updated_at"])


class Advice(BaseModel):
    """What an adviser said to one description, and what it took to ask."""

    class Backend(models.TextChoices):
        RULES = "rules", _("Rules")
        MODEL = "model", _("Model")
        N8N = "n8n", _("Workflow")

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        GIVEN = "given", _("Given")
        USELESS = "useless", _("Of no use")
        LATE = "late", _("Came too late")

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="advice", verbose_name=_("claim"))
    backend = models.CharField(_("adviser"), max_length=5, choices=Backend.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices)
    description_sha256 = models.CharField(max_length=64)
    summary = EncryptedTextField(_("summary"), blank=True)
    event_type = models.SlugField(_("event type"), blank=True)
    lines = EncryptedJSONField(verbose_name=_("lines"), blank=True)
    model = models.CharField(_("model"), max_length=80, blank=True)
    prompt_version = models.CharField(_("version of the prompt"), max_length=20, blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens sent"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens received"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=6, default=0)
    ms = models.PositiveIntegerField(_("time, ms"), default=0)
    error = models.CharField(_("error"), max_length=60, blank=True)
    changed = models.JSONField(_("what staff changed"), default=list, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("advice")
        verbose_name_plural = _("pieces of advice")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "backend", "description_sha256"], name="advice_once_for_a_description"
            )
        ]

    def __str__(self) -> str:
        return f"{self.backend} {self.state}"
