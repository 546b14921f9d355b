"""Which papers there are, how each is spoiled, and what a careful person would say of it."""

import functools
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from bench.papers import prints, shots
from bench.papers.cases import Case
from bench.papers.sheets import LAYOUTS, Sheet, Writer

LANGUAGES = ("ru", "uk", "en")
KINDS = (
    "passport", "policy", "ticket", "boarding_pass", "delay_certificate", "cancellation_certificate",
    "baggage_report", "baggage_tag", "medical_report", "prescription", "bill", "receipt", "payment_proof",
    "official_report", "loss_report", "claim_letter", "booking", "estimate", "ownership", "letter",
)  # fmt: skip
# What a slot takes beside the kind itself, as a form would have it.
ALSO_TAKES = {
    "bill": ("receipt",), "receipt": ("bill", "payment_proof"), "payment_proof": ("receipt",), "ticket": ("booking",),
    "booking": ("ticket",), "loss_report": ("official_report",), "official_report": ("loss_report",),
    "medical_report": ("prescription",), "delay_certificate": ("cancellation_certificate",),
}  # fmt: skip
ON_PAPER = ("passport", "baggage_tag", "receipt", "prescription")  # nobody has these as a PDF with text
DOTS = {"letter": 190, "form": 190, "receipt": 340, "strip": 220, "tag": 380, "card": 300, "screen": 300}
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
PHONE = (1500, 1900)

GOOD = frozenset({"accepted"})
PASSABLE = frozenset({"accepted", "doubtful"})
BAD = frozenset({"rejected", "doubtful"})


@dataclass
class Paper:
    """One file and what is known of it.

    `quality`: trouble codes of which one must be named; empty: none may be. `facts` are pairs (kind, value) to find,
    `also` such as may be found too. `verdict`: the states that are right. `turned`: degrees clockwise to stand upright.
    """

    path: Path
    what: str
    slot_kinds: tuple[str, ...]
    kind: str
    verdict: frozenset[str]
    write: Callable[[], None] = field(repr=False, compare=False)
    quality: frozenset[str] = frozenset()
    facts: frozenset[tuple[str, str]] = frozenset()
    also: frozenset[tuple[str, str]] = frozenset()
    turned: int = 0

    @property
    def good(self) -> bool:
        return "accepted" in self.verdict


Spoil = Callable[[Image.Image, random.Random, float], Image.Image]  # the last: the height of the letters in pixels
SPOILED: tuple[tuple[str, Spoil | None, int, frozenset[str], frozenset[str]], ...] = (
    ("askew", None, 6, PASSABLE, frozenset()),
    ("dim", shots.dim, 5, PASSABLE, frozenset()),
    ("scribbled", shots.scribbled, 6, PASSABLE, frozenset()),
    ("dark", shots.dark, 8, BAD, frozenset({"too_dark"})),
    ("blurred", shots.blurred, 8, BAD, frozenset({"blurred"})),
    ("cut", shots.cut, 8, BAD, frozenset({"cut"})),
    ("tiny", shots.tiny, 6, BAD, frozenset({"too_small"})),
)


def papers(folder: Path, seed: int = 2026) -> list[Paper]:
    """All of them, the same for the same seed; `write` makes the file of one."""
    return list(_Plan(folder, seed).all())


class _Plan:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.numbers = itertools.count(1)
        texts = {language: _templates(language) for language in LANGUAGES}
        self.layout = {(language, kind): texts[language][kind][0] for language in LANGUAGES for kind in KINDS}
        self.text = {(language, kind): texts[language][kind][1] for language in LANGUAGES for kind in KINDS}

    def all(self) -> Iterator[Paper]:
        yield from self.plain()
        yield from self.turned()
        readable = [k for k in KINDS if k != "letter"]
        for what, spoil, count, verdict, quality in SPOILED:
            for kind, language in self.cycle(readable, count, len(what)):
                yield self.photo(kind, language, what, spoil, verdict=verdict, quality=quality)
        yield from self.misplaced(readable)
        yield from self.without_text()
        yield from self.two_pages()

    def cycle(self, kinds: list[str], count: int, start: int) -> Iterator[tuple[str, str]]:
        for n in range(start, start + count):
            yield kinds[n * 5 % len(kinds)], LANGUAGES[n % 3]

    def plain(self) -> Iterator[Paper]:
        media = ("text", "photo", "scan", "picture", "photo")
        for number, (kind, language) in enumerate(itertools.product(KINDS, LANGUAGES)):
            medium = media[(number + number // 3) % len(media)]
            medium = "scan" if kind in ON_PAPER and medium == "text" else medium
            verdict = PASSABLE if kind == "letter" else GOOD
            make = {"text": self.pdf, "scan": self.scan, "picture": self.picture, "photo": self.photo}[medium]
            yield make(kind, language, medium, verdict=verdict)

    def turned(self) -> Iterator[Paper]:
        kinds = ["boarding_pass", "delay_certificate", "medical_report", "receipt", "policy", "bill", "baggage_report"]
        for (kind, language), degrees in zip(self.cycle(kinds, 12, 0), itertools.cycle(TURNS), strict=False):
            turn = functools.partial(shots.turned, TURNS[degrees])
            yield self.photo(kind, language, f"turned {degrees}", turn, verdict=GOOD, turned=degrees)

    def misplaced(self, kinds: list[str]) -> Iterator[Paper]:
        """Good papers in slots for others."""
        makers = (self.pdf, self.photo, self.scan)
        for number, (kind, language) in enumerate(self.cycle(kinds, 16, 3)):
            asked = next(
                k for k in kinds[(number * 7) % len(kinds) :] + kinds if k not in (kind, *ALSO_TAKES.get(kind, ()))
            )
            yield makers[number % 3](kind, language, f"not {asked}", verdict=BAD, slot_kinds=(asked,))
        for kind, language in self.cycle(["policy", "bill", "boarding_pass"], 3, 0):
            yield self.photo(kind, language, "not photo", verdict=BAD, slot_kinds=("photo",))

    def without_text(self) -> Iterator[Paper]:
        for _n in range(6):
            yield self.bare("scene", shots.scene, ("photo",), "photo", GOOD, ".jpg")
        for kind in ("passport", "bill", "medical_report", "delay_certificate", "receipt"):
            yield self.bare("scene", shots.scene, (kind,), "photo", BAD, ".jpg")
        for kind in ("claim_letter", "prescription", "letter", "medical_report", "receipt"):
            yield self.bare("strokes", shots.strokes, (kind,), "", BAD, ".jpg", {"unreadable", "empty"})
        for kind, suffix in (("bill", ".jpg"), ("policy", ".png"), ("medical_report", ".pdf")):
            yield self.bare("empty", shots.empty, (kind,), "", BAD, suffix, {"empty"})
        yield self.bare("black", shots.black, ("receipt",), "", BAD, ".jpg", {"too_dark", "empty"})

    def two_pages(self) -> Iterator[Paper]:
        for number, (kind, language) in enumerate(self.cycle(["policy", "medical_report", "booking"], 6, 0)):
            make = self.pdf if number % 2 else self.scan
            yield make(kind, language, "two pages", verdict=GOOD, second=True)

    # --- one of each make

    def sheets(self, kind: str, language: str, chance: random.Random, second: bool) -> tuple[list[Sheet], Case]:
        case = Case(language, chance)
        values = case.values()
        layout = LAYOUTS[self.layout[language, kind]]
        made = [Writer(layout, chance).write(self.text[language, kind].format_map(values))]
        if second:
            made.append(Writer(layout, chance).write(self.text[language, "letter"].format_map(values)))
        return made, case

    def known(self, kind: str, language: str, what: str, suffix: str, second: bool = False, **answer: Any) -> tuple[
        Paper, list[Sheet], random.Random
    ]:  # fmt: skip
        number = next(self.numbers)
        chance = random.Random(self.seed * 1000 + number)
        sheets, case = self.sheets(kind, language, chance, second)
        path = self.folder / f"{number:03}-{kind}-{language}-{what.replace(' ', '-')}{suffix}"
        answer.setdefault("slot_kinds", (kind, *ALSO_TAKES.get(kind, ())))
        paper = Paper(path, what, kind=kind, write=_nothing, **answer)
        paper.facts, paper.also = frozenset(case.facts), frozenset(case.also)
        if what == "scribbled":  # a pen went over some of them
            paper.facts, paper.also = frozenset(), paper.facts | paper.also
        return paper, sheets, chance

    def pdf(self, kind: str, language: str, what: str, **answer: Any) -> Paper:
        paper, sheets, _chance = self.known(kind, language, what, ".pdf", **answer)
        paper.write = lambda: prints.text_pdf(sheets, paper.path)
        return paper

    def scan(self, kind: str, language: str, what: str, **answer: Any) -> Paper:
        paper, sheets, chance = self.known(kind, language, what, ".pdf", **answer)
        dots = DOTS[self.layout[language, kind]]
        state = chance.getstate()

        def write() -> None:
            chance.setstate(state)
            prints.scanned_pdf([shots.scanned(prints.picture(one, dots), chance) for one in sheets], paper.path, dots)

        paper.write = write
        return paper

    def picture(self, kind: str, language: str, what: str, **answer: Any) -> Paper:
        paper, sheets, _chance = self.known(kind, language, what, ".png", **answer)
        dots = DOTS[self.layout[language, kind]]
        paper.write = lambda: prints.picture(sheets[0], dots).save(paper.path)
        return paper

    def photo(self, kind: str, language: str, what: str, spoil: Spoil | None = None, **answer: Any) -> Paper:
        paper, sheets, chance = self.known(kind, language, what, ".jpg", **answer)
        dots, askew = DOTS[self.layout[language, kind]], 7.0 if what == "askew" else 1.5
        state, em = chance.getstate(), LAYOUTS[self.layout[language, kind]].size * dots / prints.MM
        on_paper = spoil is shots.scribbled  # all else happens to the photo

        def write() -> None:
            chance.setstate(state)
            image = prints.picture(sheets[0], dots)
            image = spoil(image, chance, em) if spoil and on_paper else image
            shot = shots.photographed(image, chance, askew)
            shot = spoil(shot, chance, em) if spoil and not on_paper else shot
            shot.save(paper.path, quality=82)

        paper.write = write
        return paper

    def bare(
        self, what: str, draw: Callable[[tuple[int, int], random.Random], Image.Image], slot_kinds: tuple[str, ...],
        kind: str, verdict: frozenset[str], suffix: str, quality: Iterable[str] = (),
    ) -> Paper:  # fmt: skip
        """A file on which nothing stands to read."""
        number = next(self.numbers)
        path = self.folder / f"{number:03}-{what}-for-{slot_kinds[0]}{suffix}"

        def write() -> None:
            image = draw(PHONE, random.Random(self.seed * 1000 + number))
            if suffix == ".pdf":
                prints.scanned_pdf([image], path, 180)
            else:
                image.save(path)

        return Paper(path, what, slot_kinds, kind, verdict, write, frozenset(quality))


def _nothing() -> None:
    """Replaced by whoever makes the paper."""


def _templates(language: str) -> dict[str, tuple[str, str]]:
    """Layout and text by kind, from the language's file."""
    text = (Path(__file__).parent / "texts" / f"{language}.txt").read_text(encoding="utf-8")
    found = {}
    for part in text.split("=== ")[1:]:
        head, _line, body = part.partition("\n")
        kind, layout = head.split()
        found[kind] = (layout, body)
    return found
