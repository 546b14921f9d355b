"""The receipt of a submitted claim as a PDF: what was received, when, and what comes next."""

from itertools import groupby
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from font_roboto import Roboto, RobotoBold
from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.fonts import FontFace

from apps.claims import selectors
from apps.claims.form_texts import WAIVED_TEXTS
from apps.claims.models import Claim
from apps.contacts.rules import phones

INK, QUIET, ACCENT = (28, 33, 40), (96, 104, 114), (15, 95, 90)
MARGIN, LABELS, WIDTH = 18, 58, 174  # mm: at each side of A4, the column of labels, all between the margins
NEXT = 35  # mm that the last block needs
TALL = 12  # lines beside each other at most: the row of a table cannot run over to the next page
LETTERS = (20, 45)  # that surely fit in a line of each column


def receipt_pdf(claim: Claim, language: str) -> bytes:
    """The receipt in `language`. Requisites and the phone are masked: paper gets lost."""
    with override(language):
        return bytes(_Receipt(claim, language).output())


class _Receipt(FPDF):
    def __init__(self, claim: Claim, language: str) -> None:
        super().__init__(format="A4")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN)
        self.add_font("Roboto", "", Path(Roboto))
        self.add_font("Roboto", "B", Path(RobotoBold))
        self.claim, self.lang_code = claim, language
        self.set_title(_("Receipt %(number)s") % {"number": claim.number})
        self.set_lang(language)
        self.set_creator("Claimdesk")
        self.add_page()
        self._head()
        self._facts()
        self._part(_("Your answers"), selectors.claim_answers(claim, language))
        self._documents()
        self._next()

    def footer(self) -> None:
        self.set_y(-14)
        self._text(f"{self.claim.number} · {self.page_no()}", size=8, colour=QUIET)

    def _text(self, text: str, *, size: int = 10, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        self.set_font("Roboto", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(WIDTH, size * 0.5, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _part(self, title: str, rows: list[tuple[str, str]]) -> None:
        """A titled table of labels and values; a long value stands below its label and may run over pages."""
        filled = [(label, value) for label, value in rows if value]
        if not filled:
            return
        self.ln(5)
        self._text(title, size=13, bold=True, colour=ACCENT)
        self.ln(1.5)
        for is_tall, group in groupby(filled, key=_is_tall):
            if is_tall:
                self._stack(list(group))
            else:
                self._table(list(group))

    def _stack(self, rows: list[tuple[str, str]]) -> None:
        for label, value in rows:
            self.ln(1)
            self._text(label, size=9, colour=QUIET)
            self._text(value)
            self.ln(1)

    def _table(self, rows: list[tuple[str, str]]) -> None:
        self.set_font("Roboto", "", 10)
        quiet, plain = FontFace(size_pt=9, color=QUIET), FontFace(color=INK)
        with self.table(
            col_widths=(LABELS, WIDTH - LABELS), borders_layout="NONE", first_row_as_headings=False, align="LEFT",
            text_align="LEFT", line_height=5, padding=(0.9, 2, 0.9, 0), width=WIDTH, v_align="TOP",
        ) as table:  # fmt: skip
            for label, value in rows:
                row = table.row()
                row.cell(label, style=quiet)
                row.cell(value, style=plain)

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
        self._part(
            _("What happened"),
            [
                (_("Event"), selectors.event_title(claim, self.lang_code)),
                (_("Date"), f"{claim.event_date:%d.%m.%Y}" if claim.event_date else ""),
                (_("Place"), claim.event_place),
                (_("In your words"), claim.description),
                (_("Policy"), claim.policy_number),
                (_("Phone"), phones.mask(claim.contact.phone)),
                (_("Email"), claim.email),
                (_("Payout to"), f"{kept.get_kind_display()} {kept.summary}" if kept else ""),
            ],
        )

    def _documents(self) -> None:
        notes = selectors.waiver_notes(self.claim)
        slots = selectors.claim_slots(self.claim, self.lang_code)
        self._part(_("Documents"), [(slot["title"], _papers(slot, notes)) for slot in slots])

    def _next(self) -> None:
        if self.will_page_break(NEXT):
            self.add_page()
        self.ln(5)
        self._text(_("What comes next"), size=13, bold=True, colour=ACCENT)
        self.ln(1.5)
        self._text(_("A person reads your claim and writes to you by SMS or email, also if a document is missing."))
        self.ln(1)
        self._text(_("You can follow it and send more documents at any time with the claim's number and your phone."))


def _is_tall(row: tuple[str, str]) -> bool:
    lines = (1 + len(line) // most for text, most in zip(row, LETTERS, strict=True) for line in text.split("\n"))
    return sum(lines) > TALL


def _papers(slot: dict[str, Any], notes: dict[str, str]) -> str:
    """The files of a slot, a line each, and why a paper is not there."""
    refused = _("does not fit")
    lines = [f"{one.name} ({refused})" if one.state == "rejected" else one.name for one in slot["documents"]]
    if slot["waived"] and slot["state"] != "accepted":
        lines += [str(WAIVED_TEXTS[slot["waived"]]), notes.get(slot["key"], "")]
    return "\n".join(line for line in lines if line)
