"""The company's message broker: every event goes to it, for consumers that we do not know."""

from typing import Protocol, Self

from apps.integrations.envelope import Envelope
from apps.integrations.health import Health


class EventBroker(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """The broker that the settings describe. Raises ImproperlyConfigured."""

    def publish(self, envelope: Envelope) -> None:
        """Return when the broker has taken the event and a queue holds it.

        A repeat carries the same message id, by which consumers know it: an unclear outcome is Unavailable too.
        Raises Unavailable, or Rejected (AccountRejected if staff must act) where no queue wants it.
        """

    def check(self) -> Health:
        """Whether it lets us in; never raises an IntegrationError."""


def get_broker() -> EventBroker:
    """RabbitMQ at `settings.EVENTS_URL`."""
    from apps.integrations.broker.rabbitmq import RabbitMq

    return RabbitMq.from_settings()
