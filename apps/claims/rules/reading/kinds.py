"""Which kind of paper this is, from the words on it and the catalogue's words for each kind."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

from apps.claims.rules.reading.letters import is_near, tokens
from apps.core.files.reading.pages import Word

Json = Mapping[str, Any]

MOST_WORDS = 700  # what a paper is stands on its first pages
FEW_WORDS = 5  # words of three letters; with fewer a page is a picture rather than a paper
LEAST_SURE = 0.35  # 0 to 1: below it OCR saw letters where there are none
HEADING_LINES = 6  # lines
TALL = 1.35  # times the height of the page's usual word
HEADING_WEIGHT = 2.5
PHRASE_WEIGHT = 1.6  # for each further word of a phrase
NEAR_WEIGHT = 0.7  # a word with one wrong letter
SHORT = 3  # letters; so short a word is meant whole
LONG = 6  # letters; only in words as long a wrong letter is forgiven
HALF_SCORE = 4.0  # the weight that makes a score of one half
ENOUGH = 3.0  # weight; a kind below it is a guess
LEAST = 1.0  # weight; below it nothing fits
LEAD = 1.8  # times the weight of the runner-up


@dataclass(frozen=True)
class KindFound:
    """`score` is 0 to 1. `code` is empty when nothing fits; `runner_up` is empty when nothing else does."""

    code: str
    score: float
    runner_up: str
    sure: bool


@dataclass(frozen=True)
class _Seen:
    token: str
    weight: float


def kind_of(words: Sequence[Word], kinds: Sequence[Json]) -> KindFound:
    """The kind whose words stand on the paper; a page with next to no words is taken for the textless kind, unsure."""
    legible = [word for word in words if word.sure >= LEAST_SURE][:MOST_WORDS]
    ranked = sorted(_weights(_seen(legible), kinds).items(), key=lambda item: -item[1])
    (code, best), (runner_up, second) = (*ranked, ("", 0.0), ("", 0.0))[:2]
    if best < LEAST:
        return KindFound("" if _is_text(legible) else _textless(kinds), 0.0, code if best else "", False)
    sure = best >= ENOUGH and best >= LEAD * second
    return KindFound(code, round(best / (best + HALF_SCORE), 3), runner_up if second else "", sure)


def _seen(words: Sequence[Word]) -> list[_Seen]:
    heading = {id(word) for word in _heading(words)}
    weights = (HEADING_WEIGHT if id(word) in heading else 1.0 for word in words)
    return [_Seen(token, weight) for word, weight in zip(words, weights, strict=True) for token in tokens(word.text)]


def _heading(words: Sequence[Word]) -> list[Word]:
    """The first lines of the first page, and what is set taller than the rest there."""
    first = [word for word in words if word.page == words[0].page]
    lines = list(dict.fromkeys(word.line for word in first))[:HEADING_LINES]
    tall = TALL * median([word.box.bottom - word.box.top for word in first]) if first else 0.0
    return [word for word in first if word.line in lines or word.box.bottom - word.box.top >= tall]


def _weights(seen: Sequence[_Seen], kinds: Sequence[Json]) -> dict[str, float]:
    phrases = {str(kind["code"]): _phrases(kind) for kind in kinds if not kind.get("textless")}
    sharing = Counter(phrase for own in phrases.values() for phrase in own)
    found = {phrase: _found(phrase, seen) for phrase in sharing}
    return {code: sum(found[phrase] / sharing[phrase] for phrase in own) for code, own in phrases.items()}


def _phrases(kind: Json) -> set[tuple[str, ...]]:
    by_language: Mapping[str, Iterable[str]] = kind.get("words") or {}
    return {phrase for words in by_language.values() for phrase in map(_phrase, words) if phrase}


@lru_cache(maxsize=4096)
def _phrase(text: str) -> tuple[str, ...]:
    return tuple(tokens(text))


def _found(phrase: tuple[str, ...], seen: Sequence[_Seen]) -> float:
    """The weight of the phrase's best place; it counts once, however often it stands there."""
    length = len(phrase)
    weight = 1 + PHRASE_WEIGHT * (length - 1)
    places = (
        min(_fit(seen[at + n].token, beginning) for n, beginning in enumerate(phrase)) * seen[at].weight
        for at in range(len(seen) - length + 1)
        if _fit(seen[at].token, phrase[0])
    )
    return weight * max(places, default=0.0)


@lru_cache(maxsize=65536)
def _fit(token: str, beginning: str) -> float:
    if token == beginning or (token.startswith(beginning) and len(beginning) > SHORT):
        return 1.0
    size, half = len(beginning), len(beginning) // 2
    if size < LONG or not (token.startswith(beginning[:half]) or beginning[half:] in token):
        return 0.0
    return NEAR_WEIGHT if any(is_near(token[:end], beginning) for end in (size, size - 1, size + 1)) else 0.0


def _is_text(words: Sequence[Word]) -> bool:
    return sum(any(len(token) > 2 for token in tokens(word.text)) for word in words) >= FEW_WORDS


def _textless(kinds: Sequence[Json]) -> str:
    return next((str(kind["code"]) for kind in kinds if kind.get("textless")), "")
