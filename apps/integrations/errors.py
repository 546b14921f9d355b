"""What can go wrong with an outside system: two failures and one doubt (the kernel's own)."""

from apps.core.errors import AccountRejected, IntegrationError, OutcomeUnknown, Rejected, Unavailable

__all__ = ["AccountRejected", "IntegrationError", "OutcomeUnknown", "Rejected", "Unavailable"]
