"""Papers for the demo's claims: drawn, not photographed, and marked as samples."""

import random
from pathlib import Path

from font_roboto import Roboto, RobotoBold
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFilter, ImageFont


def draw_photo(path: Path, title: str, lines: list[str], seed: int) -> None:
    """A JPEG that looks like a sheet on a table, photographed with a phone a little askew."""
    chance = random.Random(seed)
    sheet = Image.new("RGB", (1000, 1400), (252, 251, 247))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((60, 60, 940, 170), fill=(20, 92, 122))
    pen.text((90, 88), title, font=ImageFont.truetype(Roboto, 46), fill="white")
    for row, line in enumerate(lines):
        pen.text((90, 240 + row * 64), line, font=ImageFont.truetype(Roboto, 36), fill=(40, 44, 50))
    pen.text((90, 1290), "ОБРАЗЕЦ / SAMPLE", font=ImageFont.truetype(RobotoBold, 40), fill=(190, 60, 60))
    table = Image.new("RGB", (1300, 1700), (104 + chance.randrange(30), 84, 66))
    turned = sheet.convert("RGBA").rotate(chance.uniform(-4, 4), expand=True, resample=Image.Resampling.BICUBIC)
    table.paste(turned, (120, 110), turned)
    table.filter(ImageFilter.GaussianBlur(0.6)).save(path, quality=82)


def draw_pdf(path: Path, title: str, lines: list[str]) -> None:
    page = FPDF(format="A4")
    page.add_font("Roboto", "", Path(Roboto))
    page.add_font("Roboto", "B", Path(RobotoBold))
    page.add_page()
    page.set_font("Roboto", "B", 20)
    page.cell(0, 14, title, new_x="LMARGIN", new_y="NEXT")
    page.set_font("Roboto", "", 12)
    for line in [*lines, "", "ОБРАЗЕЦ / SAMPLE"]:
        page.cell(0, 9, line, new_x="LMARGIN", new_y="NEXT")
    page.output(str(path))
