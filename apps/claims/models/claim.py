from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.claims.errors import ClaimNotEditable, IllegalTransition
from apps.claims.models.catalogue import FormDefinition
from apps.contacts.models import Contact
from apps.core.fields import EncryptedJSONField, EncryptedTextField
from apps.core.models import BaseModel
from apps.policies.models import Policy
from apps.projects.models import Project


class Claim(BaseModel):
    """What an applicant reports; a draft until submitted."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        NEEDS_DOCUMENTS = "needs_documents", _("Needs documents")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        PAID = "paid", _("Paid")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class PolicyStatus(models.TextChoices):
        NONE = "", _("Not given")
        VALID = "valid", _("Valid")
        EXPIRED = "expired", _("Expired")
        NOT_YET = "not_yet", _("Not valid yet")
        NOT_FOUND = "not_found", _("Not found")
        UNAVAILABLE = "unavailable", _("Could not be checked")

    number = models.CharField(_("number"), max_length=20, unique=True)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="claims", verbose_name=_("contact"))
    definition = models.ForeignKey(FormDefinition, models.PROTECT, related_name="+", verbose_name=_("form"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.DRAFT)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="ru")
    version = models.PositiveIntegerField(_("version"), default=1)
    description = EncryptedTextField(_("description"), blank=True)
    event_type = models.SlugField(_("event type"), blank=True)
    # Chosen by the adviser until the applicant chooses.
    event_type_advised = models.BooleanField(_("event type chosen by the adviser"), default=False)
    event_date = models.DateField(_("event date"), null=True, blank=True)
    event_place = models.CharField(_("event place"), max_length=200, blank=True)
    email = EncryptedTextField(_("email"), blank=True)
    answers = EncryptedJSONField(verbose_name=_("answers"), blank=True)
    policy_number = models.CharField(_("policy number"), max_length=40, blank=True)
    policy = models.ForeignKey(
        Policy, models.PROTECT, related_name="claims", null=True, blank=True, verbose_name=_("policy")
    )
    policy_status = models.CharField(_("policy check"), max_length=12, choices=PolicyStatus.choices, blank=True)
    project = models.ForeignKey(
        Project, models.PROTECT, related_name="claims", null=True, blank=True, verbose_name=_("project")
    )
    is_new_project = models.BooleanField(default=False)
    missing = models.PositiveSmallIntegerField(_("missing"), default=0)
    search = models.CharField(max_length=260, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    # Where it stands in lists: a draft of yesterday that is submitted now is new.
    listed_at = models.DateTimeField(_("begun or submitted"))
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    # Of what is missing after the submit.
    reminders = models.PositiveSmallIntegerField(_("reminders sent"), default=0)
    remind_at = models.DateTimeField(_("next reminder"), null=True, blank=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-listed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft", submitted_at=None, expires_at__isnull=False)
                | (~Q(status="draft") & Q(submitted_at__isnull=False, expires_at=None)),
                name="claim_draft_or_submitted",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["draft", "submitted", "in_review", "needs_documents", "approved", "rejected", "paid",
                                "withdrawn"]
                ),
                name="claim_status_known",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-listed_at", "-id"], name="claim_newest"),
            models.Index(fields=["status", "-listed_at", "-id"], name="claim_status_newest"),
            models.Index(fields=["event_type", "-listed_at", "-id"], name="claim_event_newest"),
            models.Index(fields=["expires_at"], name="claim_expiry", condition=Q(status="draft")),
            models.Index(fields=["remind_at"], name="claim_reminder", condition=Q(remind_at__isnull=False)),
        ]
        permissions = [
            ("decide_claim", _("Can approve and reject claims")),
            ("pay_claim", _("Can mark claims as paid")),
            ("request_documents", _("Can ask an applicant for documents")),
        ]

    TRANSITIONS: dict[str, frozenset[str]] = {
        Status.DRAFT: frozenset({Status.SUBMITTED}),
        Status.SUBMITTED: frozenset({Status.IN_REVIEW, Status.NEEDS_DOCUMENTS, Status.WITHDRAWN}),
        Status.IN_REVIEW: frozenset({Status.NEEDS_DOCUMENTS, Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}),
        Status.NEEDS_DOCUMENTS: frozenset({Status.IN_REVIEW, Status.REJECTED, Status.WITHDRAWN}),
        Status.APPROVED: frozenset({Status.PAID, Status.IN_REVIEW}),
        Status.REJECTED: frozenset({Status.IN_REVIEW}),
        Status.PAID: frozenset(),
        Status.WITHDRAWN: frozenset(),
    }
    OPEN = (Status.SUBMITTED, Status.IN_REVIEW, Status.NEEDS_DOCUMENTS)

    def __str__(self) -> str:
        return self.number

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def takes_documents(self) -> bool:
        return self.is_draft or self.status in self.OPEN

    def next_statuses(self) -> list["Claim.Status"]:
        """The statuses that staff may move this claim to, in the order of the list."""
        return [to for to in self.Status if to in self.TRANSITIONS[self.Status(self.status)] and not self.is_draft]

    def advance(self, to: "Claim.Status") -> None:
        """Move to `to` in memory, or raise IllegalTransition. Services lock, save and publish."""
        if to not in self.TRANSITIONS[self.Status(self.status)]:
            raise IllegalTransition(number=self.number, source=self.status, target=to)
        self.status = to

    def require_editable(self, now: datetime) -> None:
        """Raise ClaimNotEditable unless this is a draft that is still kept."""
        if not self.is_draft or self.expires_at is None or self.expires_at <= now:
            raise ClaimNotEditable


class ClaimStatusChange(BaseModel):
    """One line of a claim's history."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="status_changes", verbose_name=_("claim"))
    source = models.CharField(_("from"), max_length=20, choices=Claim.Status.choices, blank=True)
    target = models.CharField(_("to"), max_length=20, choices=Claim.Status.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status history")
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class Consent(BaseModel):
    """What the applicant agreed to: the text's version, when, and from where."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="consents", verbose_name=_("claim"))
    kind = models.SlugField(_("kind"))
    version = models.CharField(_("version"), max_length=20)
    given_at = models.DateTimeField(_("given"))
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [models.UniqueConstraint(fields=["claim", "kind"], name="consent_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class DocumentRequest(BaseModel):
    """What staff asked the applicant for after the submit."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="document_requests", verbose_name=_("claim"))
    kind = models.CharField(
        _("kind"), max_length=8, choices=[("document", _("Document")), ("question", _("Question"))], default="document"
    )
    slot = models.SlugField(_("document or question"), blank=True)
    text = models.TextField(_("what is asked for"))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("document request")
        verbose_name_plural = _("document requests")
        ordering = ["at"]

    def __str__(self) -> str:
        return self.text[:60]
