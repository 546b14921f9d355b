import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """A fact that happened here, written in the transaction that made it true. `data` holds ids only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("event"), max_length=80)
    aggregate = models.CharField(_("about"), max_length=80, db_index=True)
    data = models.JSONField(_("data"), default=dict)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    occurred_at = models.DateTimeField(_("occurred"), db_index=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-occurred_at"]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """The work of bringing one event to one handler."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting for the next try")
        UNKNOWN = "unknown", _("Outcome unknown")
        NEEDS_ATTENTION = "needs_attention", _("Needs attention")
        DONE = "done", _("Done")
        DONE_MANUALLY = "done_manually", _("Done by hand")
        CANCELLED = "cancelled", _("Cancelled")

    UNFINISHED = (State.QUEUED, State.RUNNING, State.WAITING, State.UNKNOWN)
    FINAL = (State.DONE, State.DONE_MANUALLY, State.CANCELLED)

    event = models.ForeignKey(OutboxEvent, models.PROTECT, related_name="deliveries", verbose_name=_("event"))
    handler = models.CharField(_("handler"), max_length=80)
    target = models.CharField(_("target"), max_length=40)
    chain = models.CharField(_("chain"), max_length=80, blank=True)
    position = models.PositiveSmallIntegerField(_("step"), default=0)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    lease_by = models.CharField(_("leased by"), max_length=40, blank=True)
    intent_at = models.DateTimeField(_("intent"), null=True, blank=True)
    remote_id = models.CharField(_("remote id"), max_length=120, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    expires_at = models.DateTimeField(_("worthless after"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="delivery_once_per_handler"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "queued",
                        "running",
                        "waiting",
                        "unknown",
                        "needs_attention",
                        "done",
                        "done_manually",
                        "cancelled",
                    ]
                ),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "done_manually", "cancelled"]) | Q(finished_at__isnull=False),
                name="delivery_finished_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                name="delivery_due",
                condition=Q(state__in=["queued", "running", "waiting", "unknown"]),
            ),
            models.Index(fields=["state", "target"], name="delivery_state_target"),
        ]
        permissions = [("view_metrics", _("Can read the metrics"))]

    def __str__(self) -> str:
        return f"{self.handler} #{self.pk}"


class DeliveryAttempt(models.Model):
    class Outcome(models.TextChoices):
        OK = "ok", _("Done")
        UNAVAILABLE = "unavailable", _("Not available")
        REJECTED = "rejected", _("Refused")
        UNKNOWN = "unknown", _("Outcome unknown")
        FAILED = "failed", _("Failed here")
        LOST = "lost", _("Worker lost")
        STAFF = "staff", _("By staff")

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries", verbose_name=_("delivery"))
    number = models.PositiveSmallIntegerField(_("try"))
    started_at = models.DateTimeField(_("started"))
    duration_ms = models.PositiveIntegerField(_("took, ms"), default=0)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    error = models.TextField(_("error"), blank=True)
    detail = models.JSONField(_("request and answer, masked"), default=dict, blank=True)
    by = models.CharField(_("by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("try")
        verbose_name_plural = _("tries")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
