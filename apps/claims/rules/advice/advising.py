"""What a description is about and what to ask for beyond the form, by the catalogue's words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.claims.rules import form
from apps.claims.rules.advice import words
from apps.claims.rules.advice.summaries import summary
from apps.claims.rules.advice.words import Hit, Stems, Story
from apps.claims.rules.form import Json

LINES_MOST = 10  # of each sort
EVIDENCE_MOST = 120  # characters
SURE_LEAST, SURE_RATIO = 0.8, 1.6
NONE_LEAST = 0.3  # a story that scores less is about nothing we know


@dataclass(frozen=True)
class Line:
    """A slot or a question to ask for; `evidence` is the applicant's own words, or ""."""

    key: str
    evidence: str = ""


@dataclass(frozen=True)
class Advice:
    """`event_type` is a code of the catalogue or ""; with `sure` no other adviser may change it."""

    summary: str
    event_type: str
    sure: bool
    documents: tuple[Line, ...]
    questions: tuple[Line, ...]


def candidates(definition: Json, event_type: str) -> tuple[list[Json], list[Json]]:
    """The slots and the questions that an adviser may add: optional or `on_advice`, of the type and of everyone."""
    parts = [part for part in (form.event_type(definition, event_type), definition["common"]) if part]
    slots, questions = ([item for part in parts for item in part[name]] for name in ("slots", "questions"))
    return list(filter(_may_be_added, slots)), list(filter(_may_be_added, questions))


def advise(definition: Json, description: str, *, chosen: str = "") -> Advice:
    """What the rules make of a description. `chosen` is the event type that the applicant named, which stands."""
    story = words.read(description)
    vocabulary = {one["code"]: words.stems_of(one) for one in definition["event_types"]}
    misspelt = words.unknown(vocabulary.values(), story)
    code, sure = _event_type(_told(vocabulary, story, misspelt))
    if chosen and form.event_type(definition, chosen):
        code, sure = chosen, True
    slots, questions = candidates(definition, code)
    return Advice(
        summary=summary(description),
        event_type=code,
        sure=sure,
        documents=_lines(slots, story, misspelt),
        questions=_lines(questions, story, misspelt),
    )


def _may_be_added(item: Json) -> bool:
    return bool(item.get("on_advice") or not item["required"])


def _event_type(told: Mapping[str, Mapping[str, float]]) -> tuple[str, bool]:
    """The type whose words tell most, or "", and whether it leads clearly, by more than one word."""
    scores = {code: sum(weights.values()) for code, weights in told.items()}
    first, *others = sorted(scores, key=lambda code: -scores[code]) or [""]  # stable: the catalogue's order
    best = scores.get(first, 0.0)
    if best < NONE_LEAST:
        return "", False
    second = max((scores[code] for code in others), default=0.0)
    return first, best >= SURE_LEAST and best >= SURE_RATIO * second and len(told[first]) > 1


def _told(vocabulary: Mapping[str, Stems], story: Story, misspelt: frozenset[int]) -> dict[str, dict[str, float]]:
    """By event type, the words told and their weights; a word that several types know is shared among them."""
    weights = {code: _standing(words.hits(stems, story, misspelt), story) for code, stems in vocabulary.items()}
    shared = Counter(word for found in weights.values() for word in found)
    return {code: {word: weight / shared[word] for word, weight in found.items()} for code, found in weights.items()}


def _standing(hits: Iterable[Hit], story: Story) -> dict[str, float]:
    """Weights by the words told, each once; a clause that denies one of a type's words tells nothing for it."""
    found = list(hits)
    denied = story.well | {hit.first.clause for hit in found if hit.negated}
    weights: dict[str, float] = {}
    for hit in found:
        if hit.first.clause not in denied:
            weights[hit.told] = max(weights.get(hit.told, 0.0), hit.weight)
    return weights


def _lines(items: list[Json], story: Story, misspelt: frozenset[int]) -> tuple[Line, ...]:
    found = []
    for item in items:
        hits = [hit for hit in words.hits(words.stems_of(item), story, misspelt) if not hit.negated]
        if hits:
            best = max(hits, key=lambda hit: (hit.weight, -hit.first.start))
            found.append(Line(item["key"], _evidence(story, best)))
    return tuple(found[:LINES_MOST])


def _evidence(story: Story, hit: Hit) -> str:
    """The clause around the hit, cut at words; as it stands in the description."""
    around = [word for word in story.words if word.clause == hit.first.clause]
    start, end = hit.first.start, hit.last.end
    after = [word.end for word in around if word.end > end and word.end - start <= EVIDENCE_MOST // 2]
    end = max([end, *after])
    start = min([start, *(word.start for word in around if word.start < start and end - word.start <= EVIDENCE_MOST)])
    return story.text[start:end][:EVIDENCE_MOST]
