"""Where the catalogue's words stand in a story: beginnings of words, phrases, misspellings, denials.

A word of three letters takes at most two more, so that "тур" is not "турист", and a shorter one none. Several with a
space between are a phrase, whose words may have up to two others between them; in Russian and Ukrainian, where the
order of words is free, two of them may change places. What the two languages spell differently for one sound is one
letter here, and so is a Latin look-alike in a Cyrillic word: people type "вильот" and "лiтак".
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from apps.claims.rules.form import Json

PHRASE_WEIGHT, TYPO_WEIGHT = 1.5, 0.7
PHRASE_GAP = 2
SHORT, SHORT_ENDING, TYPO_LEAST, LONG = 3, 2, 5, 8  # letters
KEY = 3  # letters, by which phrases are looked up

_MARKS = "'’ʼ`\u0300-\u036f"
_MARK = re.compile(f"[{_MARKS}]")
_WORD = re.compile(rf"[^\W_]+(?:[{_MARKS}]+[^\W_]+)*")
_CLAUSE_END = re.compile(r"[.,;:!?\n()]|\s[-–—]\s|\s(?:а|но|зато|але|проте|but)\s", re.IGNORECASE)
_CYRILLIC = re.compile("[а-яёіїєґ]")
_ONE_SOUND = str.maketrans("ёіїыєэґ", "еиииеег")
_LOOK_ALIKE = str.maketrans("aceiopxy", "асеиорху")
_VOWELS = frozenset("аеиоуюяeaiouy")
# All as they are folded.
_NOT = frozenset((
    "не", "ни", "not", "no", "nor", "never", "wasnt", "isnt", "didnt", "werent", "hasnt", "havent",
))  # fmt: skip
_BETWEEN = frozenset((
    "било", "бил", "била", "били", "було", "був", "була", "були", "a", "an", "the", "any", "been", "is", "has", "have",
))  # fmt: skip
_WELL = frozenset((
    "цел", "цела", "цело", "цели", "цил", "цила", "циле", "цили", "вовремя", "вчасно", "нормально", "нормальний",
    "fine",
))  # fmt: skip


@dataclass(frozen=True)
class Word:
    text: str  # folded
    beginnings: frozenset[str]  # that a stem may be
    start: int
    end: int
    clause: int


@dataclass(frozen=True)
class Story:
    text: str
    words: list[Word]
    well: frozenset[int]  # the clauses by which something is as it should be


@dataclass(frozen=True)
class Stems:
    """What makes an item of the catalogue asked for, folded and ordered for the search."""

    singles: frozenset[str]
    by_letter: Mapping[str, list[str]]  # of those, the ones in which a letter may be wrong
    phrases: Mapping[str, list[list[str]]]  # by the first letters, in each order that may be told


@dataclass(frozen=True)
class Hit:
    told: str  # what tells it: a phrase, or the beginning of a word
    first: Word
    last: Word
    weight: float
    negated: bool


def read(told: str) -> Story:
    ends = [match.end() for match in _CLAUSE_END.finditer(told)]
    words, clause = [], 0
    for match in _WORD.finditer(told):
        while clause < len(ends) and ends[clause] <= match.start():
            clause += 1
        text = _folded(match.group())
        words.append(Word(text, _beginnings(text), match.start(), match.end(), clause))
    well = _clauses_with(_WELL, words) - _clauses_with(_NOT, words)
    return Story(told, words, well)


def stems_of(item: Json) -> Stems:
    """All languages' words: one is not chosen, since people mix them."""
    return _stems(tuple(chain.from_iterable((item.get("words") or {}).values())))


def unknown(vocabulary: Iterable[Stems], story: Story) -> frozenset[int]:
    """The places of words that begin as none of the vocabulary: only they may be others, misspelt."""
    known = frozenset[str]().union(*(stems.singles for stems in vocabulary))
    return frozenset(place for place, word in enumerate(story.words) if known.isdisjoint(word.beginnings))


def hits(stems: Stems, story: Story, misspelt: Collection[int]) -> Iterator[Hit]:
    """Where stems are in the text; only words at the places `misspelt` may be so."""
    words, meant = story.words, set[int]()
    for first, last, parts in _phrases(stems, story):
        yield Hit(" ".join(parts), words[first], words[last], PHRASE_WEIGHT, _is_negated(words, first))
        if not _NOT.isdisjoint(parts):
            meant.update(range(first, last + 1))
    for place, word in enumerate(words):
        weight = 1.0
        if stems.singles.isdisjoint(word.beginnings):
            weight = TYPO_WEIGHT if place in misspelt and _is_misspelt(word.text, stems) else 0.0
        if weight:
            negated = place not in meant and _is_negated(words, place)
            yield Hit(word.text[:TYPO_LEAST], word, word, weight, negated)


def _clauses_with(texts: Collection[str], words: Iterable[Word]) -> frozenset[int]:
    return frozenset(word.clause for word in words if word.text in texts)


def _folded(word: str) -> str:
    plain = _MARK.sub("", unicodedata.normalize("NFC", word)).lower()
    return plain.translate(_LOOK_ALIKE).translate(_ONE_SOUND) if _CYRILLIC.search(plain) else plain


@lru_cache(maxsize=4096)
def _stems(told: tuple[str, ...]) -> Stems:
    """A catalogue's words are data, and what is no text is left out."""
    split = [[_folded(word) for word in stem.split()] for stem in told if stem.strip()]
    singles = frozenset(parts[0] for parts in split if len(parts) == 1)
    by_letter: dict[str, list[str]] = defaultdict(list)
    for stem in sorted(singles):
        if len(stem) >= TYPO_LEAST:
            by_letter[stem[0]].append(stem)
    phrases: dict[str, list[list[str]]] = defaultdict(list)
    for parts in split:
        for order in _orders(parts):
            phrases[order[0][:KEY]].append(order)
    return Stems(singles, by_letter, phrases)


def _orders(parts: list[str]) -> list[list[str]]:
    free = len(parts) == 2 and _CYRILLIC.match(parts[0]) and _NOT.isdisjoint(parts) and min(map(len, parts)) >= SHORT
    if free:
        return [parts, parts[::-1]]
    return [parts] if len(parts) > 1 else []


def _beginnings(word: str) -> frozenset[str]:
    least = SHORT if len(word) <= SHORT + SHORT_ENDING else SHORT + 1
    return frozenset((word, *(word[:length] for length in range(least, len(word)))))


def _is_misspelt(word: str, stems: Stems) -> bool:
    return any(_nearly_begins(stem, word) for stem in stems.by_letter.get(word[:1], ()))


def _nearly_begins(stem: str, word: str) -> bool:
    """With one letter wrong, missing, extra or swapped with the next: not the first, which both share, nor the last.

    In a stem that is not long only a vowel may stand for a vowel: "відпов" is not "відмов".
    """
    same, most = 1, min(len(stem) - 1, len(word))
    while same < most and stem[same] == word[same]:
        same += 1
    if same == most:
        return False
    rest, told = stem[same:], word[same:]
    if told.startswith(rest[1] + rest[0] + rest[2:]) or told[1:].startswith(rest):
        return True
    if told.startswith(rest[1:]):
        return len(stem) > TYPO_LEAST
    return told[1:].startswith(rest[1:]) and (len(stem) >= LONG or {rest[0], *told[:1]} <= _VOWELS)


def _phrases(stems: Stems, story: Story) -> Iterator[tuple[int, int, list[str]]]:
    """The places of the first and the last word, and the phrase."""
    for place, word in enumerate(story.words):
        for length in range(1, min(KEY, len(word.text)) + 1):
            for parts in stems.phrases.get(word.text[:length], ()):
                last = _phrase_end(parts, story.words, place)
                if last is not None:
                    yield place, last, parts


def _phrase_end(parts: list[str], words: list[Word], place: int) -> int | None:
    if parts[0] not in words[place].beginnings:
        return None
    at = place
    for part in parts[1:]:
        found = _next(part, words, at)
        if found is None:
            return None
        at = found
    return at


def _next(part: str, words: list[Word], at: int) -> int | None:
    """The place of `part` near after `at`, in the clause, with no denial between."""
    for place in range(at + 1, min(at + 2 + PHRASE_GAP, len(words))):
        if words[place].clause != words[at].clause:
            return None
        if part in words[place].beginnings:
            return place
        if words[place].text in _NOT:
            return None
    return None


def _is_negated(words: list[Word], first: int) -> bool:
    """Whether the word before denies it. "Нет" and "без" are no denials here: a passport that is not there is lost."""
    before = first - 1
    if before >= 0 and words[before].text in _BETWEEN:
        before -= 1
    return before >= 0 and words[before].clause == words[first].clause and words[before].text in _NOT
