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
class ClaimRegistered(_ClaimEvent):
    """The company's systems have all of it: the CRM its ticket, the share its documents, the insurer its archive."""

    name: ClassVar[str] = "claim.registered"


@dataclass(frozen=True, kw_only=True)
class ClaimStatusChanged(_ClaimEvent):
    name: ClassVar[str] = "claim.status_changed"
    change_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentReceived(_ClaimEvent):
    name: ClassVar[str] = "document.received"
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentAdded(_ClaimEvent):
    """A document came after the claim was submitted, and has to follow the others."""

    name: ClassVar[str] = "document.added"
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentRejected(_ClaimEvent):
    name: ClassVar[str] = "document.rejected"
    document_id: UUID


@dataclass(frozen=True, kw_only=True)
class DocumentsRequested(_ClaimEvent):
    name: ClassVar[str] = "documents.requested"
    request_id: UUID


@dataclass(frozen=True, kw_only=True)
class AnswersGiven(_ClaimEvent):
    """The applicant has answered what staff asked after the submit."""

    name: ClassVar[str] = "answers.given"


@dataclass(frozen=True, kw_only=True)
class DocumentsReminded(_ClaimEvent):
    """It is time to remind of what is missing, for the `number`-th time (digits)."""

    name: ClassVar[str] = "documents.reminded"
    number: str
