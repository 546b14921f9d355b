from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from apps.core.outbox import Event


@dataclass(frozen=True, kw_only=True)
class _ClaimEvent(Event):
    about: ClassVar[str] = "claim_id"
    claim_id: UUID


@dataclass(frozen=True, kw_only=True)
class ClaimDescribed(_ClaimEvent):
    name: ClassVar[str] = "claim.described"


@dataclass(frozen=True, kw_only=True)
class ClaimSubmitted(_ClaimEvent):
    name: ClassVar[str] = "claim.submitted"


@dataclass(frozen=True, kw_only=True)
class ClaimStatusChanged(_ClaimEvent):
    name: ClassVar[str] = "claim.status_changed"
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentReceived(_ClaimEvent):
    name: ClassVar[str] = "document.received"
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentRejected(_ClaimEvent):
    name: ClassVar[str] = "document.rejected"
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentsRequested(_ClaimEvent):
    name: ClassVar[str] = "documents.requested"
    request_id: UUID
