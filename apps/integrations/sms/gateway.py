"""What the product asks of any SMS gateway. `settings.SMS_BACKEND` names the class that does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Protocol, Self, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.health import Health

Form = Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """A message that the gateway took. `cost` is in the account's currency, None if the gateway did not say."""

    id: str
    parts: int
    cost: Decimal | None


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    NOT_FOUND = "not_found"  # the gateway never got it
    UNCLEAR = "unclear"  # a status that the gateway does not document


@dataclass(frozen=True)
class DeliveryStatus:
    """How far a message came; `code` is the gateway's own status, `at` (UTC) when it last changed."""

    state: DeliveryState
    code: str
    at: datetime | None


@dataclass(frozen=True)
class Report:
    """A status that the gateway told us by itself; `id` is the message's."""

    id: str
    status: DeliveryStatus


class ReportForged(Exception):
    """A report that does not prove that the gateway sent it."""


class SmsGateway(Protocol):
    name: ClassVar[str]

    @classmethod
    def from_settings(cls) -> Self:
        """The gateway that the settings describe. Raises ImproperlyConfigured."""

    def own_id(self, key: str) -> str:
        """The id under which the gateway will know the message with `key`; empty where it chooses one itself."""

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        """Send `text` to `phone` (digits with the country's code); `key` is our own id of the message.

        Raises Unavailable, Rejected (AccountRejected if staff must act) or OutcomeUnknown. No gateway refuses a second
        message with the same key: after OutcomeUnknown ask `status(id=error.remote_id, phone=phone)` where there is
        such an id, and never send again.
        """

    def status(self, *, id: str, phone: str) -> DeliveryStatus:  # noqa: A002
        """How far the message came. Raises Unavailable or Rejected."""

    def check(self) -> Health:
        """Whether the account works; never raises an IntegrationError."""


def get_gateway() -> SmsGateway:
    """The gateway of `settings.SMS_BACKEND`. Raises ImproperlyConfigured."""
    return cast(type[SmsGateway], import_string(settings.SMS_BACKEND)).from_settings()
