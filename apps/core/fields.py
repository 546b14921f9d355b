"""Model fields of the kernel: encrypted text and JSON, and text in three languages."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core import crypto
from apps.core.texts import visible

LANGUAGES = ("ru", "uk", "en")
TEXT_MOST, LONG_MOST = 300, 2000  # characters
ALL_THREE = _("Give the text in Russian, Ukrainian and English.")


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that the database holds as ciphertext: neither filtered nor sorted. Keep a blind index beside it."""

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return text if text in (None, "") else crypto.encrypt(text)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return crypto.decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in ("isnull", "exact") else None


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON value that the database holds as ciphertext."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else crypto.encrypt(json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder))

    def from_db_value(self, value: str | None, *_: object) -> Any:
        return None if value is None else json.loads(crypto.decrypt(value))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj), ensure_ascii=False, cls=DjangoJSONEncoder)


def translated(texts: dict[str, str] | None, language: str | None = None) -> str:
    """The text in `language` (else the active one), falling back to Russian, then English, then any."""
    if not texts:
        return ""
    for wanted in ((language or get_language() or settings.LANGUAGE_CODE)[:2], "ru", "en", *texts):
        if texts.get(wanted):
            return texts[wanted]
    return ""


class TranslatedWidget(forms.MultiWidget):
    template_name = "core/translated_widget.html"

    def __init__(self, *, long: bool = False) -> None:
        widget = forms.Textarea if long else forms.TextInput
        rows = {"rows": 3} if long else {}
        super().__init__({code: widget(attrs={"lang": code, **rows}) for code in LANGUAGES})

    def decompress(self, value: Any) -> list[str]:
        return [(value or {}).get(code, "") for code in LANGUAGES]


class TranslatedFormField(forms.MultiValueField):
    def __init__(self, *, long: bool = False, required: bool = True, **kwargs: Any) -> None:
        for unused in ("encoder", "decoder"):
            kwargs.pop(unused, None)
        most = LONG_MOST if long else TEXT_MOST
        fields = [forms.CharField(required=required, max_length=most) for _language in LANGUAGES]
        super().__init__(
            fields, widget=TranslatedWidget(long=long), required=required, require_all_fields=required,
            error_messages={"required": ALL_THREE}, **kwargs,
        )  # fmt: skip

    def clean(self, value: Any) -> Any:
        """As sent, without the spaces around and what nobody sees: a text of spaces only is none."""
        return super().clean([visible(one).strip() if isinstance(one, str) else one for one in value or []])

    def compress(self, values: list[str]) -> dict[str, str]:
        return dict(zip(LANGUAGES, values, strict=False)) if values else {}


def _complete(value: Any) -> None:
    if not isinstance(value, dict) or any(not isinstance(value.get(code), str) for code in LANGUAGES):
        raise ValidationError(ALL_THREE)


class TranslatedField(models.JSONField):
    """`{"ru": …, "uk": …, "en": …}`, edited as three inputs. `long` makes them text areas."""

    def __init__(self, *args: Any, long: bool = False, **kwargs: Any) -> None:
        self.long = long
        kwargs.setdefault("default", dict)
        kwargs["validators"] = [_complete]
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        if self.long:
            kwargs["long"] = True
        return name, path, args, kwargs

    def formfield(self, **kwargs: Any) -> Any:
        return TranslatedFormField(
            long=self.long, required=not self.blank, label=capfirst(self.verbose_name), help_text=self.help_text
        )
