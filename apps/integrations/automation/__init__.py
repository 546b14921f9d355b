"""Workflows outside: they are told what happened here, and may call back with `callback` kinds that apps register."""

from datetime import datetime
from typing import Protocol, Self

from apps.integrations.automation.callbacks import callback
from apps.integrations.envelope import Envelope
from apps.integrations.health import Health

__all__ = ["Automation", "callback", "get_automation"]


class Automation(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """The automation that the settings describe. Raises ImproperlyConfigured."""

    def tell(self, envelope: Envelope, *, now: datetime) -> None:
        """Hand the event over, signed as of `now`; a repeat carries the same id and key, and does no harm.

        Raises Unavailable (also when nobody knows whether it arrived), or Rejected (AccountRejected if staff must act).
        """

    def check(self) -> Health:
        """Whether it answers, without starting anything; never raises an IntegrationError."""


def get_automation() -> Automation:
    """n8n at `settings.N8N_URL`."""
    from apps.integrations.automation.n8n import N8n

    return N8n.from_settings()
