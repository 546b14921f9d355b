"""The company's CRM: people, projects and tickets there. `settings.CRM_BACKEND` names the class that speaks to it.

Ids are the CRM's own, whole (`12x345`). Nothing there refuses a second record with our key, so callers state their
intent before each `…_create`, and after an unclear outcome wait out `settings.CRM_WINDOW_SECONDS` and `…_find` first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.health import Health


@dataclass(frozen=True)
class Person:
    """`phone` is digits with the country's code; names may be empty.

    Without a `surname` the first word of `full_name` is taken for it.
    """

    phone: str
    full_name: str = ""
    email: str = ""
    surname: str = ""
    given_names: str = ""


@dataclass(frozen=True)
class Case:
    """A project of one contact for one policy; `key` is ours and names it where there is no policy number."""

    key: str
    contact_id: str
    policy_number: str
    title: str


@dataclass(frozen=True)
class Ticket:
    """A claim there. `key` is the claim's number, by which it is found again; `answers` by our question keys."""

    key: str
    contact_id: str
    project_id: str
    title: str
    description: str
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """A record in the CRM. `number` is what people call it (TT42); `is_new` says that this call made it.

    `differences` names the CRM's fields that do not hold what we meant: cut, left out, or not kept as they were sent.
    """

    id: str
    number: str = ""
    is_new: bool = False
    differences: tuple[str, ...] = ()


class Crm(Protocol):
    """All calls raise Unavailable, Rejected or OutcomeUnknown; those that only read never OutcomeUnknown."""

    @classmethod
    def from_settings(cls) -> Self:
        """The CRM that the settings describe. Raises ImproperlyConfigured."""

    def contact_find(self, person: Person) -> Record | None:
        """The oldest contact with this phone, in whatever spelling it stands there."""

    def contact_create(self, person: Person) -> Record: ...

    def project_find(self, case: Case) -> Record | None:
        """The oldest project of this contact for this policy."""

    def project_create(self, case: Case) -> Record: ...

    def ticket_find(self, ticket: Ticket) -> Record | None:
        """The oldest ticket with this claim's number."""

    def ticket_create(self, ticket: Ticket) -> Record: ...

    def ticket_append(self, ticket_id: str, lines: Sequence[str]) -> None:
        """Add those of `lines` to the ticket's description that are not in it. Safe to repeat.

        Raises Rejected (`lines_not_stored`) where the CRM says that it did and did not.
        """

    def record_read(self, kind: str, record_id: str) -> Record | None:
        """The "contact", "project" or "ticket" as it stands; None if it is gone (or was never ours to see)."""

    def ticket_relate(self, *, project_id: str, ticket_id: str) -> None:
        """Relate project and ticket both ways, and read back that it was stored. What stands already is left.

        Safe to repeat. Raises Rejected (`relation_not_stored`) where the CRM says that it did and did not.
        """

    def tickets_by_key(self, keys: Sequence[str]) -> dict[str, list[Record]]:
        """For each of the claims' numbers the tickets that carry it, the oldest first; an empty list for none."""

    def normalise(self, kind: str, text: str) -> str:
        """The whole id of a "contact", "project" or "ticket" that staff typed, as `123` or `12x123`.

        Raises Rejected (`id_invalid`).
        """

    def url(self, record_id: str, kind: str = "ticket") -> str:
        """Where people open the record of this kind (as for `normalise`) in the CRM. Asks nobody."""

    def check(self) -> Health:
        """Whether we can log in and see the modules we need; never raises an IntegrationError."""


def get_crm() -> Crm:
    """The CRM of `settings.CRM_BACKEND`. It keeps its session to itself: one for each thread that asks."""
    return cast(type[Crm], import_string(settings.CRM_BACKEND)).from_settings()
