"""The machine's word on a document: accepted, doubtful, or rejected with a reason that a person can act on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from apps.claims.rules.reading.kinds import KindFound
from apps.claims.rules.reading.quality import Trouble

ANY_PICTURE = "photo"  # the kind that a slot for pictures takes
CAUSES = ("too_dark", "blurred", "too_small")  # why a page can't be read, the one that is told first
FLAWS = (*CAUSES, "unreadable", "cut", "empty")
MENDABLE = (*FLAWS, "wrong_kind")  # by another file

State = Literal["accepted", "doubtful", "rejected"]


@dataclass(frozen=True)
class Verdict:
    """`code` is empty when accepted. `params`: {"found": kind code} with wrong_kind and unsure_kind."""

    state: State
    code: str = ""
    params: dict[str, str] = field(default_factory=dict)


def verdict_of(*, slot_kinds: Sequence[str], found: KindFound, troubles: Sequence[Trouble], read: bool) -> Verdict:
    """Rejected only where we are sure and the person can do better; `read` is False when nobody read the words."""
    codes = {trouble.code for trouble in troubles}
    if "empty" in codes:
        return Verdict("rejected", _first(codes))
    if not slot_kinds:
        return _by_flaws(codes)
    if ANY_PICTURE in slot_kinds:
        return _of_picture(slot_kinds, found, codes, read)
    if not read:
        return Verdict("doubtful", _first(codes) or "not_read")
    if "unreadable" in codes and not found.sure:
        return Verdict("rejected", _first(codes))
    return _by_kind(slot_kinds, found) or _by_flaws(codes)


def _of_picture(slot_kinds: Sequence[str], found: KindFound, codes: set[str], read: bool) -> Verdict:
    """Things may bear words or none, and be hard to take a photo of: none is rejected, and it need not be readable."""
    if found.sure and found.code not in slot_kinds and "unreadable" not in codes:
        return Verdict("doubtful", "wrong_kind", {"found": found.code})
    if cause := _first(codes & {*CAUSES}):
        return Verdict("doubtful", cause)
    takes_papers = any(kind != ANY_PICTURE for kind in slot_kinds)
    return Verdict("doubtful", "not_read") if takes_papers and not read else Verdict("accepted")


def _by_kind(slot_kinds: Sequence[str], found: KindFound) -> Verdict | None:
    """None when the kind fits."""
    params = {"found": found.code} if found.code else {}
    if found.code in slot_kinds:
        return None if found.sure or found.runner_up in slot_kinds else Verdict("doubtful", "unsure_kind", params)
    if found.sure and found.runner_up not in slot_kinds:
        return Verdict("rejected", "wrong_kind", params)
    return Verdict("doubtful", "unsure_kind", params)


def _by_flaws(codes: set[str]) -> Verdict:
    code = _first(codes)
    return Verdict("doubtful", code) if code else Verdict("accepted")


def _first(codes: set[str]) -> str:
    return next((code for code in FLAWS if code in codes), "")
