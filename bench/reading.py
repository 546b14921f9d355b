"""How well papers are read: kinds, facts, quality and verdicts on a set with known answers, beside tesseract alone."""

import csv
import io
import json
import multiprocessing
import os
import re
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from apps.claims.rules.reading.facts import Fact, facts_of
from apps.claims.rules.reading.kinds import KindFound, kind_of
from apps.claims.rules.reading.letters import latin
from apps.claims.rules.reading.quality import Trouble, troubles_of
from apps.claims.rules.reading.verdict import Verdict, verdict_of
from apps.core.files.reading import draw_pages, read_text
from apps.core.files.reading.pages import Box, Page, Word
from apps.core.files.signatures import Kind
from bench.figures import Figure, percentile
from bench.papers import Paper, papers
from bench.papers.cases import TODAY
from bench.place import Place

CATALOGUE = Path(__file__).parents[1] / "apps/claims/catalogue/document_kinds.json"
FILES: dict[str, Kind] = {".pdf": "pdf", ".jpg": "jpeg", ".png": "png"}
OCR_S = 120  # for one page
MOST_PAGES = 10
WORD_LEVEL = "5"  # of tesseract's table


@dataclass(frozen=True)
class Seen:
    """What was seen on a paper; `seconds` is what one page of it took."""

    pages: tuple[Page, ...]
    words: tuple[Word, ...]
    seconds: float

    @property
    def has_text(self) -> bool:
        return all(page.has_text for page in self.pages)


@dataclass(frozen=True)
class Judged:
    kind: KindFound
    facts: tuple[Fact, ...]
    troubles: tuple[Trouble, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Run:
    """All papers as we see them and as tesseract alone does; the peak (MB) of the largest child of ours."""

    ours: tuple[Seen, ...]
    alone: tuple[Seen, ...]
    peak: float


# --- seeing


def read(paper: Paper) -> Seen:
    """As the product does it: draw, take the text that is there, read the rest, turned upright."""
    began = time.perf_counter()
    folder = paper.path.with_suffix(".pages")
    drawn = draw_pages(paper.path, kind=FILES[paper.path.suffix], folder=folder, most_pages=MOST_PAGES)
    pages, words = [], list(drawn.words)
    for page in drawn.pages:
        seen = page
        if not page.has_text:
            found = read_text(_image(folder, page), page=page.number, seconds=OCR_S)
            words += found.words
            seen = _turned(page, found.turned)
        pages.append(seen)
    return Seen(tuple(pages), tuple(words), (time.perf_counter() - began) / len(pages))


def read_alone(paper: Paper) -> Seen:
    """By tesseract as it comes: each page drawn, none turned, brightened or told from text."""
    folder = paper.path.with_suffix(".alone")
    drawn = draw_pages(paper.path, kind=FILES[paper.path.suffix], folder=folder, most_pages=MOST_PAGES)
    began = time.perf_counter()
    words = [word for page in drawn.pages for word in _plainly(_image(folder, page), page)]
    return Seen(drawn.pages, tuple(words), (time.perf_counter() - began) / len(drawn.pages))


def _turned(page: Page, degrees: int) -> Page:
    size = (page.height, page.width) if degrees % 180 else (page.width, page.height)
    return replace(page, width=size[0], height=size[1], turned=degrees)


def _image(folder: Path, page: Page) -> Path:
    return folder / f"page-{page.number:03}.jpg"


def _plainly(image: Path, page: Page) -> Iterable[Word]:
    command = ["tesseract", str(image), "-", "-l", "rus+ukr+eng", "tsv"]
    one_thread = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=OCR_S, check=True, env=one_thread)
    lines: dict[tuple[str, ...], int] = {}
    for row in csv.DictReader(io.StringIO(done.stdout), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["level"] != WORD_LEVEL or not row["text"].strip():
            continue
        left, top = int(row["left"]) / page.width, int(row["top"]) / page.height
        box = Box(left, top, left + int(row["width"]) / page.width, top + int(row["height"]) / page.height)
        line = lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines))
        yield Word(row["text"], page.number, line, box, float(row["conf"]) / 100)


def run(folder: Path) -> Run:
    """In a process of its own, so that the largest child is one of ours; as many papers at once as there are cores."""
    with multiprocessing.get_context("spawn").Pool(1, _set_up) as pool:
        return pool.apply(_run, (folder,))


def _set_up() -> None:
    import django

    django.setup()


def _run(folder: Path) -> Run:
    every = papers(folder)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda paper: paper.write(), every))
        ours = tuple(threads.map(read, every))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        alone = tuple(threads.map(read_alone, every))
    return Run(ours, alone, peak)


# --- judging


def judged(paper: Paper, seen: Seen, *, looks: bool = True) -> Judged:
    """By the product's rules; without `looks`, by the words alone."""
    found = kind_of(seen.words, json.loads(CATALOGUE.read_text(encoding="utf-8")))
    troubles = tuple(troubles_of(seen.pages, seen.words)) if looks else ()
    verdict = verdict_of(slot_kinds=paper.slot_kinds, found=found, troubles=troubles, read=True)
    return Judged(found, tuple(facts_of(seen.words, today=TODAY)), troubles, verdict)


@dataclass(frozen=True)
class Marks:
    """The counts of right answers, each `(right, of)`."""

    kind: tuple[int, int]
    verdict: tuple[int, int]
    trouble_named: tuple[int, int]
    quiet: tuple[int, int]  # no trouble named where none is
    precision: tuple[int, int]
    recall: tuple[int, int]
    rejected: tuple[int, int]  # good papers
    accepted: tuple[int, int]  # bad papers
    by_fact: dict[str, tuple[int, int]]


def marked(answers: Sequence[tuple[Paper, Judged]]) -> Marks:
    good = [(paper, one) for paper, one in answers if paper.good]
    bad = [(paper, one) for paper, one in answers if not paper.good]
    right = [(facts_right(paper, one), one) for paper, one in good]
    wanted = [
        (kind, (kind, value) in found)
        for paper, one in good
        for found in [_keys(one)]
        for kind, value in keys(paper.facts)
    ]
    return Marks(
        kind=_share(answers, lambda paper, _one: not paper.quality, lambda paper, one: one.kind.code == paper.kind),
        verdict=_share(answers, lambda *_: True, lambda paper, one: one.verdict.state in paper.verdict),
        trouble_named=_share(answers, lambda paper, _one: bool(paper.quality),
                             lambda paper, one: bool(_codes(one) & paper.quality)),
        quiet=_share(answers, lambda paper, _one: not paper.quality, lambda _paper, one: not one.troubles),
        precision=(sum(len(facts) for facts, _one in right), sum(len(_keys(one)) for _facts, one in right)),
        recall=(sum(found for _kind, found in wanted), len(wanted)),
        rejected=(sum(one.verdict.state == "rejected" for _paper, one in good), len(good)),
        accepted=(sum(one.verdict.state == "accepted" for _paper, one in bad), len(bad)),
        by_fact=_by_fact(wanted),
    )  # fmt: skip


Test = Callable[[Paper, Judged], bool]


def _share(answers: Sequence[tuple[Paper, Judged]], asked: Test, right: Test) -> tuple[int, int]:
    among = [(paper, one) for paper, one in answers if asked(paper, one)]
    return sum(right(paper, one) for paper, one in among), len(among)


def _codes(one: Judged) -> set[str]:
    return {trouble.code for trouble in one.troubles}


def facts_right(paper: Paper, one: Judged) -> set[tuple[str, str]]:
    """Of the facts found, those that stand on the paper."""
    return _keys(one) & (keys(paper.facts) | keys(paper.also))


def _keys(one: Judged) -> set[tuple[str, str]]:
    return keys((fact.kind, fact.value) for fact in one.facts)


def keys(facts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Facts as they are compared: without regard to spaces, hyphens, capitals, and the alphabet of a car's letters."""
    return {(kind, value if kind in ("amount", "date") else _bare(kind, value)) for kind, value in facts}


def _bare(kind: str, value: str) -> str:
    return re.sub(r"[\W_]+", "", latin(value) if kind == "car_number" else value).casefold()


def _by_fact(wanted: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    counts = Counter(wanted)
    return {
        kind: (counts[kind, True], counts[kind, True] + counts[kind, False]) for kind in sorted({k for k, _ in counts})
    }


# --- the figures


def measure(place: Place) -> list[Figure]:
    folder = place.folder / "reading"
    folder.mkdir()
    return figures(papers(folder), run(folder))


def figures(every: Sequence[Paper], seen: Run) -> list[Figure]:
    ours = marked([(paper, judged(paper, one)) for paper, one in zip(every, seen.ours, strict=True)])
    alone = marked([(paper, judged(paper, one, looks=False)) for paper, one in zip(every, seen.alone, strict=True)])

    def figure(what: str, of: Callable[[Marks], tuple[int, int]], goal: str = "", met: bool | None = None) -> Figure:
        return Figure("reading", what, _text(of(ours)), f"tesseract alone: {_text(of(alone))}", "", goal, met)

    return [
        figure(f"{len(every)} papers, kind right", lambda m: m.kind, "≥ 95 %", _least(ours.kind, 0.95)),
        figure("verdict right", lambda m: m.verdict, "≥ 95 %", _least(ours.verdict, 0.95)),
        figure("trouble named: dark, blurred, cut, small, empty", lambda m: m.trouble_named, "≥ 90 %",
               _least(ours.trouble_named, 0.9)),
        figure("no trouble named where there is none", lambda m: m.quiet, "≥ 95 %", _least(ours.quiet, 0.95)),
        figure("good papers rejected", lambda m: m.rejected, "0", ours.rejected[0] == 0),
        figure("bad papers accepted", lambda m: m.accepted, "≤ 3 %", ours.accepted[0] <= 0.03 * ours.accepted[1]),
        figure("facts found that are right", lambda m: m.precision, "≥ 90 %", _least(ours.precision, 0.9)),
        figure("facts on good papers that were found", lambda m: m.recall, "≥ 85 %", _least(ours.recall, 0.85)),
        *(Figure("reading", f"found: {kind}", _text(share), f"tesseract alone: {_text(alone.by_fact[kind])}")
          for kind, share in ours.by_fact.items()),
        *_costs(seen),
    ]  # fmt: skip


def _costs(seen: Run) -> list[Figure]:
    text = [one.seconds for one in seen.ours if one.has_text]
    read_ones = [number for number, one in enumerate(seen.ours) if not one.has_text]
    ours, alone = ([side[number].seconds for number in read_ones] for side in (seen.ours, seen.alone))
    return [
        Figure("reading", "seconds a page, PDF with text", _p50_p95(text)),
        Figure("reading", f"seconds a page by OCR, {os.cpu_count()} at once", _p50_p95(ours),
               f"tesseract alone: {_p50_p95(alone)}", f"{sum(ours) / sum(alone):.2f}x"),
        Figure("reading", "memory of the largest child", f"{seen.peak:.0f} MB"),
    ]  # fmt: skip


def _p50_p95(seconds: Sequence[float]) -> str:
    return f"{percentile(seconds, 0.5):.1f} / {percentile(seconds, 0.95):.1f} s"


def _text(share: tuple[int, int]) -> str:
    right, of = share
    return f"{right} of {of}" + (f" ({right / of:.0%})" if of else "")


def _least(share: tuple[int, int], goal: float) -> bool:
    right, of = share
    return right >= goal * of
