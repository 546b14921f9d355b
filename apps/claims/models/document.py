from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.claims.models.claim import Claim
from apps.core.fields import EncryptedJSONField, EncryptedTextField
from apps.core.models import BaseModel


class Document(BaseModel):
    """A file of a claim. The original is kept as it came; pages show the re-encoded preview.

    `state` is what counts: what staff judged, else what the reading found, else how far the reading is.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        READING = "reading", _("Being read")
        ACCEPTED = "accepted", _("Accepted")
        DOUBTFUL = "doubtful", _("To be looked at")
        REJECTED = "rejected", _("Rejected")

    class Judgement(models.TextChoices):
        NONE = "", _("Not judged")
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
    judgement = models.CharField(
        _("judged by staff"), max_length=8, choices=Judgement.choices, blank=True, default=Judgement.NONE
    )
    reason = models.TextField(_("reason"), blank=True)
    # The applicant says that it is the right one, whatever the reading found.
    insisted_at = models.DateTimeField(_("kept by the applicant"), null=True, blank=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    share_path = models.CharField(_("path in the file share"), max_length=900, blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["claim", "slot", "sha256"], name="document_once_per_slot"),
            models.CheckConstraint(condition=Q(size__gt=0), name="document_not_empty"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "reading", "accepted", "doubtful", "rejected"]),
                name="document_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(judgement="rejected") | ~Q(reason=""), name="document_rejected_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(judgement="") | Q(state=models.F("judgement")), name="document_staff_have_the_last_word"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def keys(self) -> list[str]:
        """What this document holds in the storage, its pages aside."""
        return [key for key in (self.key, self.preview_key, self.thumb_key) if key]

    def settle(self, reading: "DocumentReading | None") -> None:
        """Set `state` by who has the last word: staff, then an applicant who insists, then the reading."""
        found = reading.verdict if reading else ""
        if self.judgement:
            self.state = self.State(self.judgement)
        elif reading is None:
            self.state = self.State.RECEIVED
        elif not found:
            self.state = self.State.READING
        elif found == self.State.REJECTED and self.insisted_at:
            self.state = self.State.DOUBTFUL
        else:
            self.state = self.State(found)


class DocumentReading(BaseModel):
    """What was read from a document, page by page, and what it is taken for. The machine's word, not the staff's."""

    class Stage(models.TextChoices):
        SCANNED = "scanned", _("Scanned")
        DRAWN = "drawn", _("Pages drawn")
        READ = "read", _("Text read")
        JUDGED = "judged", _("Judged")

    class Verdict(models.TextChoices):
        NONE = "", _("None yet")
        ACCEPTED = "accepted", _("Fits")
        DOUBTFUL = "doubtful", _("Doubtful")
        REJECTED = "rejected", _("Does not fit")

    document = models.OneToOneField(Document, models.CASCADE, related_name="reading", verbose_name=_("document"))
    stage = models.CharField(_("stage"), max_length=7, choices=Stage.choices, blank=True, default="")
    total_pages = models.PositiveIntegerField(_("pages in all"), default=0)
    pages = models.JSONField(_("pages"), default=list, blank=True)
    words = EncryptedJSONField(verbose_name=_("words"), default=list, blank=True)
    facts = EncryptedJSONField(verbose_name=_("facts"), default=list, blank=True)
    kind = models.SlugField(_("kind of paper"), blank=True)
    score = models.FloatField(_("how well it fits"), default=0)
    troubles = models.JSONField(_("troubles"), default=list, blank=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices, blank=True, default="")
    code = models.CharField(_("why"), max_length=30, blank=True)
    params = models.JSONField(default=dict, blank=True)
    note = models.CharField(_("what could not be done"), max_length=30, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("reading of a document")
        verbose_name_plural = _("readings of documents")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["", "accepted", "doubtful", "rejected"]), name="reading_verdict_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict="", ended_at=None) | (~Q(verdict="") & Q(ended_at__isnull=False)),
                name="reading_ends_with_a_verdict",
            ),
        ]

    def __str__(self) -> str:
        return self.get_verdict_display() or self.get_stage_display()

    def keys(self) -> list[str]:
        """The pictures of its pages in the storage."""
        return [key for page in self.pages for key in (page["key"], page["thumb_key"])]
