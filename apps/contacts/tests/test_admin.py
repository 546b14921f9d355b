import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.accounts.roles import write_permissions
from apps.contacts.models import Contact
from apps.contacts.tests.factories import ContactFactory
from apps.core.models import AuditEntry

pytestmark = pytest.mark.django_db
LIST = "/admin/contacts/contact/"


def client_with(role):
    write_permissions()
    user = User.objects.create(username="clerk", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("text", ["8 916 123-45-67", "4567", "соколова", "МАРИЯ сок"])
def test_people_are_found_by_phone_and_name(text):
    ContactFactory(phone="79161234567", full_name="Мария Соколова")
    ContactFactory(phone="79030000001", full_name="Анна Лебедева")

    html = client_with("Sales").get(LIST, {"q": text}).content.decode()

    assert "Мария Соколова" in html
    assert "Анна Лебедева" not in html


def test_phone_and_email_are_masked_until_shown():
    contact = ContactFactory(phone="79161234567", email="person@example.com")
    client = client_with("Claims handler")
    page = f"{LIST}{contact.pk}/"

    masked = client.get(f"{page}change/").content.decode()
    shown = client.post(f"{page}reveal/").content.decode()
    after = client.get(f"{page}change/").content.decode()

    for html in (masked, after):
        assert "+7 ••• •••-45-67" in html
        assert "person@example.com" not in html
    assert "+7 916 123-45-67" in shown
    assert "person@example.com" in shown
    assert AuditEntry.objects.get(action="contact.reveal").object_id == str(contact.pk)


def test_support_sees_people_masked_only():
    contact, client = ContactFactory(), client_with("Support agent")

    assert b"reveal/" not in client.get(f"{LIST}{contact.pk}/change/").content
    assert client.post(f"{LIST}{contact.pk}/reveal/").status_code == 403
    assert not AuditEntry.objects.exists()


def test_a_contact_is_neither_added_changed_nor_deleted():
    contact, client = ContactFactory(), client_with("Administrator")
    page = f"{LIST}{contact.pk}/"

    assert client.post(f"{page}change/", {"full_name": "x"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert Contact.objects.count() == 1
