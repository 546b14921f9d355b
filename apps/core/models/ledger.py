from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedJSONField


class InboxMessage(models.Model):
    """What came in from outside, once for each (source, external id), in the transaction of its effect."""

    source = models.CharField(_("source"), max_length=40)
    external_id = models.CharField(_("external id"), max_length=200)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="inbox_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class IdempotencyKey(models.Model):
    """The answer that a key's first request got; a repeat gets the same one."""

    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = EncryptedJSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_once")]

    def __str__(self) -> str:
        return self.scope


class Quota(models.Model):
    """How often something happened since `started_at`; see core.quotas."""

    name = models.CharField(max_length=160, primary_key=True)
    started_at = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")

    def __str__(self) -> str:
        return self.name
