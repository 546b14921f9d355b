"""What submitting a claim sets off: its registration in the company's systems, one step after the other."""

from datetime import timedelta

from django.conf import settings

from apps.claims.events import ClaimSubmitted, DocumentAdded
from apps.claims.handlers import advice, callbacks, crm, handover, reading  # noqa: F401  some register themselves
from apps.core.outbox import Event, Step, chain

WINDOW = timedelta(seconds=settings.CRM_WINDOW_SECONDS)


def to_share(event: Event) -> bool:
    return bool(settings.NEXTCLOUD_URL)


def to_archive(event: Event) -> bool:
    return bool(settings.ARCHIVE_S3["endpoint_url"])


FILES = Step("files", handover.files, "files", wanted=to_share)
ARCHIVE = Step("archive", handover.archive, "archive", wanted=to_archive)

chain(
    "registration",
    on=ClaimSubmitted,
    steps=[
        Step("contact", crm.contact, "crm", "search", WINDOW, crm.to_crm, crm.contact_adopt),
        Step("project", crm.project, "crm", "search", WINDOW, crm.to_crm, crm.project_adopt),
        Step("ticket", crm.ticket, "crm", "search", WINDOW, crm.to_crm, crm.ticket_adopt),
        Step("relation", crm.relation, "crm", wanted=crm.to_crm),
        FILES,
        ARCHIVE,
        Step("complete", handover.complete, "claimdesk", wanted=crm.to_crm),
    ],
)
# What comes after the submit follows the rest.
chain("addition", on=DocumentAdded, steps=[FILES, ARCHIVE])
