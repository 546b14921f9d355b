"""The bench's papers: made alike each time, their answers known, and typical ones judged as a person would."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from apps.claims.rules.reading.facts import KINDS as FACT_KINDS
from bench import reading
from bench.papers import Paper, papers

CATALOGUE = Path(__file__).parents[1] / "apps/claims/catalogue/document_kinds.json"
TYPICAL = (
    "boarding_pass-en-photo", "delay_certificate-ru-photo", "cancellation_certificate-ru-text", "receipt-ru-photo",
    "bill-ru-text", "medical_report-ru-scan", "passport-uk-photo", "baggage_report-uk-text", "policy-uk-text",
    "-turned-180.jpg", "-dark.jpg", "-blurred.jpg", "-cut.jpg", "-not-photo.jpg", "scene-for-bill", "scene-for-photo",
)  # fmt: skip
TROUBLES = {"too_dark", "blurred", "too_small", "cut", "empty", "unreadable"}


def first_of_each(folder: Path, *endings: str) -> list[Paper]:
    every = papers(folder)
    return [next(paper for paper in every if ending in paper.path.name) for ending in endings]


def test_there_are_enough_of_every_make(tmp_path: Path) -> None:
    every = papers(tmp_path)

    makes = Counter(paper.what.split()[0] for paper in every)

    assert len({paper.path for paper in every}) == len(every) >= 130
    assert {"text", "scan", "photo", "picture", "turned", "dark", "blurred", "cut", "tiny", "not", "strokes"} <= set(
        makes
    )
    assert sum(paper.good for paper in every) > 60


def test_every_answer_is_in_words_that_the_product_knows(tmp_path: Path) -> None:
    kinds = {kind["code"] for kind in json.loads(CATALOGUE.read_text(encoding="utf-8"))}

    every = papers(tmp_path)

    assert {paper.kind for paper in every} - {""} == kinds
    assert {kind for paper in every for kind in paper.slot_kinds} <= kinds
    assert {code for paper in every for code in paper.quality} == TROUBLES
    assert {kind for paper in every for kind, _value in paper.facts} == set(FACT_KINDS)


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    endings = ("bill-ru-text", "receipt-ru-photo", "passport-ru-scan", "-blurred.jpg", "strokes-for", "scene-for-photo")
    one, two = first_of_each(tmp_path / "one", *endings), first_of_each(tmp_path / "two", *endings)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    for paper in (*one, *two):
        paper.write()

    assert [paper.path.read_bytes() for paper in one] == [paper.path.read_bytes() for paper in two]


def test_another_seed_makes_other_papers(tmp_path: Path) -> None:
    ours, others = papers(tmp_path), papers(tmp_path, seed=7)

    assert [paper.path for paper in ours] == [paper.path for paper in others]
    assert all(one.facts != other.facts for one, other in zip(ours, others, strict=True) if one.facts)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
@pytest.mark.timeout(600)
def test_typical_papers_are_judged_as_a_person_would(tmp_path: Path) -> None:
    sample = first_of_each(tmp_path, *TYPICAL)
    for paper in sample:
        paper.write()

    states = {paper.path.name: reading.judged(paper, reading.read(paper)).verdict.state for paper in sample}

    assert {name: state for paper in sample if (state := states[name := paper.path.name]) not in paper.verdict} == {}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
def test_a_paper_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    (paper,) = first_of_each(tmp_path, "-turned-90.jpg")
    paper.write()

    assert [page.turned for page in reading.read(paper).pages] == [90]
