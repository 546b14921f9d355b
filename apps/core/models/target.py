from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models.outbox import Delivery


class Target(models.Model):
    """An outside system as its deliveries see it: paused by staff, its breaker, and the last check of it.

    There is no row before the first trouble, pause or check.
    """

    name = models.CharField(_("target"), max_length=40, primary_key=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    paused_by = models.CharField(_("paused by"), max_length=150, blank=True)
    pause_reason = models.TextField(_("reason"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    opened_at = models.DateTimeField(_("breaker open since"), null=True, blank=True)
    probe_at = models.DateTimeField(_("next probe"), null=True, blank=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    last_failure_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    check_ok = models.BooleanField(_("works"), null=True, blank=True)
    check_detail = models.TextField(_("what the check said"), blank=True)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RemoteRef(models.Model):
    """Our thing's record in an outside system, where several deliveries need the same one: one of them makes it."""

    kind = models.CharField(_("kind"), max_length=40)
    natural_key = models.CharField(_("our key"), max_length=160)
    remote_id = models.CharField(_("remote id"), max_length=120, blank=True)
    owner = models.ForeignKey(
        Delivery, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("remote record")
        verbose_name_plural = _("remote records")
        constraints = [models.UniqueConstraint(fields=["kind", "natural_key"], name="remote_ref_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id}"
