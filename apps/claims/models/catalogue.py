"""The catalogue that staff edit: what can happen, what is asked then, and which papers are needed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import TranslatedField, translated
from apps.core.models import BaseModel

FILE_KINDS = ["pdf", "jpeg", "png", "heic"]


def all_kinds() -> list[str]:
    return list(FILE_KINDS)


class DocumentKind(BaseModel):
    """A kind of paper, told from others by the words that stand on it."""

    code = models.SlugField(_("code"), unique=True)
    title = TranslatedField(_("title"))
    words = models.JSONField(
        _("words on it"), default=dict, blank=True, help_text=_("Beginnings of words, by language")
    )
    textless = models.BooleanField(_("a picture without text"), default=False)
    order = models.PositiveSmallIntegerField(_("order"), default=100)

    class Meta:
        verbose_name = _("kind of paper")
        verbose_name_plural = _("kinds of papers")
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return translated(self.title) or self.code


class ReadyReason(BaseModel):
    """A sentence that staff need often: why a document is rejected, or what is asked for."""

    class Use(models.TextChoices):
        REJECT = "reject", _("A document is rejected")
        ASK = "ask", _("A document or an answer is asked for")
        WAIVE = "waive", _("Something is not needed")

    use = models.CharField(_("used when"), max_length=6, choices=Use.choices)
    text = TranslatedField(_("text"))
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("ready reason")
        verbose_name_plural = _("ready reasons")
        ordering = ["use", "order", "id"]

    def __str__(self) -> str:
        return translated(self.text)[:80]


class EventType(BaseModel):
    """What happened; decides which questions and documents a claim needs."""

    code = models.SlugField(_("code"), unique=True)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    title = TranslatedField(_("title"))
    description = TranslatedField(_("description"), long=True, blank=True)
    words = models.JSONField(
        _("words for the adviser"), default=dict, blank=True, help_text=_("Beginnings of words, by language")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("event type")
        verbose_name_plural = _("event types")
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return translated(self.title) or self.code


class Question(BaseModel):
    """One question of an event type; without a type it is asked of everyone."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        LONG_TEXT = "long_text", _("Long text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        CHOICE = "choice", _("Choice")
        YES_NO = "yes_no", _("Yes or no")
        PHONE = "phone", _("Phone")
        MONEY = "money", _("Money")

    class Role(models.TextChoices):
        NONE = "", _("None")
        APPLICANT_NAME = "applicant_name", _("Becomes the contact's name")
        PAST_DATE = "past_date", _("A day that has come")

    event_type = models.ForeignKey(
        EventType, models.CASCADE, related_name="questions", null=True, blank=True, verbose_name=_("event type")
    )
    key = models.SlugField(_("key"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    label = TranslatedField(_("question"))
    help = TranslatedField(_("help"), blank=True)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    required = models.BooleanField(_("required"), default=True)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    condition_key = models.SlugField(_("asked only if the answer to"), blank=True)
    condition_value = models.CharField(_("is"), max_length=80, blank=True, help_text=_("For yes or no: true or false"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, blank=True, default="")
    least = models.DecimalField(_("at least"), max_digits=14, decimal_places=2, null=True, blank=True)
    most = models.DecimalField(_("at most"), max_digits=14, decimal_places=2, null=True, blank=True)
    on_advice = models.BooleanField(
        _("only when it is needed"), default=False, help_text=_("Asked when the adviser or staff ask for it")
    )
    words = models.JSONField(
        _("words for the adviser"), default=dict, blank=True, help_text=_("Beginnings of words, by language")
    )

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["event_type", "key"], name="question_key_once"),
            models.UniqueConstraint(fields=["key"], condition=Q(event_type=None), name="question_common_key_once"),
            models.CheckConstraint(
                condition=Q(least=None) | Q(most=None) | Q(most__gte=models.F("least")), name="question_bounds_in_order"
            ),
        ]

    def __str__(self) -> str:
        return translated(self.label) or self.key


class DocumentSlot(BaseModel):
    """One paper that an event type needs; without a type everyone is asked for it."""

    event_type = models.ForeignKey(
        EventType, models.CASCADE, related_name="slots", null=True, blank=True, verbose_name=_("event type")
    )
    key = models.SlugField(_("key"))
    title = TranslatedField(_("title"))
    why = TranslatedField(_("why it is needed"), blank=True)
    accepts_note = TranslatedField(_("what is accepted"), blank=True)
    accepts = models.JSONField(_("kinds of files"), default=all_kinds)
    required = models.BooleanField(_("required"), default=True)
    max_files = models.PositiveSmallIntegerField(_("files at most"), default=5)
    kinds = models.JSONField(
        _("papers that fit"), default=list, blank=True, help_text=_("None chosen: whatever comes is fine")
    )
    on_advice = models.BooleanField(
        _("only when it is needed"), default=False, help_text=_("Asked when the adviser or staff ask for it")
    )
    words = models.JSONField(
        _("words for the adviser"), default=dict, blank=True, help_text=_("Beginnings of words, by language")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)

    class Meta:
        verbose_name = _("document slot")
        verbose_name_plural = _("document slots")
        ordering = ["order", "key"]
        constraints = [
            models.UniqueConstraint(fields=["event_type", "key"], name="slot_key_once"),
            models.UniqueConstraint(fields=["key"], condition=Q(event_type=None), name="slot_common_key_once"),
            models.CheckConstraint(condition=Q(max_files__gte=1, max_files__lte=20), name="slot_files_bounded"),
        ]

    def __str__(self) -> str:
        return translated(self.title) or self.key


class FormDefinition(BaseModel):
    """The catalogue as it was published: claims keep the version that they were filled in by."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    content = models.JSONField(_("content"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("published form")
        verbose_name_plural = _("published forms")
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"v{self.version}"
