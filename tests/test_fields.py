"""What is encrypted at rest, how it is found, and texts in three languages."""

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.db import connection
from django.utils import translation

from apps.claims.tests.factories import ClaimFactory
from apps.core import crypto
from apps.core.fields import EncryptedJSONField, EncryptedTextField, TranslatedField, translated
from apps.core.models import IdempotencyKey

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TEXTS = {"ru": "Рейс", "uk": "Рейс задержано", "en": "Flight"}


# --- the keys


def test_a_value_opens_under_its_key_and_looks_different_each_time(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    first, second = crypto.encrypt("4111"), crypto.encrypt("4111")

    assert first != second
    assert crypto.decrypt(first) == crypto.decrypt(second) == "4111"


def test_keys_are_changed_without_losing_what_the_old_one_closed(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]
    old = crypto.encrypt("4111")
    settings.FIELD_KEYS = [NEW, OLD]
    new = crypto.encrypt("4111")
    assert crypto.decrypt(old) == crypto.decrypt(new) == "4111"

    settings.FIELD_KEYS = [NEW]
    assert crypto.decrypt(new) == "4111"
    with pytest.raises(ValueError, match="no key in CLAIMDESK_FIELD_KEYS opens this value"):
        crypto.decrypt(old)


def test_a_key_that_is_none_stops_with_a_sentence(settings: Any) -> None:
    settings.FIELD_KEYS = ["not a key"]

    with pytest.raises(ImproperlyConfigured, match="CLAIMDESK_FIELD_KEYS"):
        crypto.encrypt("x")


def test_the_index_is_for_its_purpose_and_key(settings: Any) -> None:
    same = crypto.blind_index("phone", "79161234567")

    assert same == crypto.blind_index("phone", "79161234567")
    assert same != crypto.blind_index("phone-tail", "79161234567")
    settings.INDEX_KEY = "another"
    assert same != crypto.blind_index("phone", "79161234567")


# --- the fields


def raw(column: str, table: str = "claims_claim") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_the_database_holds_ciphertext_and_the_program_text() -> None:
    claim = ClaimFactory(description="Ночевали в аэропорту", answers={"name": "Мария", "n": "5"})

    assert "Ночевали" not in raw("description")
    assert "name" not in raw("answers")
    claim.refresh_from_db()
    assert (claim.description, claim.answers) == ("Ночевали в аэропорту", {"name": "Мария", "n": "5"})


@pytest.mark.django_db
def test_an_empty_text_stays_empty() -> None:
    ClaimFactory(description="")

    assert raw("description") == ""


@pytest.mark.django_db
def test_ciphertext_cannot_be_searched_by_mistake() -> None:
    from apps.claims.models import Claim

    with pytest.raises(FieldError):
        list(Claim.objects.filter(description__icontains="аэропорт"))


def test_an_encrypted_value_is_serialised_readable_for_a_backup() -> None:
    row = IdempotencyKey()
    row.answer = {"имя": "Мария"}

    assert json.loads(IdempotencyKey._meta.get_field("answer").value_to_string(row)) == {"имя": "Мария"}
    assert EncryptedJSONField().to_python({"a": 1}) == {"a": 1}
    assert EncryptedTextField().get_prep_value(None) is None
    assert EncryptedJSONField().get_prep_value(None) is None


# --- three languages


@pytest.mark.parametrize(
    ("texts", "language", "shown"),
    [
        (TEXTS, "uk", "Рейс задержано"),
        (TEXTS, "en-GB", "Flight"),
        (TEXTS, "de", "Рейс"),
        ({"ru": "", "en": "Flight"}, "uk", "Flight"),
        ({"uk": "Політ"}, "en", "Політ"),
        ({}, "ru", ""),
        (None, "ru", ""),
        ({"ru": ""}, "ru", ""),
    ],
)
def test_a_text_falls_back_to_what_there_is(texts: dict[str, str] | None, language: str, shown: str) -> None:
    assert translated(texts, language) == shown
    with translation.override(language):
        assert translated(texts) == shown


@pytest.mark.parametrize("value", [{"ru": "a", "uk": "b"}, {"ru": "a", "uk": "b", "en": 5}, ["a"], "text"])
def test_a_text_in_two_languages_is_not_complete(value: Any) -> None:
    with pytest.raises(ValidationError):
        TranslatedField().run_validators(value)


def test_a_text_is_edited_as_three_inputs() -> None:
    field = TranslatedField("title", long=True).formfield()

    html = field.widget.render("title", TEXTS)
    assert html.count("<textarea") == 3
    assert field.clean(["Рейс", "Рейс", "Flight"]) == {"ru": "Рейс", "uk": "Рейс", "en": "Flight"}
    with pytest.raises(ValidationError):
        field.clean(["Рейс", "", "Flight"])
    assert TranslatedField("title", blank=True).formfield().clean([]) == {}


def test_a_field_s_migration_names_what_is_special_about_it() -> None:
    _name, path, _args, kwargs = TranslatedField(long=True).deconstruct()

    assert (path, kwargs["long"], "validators" in kwargs) == ("apps.core.fields.TranslatedField", True, False)
