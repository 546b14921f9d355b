from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.contacts.rules import phones
from apps.contacts.rules.names import folded
from apps.core.crypto import blind_index
from apps.core.fields import EncryptedTextField
from apps.core.models import BaseModel


def phone_index(phone: str) -> str:
    """The blind index by which a contact is found by its normalised phone."""
    return blind_index("phone", phone)


class Contact(BaseModel):
    """A person, found by phone."""

    phone = EncryptedTextField(_("phone"))
    phone_index = models.CharField(max_length=64, unique=True, editable=False)
    phone_tail_index = models.CharField(max_length=64, db_index=True, editable=False)
    full_name = models.CharField(_("full name"), max_length=200, blank=True)
    # Names are searched by part, which ciphertext can't be (docs/adr/0003).
    search = models.CharField(max_length=220, blank=True, editable=False)
    email = EncryptedTextField(_("email"), blank=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="ru")

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="contact_newest")]
        permissions = [("reveal_personal", _("Can see phones, emails and bank details in full"))]

    def __str__(self) -> str:
        return self.full_name or phones.mask(self.phone)

    def set_phone(self, phone: str) -> None:
        """Keep a normalised `phone` with the indexes it is found by (whole, and its last four digits)."""
        self.phone = phone
        self.phone_index = phone_index(phone)
        self.phone_tail_index = blind_index("phone-tail", phone[-4:])

    def set_name(self, full_name: str) -> None:
        self.full_name = full_name
        self.search = folded(full_name)


class VerificationCode(BaseModel):
    """A code sent by SMS: a keyed hash bound to phone, purpose and subject; five minutes, five tries, used once."""

    class Purpose(models.TextChoices):
        LOGIN = "login", _("To report a claim")
        PAYOUT = "payout", _("To confirm payout details")

    TRIES = 5
    SECONDS = 300

    phone = EncryptedTextField(_("phone"))
    phone_index = models.CharField(max_length=64, editable=False)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    subject = models.CharField(max_length=120, blank=True)
    code_hash = models.CharField(max_length=64)
    sealed_code = EncryptedTextField(blank=True)  # until it is sent; then emptied
    language = models.CharField(_("language"), max_length=2, default="ru")
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("verification code")
        verbose_name_plural = _("verification codes")
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(attempts__lte=5), name="code_five_tries")]
        indexes = [
            models.Index(fields=["phone_index", "purpose", "-created_at"], name="code_newest"),
            models.Index(fields=["-created_at"], name="code_recent"),
        ]

    def __str__(self) -> str:
        return phones.mask(self.phone)


class ApplicantSession(BaseModel):
    """An applicant's right to their own claims: an opaque token of 256 bits, of which only the hash is stored."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="sessions", verbose_name=_("contact"))
    token_hash = models.CharField(max_length=64, unique=True)
    seen_at = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField(_("valid until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("applicant session")
        verbose_name_plural = _("applicant sessions")

    def __str__(self) -> str:
        return str(self.contact_id)

    @property
    def is_authenticated(self) -> bool:
        """A session stands where REST framework expects a user."""
        return True
