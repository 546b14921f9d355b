"""What can go wrong with an outside system: two failures and one doubt (the kernel's own)."""

from apps.core.errors import IntegrationError, OutcomeUnknown, Rejected, Unavailable

__all__ = ["AccountRejected", "IntegrationError", "OutcomeUnknown", "Rejected", "Unavailable"]


class AccountRejected(Rejected):
    """The system refuses us and not the request (login, money, block): no request will pass until staff act."""
