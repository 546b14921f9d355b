"""Values as vTiger's fields take them, the field map, and the settings that name a CRM."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.crm import fields, get_crm
from apps.integrations.crm import map as maps
from apps.integrations.crm.fields import Described, Field
from apps.integrations.crm.vtiger import Vtiger
from apps.integrations.tests.crm_script import KEY, PERSON, Crm, changed_map, forget

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm(httpserver, monkeypatch) -> Crm:
    forget(monkeypatch)
    return Crm(httpserver)


# --- values


@given(st.text(max_size=200))
def test_every_text_becomes_one_that_its_tables_hold(text):
    kept = fields.storable(text)

    assert all(len(char.encode()) <= 3 for char in kept)
    assert fields.storable(kept) == kept
    assert kept == text.strip() or not text.isascii() or any(ord(char) < 32 or ord(char) == 127 for char in text)


MODULE = Described("17", True, {
    "on": Field("date"), "sum": Field("double"), "yes": Field("boolean"), "short": Field("string", length=3),
    "owner": Field("owner"), "text": Field("text"), "list": Field("picklist", values=("a", "b")),
})  # fmt: skip


@pytest.mark.parametrize(
    ("value", "ready", "changed"),
    [
        ({"text": "Привет 👨‍👩‍👧 и 😀❤️"}, {"text": "Привет \ufffd и \ufffd❤️"}, set()),
        ({"text": "a\r\nb\x00"}, {"text": "a\nb"}, set()),
        ({"text": "\ud83d"}, {"text": "\ufffd"}, set()),
        ({"text": "  "}, {}, set()),
        ({"on": "2026-02-28"}, {"on": "2026-02-28"}, set()),
        ({"on": "2026-02-31"}, {}, {"on"}),
        ({"on": "28.02.2026"}, {}, {"on"}),
        ({"on": "20260228"}, {}, {"on"}),
        ({"sum": "1 500,50"}, {"sum": "1500.50"}, set()),
        ({"sum": "about 5"}, {}, {"sum"}),
        ({"yes": "true"}, {"yes": "1"}, set()),
        ({"yes": "no"}, {"yes": "0"}, set()),
        ({"list": "a"}, {"list": "a"}, set()),
        ({"list": "c"}, {"list": "c"}, {"list"}),
        ({"short": "абвг"}, {"short": "абв"}, {"short"}),
        ({"limited": "abcdef"}, {"limited": "abcd"}, {"limited"}),
        ({"unknown": "x" * 500}, {"unknown": "x" * 500}, set()),
    ],
)
def test_values_are_made_fit_before_they_are_sent(value, ready, changed):
    assert fields.prepared(value, MODULE, {"limited": 4}) == (ready, changed)


@pytest.mark.parametrize(
    ("sent", "got", "alike"),
    [
        ({"text": "a"}, {"text": "a"}, True),
        ({"text": "a\nb"}, {"text": "a\r\nb"}, True),
        ({"text": "a"}, {}, False),
        ({"text": "a"}, {"text": None}, False),
        ({"on": "2026-01-01"}, {"on": "0000-00-00"}, False),
        ({"sum": "1.5"}, {"sum": "1.50000000"}, True),
        ({"sum": "1.5"}, {"sum": "1.00000000"}, False),
        ({"sum": "1.5"}, {"sum": "x"}, False),
        ({"yes": "1"}, {"yes": True}, True),
        ({"owner": "19x5"}, {"owner": "5"}, True),
        ({"owner": "19x5"}, {"owner": "19x6"}, False),
    ],
)
def test_what_came_back_is_compared_by_meaning(sent, got, alike):
    assert (fields.differences(sent, got, MODULE) == set()) is alike


@pytest.mark.parametrize(
    ("value", "begins", "carries"),
    [
        ("CLM-1", True, True),
        ("clm-1 Рейс", True, True),
        ("CLM-1: Рейс", True, True),
        ("CLM-12", True, False),
        ("CLM-1-2", True, False),
        ("Re: CLM-1", True, False),
        ("", True, False),
        ("CLM-1", False, True),
        ("CLM-1 Рейс", False, False),
    ],
)
def test_a_ticket_carries_a_number_or_another_one(tmp_path, value, begins, carries):
    def change(data: dict[str, Any]) -> None:
        if not begins:
            data["ticket"]["key"] = {"field": "cf_1", "match": "equals"}
            data["ticket"]["fields"]["cf_1"] = "{key}"

    assert maps.load(changed_map(tmp_path, change)).carries(value, "CLM-1") is carries


# --- the field map and the settings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data.pop("ticket"), "at ticket"),
        (lambda data: data["contact"].pop("module"), "a text at contact.module"),
        (lambda data: data["contact"].update(module="Con tacts"), "the name of a field, module or operation"),
        (lambda data: data["contact"].update(phones=[]), "a list of fields at contact.phones"),
        (lambda data: data["contact"].update(phones=["a.b"]), "at contact.phones"),
        (lambda data: data["contact"]["fields"].update(lastname="{name}"), "a template of email, full_name"),
        (lambda data: data["contact"]["fields"].update(lastname="{surname.__class__}"), "a template of"),
        (lambda data: data["contact"]["fields"].update(lastname="{surname!r}"), "a template of"),
        (lambda data: data["contact"]["fields"].update(lastname="{surname"), "a template with a }"),
        (lambda data: data["contact"]["fields"].update(lastname=5), "a text at contact.fields.lastname"),
        (lambda data: data["contact"]["limits"].update(lastname="80"), "a whole number above 0"),
        (lambda data: data["contact"]["limits"].update(lastname=True), "a whole number above 0"),
        (lambda data: data["ticket"]["key"].update(match="contains"), '"begins" or "equals"'),
        (lambda data: data["ticket"]["fields"].update(ticket_title="{title}"), "ticket_title that begins with"),
        (lambda data: data["ticket"]["key"].update(match="equals"), "ticket_title that equals"),
        (lambda data: data["custom"]["ticket"]["parameters"].update(title="{phone}"), "custom.ticket.parameters.title"),
        (lambda data: data["custom"]["ticket"].update(result=[]), "custom.ticket.result"),
    ],
)
def test_a_wrong_map_says_in_one_sentence_where(tmp_path, change, says):
    with pytest.raises(ImproperlyConfigured) as caught:
        maps.load(changed_map(tmp_path, change))

    assert says in str(caught.value)
    assert str(caught.value).startswith("The CRM's field map ")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"[" * 20_000])
def test_a_map_that_is_no_map_says_so(tmp_path, content):
    (tmp_path / "map.json").write_bytes(content)

    with pytest.raises(ImproperlyConfigured, match="The CRM's field map"):
        maps.load(str(tmp_path / "map.json"))


def test_a_map_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        maps.load(str(tmp_path / "nothing.json"))


def test_the_settings_name_the_crm(crm, settings):
    settings.CRM_URL, settings.CRM_USER, settings.CRM_ACCESS_KEY = crm.url, "intake", KEY
    settings.SANDBOX_URL = crm.url.removesuffix("/crm")
    settings.CRM_MODE, settings.CRM_MAP = "custom", ""
    crm.on("CreateWebContact", {"contact_id": "9"})
    crm.on("retrieve", {"id": "12x9"})

    assert get_crm().contact_create(PERSON).id == "12x9"


@pytest.mark.parametrize("name", ["CRM_URL", "CRM_USER", "CRM_ACCESS_KEY"])
def test_a_crm_without_an_account_is_not_configured(settings, name):
    settings.CRM_URL, settings.CRM_USER, settings.CRM_ACCESS_KEY = "https://crm.example.com", "intake", KEY
    setattr(settings, name, "")

    with pytest.raises(ImproperlyConfigured, match="CLAIMDESK_CRM_ACCESS_KEY"):
        Vtiger.from_settings()


@pytest.mark.parametrize("url", ["crm.example.com", "ftp://crm.example.com", "https://", "https://u:p@crm.example.com"])
def test_an_address_that_is_none_is_said(settings, url):
    settings.CRM_URL, settings.CRM_USER, settings.CRM_ACCESS_KEY, settings.CRM_MAP = url, "intake", KEY, ""

    with pytest.raises(ImproperlyConfigured, match="CLAIMDESK_CRM_URL"):
        Vtiger.from_settings()


def test_our_own_machine_is_not_a_crm_unless_it_is_the_sandbox(crm, settings):
    settings.CRM_URL, settings.CRM_USER, settings.CRM_ACCESS_KEY = crm.url, "intake", KEY
    settings.SANDBOX_URL, settings.CRM_MAP = "", ""

    assert Vtiger.from_settings().check().code == "address_refused"
