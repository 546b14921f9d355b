from dataclasses import dataclass
from typing import ClassVar

from apps.core.outbox import Event


@dataclass(frozen=True, kw_only=True)
class AttentionDue(Event):
    """On this day (ISO) an administrator is to be told what needs somebody."""

    name: ClassVar[str] = "attention.due"
    about: ClassVar[str] = "user_id"
    user_id: str
    day: str
