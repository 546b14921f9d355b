"""How the catalogue's structured columns are edited: as lines and words that a person can type."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.claims.models import DocumentSlot, EventType, Question
from apps.claims.models.catalogue import FILE_KINDS
from apps.core.fields import LANGUAGES, TranslatedWidget


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
            code: list(dict.fromkeys(word.strip().casefold() for word in text.split(",") if word.strip()))
            for code, text in typed
        }


class EventTypeForm(forms.ModelForm):  # type: ignore[type-arg]
    words = WordsField(
        required=False,
        label=gettext_lazy("Words for the adviser"),
        help_text=gettext_lazy("Beginnings of words by which the adviser knows this event, with commas between."),
    )

    class Meta:
        model = EventType
        fields = "__all__"


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    choices = ChoicesField(
        required=False,
        label=gettext_lazy("Choices"),
        help_text=gettext_lazy("One a line: value | Russian | Ukrainian | English"),
    )

    class Meta:
        model = Question
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Question.Kind.CHOICE and "choices" in cleaned and len(cleaned["choices"]) < 2:
            self.add_error("choices", _("A choice needs at least two lines."))
        if cleaned.get("kind") != Question.Kind.CHOICE:
            cleaned["choices"] = []
        if bool(cleaned.get("condition_key")) != bool(cleaned.get("condition_value")):
            self.add_error("condition_value", _("A condition has both a question and its answer."))
        return cleaned


class QuestionFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The questions of one event type, which may depend on each other or on the common ones."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if hasattr(form, "cleaned_data") and form not in self.deleted_forms]
        keys = {form.cleaned_data.get("key") for form in kept}
        keys |= set(Question.objects.filter(event_type=None).values_list("key", flat=True))
        for form in kept:
            asked = form.cleaned_data.get("condition_key")
            if asked and (asked not in keys or asked == form.cleaned_data.get("key")):
                form.add_error("condition_key", _("There is no other question with this key."))


class SlotForm(forms.ModelForm):  # type: ignore[type-arg]
    accepts = forms.MultipleChoiceField(
        choices=[(kind, kind.upper()) for kind in FILE_KINDS],
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Kinds of files"),
    )

    class Meta:
        model = DocumentSlot
        fields = "__all__"
