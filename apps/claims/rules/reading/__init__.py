"""What the words on a paper mean to a claim: its kind, its facts, its quality, and the verdict. Plain Python."""

from apps.claims.rules.reading.disagreements import Disagreement, disagreements
from apps.claims.rules.reading.facts import Fact, facts_of
from apps.claims.rules.reading.kinds import KindFound, kind_of
from apps.claims.rules.reading.quality import Trouble, troubles_of
from apps.claims.rules.reading.verdict import Verdict, verdict_of

__all__ = [
    "Disagreement",
    "Fact",
    "KindFound",
    "Trouble",
    "Verdict",
    "disagreements",
    "facts_of",
    "kind_of",
    "troubles_of",
    "verdict_of",
]
