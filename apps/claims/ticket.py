"""A claim as the CRM is told of it, in the language of the company."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.claims import selectors
from apps.claims.models import Claim
from apps.claims.rules import form
from apps.core.fields import translated
from apps.integrations.crm import Ticket

LANGUAGE = settings.LANGUAGE_CODE


def ticket_of(claim: Claim, *, contact_id: str, project_id: str) -> Ticket:
    """What stands in the ticket. Payout details do not: they stay here."""
    with override(LANGUAGE):
        title = ", ".join(part for part in (selectors.event_title(claim, LANGUAGE), claim.event_place) if part)
        return Ticket(
            key=claim.number,
            contact_id=contact_id,
            project_id=project_id,
            title=title or _("Claim"),
            description="\n".join(_line(label, value) for label, value in _facts(claim) if value),
            answers=_answers(claim),
        )


def answers_asked(claim: Claim) -> list[str]:
    """The answers to what staff asked after the submit, a line for each, as `ticket_of` writes them."""
    keys = set(claim.document_requests.filter(kind="question").values_list("slot", flat=True))
    with override(LANGUAGE):
        words = selectors.yes_no_words()
    asked = [one for one in selectors.asked_questions(claim) if one["key"] in keys]
    texts = [(one, form.answer_text(one, claim.answers.get(one["key"]), LANGUAGE, words)) for one in asked]
    return [_line(translated(one["label"], LANGUAGE), text) for one, text in texts if text]


def _line(label: str, value: str) -> str:
    return f"{label} {value}" if label.endswith(("?", "!", ".", ":")) else f"{label}: {value}"


def _facts(claim: Claim) -> list[tuple[str, str]]:
    return [
        (_("Claim"), claim.number),
        (_("Policy"), claim.policy_number),
        (_("Date of the event"), date_format(claim.event_date, "d.m.Y") if claim.event_date else ""),
        (_("Place"), claim.event_place),
        (_("What happened"), claim.description),
        *selectors.claim_answers(claim, LANGUAGE),
    ]


def _answers(claim: Claim) -> dict[str, str]:
    """The answers by their questions' keys, as text; a number as it is kept, since the CRM's fields take no other."""
    words = selectors.yes_no_words()
    asked = selectors.asked_questions(claim)
    texts = {one["key"]: _answer(one, claim.answers.get(one["key"]), words) for one in asked}
    return {key: text for key, text in texts.items() if text}


def _answer(question: form.Json, value: Any, words: Mapping[bool, str]) -> str:
    if value is not None and question["kind"] == "number":
        return str(value)
    if value is not None and question["kind"] == "money":
        return f"{value['amount']} {value['currency']}"
    return form.answer_text(question, value, LANGUAGE, words)
