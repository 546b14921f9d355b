"""How the catalogue's structured columns are edited: as lines and words that a person can type."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.claims.admin.conditions import Fault, Row, condition_faults, key_faults, slots_for, value_fault, waiting_for
from apps.claims.admin.seen import SeenForm
from apps.claims.models import DocumentKind, DocumentSlot, EventType, Question, ReadyReason
from apps.claims.models.catalogue import FILE_KINDS
from apps.core.fields import LANGUAGES, TranslatedWidget, translated


class ChoicesField(forms.CharField):
    """`value | ru | uk | en`, one choice a line, for a list of `{"value", "label"}`."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60, "spellcheck": "false", "class": "lines"})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        lines = ([one["value"], *(one["label"].get(code, "") for code in LANGUAGES)] for one in value)
        return "\n".join(" | ".join(line) for line in lines)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        lines = [line for line in (value or "").splitlines() if line.strip()]
        choices = [_choice(number, line) for number, line in enumerate(lines, start=1)]
        if len({one["value"] for one in choices}) < len(choices):
            raise ValidationError(_("Each choice needs a value of its own."))
        return choices

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"])

    def run_validators(self, value: Any) -> None:
        """The lines were checked as they were read."""


def _choice(number: int, line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 1 + len(LANGUAGES) or not all(parts):
        raise ValidationError(_("Line %(n)d: write value | Russian | Ukrainian | English.") % {"n": number})
    value, *texts = parts
    if not value.isascii() or not value.replace("_", "").replace("-", "").isalnum():
        raise ValidationError(_("Line %(n)d: a value has Latin letters, digits, - and _ only.") % {"n": number})
    return {"value": value, "label": dict(zip(LANGUAGES, texts, strict=True))}


class WordsWidget(TranslatedWidget):
    def __init__(self) -> None:
        super().__init__(long=True)

    def decompress(self, value: Any) -> list[str]:
        return [", ".join((value or {}).get(code, [])) for code in LANGUAGES]


class WordsField(forms.MultiValueField):
    """Beginnings of words by language, `{"ru": ["задерж", …], …}`, typed with commas between."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("max_length", None)
        fields = [forms.CharField(required=False) for _code in LANGUAGES]
        super().__init__(fields, widget=WordsWidget(), require_all_fields=False, **kwargs)

    def compress(self, values: list[str]) -> dict[str, list[str]]:
        typed = zip(LANGUAGES, values or [""] * len(LANGUAGES), strict=True)
        return {
            code: list(dict.fromkeys(_plain(word) for word in text.split(",") if word.strip())) for code, text in typed
        }


def _plain(word: str) -> str:
    return word.strip().casefold().replace("ё", "е")


def _words(help_text: Any) -> WordsField:
    return WordsField(required=False, label=gettext_lazy("Words for the adviser"), help_text=help_text)


MOST_FILES = 20
ROLE_KINDS = {Question.Role.APPLICANT_NAME: Question.Kind.TEXT, Question.Role.PAST_DATE: Question.Kind.DATE}
CODE_TAKEN: Any = {"code": {"unique": gettext_lazy("Another row has this code.")}}
ASKED_BY_WORDS = gettext_lazy(
    "Beginnings of words in the story, with commas between, that make the adviser ask for it."
)


def _bound_fault(kind: str | None, name: str, bound: Decimal | None) -> str:
    """Why a question of this kind cannot have this bound; empty if it may."""
    if bound is None or not kind or kind in (Question.Kind.NUMBER, Question.Kind.MONEY):
        return ""
    if name == "most" and kind in (Question.Kind.TEXT, Question.Kind.LONG_TEXT):
        is_length = bound >= 1 and bound == bound.to_integral_value()
        return "" if is_length else _("This is the number of characters at most: a whole number from 1.")
    return _("An answer of this kind has no such bound.")


class EventTypeForm(SeenForm):
    words = _words(gettext_lazy("Beginnings of words by which the adviser knows this event, with commas between."))

    class Meta:
        model = EventType
        fields = "__all__"
        error_messages = CODE_TAKEN


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    choices = ChoicesField(
        required=False,
        label=gettext_lazy("Choices"),
        help_text=gettext_lazy("One a line: value | Russian | Ukrainian | English"),
    )
    words = _words(ASKED_BY_WORDS)

    class Meta:
        model = Question
        fields = "__all__"
        widgets = {"condition_key": AdminTextInputWidget(attrs={"list": "question-keys", "autocomplete": "off"})}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Question.Kind.CHOICE and "choices" in cleaned and len(cleaned["choices"]) < 2:
            self.add_error("choices", _("A choice needs at least two lines."))
        if cleaned.get("kind") != Question.Kind.CHOICE:
            cleaned["choices"] = []
        if bool(cleaned.get("condition_key")) != bool(cleaned.get("condition_value")):
            self.add_error("condition_value", _("A condition has both a question and its answer."))
        least, most = cleaned.get("least"), cleaned.get("most")
        if least is not None and most is not None and most < least:
            self.add_error("most", _("This is less than “at least”."))
        for name in ("least", "most"):
            if said := _bound_fault(cleaned.get("kind"), name, cleaned.get(name)):
                self.add_error(name, said)
        role, kind = cleaned.get("role"), cleaned.get("kind")
        if role and kind and ROLE_KINDS[role] != kind:
            expected = Question.Kind(ROLE_KINDS[role]).label
            self.add_error("role", _("This role goes with a question of the kind “%(kind)s”.") % {"kind": expected})
        return cleaned


class RowsFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The questions, or the documents, of one event type: they stand beside those that everyone is asked for."""

    def clean(self) -> None:
        kept = [one for one in self.forms if hasattr(one, "cleaned_data") and not one.cleaned_data.get("DELETE")]
        rows = [dict(one.cleaned_data) for one in kept]
        common: list[Row] = list(self.model.objects.filter(event_type=None).values())  # type: ignore[union-attr]
        for place, form in enumerate(kept):
            others = [*common, *rows[:place], *rows[place + 1 :]]
            for field, sentence in self.faults(rows[place], others):
                form.add_error(field, sentence)
        super().clean()

    def faults(self, row: Row, others: list[Row]) -> Iterator[Fault]:
        return key_faults(row, others)


class QuestionFormSet(RowsFormSet):
    def faults(self, row: Row, others: list[Row]) -> Iterator[Fault]:
        yield from key_faults(row, others)
        yield from condition_faults(row, others)


class QuestionPageForm(SeenForm, QuestionForm):
    """A question on a page of its own: mostly one that everyone is asked."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        beside = Question.objects.exclude(pk=self.instance.pk)
        event_type = cleaned.get("event_type")
        asked_together = beside.filter(Q(event_type=None) | Q(event_type=event_type))
        row = dict(cleaned)
        for field, sentence in [
            *key_faults(row, (asked_together if event_type else beside).values()),
            *condition_faults(row, asked_together.values()),
            *self._left_alone(row),
        ]:
            self.add_error(field, sentence)
        return cleaned

    def _left_alone(self, row: Row) -> Iterator[Fault]:
        """What this change would do to the questions that wait for the answer to this one."""
        waiting = waiting_for(self.instance)
        event_type, field = row.get("event_type"), "key"
        if event_type not in (None, self.instance.event_type):
            waiting, field = [one for one in waiting if one.event_type != event_type], "event_type"
        elif row.get("key") == self.instance.key:
            waiting = [one for one in waiting if value_fault(row, one.condition_value)]
            field = "choices" if row.get("kind") == Question.Kind.CHOICE else "kind"
        if waiting and field in row:
            names = ", ".join(map(str, waiting))
            yield field, _("It is waited for by: %(questions)s. Change their condition first.") % {"questions": names}


def kind_choices() -> list[tuple[str, str]]:
    return [(one.code, translated(one.title) or one.code) for one in DocumentKind.objects.only("code", "title")]


class SlotForm(forms.ModelForm):  # type: ignore[type-arg]
    accepts = forms.MultipleChoiceField(
        choices=[(kind, kind.upper()) for kind in FILE_KINDS],
        initial=FILE_KINDS,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Kinds of files"),
    )
    kinds = forms.MultipleChoiceField(
        choices=kind_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Papers that fit"),
        help_text=gettext_lazy("None chosen: whatever comes is fine"),
    )
    words = _words(ASKED_BY_WORDS)

    class Meta:
        model = DocumentSlot
        fields = "__all__"

    def clean_max_files(self) -> int:
        most: int = self.cleaned_data["max_files"]
        if not 1 <= most <= MOST_FILES:
            raise ValidationError(_("From 1 to %(n)d.") % {"n": MOST_FILES})
        return most


class SlotPageForm(SeenForm, SlotForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        beside, event_type = DocumentSlot.objects.exclude(pk=self.instance.pk), cleaned.get("event_type")
        others = beside.filter(Q(event_type=None) | Q(event_type=event_type)) if event_type else beside
        for field, sentence in key_faults(dict(cleaned), others.values()):
            self.add_error(field, sentence)
        return cleaned


class ReasonForm(SeenForm):
    class Meta:
        model = ReadyReason
        fields = "__all__"


class KindForm(SeenForm):
    words = WordsField(
        required=False,
        label=gettext_lazy("Words on it"),
        help_text=gettext_lazy("Beginnings of words, or of several in a row, that stand on such a paper."),
    )

    class Meta:
        model = DocumentKind
        fields = "__all__"
        error_messages = CODE_TAKEN

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code != self.instance.code and (slots := slots_for(self.instance)):
            names = ", ".join(map(str, slots))
            raise ValidationError(_("Documents that it fits know it by this code: %(names)s.") % {"names": names})
        return code
