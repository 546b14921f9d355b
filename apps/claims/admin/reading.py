"""What was read from a document, as staff see it beside its pages: facts, findings, and what the claim says instead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.claims.models import Claim, Document, DocumentReading
from apps.claims.rules.numbers import money_text
from apps.claims.rules.reading import Disagreement, Fact, disagreements
from apps.claims.selectors.reading import document_reason
from apps.claims.services.reading import INFECTED
from apps.core.fields import translated

Words = Mapping[str, Callable[[], str]]
DATES: Words = {
    "birth": lambda: _("Date of birth"),
    "issued": lambda: _("Issued"),
    "expires": lambda: _("Valid until"),
    "event": lambda: _("Date of the event"),
}
FACTS: Words = {
    "policy_number": lambda: _("Policy number"),
    "name": lambda: _("Name"),
    "date": lambda: _("Date"),
    "amount": lambda: _("Amount"),
    "flight": lambda: _("Flight"),
    "car_number": lambda: _("Car number"),
    "document_number": lambda: _("Document number"),
}
TROUBLES: Words = {
    "too_dark": lambda: _("too dark"),
    "blurred": lambda: _("blurred"),
    "too_small": lambda: _("too small to read"),
    "cut": lambda: _("cut at the edge"),
    "empty": lambda: _("nothing on it"),
    "unreadable": lambda: _("can't be read"),
}
NOTES: Words = {
    "ocr_missing": lambda: _("Pictures can't be read here: text recognition is not installed."),
    "ocr_timeout": lambda: _("Reading took too long; some pages were not read."),
    "ocr_failed": lambda: _("Some pages could not be read."),
    "reading_failed": lambda: _("The file could not be read."),
    "only_first_pages": lambda: _("Only the first pages were read."),
    "storage_away": lambda: _("The file storage did not answer; the reading goes on when it is back."),
}
DIFFERS: Words = {
    "policy_other": lambda: _("Another policy than the claim's: %(expected)s"),
    "date_outside": lambda: _("Outside the policy's time: %(expected)s"),
    "name_other": lambda: _("Another name than the claim's: %(expected)s"),
    "flight_other": lambda: _("Another flight than the claim's: %(expected)s"),
}
FLIGHT_QUESTION = "flight_number"  # its key in the catalogue


@dataclass(frozen=True)
class FactLine:
    """`box` is the place on the page: left, top, width and height in % of it. `differs` is empty if nothing does."""

    label: str
    value: str
    page: int
    box: tuple[str, ...]
    differs: str


@dataclass(frozen=True)
class ReadingShown:
    """`pages` are (number, address of the picture); `total` is how many the file has."""

    kind: str
    score: int  # %
    why: str
    is_doubtful: bool
    troubles: list[str]
    note: str
    pages: list[tuple[int, str]]
    total: int
    facts: list[FactLine]

    @property
    def differs(self) -> list[str]:
        return list(dict.fromkeys(fact.differs for fact in self.facts if fact.differs))


def with_reading(document: Document, claim: Claim, language: str) -> Document:
    """The document with `shown`, what was read (None: nothing yet), `badge`, its kind and label, and `infected`."""
    row: Any = document
    reading = getattr(document, "reading", None)
    row.shown = reading_shown(reading, document, claim, language) if reading else None
    row.badge = _badge(document, row.shown)
    row.infected = bool(reading and reading.code == INFECTED)
    return document


def reading_shown(reading: DocumentReading, document: Document, claim: Claim, language: str) -> ReadingShown:
    """What staff see of `reading`, with texts in the active language, which is `language`."""
    titles = {one["code"]: one["title"] for one in claim.definition.content.get("kinds", [])}
    return ReadingShown(
        kind=translated(titles.get(reading.kind), language) or reading.kind,
        score=round(reading.score * 100),
        why=document_reason(document, claim, language, for_staff=True) if not document.judgement else "",
        is_doubtful=document.state == Document.State.DOUBTFUL,
        troubles=[_trouble(one) for one in reading.troubles],
        note=NOTES[reading.note]() if reading.note in NOTES else "",
        pages=[(one["number"], _page_url(document, one)) for one in reading.pages],
        total=reading.total_pages,
        facts=_facts(reading, claim, language),
    )


def claim_said(claim: Claim) -> list[tuple[str, str]]:
    """What the claim says of what papers say too, as (label, value), to be compared by eye."""
    policy, term = claim.policy, ""
    if policy:
        days = (policy.valid_from, policy.valid_until)
        term = " – ".join(date_format(day, "SHORT_DATE_FORMAT") for day in days)
    event = date_format(claim.event_date, "SHORT_DATE_FORMAT") if claim.event_date else ""
    lines = [
        (FACTS["policy_number"](), f"{claim.policy_number} ({term})" if term else claim.policy_number),
        (DATES["event"](), event),
        (FACTS["flight"](), _flight(claim)),
        (FACTS["name"](), ", ".join(_names(claim))),
    ]
    return [(label, value) for label, value in lines if value]


def _badge(document: Document, shown: ReadingShown | None) -> tuple[str, str]:
    """Kind and label: what staff said is told from what the reading found; what contradicts the claim fits nothing."""
    by_reading = {
        Document.State.ACCEPTED: ("fits", _("Fits, by the reading")),
        Document.State.REJECTED: ("unfit", _("Does not fit, by the reading")),
        Document.State.DOUBTFUL: ("attention", str(Document.State.DOUBTFUL.label)),
    }
    said = (document.state, document.get_state_display())
    if document.judgement:
        return said
    is_contradicted = document.state == Document.State.ACCEPTED and shown and shown.differs
    return by_reading.get(Document.State.DOUBTFUL if is_contradicted else Document.State(document.state), said)


def _page_url(document: Document, page: Mapping[str, Any]) -> str:
    """Also named by its picture, which is another once the page was turned."""
    url = reverse("admin:claims_claim_page", args=[document.claim_id, document.pk, page["number"]])
    return f"{url}?v={page['key'].rpartition('/')[2][:12]}"


def _trouble(one: Mapping[str, Any]) -> str:
    word = TROUBLES[one["code"]]() if one["code"] in TROUBLES else one["code"]
    return _("Page %(n)d: %(trouble)s") % {"n": one["page"], "trouble": word}


def _facts(reading: DocumentReading, claim: Claim, language: str) -> list[FactLine]:
    facts = [Fact.from_json(one) for one in reading.facts]
    differs = {one.fact_index: _differs(one) for one in _compared(facts, reading.kind, claim)}
    return [
        FactLine(_label(fact), _value(fact, language), fact.page, _place(fact), differs.get(n, ""))
        for n, fact in enumerate(facts)
    ]


def _compared(facts: Sequence[Fact], kind: str, claim: Claim) -> list[Disagreement]:
    policy = claim.policy
    return disagreements(
        facts,
        policy_number=claim.policy_number,
        policy_from=policy.valid_from if policy else None,
        policy_until=policy.valid_until if policy else None,
        event_date=claim.event_date,
        names=_names(claim),
        flight=_flight(claim),
        kind=kind,
    )


def _names(claim: Claim) -> list[str]:
    """The people of the claim: who sent it, who holds the policy, who is insured; each once."""
    policy = claim.policy
    insured = [policy.holder_name, *(one.get("name", "") for one in policy.insured)] if policy else []
    once = {" ".join(name.split()).casefold(): name.strip() for name in (claim.contact.full_name, *insured)}
    return [name for name in once.values() if name]


def _flight(claim: Claim) -> str:
    return str(claim.answers.get(FLIGHT_QUESTION) or "")


def _differs(one: Disagreement) -> str:
    expected = one.expected
    if one.code == "date_outside":
        expected = " – ".join(_day(day) for day in expected.split("/"))
    return DIFFERS[one.code]() % {"expected": expected}


def _label(fact: Fact) -> str:
    words = DATES.get(fact.role) if fact.kind == "date" else None
    return (words or FACTS.get(fact.kind, lambda: fact.kind))()


def _value(fact: Fact, language: str) -> str:
    if fact.kind == "amount":
        amount, _space, currency = fact.value.partition(" ")
        return money_text(amount, currency, language)
    return _day(fact.value) if fact.kind == "date" else fact.value


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "SHORT_DATE_FORMAT")


def _place(fact: Fact) -> tuple[str, ...]:
    box = fact.box
    sides = (box.left, box.top, box.right - box.left, box.bottom - box.top)
    return tuple(f"{side * 100:.2f}" for side in sides)
