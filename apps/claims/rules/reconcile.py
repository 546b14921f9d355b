"""Compares a claim here with the tickets that carry its number in the CRM."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    PENDING = "pending"  # its registration is under way, or staff have it before them
    SKIPPED = "skipped"  # staff ended its registration by hand
    UNREGISTERED = "unregistered"  # and nothing is left that would register it
    MISSING = "missing"  # registered here, and no ticket there
    OTHER = "other"  # the only ticket there is not the one that is kept here
    DOUBLED = "doubled"  # several tickets there


FLAWS = (Verdict.DOUBLED, Verdict.MISSING, Verdict.OTHER, Verdict.UNREGISTERED)


@dataclass(frozen=True)
class Finding:
    """One claim: `kept` is the ticket's id as it stands here, `found` the ids of those there."""

    number: str
    verdict: Verdict
    kept: str
    found: tuple[str, ...]

    @property
    def is_flaw(self) -> bool:
        return self.verdict in FLAWS


def judge(*, number: str, kept: str, found: Sequence[str], is_open: bool, is_skipped: bool) -> Finding:
    """`is_open`: a delivery that would register it is not finished. `is_skipped`: staff ended that delivery."""
    return Finding(number, _verdict(kept, found, is_open, is_skipped), kept, tuple(found))


def _verdict(kept: str, found: Sequence[str], is_open: bool, is_skipped: bool) -> Verdict:
    if len(found) > 1:
        return Verdict.DOUBLED
    if kept and found:
        return Verdict.OK if found[0] == kept else Verdict.OTHER
    if kept:
        return Verdict.MISSING
    if is_open:
        return Verdict.PENDING
    if is_skipped:
        return Verdict.SKIPPED
    return Verdict.OTHER if found else Verdict.UNREGISTERED
