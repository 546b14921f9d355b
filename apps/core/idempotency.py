"""A public POST with an `Idempotency-Key` is done once; its repeats get the first answer."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.inserts import insert_once
from apps.core.models import IdempotencyKey

Answer = tuple[int, dict[str, Any]]


class KeyInvalid(DomainError):
    code = "idempotency_key_invalid"
    detail = _("Send an Idempotency-Key of 8 to 200 visible ASCII characters.")


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 409
    detail = _("This Idempotency-Key was used for another request.")


def fingerprint(*parts: Any) -> str:
    """SHA-256 (hex) of the request's meaning: method, path and body."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


def answered(*, scope: str, key: str, mark: str) -> Answer | None:
    """The stored answer of `key`, or None. Raises KeyInvalid, KeyReused."""
    if not (8 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise KeyInvalid(attr="Idempotency-Key")
    row = IdempotencyKey.objects.filter(scope=scope, key=key).first()
    if row is None:
        return None
    if row.fingerprint != mark:
        raise KeyReused
    return row.status, row.answer


def once(*, scope: str, key: str, mark: str, now: datetime, act: Callable[[], Answer]) -> Answer:
    """Do `act` and keep its answer with the key, in one transaction; or give the answer that is kept.

    A concurrent twin waits at the unique index and then reads the answer. An error of `act` keeps nothing.
    Raises KeyInvalid, KeyReused and whatever `act` raises.
    """
    if (kept := answered(scope=scope, key=key, mark=mark)) is not None:
        return kept
    with transaction.atomic():
        row = {"scope": scope, "key": key, "fingerprint": mark, "status": 0, "answer": {}, "created_at": now}
        if not insert_once(IdempotencyKey, **row):
            kept = answered(scope=scope, key=key, mark=mark)
            assert kept is not None  # the twin has committed: the insert waited for it
            return kept
        status, answer = act()
        IdempotencyKey.objects.filter(scope=scope, key=key).update(status=status, answer=answer)
    return status, answer


def keys_purge(*, now: datetime) -> int:
    """Forget answers after seven days. Returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=7)).delete()[0]
