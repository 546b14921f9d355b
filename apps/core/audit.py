from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from apps.core.models import AuditEntry


def record(
    *,
    action: str,
    target: models.Model,
    actor: AbstractBaseUser | None,
    now: datetime,
    reason: str = "",
    **detail: Any,
) -> AuditEntry:
    """Note that `actor` (None: applicant or system) did `action` to `target`. `detail` holds no personal data."""
    return AuditEntry.objects.create(
        at=now,
        actor_id=actor.pk if actor else None,
        action=action,
        object_type=target._meta.label,
        object_id=str(target.pk),
        reason=reason,
        detail=detail,
    )
