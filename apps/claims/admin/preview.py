"""The form that the catalogue's rows would make, before it is published."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import override

from apps.claims.models import Question
from apps.claims.selectors import catalogue_content, question_texts, slot_texts, yes_no_words
from apps.core.fields import LANGUAGES, translated

Json = Mapping[str, Any]


def preview(language: str) -> dict[str, Any]:
    """`language`, the `languages` to choose from and `groups`: what everyone is asked, then each event type."""
    code = language if language in LANGUAGES else LANGUAGES[0]
    content = catalogue_content()
    kinds = {one["code"]: translated(one["title"], code) for one in content["kinds"]}
    common = content["common"]
    with override(code):
        groups = [_group(one, common, kinds, code) for one in [common, *content["event_types"]]]
    names = dict(settings.LANGUAGES)
    return {"language": code, "languages": [(one, names.get(one, one)) for one in LANGUAGES], "groups": groups}


def _group(group: Json, common: Json, kinds: Mapping[str, str], code: str) -> dict[str, Any]:
    asked = {one["key"]: one for one in [*common["questions"], *group["questions"]]}
    return {
        "code": group.get("code", ""),
        "title": translated(group.get("title"), code),
        "description": translated(group.get("description"), code),
        "questions": [{**_question(one, code), "only_if": _condition(one, asked, code)} for one in group["questions"]],
        "slots": [_slot(one, kinds, code) for one in group["slots"]],
    }


def _slot(one: Json, kinds: Mapping[str, str], code: str) -> dict[str, Any]:
    fits = [kinds.get(kind, kind) for kind in one["kinds"]]
    return {**slot_texts(one, code), "on_advice": one["on_advice"], "fits": fits}


def _question(one: Json, code: str) -> dict[str, Any]:
    return {**question_texts(one, code), "on_advice": one["on_advice"], "answer": str(Question.Kind(one["kind"]).label)}


def _condition(one: Json, asked: Mapping[str, Json], code: str) -> tuple[str, str] | None:
    """The other question's text and the answer to it, with which this one is asked."""
    if not (condition := one["condition"]):
        return None
    other, wanted = asked.get(condition["question"]), condition["equals"]
    if other is None:
        return condition["question"], str(wanted)
    labels = {choice["value"]: translated(choice["label"], code) for choice in other["choices"]}
    text = yes_no_words()[wanted] if isinstance(wanted, bool) else labels.get(wanted, str(wanted))
    return translated(other["label"], code), text
