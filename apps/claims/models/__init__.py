from apps.claims.models.catalogue import (
    DocumentKind,
    DocumentSlot,
    EventType,
    FormDefinition,
    Question,
    ReadyReason,
)
from apps.claims.models.checklist import Advice, ChecklistEntry
from apps.claims.models.claim import Claim, ClaimStatusChange, Consent, DocumentRequest
from apps.claims.models.document import Document, DocumentReading
from apps.claims.models.registration import ClaimNote, Registration
from apps.claims.models.requisites import Requisites, SbpBank

__all__ = [
    "Advice",
    "ChecklistEntry",
    "Claim",
    "ClaimNote",
    "ClaimStatusChange",
    "Consent",
    "Document",
    "DocumentKind",
    "DocumentReading",
    "DocumentRequest",
    "DocumentSlot",
    "EventType",
    "FormDefinition",
    "Question",
    "ReadyReason",
    "Registration",
    "Requisites",
    "SbpBank",
]
