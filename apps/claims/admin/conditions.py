"""What keeps a row of the form from working: a key that is taken, a condition that can never hold."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.claims.models import DocumentKind, DocumentSlot, Question
from apps.claims.rules.form import AnswerInvalid, clean_answer
from apps.core.fields import translated

Row = Mapping[str, Any]  # a question or a document, as it was typed or as it is kept
Fault = tuple[str, str]  # the field, and a sentence

YES_NO = ("true", "false")


def key_faults(row: Row, others: Iterable[Row]) -> Iterator[Fault]:
    """Two rows with one key would share one answer, or one pile of files."""
    taken = next((one for one in others if one.get("key") and one["key"] == row.get("key")), None)
    if taken:
        title = translated(taken.get("label") or taken.get("title")) or taken["key"]
        yield "key", _("This key is taken: “%(title)s”.") % {"title": title}


def condition_faults(row: Row, others: Iterable[Row]) -> Iterator[Fault]:
    """`others` are the questions that one claim may be asked together with `row`."""
    if not row.get("condition_key"):
        return
    by_key = {one["key"]: one for one in others if one.get("key")}
    parent = by_key.get(row["condition_key"])
    if parent is None:
        yield "condition_key", _("There is no other question with this key.")
    elif ring := _ring(row, by_key):
        yield "condition_key", _("These questions would wait for each other: %(keys)s.") % {"keys": " → ".join(ring)}
    elif row.get("condition_value") and (sentence := value_fault(parent, row["condition_value"])):
        yield "condition_value", sentence


def _ring(row: Row, by_key: Mapping[str, Row]) -> list[str]:
    """The keys from `row` back to itself, each waiting for the next; empty if it never comes back."""
    keys, at = [row.get("key", "")], row
    while (following := by_key.get(at.get("condition_key") or "")) and following["key"] not in keys:
        keys.append(following["key"])
        if following.get("condition_key") == keys[0]:
            return [*keys, keys[0]]
        at = following
    return []


def value_fault(parent: Row, value: str) -> str:
    """Why `value` is never the answer to `parent`; empty if it may be."""
    kind, choices = parent.get("kind"), [one["value"] for one in parent.get("choices") or []]
    if kind == Question.Kind.YES_NO:
        return "" if value in YES_NO else _("Yes or no is written as true or false.")
    if kind == Question.Kind.CHOICE:
        offered = ", ".join(choices)
        return "" if value in choices else _("That question offers: %(choices)s.") % {"choices": offered}
    if not kind:
        return ""
    try:
        kept = clean_answer({"kind": kind, "min": parent.get("least"), "max": parent.get("most")}, value)
    except AnswerInvalid:
        kept = None
    return "" if kept == value else _("That question is never answered so.")


def waiting_for(question: Question) -> list[Question]:
    """The questions that are asked only after a certain answer to this one."""
    if question._state.adding:
        return []
    found = Question.objects.filter(condition_key=question.key).exclude(pk=question.pk)
    if question.event_type_id:
        found = found.filter(event_type=question.event_type)
    return list(found.select_related("event_type"))


def slots_for(kind: DocumentKind) -> list[DocumentSlot]:
    """The documents for which this kind of paper fits."""
    return [one for one in DocumentSlot.objects.select_related("event_type") if kind.code in one.kinds]
