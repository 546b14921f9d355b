from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.contacts.models import Contact
from apps.core.fields import EncryptedJSONField, TranslatedField
from apps.core.models import BaseModel
from apps.projects.models import Project


class PolicyProduct(BaseModel):
    """A kind of policy, and how its numbers look."""

    code = models.SlugField(_("code"), unique=True)
    insurer = models.CharField(_("insurer"), max_length=120)
    name = TranslatedField(_("name"))
    number_pattern = models.CharField(_("number pattern"), max_length=120, help_text=_("A regular expression"))
    number_example = models.CharField(_("example of a number"), max_length=40)

    class Meta:
        verbose_name = _("policy product")
        verbose_name_plural = _("policy products")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.insurer}: {self.code}"


class Policy(BaseModel):
    """An insurance policy, found by its number."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    product = models.ForeignKey(
        PolicyProduct, models.PROTECT, related_name="policies", null=True, blank=True, verbose_name=_("product")
    )
    holder_name = models.CharField(_("holder"), max_length=200)
    insured = EncryptedJSONField(_("insured persons"), default=list, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    territory = models.CharField(_("territory"), max_length=200, blank=True)
    sums = models.JSONField(_("sums insured"), default=list, blank=True)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gte=F("valid_from")), name="policy_dates_in_order")
        ]

    def __str__(self) -> str:
        return self.number


class PolicyProject(BaseModel):
    """Which project of a contact holds a policy: one for each contact and policy."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="placements", verbose_name=_("policy"))
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="+", verbose_name=_("contact"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="placements", verbose_name=_("project"))

    class Meta:
        verbose_name = _("policy in a project")
        verbose_name_plural = _("policies in projects")
        constraints = [models.UniqueConstraint(fields=["policy", "contact"], name="policy_project_once")]

    def __str__(self) -> str:
        return str(self.policy_id)
