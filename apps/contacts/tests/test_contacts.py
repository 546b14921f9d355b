"""One person is one contact, found by phone, by its last digits and by name."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from apps.contacts.models import Contact
from apps.contacts.selectors import contacts_matching
from apps.contacts.services import contact_find_or_create, contact_name
from apps.contacts.tests.factories import ContactFactory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_a_phone_has_one_contact() -> None:
    first, is_new = contact_find_or_create(phone="79161234567", language="uk", now=NOW)
    again, is_new_again = contact_find_or_create(phone="79161234567", language="ru", now=NOW)

    assert (is_new, is_new_again) == (True, False)
    assert first == again
    assert (again.language, again.phone) == ("uk", "79161234567")


def test_phone_and_email_are_not_readable_in_the_database() -> None:
    contact = ContactFactory(phone="79161234567", email="maria@example.com")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM contacts_contact")
        row = " ".join(map(str, cursor.fetchone()))

    assert contact.phone not in row
    assert contact.email not in row


def test_a_name_is_kept_and_an_empty_email_leaves_the_known_one() -> None:
    contact = ContactFactory(email="maria@example.com", full_name="")
    contact_name(contact_id=contact.pk, full_name="Мария Соколова", email="", language="uk")

    contact.refresh_from_db()
    assert (contact.full_name, contact.email, contact.language) == ("Мария Соколова", "maria@example.com", "uk")
    contact_name(contact_id=contact.pk, full_name="Мария Соколова", email="new@example.com", language="uk")
    contact.refresh_from_db()
    assert contact.email == "new@example.com"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("+7 916 123-45-67", {"maria"}),
        ("8 (916) 123 45 67", {"maria"}),
        ("4567", {"maria", "igor"}),
        ("9999", set()),
        ("соколова", {"maria"}),
        ("СОКОЛОВА мар", {"maria"}),
        ("ёлк", {"olga"}),
        ("ПЕТРЕНКО", {"igor"}),
        ("їжак", {"hedgehog"}),
        ("петров соколова", set()),
        ("12345678", set()),
        ("100%", set()),
        ("_", set()),
    ],
)
def test_a_clerk_finds_people_as_they_type(typed: str, found: set[str]) -> None:
    people = {
        "maria": ContactFactory(phone="79161234567", full_name="Мария Соколова"),
        "igor": ContactFactory(phone="380671114567", full_name="Игорь Петренко"),
        "olga": ContactFactory(phone="79031112233", full_name="Ольга Ёлкина"),
        "hedgehog": ContactFactory(phone="79031112244", full_name="Остап ЇЖАК"),
    }

    assert set(contacts_matching(typed)) == {people[name] for name in found}


def test_a_contact_without_a_name_is_shown_by_a_masked_phone() -> None:
    contact = ContactFactory(phone="79161234567", full_name="")

    assert "1234567" not in str(contact).replace("-", "")
    assert str(contact).endswith("45-67")
    assert Contact.objects.count() == 1


def test_a_name_is_found_with_either_letter(db: None) -> None:
    contact = ContactFactory(full_name="Анна Ёлкина")

    for typed in ("елкина", "ЁЛКИНА", "Елк"):
        assert list(contacts_matching(typed)) == [contact]
