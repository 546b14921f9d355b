from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from apps.core.outbox import Event


@dataclass(frozen=True, kw_only=True)
class CodeRequested(Event):
    name: ClassVar[str] = "code.requested"
    about: ClassVar[str] = "code_id"
    code_id: UUID
