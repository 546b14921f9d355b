"""What a workflow may ask of us: kinds that apps register, each done once for each id."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.core.inbox import receive

log = structlog.get_logger(__name__)

Callback = Callable[[str, dict[str, Any], datetime], None]
_callbacks: dict[str, Callback] = {}


class KindUnknown(DomainError):
    code = "callback_kind_unknown"
    status = 422
    detail = _("There is no callback of this kind.")


def callback(kind: str) -> Callable[[Callback], Callback]:
    """Register what callbacks of `kind` do: a function of `about` (an id or number), `data` and the time.

    It is called inside the transaction that remembers the callback's id, and raises DomainError for what it refuses;
    then nothing is kept and the same id may come again.
    """

    def register(function: Callback) -> Callback:
        if _callbacks.setdefault(kind, function) is not function:
            raise ValueError(f"two callbacks are of kind {kind}")
        return function

    return register


@transaction.atomic
def callback_take(*, source: str, id: str, kind: str, about: str, data: dict[str, Any], now: datetime) -> bool:  # noqa: A002
    """Do what the callback asks; False if its id has come before. Raises KindUnknown and what its kind refuses with."""
    act = _callbacks.get(kind)
    if act is None:
        raise KindUnknown(attr="kind")
    if not receive(source=source, external_id=id, now=now):
        log.info("callback_repeated", source=source, kind=kind)
        return False
    act(about, data, now)
    log.info("callback_taken", source=source, kind=kind)
    return True
