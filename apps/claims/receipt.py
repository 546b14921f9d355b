"""The receipt of a submitted claim as a PDF: what was received, when, and what comes next."""

from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from font_roboto import Roboto, RobotoBold
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from apps.claims import selectors
from apps.claims.models import Claim
from apps.contacts.rules import phones

INK, QUIET, ACCENT = (28, 33, 40), (96, 104, 114), (20, 92, 122)
WIDTH = 174  # mm between the margins of A4


def receipt_pdf(claim: Claim, language: str) -> bytes:
    """The receipt in `language`. Requisites and the phone are masked: paper gets lost."""
    with override(language):
        return bytes(_Receipt(claim, language).output())


class _Receipt(FPDF):
    def __init__(self, claim: Claim, language: str) -> None:
        super().__init__(format="A4")
        self.set_margins(18, 18, 18)
        self.set_auto_page_break(True, margin=18)
        self.add_font("Roboto", "", Path(Roboto))
        self.add_font("Roboto", "B", Path(RobotoBold))
        self.claim, self.lang_code = claim, language
        self.set_title(_("Receipt %(number)s") % {"number": claim.number})
        self.set_lang(language)
        self.set_creator("Claimdesk")
        self.add_page()
        self._head()
        self._facts()
        self._answers()
        self._documents()
        self._next()

    def footer(self) -> None:
        self.set_y(-14)
        self._text(f"{self.claim.number} · {self.page_no()}", size=8, colour=QUIET)

    def _text(self, text: str, *, size: int = 10, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        self.set_font("Roboto", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(WIDTH, size * 0.52, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _title(self, text: str) -> None:
        self.ln(5)
        self._text(text, size=13, bold=True, colour=ACCENT)
        self.ln(1.5)

    def _row(self, label: str, value: str) -> None:
        if not value:
            return
        self._text(label, size=8, colour=QUIET)
        self._text(value)
        self.ln(1.5)

    def _head(self) -> None:
        claim = self.claim
        assert claim.submitted_at is not None
        self._text(_("We received your claim"), size=20, bold=True)
        self.ln(2)
        self._text(claim.number, size=16, bold=True, colour=ACCENT)
        at = timezone.localtime(claim.submitted_at)
        self._text(_("Received on %(when)s") % {"when": f"{at:%d.%m.%Y, %H:%M} ({at.tzname()})"}, colour=QUIET)

    def _facts(self) -> None:
        claim = self.claim
        kept = getattr(claim, "requisites", None)
        self._title(_("What happened"))
        self._row(_("Event"), selectors.event_title(claim, self.lang_code))
        self._row(_("Date"), f"{claim.event_date:%d.%m.%Y}" if claim.event_date else "")
        self._row(_("Place"), claim.event_place)
        self._row(_("In your words"), claim.description)
        self._row(_("Policy"), claim.policy_number)
        self._row(_("Phone"), phones.mask(claim.contact.phone))
        self._row(_("Email"), claim.email)
        self._row(_("Payout to"), f"{kept.get_kind_display()} {kept.summary}" if kept else "")

    def _answers(self) -> None:
        answers = selectors.claim_answers(self.claim, self.lang_code)
        if answers:
            self._title(_("Your answers"))
        for label, text in answers:
            self._row(label, text)

    def _documents(self) -> None:
        held = list(self.claim.documents.all())
        if held:
            self._title(_("Documents"))
        for slot in selectors.claim_slots(self.claim, self.lang_code):
            if slot["documents"]:
                self._row(slot["title"], "\n".join(one.name for one in slot["documents"]))

    def _next(self) -> None:
        self._title(_("What comes next"))
        self._text(_("A person reads your claim and writes to you by SMS or email, also if a document is missing."))
        self.ln(1)
        self._text(_("You can follow it and send more documents at any time with the claim's number and your phone."))
