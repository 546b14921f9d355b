"""What a claim needs beyond its form, and the advice that led to it, as staff see them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.claims import selectors
from apps.claims.models import Advice, ChecklistEntry, Claim, ReadyReason
from apps.claims.rules import form
from apps.claims.services.checklist import askable, shown
from apps.core.fields import translated
from apps.core.models import AuditEntry

Kind = ChecklistEntry.Kind
Json = Mapping[str, Any]
Titles = Mapping[tuple[str, str], str]  # by kind and key: a document and a question may have the same key
ERRORS: Mapping[str, Callable[[], str]] = {
    "advice_invalid": lambda: _("The answer is not what was asked for."),
    "model_answer_invalid": lambda: _("The model's answer is not what was asked for."),
    "model_refused": lambda: _("The model refused to answer."),
    "model_truncated": lambda: _("The model's answer broke off."),
    "model_text_too_long": lambda: _("The text is too long for the model."),
    "model_failed": lambda: _("The model failed to answer."),
    "model_budget": lambda: _("Today's budget for the model is used up."),
    "model_quota": lambda: _("The model's account has no money left."),
    "model_key_refused": lambda: _("The model refused our key."),
    "model_unknown": lambda: _("The endpoint does not have the model."),
    "n8n_token_refused": lambda: _("n8n refused our token."),
    "asked_too_often": lambda: _("The description was changed too often to ask each time."),
    "deadline": lambda: _("The system did not answer in time."),
    "timeout": lambda: _("The system did not answer in time."),
    "cut": lambda: _("The system broke the connection off."),
    "connect_failed": lambda: _("The system does not accept connections."),
    "tls_failed": lambda: _("No secure connection to the system."),
    "answer_garbled": lambda: _("The system's answer could not be understood."),
    "answer_too_large": lambda: _("The system's answer is larger than allowed."),
}


def checklist_parts(claim: Claim, slots: list[dict[str, Any]], language: str) -> dict[str, Any]:
    """The slots and the questions that somebody added or waived with their rows, what may be asked, and the advice."""
    rows = {(one.kind, one.key): one for one in claim.checklist.all()}
    titles = titles_of(claim, language)
    whose = _changed_by(claim)
    lacking = [slot["key"] for slot in slots if slot["required"] and slot["state"] in ("waiting", "rejected")]
    return {
        "slots": [{**slot, "row": rows.get((Kind.DOCUMENT, slot["key"])), **_from(slot)} for slot in slots],
        "questions": _questions(claim, rows, language),
        "askable": [(kind, _options(claim, kind, language)) for kind in Kind.values],
        "first_lacking": next(iter(lacking), ""),
        "advices": [_advice(one, claim, titles, whose, language) for one in claim.advice.all()],
        "ready": ready_reasons(claim.language),
    }


def ready_reasons(language: str) -> dict[str, list[str]]:
    """The sentences that staff may choose from by their use, in the applicant's `language`."""
    found: dict[str, list[str]] = {use: [] for use in ReadyReason.Use.values}
    for one in ReadyReason.objects.filter(is_active=True):
        found[one.use].append(translated(one.text, language))
    return found


def _from(item: Json) -> dict[str, str]:
    words = {
        "form": _("form: asked of everyone for this kind of event"), "rule": _("asked by a rule"),
        "adviser": _("on the adviser's word"), "staff": _("asked by staff"),
    }  # fmt: skip
    is_former = item.get("accepts") == []  # of another kind of event: nobody asks for it any more
    return {"asked_by": "" if is_former else words.get(item["origin"], "")}


def _questions(claim: Claim, rows: Mapping[tuple[str, str], ChecklistEntry], language: str) -> list[dict[str, Any]]:
    words = selectors.yes_no_words()
    return [
        {
            "key": one["key"],
            "title": translated(one["label"], language),
            "row": rows.get((Kind.QUESTION, one["key"])),
            "answer": form.answer_text(one, claim.answers.get(one["key"]), language, words),
            **selectors.provenance(one),
            **_from(one),
        }
        for one in shown(claim, Kind.QUESTION)
        if one["origin"] != form.FORM or one["waived"]
    ]


def _options(claim: Claim, kind: str, language: str) -> list[dict[str, Any]]:
    prefix = "" if kind == Kind.DOCUMENT else f"{kind}:"
    return [
        {
            "value": f"{prefix}{one['key']}",
            "title": translated(one.get("title") or one.get("label"), language),
        }
        for one in askable(claim, kind)
    ]


def titles_of(claim: Claim, language: str) -> Titles:
    """What each document and question that the claim may have is called, by its kind and key."""
    content = claim.definition.content
    others = [one for one in content["event_types"] if one["code"] != claim.event_type]
    own = form.event_type(content, claim.event_type)  # last: the same key has other words elsewhere
    groups = [*others, content["common"], *([own] if own else [])]
    slots = {(str(Kind.DOCUMENT), one["key"]): one["title"] for group in groups for one in group["slots"]}
    questions = {(str(Kind.QUESTION), one["key"]): one["label"] for group in groups for one in group["questions"]}
    free = {(one.kind, one.key): one.title for one in claim.checklist.all() if one.title}
    return {pair: translated(texts, language) for pair, texts in {**slots, **questions}.items()} | free


def _changed_by(claim: Claim) -> dict[datetime, str]:
    """Who of the staff changed the claim's checklist, by the moment."""
    if not any(one.changed for one in claim.advice.all()):
        return {}
    rows = AuditEntry.objects.filter(object_type=claim._meta.label, object_id=str(claim.pk))
    by_staff = rows.filter(action__startswith="checklist.", actor__isnull=False).select_related("actor")
    return {one.at: one.actor.get_full_name() or str(one.actor) for one in by_staff if one.actor}


def _advice(one: Advice, claim: Claim, titles: Titles, whose: Mapping[datetime, str], language: str) -> dict[str, Any]:
    chosen = form.event_type(claim.definition.content, one.event_type)
    lines = one.lines.get("lines", []) if one.lines else []
    return {
        "row": one,
        "event_title": translated(chosen["title"], language) if chosen else "",
        "lines": [{**line, **_from(line), "title": _title(line, titles)} for line in lines],
        "error": _error(one.error),
        "changed": [_changed(change, titles, whose) for change in one.changed],
    }


def _title(item: Json, titles: Titles) -> str:
    return titles.get((item["kind"], item["key"]), item["key"])


def _changed(change: Json, titles: Titles, whose: Mapping[datetime, str]) -> dict[str, Any]:
    acts = {"ask": _("asked"), "waive": _("waived"), "unwaive": _("needed again")}
    at = datetime.fromisoformat(change["at"])
    act = acts.get(change["act"], change["act"])
    return {"title": _title(change, titles), "act": act, "by": whose.get(at, ""), "at": at}


def _error(code: str) -> str:
    if code in ERRORS:
        return ERRORS[code]()
    name, _sep, status = code.partition("_")
    if name == "http" and status.isdigit():
        return _("The system failed (HTTP %(status)s).") % {"status": status}
    return _("Nothing came of it: %(code)s.") % {"code": code} if code else ""
