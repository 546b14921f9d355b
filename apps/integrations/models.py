from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField
from apps.core.models import Delivery, Target

GIVE_UP = timedelta(hours=24)  # no gateway tries for longer
SHORTEST, LONGEST = timedelta(seconds=60), timedelta(hours=2)  # between two questions about one message


class SmsMessage(models.Model):
    """A message that a gateway took, may have taken or refused, and how far it came. Its text is nowhere.

    The phone is here only while the gateway is asked about the message; `ask_at` is when it is asked next.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("On its way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")
        NOT_FOUND = "not_found", _("Never reached the gateway")
        UNCLEAR = "unclear", _("Outcome unknown")

    FINAL = (State.DELIVERED, State.FAILED, State.NOT_FOUND)
    # The further along, the later in this list: reports come in any order, and the furthest state stays.
    ORDER = (State.UNCLEAR, State.WAITING, State.NOT_FOUND, State.FAILED, State.DELIVERED)

    gateway = models.CharField(_("gateway"), max_length=20)
    gateway_id = models.CharField(_("id at the gateway"), max_length=64, blank=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, blank=True, verbose_name=_("delivery"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.UNCLEAR)
    code = models.CharField(_("code"), max_length=40, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=4, null=True, blank=True)
    parts = models.PositiveSmallIntegerField(_("parts"), default=1)
    phone = EncryptedTextField(_("phone"), blank=True)
    sent_at = models.DateTimeField(_("sent"))
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    ask_at = models.DateTimeField(_("asked next"), null=True, blank=True)

    class Meta:
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "gateway_id"], condition=~Q(gateway_id=""), name="sms_message_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "delivered", "failed", "not_found", "unclear"]),
                name="sms_message_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["delivered", "failed", "not_found"]) | Q(phone="", ask_at__isnull=True),
                name="sms_message_final_keeps_no_phone",
            ),
        ]
        indexes = [models.Index(fields=["ask_at"], name="sms_message_due", condition=Q(ask_at__isnull=False))]

    FOLLOWED = ("state", "code", "changed_at", "phone", "ask_at")  # the fields that `follow` may change

    def __str__(self) -> str:
        return f"{self.gateway} {self.gateway_id or self.pk}"

    def follow(self, state: str, code: str, at: datetime) -> bool:
        """Move on, in memory, to what was true at `at`. False if that is no news: the row stays as it is."""
        state = self.State(state)
        known = (self.ORDER.index(self.State(self.state)), self.changed_at or datetime.min.replace(tzinfo=UTC))
        if (self.ORDER.index(state), at) <= known:
            return False
        self.state, self.code, self.changed_at = state, code[:40], at
        if state in self.FINAL:
            self.phone, self.ask_at = "", None
        return True

    def next_question(self, now: datetime) -> datetime:
        """When to ask again: as long from now as the message is old, within bounds."""
        return now + min(max(now - self.sent_at, SHORTEST), LONGEST)


class ModelSpending(models.Model):
    """What the language model has cost on one day, in millionths of the money that its prices are in.

    Calls that are on their way count as dear as they may become, and so do those that nobody saw the end of.
    """

    day = models.DateField(_("day"), unique=True)
    spent = models.BigIntegerField(_("spent, in millionths"), default=0)
    calls = models.PositiveIntegerField(_("calls"), default=0)
    useless = models.PositiveIntegerField(_("answers of no use"), default=0)
    tokens_in = models.PositiveBigIntegerField(_("tokens sent"), default=0)
    tokens_out = models.PositiveBigIntegerField(_("tokens received"), default=0)

    class Meta:
        verbose_name = _("model spending")
        verbose_name_plural = _("model spending")
        ordering = ["-day"]
        constraints = [models.CheckConstraint(condition=Q(spent__gte=0), name="model_spending_not_negative")]

    def __str__(self) -> str:
        return str(self.day)


class System(Target):
    """A target as the Integrations page shows it. Who may see or change targets may do so here."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
