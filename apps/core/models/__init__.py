from apps.core.models.audit import AuditEntry
from apps.core.models.base import BaseModel
from apps.core.models.ledger import IdempotencyKey, InboxMessage, Quota
from apps.core.models.outbox import Delivery, DeliveryAttempt, OutboxEvent
from apps.core.models.target import RemoteRef, Target

__all__ = [
    "AuditEntry",
    "BaseModel",
    "Delivery",
    "DeliveryAttempt",
    "IdempotencyKey",
    "InboxMessage",
    "OutboxEvent",
    "Quota",
    "RemoteRef",
    "Target",
]
