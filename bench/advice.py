"""How often an adviser names the event and the papers that a handler would, over descriptions in three languages.

Words may be tuned on the cases with `"split": "tune"` only. Those that are "kept" were written beside them, before the
words; the "unseen" after the first words, on purpose without the nearest ones, and looked at when the words were
widened; the "strangers" by somebody who had not seen the words, and nothing was changed for them since: they show what
to expect. `ADVISER=model` puts the configured model, checked as always, in the rules' place.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.claims import catalogue
from apps.claims.rules import advice
from apps.claims.rules.advice import Advice
from bench.figures import Figure, p50_p95
from bench.place import Place

CASES = Path(__file__).with_name("advice_cases.json")
MOST_TOKENS = 1500
TYPE_GOAL, DOCUMENTS_GOAL = 0.85, 0.75  # accuracy; recall

Adviser = Callable[[Any, str, str], Advice]


@dataclass(frozen=True)
class Verdict:
    """What was advised for one case beside what a handler would."""

    case: Any
    event_type: str
    sure: bool
    documents: frozenset[str]
    seconds: float

    @property
    def type_right(self) -> bool:
        return self.event_type == str(self.case["event_type"])


def measure(place: Place) -> list[Figure]:
    name = os.environ.get("ADVISER", "rules")
    verdicts = judge(cases(), ADVISERS[name])
    figures = []
    for split in ("tune", "kept", "unseen", "strangers", "all"):
        figures += _figures(f"{name}, {split}", [one for one in verdicts if split in ("all", one.case["split"])])
    sure = [one for one in verdicts if one.sure]
    figures.append(Figure("advice", f"{name}: sure of the type", f"{_share(len(sure), len(verdicts)):.0%} of all",
                          f"{type_accuracy(sure):.0%} of them right"))  # fmt: skip
    return [*figures, Figure("advice", f"{name}, a description, p50 / p95", p50_p95([one.seconds for one in verdicts]))]


def cases() -> list[Any]:
    """`{id, language, split, text, event_type, documents}` each; `documents` are those beyond the required ones."""
    found: list[Any] = json.loads(CASES.read_text(encoding="utf-8"))
    return found


def judge(told: Iterable[Any], adviser: Adviser) -> list[Verdict]:
    definition = catalogue.load()
    return [_judged(definition, case, adviser) for case in told]


def by_rules(definition: Any, text: str, _language: str) -> Advice:
    return advice.advise(definition, text)


def by_model(definition: Any, text: str, language: str) -> Advice:
    from apps.integrations.llm import get_model  # settings are there only now

    own = advice.advise(definition, text)
    answer = get_model().ask(
        name="advice",
        instructions=advice.instructions(definition, language),
        text=advice.as_data(text),
        schema=advice.schema(definition, own.event_type if own.sure else ""),
        most_tokens=MOST_TOKENS,
    )
    return advice.checked(answer.data, definition, text, own)


ADVISERS: dict[str, Adviser] = {"rules": by_rules, "model": by_model}


def type_accuracy(verdicts: Sequence[Verdict]) -> float:
    return _share(sum(one.type_right for one in verdicts), len(verdicts))


def type_precision_recall(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Of the types named, those right; of the stories that tell of an event, those named right."""
    right = sum(one.type_right and bool(one.event_type) for one in verdicts)
    named, told = (
        sum(map(bool, kind)) for kind in zip(*((v.event_type, v.case["event_type"]) for v in verdicts), strict=True)
    )
    return _share(right, named), _share(right, told)


def documents_precision_recall(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Over all documents of all cases; what a wrong event type brought is wrong."""
    wanted = [frozenset(one.case["documents"]) for one in verdicts]
    right = sum(len(_right(one) & of_case) for one, of_case in zip(verdicts, wanted, strict=True))
    return _share(right, sum(len(one.documents) for one in verdicts)), _share(right, sum(map(len, wanted)))


def _right(one: Verdict) -> frozenset[str]:
    return one.documents if one.type_right else frozenset()


def _judged(definition: Any, case: Any, adviser: Adviser) -> Verdict:
    began = time.perf_counter()
    given = adviser(definition, case["text"], case["language"])
    seconds = time.perf_counter() - began
    return Verdict(case, given.event_type, given.sure, frozenset(line.key for line in given.documents), seconds)


def _figures(label: str, verdicts: Sequence[Verdict]) -> list[Figure]:
    accuracy, documents = type_accuracy(verdicts), documents_precision_recall(verdicts)
    return [
        Figure("advice", f"{label} ({len(verdicts)}): event type", f"{accuracy:.0%} right",
               "precision, recall {:.0%}, {:.0%}".format(*type_precision_recall(verdicts)), "",
               f"≥ {TYPE_GOAL:.0%}", accuracy >= TYPE_GOAL),
        Figure("advice", f"{label} ({len(verdicts)}): documents", "precision {:.0%}, recall {:.0%}".format(*documents),
               "", "", f"recall ≥ {DOCUMENTS_GOAL:.0%}", documents[1] >= DOCUMENTS_GOAL),
    ]  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
