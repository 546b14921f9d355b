"""Records in vTiger by a script: finding, making, the company's own operations, relations."""

import json
from typing import Any

import pytest

from apps.integrations.crm import Case, Person, Ticket
from apps.integrations.errors import OutcomeUnknown, Rejected
from apps.integrations.tests.crm_script import (
    CASE,
    PERSON,
    TICKET,
    Crm,
    Refused,
    changed_map,
    created,
    describe,
    failure,
    forget,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def crm(httpserver, monkeypatch) -> Crm:
    forget(monkeypatch)
    return Crm(httpserver)


# --- finding


def test_a_short_page_is_not_the_last_one(crm):
    others = [{"id": f"17x{n}", "ticket_title": "CLM-2026-11-21-AB123 x", "ticket_no": "TT1"} for n in range(1, 4)]
    ours = [{"id": "17x200", "ticket_title": "clm-2026-11-21-ab12", "ticket_no": "TT9"}]
    crm.on("query", others, ours, [])

    found = crm.client().ticket_find(TICKET)

    assert found
    assert (found.id, found.number) == ("17x200", "TT9")
    assert [params["query"].partition("LIMIT ")[2] for params in crm.asked("query")] == [
        "0,100;",
        "100,100;",
        "200,100;",
    ]


def test_a_build_that_pays_no_heed_to_pages_ends_too(crm):
    crm.on("query", [{"id": "17x1", "ticket_title": "another", "ticket_no": None}])

    assert crm.client().ticket_find(TICKET) is None
    assert len(crm.asked("query")) == 2


def test_many_claims_are_looked_up_in_few_queries_and_sorted_by_age(crm):
    keys = [f"CLM-2026-11-21-{n:04}" for n in range(120)]

    def answer(params: dict[str, str]) -> list[dict[str, Any]]:
        if "LIMIT 0," not in params["query"] or keys[0] not in params["query"]:
            return []
        return [{"id": f"17x{n}", "ticket_title": f"{keys[0]} {n}", "ticket_no": f"TT{n}"} for n in (10, 9, 100)]

    crm.on("query", answer)

    found = crm.client().tickets_by_key(keys)

    assert list(found) == keys
    assert [record.id for record in found[keys[0]]] == ["17x9", "17x10", "17x100"]
    assert not any(found[key] for key in keys[1:])
    assert all(len(params["query"]) < 4000 for params in crm.asked("query"))
    assert len(crm.asked("query")) <= 6


def test_no_claims_ask_nothing(crm):
    assert crm.client().tickets_by_key([]) == {}
    assert crm.seen == []


def test_a_project_is_found_by_contact_and_policy_and_looked_at(crm):
    wrong = [
        {"id": "33x1", "linktoaccountscontacts": "12x6", "cf_1885": "E1000-1"},
        {"id": "33x2", "linktoaccountscontacts": None, "cf_1885": "E1000-1"},
        {"id": "33x3", "linktoaccountscontacts": "12x5", "cf_1885": "E1000-11"},
    ]
    crm.on("query", [*wrong, {"id": "33x4", "linktoaccountscontacts": "12x5", "cf_1885": "e1000-1 "}])

    found = crm.client().project_find(CASE)

    assert found
    assert found.id == "33x4"
    assert "linktoaccountscontacts = '12x5' AND cf_1885 = 'E1000-1'" in crm.asked("query")[0]["query"]


def test_a_policy_with_quotes_and_emoji_is_asked_for_as_it_is_stored(crm):
    crm.client().project_find(Case(key="k", contact_id="5", policy_number="O'N\\1 😀", title=""))

    assert r"cf_1885 = 'O''N\\1 " + "\ufffd'" in crm.asked("query")[0]["query"]


def test_a_case_without_a_policy_is_found_by_our_own_key(crm):
    crm.client().project_find(Case(key="case-7", contact_id="12x5", policy_number="", title="x"))

    assert "cf_1885 = 'case-7'" in crm.asked("query")[0]["query"]


def test_a_phone_that_is_none_is_not_asked_for(crm):
    assert failure(lambda: crm.client().contact_find(Person(phone="' OR "))).code == "phone_invalid"
    assert crm.seen == []


# --- making


def test_a_contact_without_a_name_is_called_by_its_phone(crm):
    crm.on("create", created("12x9", contact_no="CON7"))

    made = crm.client().contact_create(Person(phone="79161234567"))

    assert json.loads(crm.asked("create")[0]["element"]) == {
        "lastname": "79161234567", "mobile": "79161234567", "assigned_user_id": "19x6",
    }  # fmt: skip
    assert (made.number, made.is_new, made.differences) == ("CON7", True, ())


def test_names_are_split_as_people_here_write_them(crm):
    crm.on("create", created("12x9"))

    crm.client().contact_create(PERSON)

    sent = json.loads(crm.asked("create")[0]["element"])
    assert (sent["lastname"], sent["firstname"]) == ("Петрова", "Анна Ильинична")


def test_what_was_cut_and_what_the_crm_changed_is_named(crm):
    crm.on("create", created("17x9", cf_2066=None, ticketstatus="Open", label="&laquo;"))

    made = crm.client().ticket_create(Ticket(**{**TICKET.__dict__, "title": "я" * 300, "answers": {}}))

    assert made.differences == ("cf_2066", "ticket_title", "ticketstatus")
    assert len(json.loads(crm.asked("create")[0]["element"])["ticket_title"]) == 255


@pytest.mark.parametrize("record_id", [None, "", "5", "99x5", "x", "17x"])
def test_a_record_of_an_unknown_id_is_a_doubt(crm, record_id):
    crm.on("create", created("12x1", id=record_id))

    made = crm.client()
    if record_id == "5":
        assert made.contact_create(PERSON).id == "12x5"
    else:
        assert failure(lambda: made.contact_create(PERSON)).code == "crm_no_id"


def test_an_id_of_another_module_is_not_sent(crm):
    error = failure(lambda: crm.client().ticket_create(Ticket(**{**TICKET.__dict__, "project_id": "29x7"})))

    assert (type(error), error.code) == (Rejected, "id_invalid")
    assert crm.asked("create") == []


def test_answers_go_where_the_map_says(crm, tmp_path):
    field_map = changed_map(tmp_path, lambda data: data["ticket"]["answers"].update(flight="cf_1", delayed_on="cf_2"))
    date = {"name": "cf_2", "type": {"name": "date"}}
    crm.on("describe", lambda params: describe(params["elementType"], more=[date]))
    crm.on("create", created("17x9"))

    crm.client(field_map=field_map).ticket_create(TICKET)

    sent = json.loads(crm.asked("create")[0]["element"])
    assert (sent["cf_1"], sent["cf_2"], sent["cf_2066"]) == ("SU 100", "2026-11-20", "33x7")


def test_a_module_is_described_once(crm):
    crm.on("create", created("12x9"))

    for _ in range(3):
        crm.client().contact_create(PERSON)

    assert len(crm.asked("describe")) == 1


# --- the company's own operations


@pytest.mark.parametrize(
    ("result", "made"),
    [
        ({"contact_id": "9", "is_new_contact": True}, ("12x9", True)),
        ({"contact_id": "12x9", "is_new_contact": False}, ("12x9", False)),
        ({"contact_id": 9, "is_new_contact": "1"}, ("12x9", True)),
        ({"contact_id": "9"}, ("12x9", True)),
        ('{"contact_id":"9","is_new_contact":"0"}', ("12x9", False)),
        ([{"contact_id": "9", "is_new_contact": 0}], ("12x9", False)),
    ],
)
def test_every_shape_of_a_custom_result(crm, result, made):
    crm.on("CreateWebContact", result)
    crm.on("retrieve", {"id": "12x9"})

    record = crm.client(custom=True).contact_create(PERSON)

    assert (record.id, record.is_new) == made
    assert crm.asked("CreateWebContact")[0]["firstname"] == "Анна Ильинична"


@pytest.mark.parametrize(
    "result", [None, [], "", "null", "[]", "no", {}, {"contact_id": ""}, {"contact_id": "29x9"}, 5, True]
)
def test_a_custom_result_without_an_id_is_a_doubt(crm, result):
    crm.on("CreateWebContact", result)

    assert type(failure(lambda: crm.client(custom=True).contact_create(PERSON))) is OutcomeUnknown


def test_a_custom_operation_is_sent_every_parameter(crm):
    crm.on("CreateWebContact", {"contact_id": "9"})
    crm.on("retrieve", {"id": "12x9"})

    crm.client(custom=True).contact_create(Person(phone="79161234567"))

    assert crm.asked("CreateWebContact")[0] | {"firstname": "", "email": ""} == crm.asked("CreateWebContact")[0]


def test_a_custom_record_that_cannot_be_looked_at_is_made_all_the_same(crm):
    crm.on("CreateWebClaim", {"ticket_id": "11", "ticket_number": "TT2"})
    crm.on("retrieve", Refused("INTERNAL_SERVER_ERROR"))

    made = crm.client(custom=True).ticket_create(TICKET)

    assert (made.id, made.number, made.differences) == ("17x11", "TT2", ())


def test_a_number_that_the_operation_does_not_tell_is_read(crm):
    crm.on("CreateWebContact", {"contact_id": "9"})
    crm.on("retrieve", {"id": "12x9", "contact_no": "CON9"})

    assert crm.client(custom=True).contact_create(PERSON).number == "CON9"


def test_a_custom_ticket_as_we_look_it_up_has_no_differences(crm):
    crm.on("CreateWebClaim", {"ticket_id": "11", "ticket_number": "TT2"})
    crm.on("retrieve", {"id": "17x11", "ticket_title": f"{TICKET.key} Рейс", "contact_id": "12x5", "cf_2066": "33x7"})

    assert crm.client(custom=True).ticket_create(TICKET).differences == ()


# --- relations


def related(crm: Crm, *, project_shows: list[str], ticket_shows: list[str]) -> None:
    shows = {"33x7": project_shows, "17x11": ticket_shows}
    lists = {"Project": ("HelpDesk", "Заявки"), "HelpDesk": ("Project", "Проекты")}

    def types(params: dict[str, str]) -> dict[str, Any]:
        name, label = lists[params["elementType"]]
        return {"types": [name], "information": {label: {"name": name, "label": label}}}

    crm.on("retrieve", lambda params: {"id": params["id"]})
    crm.on("relatedtypes", types)
    crm.on("add_related", {"message": "successfull"})
    crm.on("retrieve_related", lambda params: [{"id": one} for one in shows[params["id"]]])


def test_a_relation_goes_by_the_crms_own_labels(crm):
    related(crm, project_shows=["17x11"], ticket_shows=["33x7"])

    crm.client().ticket_relate(project_id="33x7", ticket_id="17x11")
    crm.client().ticket_relate(project_id="33x7", ticket_id="17x11")

    assert [one["relationIdLabel"] for one in crm.asked("add_related")] == ["Заявки", "Проекты"] * 2
    assert len(crm.asked("relatedtypes")) == 2


@pytest.mark.parametrize(("project_shows", "ticket_shows"), [([], ["33x7"]), (["17x11"], []), (["17x1"], ["33x1"])])
def test_a_relation_that_only_one_side_shows_is_not_stored(crm, project_shows, ticket_shows):
    related(crm, project_shows=project_shows, ticket_shows=ticket_shows)

    error = failure(lambda: crm.client().ticket_relate(project_id="33x7", ticket_id="17x11"))

    assert (type(error), error.code) == (Rejected, "relation_not_stored")


def test_of_a_project_with_a_full_list_the_tickets_side_is_the_proof(crm):
    related(crm, project_shows=[f"17x{n}" for n in range(1000, 1100)], ticket_shows=["33x7"])

    crm.client().ticket_relate(project_id="33x7", ticket_id="17x11")


def test_modules_that_are_not_related_there_say_so(crm):
    crm.on("relatedtypes", {"types": [], "information": []})

    assert failure(lambda: crm.client().ticket_relate(project_id="7", ticket_id="11")).code == "relation_not_stored"
