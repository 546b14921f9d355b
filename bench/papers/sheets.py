"""From a text with a little markup to marks on a sheet, in millimetres.

A line is a paragraph, or `# title`, `.small`, `=centred`, `>to the right`, `&machine readable`, `a | b` columns,
`---` a rule, `||||` bars, `~~~` a signature, `(o) text` a stamp.
"""

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from font_roboto import Roboto, RobotoBold, RobotoLight, RobotoMedium
from PIL import ImageFont

DEJAVU = Path("/usr/share/fonts/truetype/dejavu")


@dataclass(frozen=True)
class Face:
    plain: str
    bold: str


ROBOTO, LIGHT = Face(Roboto, RobotoBold), Face(RobotoLight, RobotoMedium)


def face(name: str) -> Face:
    """One of DejaVu's where the machine has them, else Roboto."""
    plain, bold = DEJAVU / f"DejaVu{name}.ttf", DEJAVU / f"DejaVu{name}-Bold.ttf"
    return Face(str(plain), str(bold)) if plain.exists() and bold.exists() else ROBOTO


@dataclass(frozen=True)
class Layout:
    width: float
    height: float  # 0: as long as the text
    margin: float
    size: float  # of the letters' em
    faces: tuple[Face, ...]
    boxed: bool = False
    right: bool = False  # whether the last column stands at the right edge


LAYOUTS = {
    "letter": Layout(210, 297, 24, 4.6, (face("Serif"), ROBOTO)),
    "form": Layout(210, 297, 16, 4.4, (ROBOTO, face("Sans"), LIGHT), boxed=True),
    "receipt": Layout(80, 0, 5, 3.6, (face("SansMono"), ROBOTO), right=True),
    "strip": Layout(205, 85, 8, 4.6, (ROBOTO, face("SansMono"))),
    "tag": Layout(60, 0, 5, 4.6, (ROBOTO,), right=True),
    "card": Layout(125, 92, 7, 3.5, (ROBOTO, face("Sans"))),
    "screen": Layout(75, 155, 6, 4.2, (ROBOTO,)),
}


@dataclass(frozen=True)
class Letters:
    x: float
    y: float
    size: float
    text: str
    font: str


@dataclass(frozen=True)
class Stroke:
    points: tuple[tuple[float, float], ...]
    width: float = 0.3


@dataclass(frozen=True)
class Ring:
    x: float
    y: float
    radius: float


@dataclass
class Sheet:
    width: float
    height: float
    marks: list[Letters | Stroke | Ring] = field(default_factory=list)


@functools.cache
def _font(path: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, 100)


def wide(text: str, size: float, font: str) -> float:
    return _font(font).getlength(text) * size / 100


class Writer:
    """Fills one sheet from top to bottom."""

    def __init__(self, layout: Layout, chance: random.Random) -> None:
        self.layout, self.chance = layout, chance
        self.face = chance.choice(layout.faces)
        self.sheet = Sheet(layout.width, layout.height)
        self.y = layout.margin
        self.room = layout.width - 2 * layout.margin

    def write(self, text: str) -> Sheet:
        for line in text.splitlines():
            self.line(line)
        self.sheet.height = self.sheet.height or self.y + self.layout.margin
        return self.sheet

    def line(self, line: str) -> None:
        special: dict[str, Callable[[], None]] = {
            "---": self.rule, "||||": self.bars, "~~~": self.signature
        }  # fmt: skip
        if line in special:
            return special[line]()
        if line.startswith("(o)"):
            return self.stamp(line[4:])
        return self.words(line)

    def words(self, line: str) -> None:
        size, font, place = self.layout.size, self.face.plain, 0.0
        if line[:1] in "=>":
            place, line = (0.5 if line[0] == "=" else 1.0), line[1:]
        if line[:1] == "#":
            size, font, line = size * 1.35, self.face.bold, line.lstrip("# ")
            self.y += size * 0.4
        elif line[:1] == ".":
            size, line = size * 0.68, line[1:]
        elif line[:1] == "&":
            line, size = line[1:], min(size, size * self.room / wide(line[1:], size, font))
        cells = line.split(" | ")
        if len(cells) > 1:
            self.row(cells, size, font)
        else:
            self.paragraph(line, size, font, place)

    def paragraph(self, text: str, size: float, font: str, place: float) -> None:
        for part in wrapped(text, size, font, self.room):
            x = self.layout.margin + (self.room - wide(part, size, font)) * place
            self.put(x, part, size, font)
            self.y += size * 1.45
        self.y += size * 0.35

    def row(self, cells: list[str], size: float, font: str) -> None:
        shares = [0.38, 0.62] if len(cells) == 2 and self.layout.boxed else [1 / len(cells)] * len(cells)
        top, deepest, x = self.y, self.y, self.layout.margin
        for number, (cell, share) in enumerate(zip(cells, shares, strict=True)):
            self.y, place = top, self.layout.right and number == len(cells) - 1
            for part in wrapped(cell.lstrip("="), size, font, self.room * share - 1):
                left = self.layout.margin + self.room - wide(part, size, font) if place else x
                self.put(left, part, size, font)
                self.y += size * 1.35
            deepest, x = max(deepest, self.y), x + self.room * share
        self.y = deepest + size * 0.45
        if self.layout.boxed:
            self.stroke([(self.layout.margin, self.y - size * 0.3), (x, self.y - size * 0.3)], 0.15)

    def put(self, x: float, text: str, size: float, font: str) -> None:
        if text:
            self.sheet.marks.append(Letters(x, self.y, size, text, font))

    def stroke(self, points: list[tuple[float, float]], width: float = 0.3) -> None:
        self.sheet.marks.append(Stroke(tuple(points), width))

    def rule(self) -> None:
        self.stroke([(self.layout.margin, self.y + 1), (self.layout.margin + self.room, self.y + 1)])
        self.y += 4

    def bars(self) -> None:
        x, end = self.layout.margin + 2, self.layout.margin + min(self.room, 60) - 2
        while x < end:
            width = self.chance.choice((0.3, 0.6, 0.9))
            self.stroke([(x, self.y + 1), (x, self.y + 11)], width)
            x += width + self.chance.choice((0.3, 0.6))
        self.y += 14

    def signature(self) -> None:
        x, y = self.layout.margin + self.room * 0.45, self.y + 3
        self.stroke(scribble(self.chance, x, y, self.room * 0.3, 6), 0.4)
        self.y += 8

    def stamp(self, text: str) -> None:
        radius = min(14.0, self.room * 0.2)
        x, y = self.layout.margin + self.room - radius, self.y + radius * 0.4
        self.sheet.marks += [Ring(x, y, radius), Ring(x, y, radius * 0.8)]
        size = self.layout.size * 0.6
        self.sheet.marks.append(
            Letters(x - wide(text, size, self.face.bold) / 2, y - size / 2, size, text, self.face.bold)
        )
        self.y += radius * 1.5


def wrapped(text: str, size: float, font: str, room: float) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and wide(longer, size, font) > room:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def scribble(chance: random.Random, x: float, y: float, length: float, tall: float) -> list[tuple[float, float]]:
    """A line such as a quick hand leaves."""
    steps = max(4, int(length / 1.6))
    return [
        (x + length * n / steps + chance.uniform(-1, 1), y + chance.uniform(-tall / 2, tall / 2)) for n in range(steps)
    ]
