from apps.claims.models.catalogue import DocumentSlot, EventType, FormDefinition, Question
from apps.claims.models.claim import Claim, ClaimStatusChange, Consent, DocumentRequest
from apps.claims.models.document import Document
from apps.claims.models.requisites import Requisites, SbpBank

__all__ = [
    "Claim",
    "ClaimStatusChange",
    "Consent",
    "Document",
    "DocumentRequest",
    "DocumentSlot",
    "EventType",
    "FormDefinition",
    "Question",
    "Requisites",
    "SbpBank",
]
