"""A sheet on paper: as a PDF with its text, as a picture, as a PDF of pictures."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from bench.papers.sheets import Letters, Ring, Sheet, Stroke

INK = (34, 38, 46)
STAMP = (58, 82, 160)
MM = 25.4


def picture(sheet: Sheet, dots: int, paper: tuple[int, int, int] = (253, 252, 249)) -> Image.Image:
    """The sheet as a picture of `dots` pixels an inch."""
    scale = dots / MM
    image = Image.new("RGB", (round(sheet.width * scale), round(sheet.height * scale)), paper)
    pen = ImageDraw.Draw(image)
    for mark in sheet.marks:
        match mark:
            case Letters(x, y, size, text, font):
                pen.text((x * scale, y * scale), text, font=ImageFont.truetype(font, size * scale), fill=INK)
            case Stroke(points, width):
                where = [(x * scale, y * scale) for x, y in points]
                pen.line(where, fill=INK, width=max(1, round(width * scale)), joint="curve")
            case Ring(x, y, radius):
                pen.circle((x * scale, y * scale), radius * scale, outline=STAMP, width=round(0.4 * scale))
    return image


def text_pdf(sheets: Sequence[Sheet], path: Path) -> None:
    made = _empty()
    fonts = sorted({mark.font for sheet in sheets for mark in sheet.marks if isinstance(mark, Letters)})
    for font in fonts:
        made.add_font(Path(font).stem, "", font)
    for sheet in sheets:
        made.add_page(format=(sheet.width, sheet.height))
        for mark in sheet.marks:
            _mark(made, mark)
    made.output(str(path))


def _mark(made: FPDF, mark: Letters | Stroke | Ring) -> None:
    match mark:
        case Letters(x, y, size, text, font):
            made.set_font(Path(font).stem, size=size * 72 / MM)
            made.text(x, y + size * 0.93, text)
        case Stroke(points, width):
            made.set_line_width(width)
            made.polyline(points)
        case Ring(x, y, radius):
            made.circle(x, y, radius)


def scanned_pdf(pictures: Sequence[Image.Image], path: Path, dots: int) -> None:
    """As an office scanner makes it: a JPEG a page."""
    made = _empty()
    for image in pictures:
        width, height = image.width / dots * MM, image.height / dots * MM
        made.add_page(format=(width, height))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=80)
        made.image(out, x=0, y=0, w=width)
    made.output(str(path))


def _empty() -> FPDF:
    made = FPDF()
    made.set_auto_page_break(False)
    made.set_creation_date(datetime(2026, 11, 20, tzinfo=UTC))  # else each run's bytes differ
    return made
