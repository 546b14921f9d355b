from datetime import datetime

from apps.core.inserts import insert_once
from apps.core.models import InboxMessage


def receive(*, source: str, external_id: str, now: datetime) -> bool:
    """True the first time; call it in the transaction of the effect, so that a repeat does nothing."""
    return insert_once(InboxMessage, source=source, external_id=external_id, received_at=now)
