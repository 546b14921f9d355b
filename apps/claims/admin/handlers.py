"""What the steps of a claim's chains do, in words, and the number of the claim that a delivery is about."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.claims.admin.reads import with_ticket
from apps.claims.models import Claim
from apps.core.desk.handlers import describe, describe_things

describe("registration.contact", _("Contact in the CRM"))
describe("registration.project", _("Project in the CRM"))
describe("registration.ticket", _("Ticket in the CRM"))
describe("registration.relation", _("Project and ticket related"))
describe("registration.files", _("Documents to the file share"))
describe("registration.archive", _("Archive for the insurer"))
describe("registration.complete", _("Everything handed over"))
describe("ticket.answers", _("Later answers to the ticket in the CRM"))
describe("reading.scan", _("Document examined for viruses"))
describe("reading.pages", _("Pages of the document drawn"))
describe("reading.text", _("Text of the document read"))
describe("reading.verdict", _("Document judged by its text"))
describe("advice.model", _("Advice asked of the model"))
describe("advice.n8n", _("Advice asked of the workflow"))
describe("addition.files", _("Added document to the file share"))
describe("addition.archive", _("Archive for the insurer, renewed"))


def _named(ids: Collection[str]) -> dict[str, tuple[str, str]]:
    rows = Claim.objects.filter(pk__in=[one for one in ids if _is_id(one)]).values_list("pk", "number")
    return {str(pk): (number, reverse("admin:claims_claim_change", args=[pk])) for pk, number in rows}


def _found(text: str) -> list[str]:
    """By number or ticket, however they are typed."""
    typed = text.upper()
    rows = Claim.objects.filter(number=typed).values_list("pk", flat=True)
    return [str(pk) for pk in (*rows, *with_ticket(typed))]


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


describe_things("claim", named=_named, found=_found)
