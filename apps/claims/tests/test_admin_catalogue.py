import html
import json
import re
import uuid
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError

from apps.claims.admin.forms import ChoicesField, WordsField
from apps.claims.demo.catalogue import make_catalogue
from apps.claims.models import DocumentKind, EventType, FormDefinition, Question, ReadyReason
from apps.claims.services import definition_publish
from apps.claims.tests.factories import DocumentSlotFactory, EventTypeFactory, QuestionFactory, hours_ago
from apps.claims.tests.staff import client_of, staff
from apps.core.fields import LANGUAGES

TYPES = "/admin/claims/eventtype/"
CHOICES = [
    {"value": "weather", "label": {"ru": "Погода", "uk": "Погода", "en": "Weather"}},
    {"value": "no-crew", "label": {"ru": "Нет экипажа", "uk": "Немає екіпажу", "en": "No crew"}},
]


@pytest.fixture
def senior():
    user = staff("Senior handler")
    user.language = "en"
    user.save(update_fields=["language"])
    return client_of(user)


# --- fields


def test_choices_are_lines_and_come_back_the_same():
    lines = ChoicesField().prepare_value(CHOICES)

    assert lines == "weather | Погода | Погода | Weather\nno-crew | Нет экипажа | Немає екіпажу | No crew"
    assert ChoicesField().clean(lines) == CHOICES
    assert not ChoicesField().has_changed(CHOICES, lines)


@pytest.mark.parametrize(
    "lines",
    ["weather | Погода", "weather", "| a | b | c", "погода | a | b | c", "a | b | c | d | e", "x | a | b |",
     "x | a | b | c\nx | d | e | f"],
)  # fmt: skip
def test_broken_lines_are_refused(lines):
    with pytest.raises(ValidationError):
        ChoicesField().clean(lines)


def test_words_are_typed_with_commas():
    words = WordsField(required=False).clean(["Задерж, опозда,, задерж", "затрим", ""])

    assert words == {"ru": ["задерж", "опозда"], "uk": ["затрим"], "en": []}


# --- pages


def form_of(page):
    """What the browser would send back unchanged."""
    data: dict[str, str] = {}
    admin_form = page.context["adminform"].form
    forms = [admin_form, *(f for s in page.context["inline_admin_formsets"] for f in s.formset.forms)]
    forms += [s.formset.management_form for s in page.context["inline_admin_formsets"]]
    for form in forms:
        for bound in form:
            value = bound.value()
            if hasattr(bound.field, "fields"):
                parts = bound.field.widget.decompress(value)
                data |= {f"{bound.html_name}_{code}": part for code, part in zip(LANGUAGES, parts, strict=True)}
            elif value is True:
                data[bound.html_name] = "on"
            elif value not in (None, False):
                data[bound.html_name] = value
    return data


@pytest.mark.django_db
def test_event_type_is_edited_with_its_questions_and_slots(senior):
    row = EventTypeFactory(with_rows=True)
    page = senior.get(f"{TYPES}{row.pk}/change/")
    data = form_of(page)
    names = sorted(data)
    assert "title_ru" in data and "words_ru" in data and "questions-0-key" in data, names

    data |= {"title_ru": "Рейс опоздал", "words_ru": "задерж, опоздал", "questions-0-kind": "choice"}
    refused = senior.post(f"{TYPES}{row.pk}/change/", data)
    assert refused.status_code == 200  # a choice without choices

    data["questions-0-choices"] = "weather | Погода | Погода | Weather\nother | Другое | Інше | Other"
    saved = senior.post(f"{TYPES}{row.pk}/change/", data)

    assert saved.status_code == 302, saved.context and saved.context["errors"]
    row.refresh_from_db()
    assert row.title["ru"] == "Рейс опоздал"
    assert row.words["ru"] == ["задерж", "опоздал"]
    assert [one["value"] for one in row.questions.order_by("order", "key")[0].choices] == ["weather", "other"]


@pytest.mark.django_db
def test_a_condition_names_another_question(senior):
    row = EventTypeFactory(with_rows=True)
    data = form_of(senior.get(f"{TYPES}{row.pk}/change/"))
    data |= {"questions-0-condition_key": "nobody_asks_this", "questions-0-condition_value": "true"}

    assert senior.post(f"{TYPES}{row.pk}/change/", data).status_code == 200

    QuestionFactory(key="nobody_asks_this")
    assert senior.post(f"{TYPES}{row.pk}/change/", data).status_code == 302


def sent(client, where, **typed):
    """The page at `where`, sent back with `typed` in it (`q0_key` is the key of the first question)."""
    data = form_of(client.get(where))
    data |= {re.sub(r"^([qs])(\d)_", _prefix, name): one for name, one in typed.items()}
    return client.post(where, data)


def _prefix(found):
    return f"{'questions' if found[1] == 'q' else 'slots'}-{found[2]}-"


def errors_of(answer):
    """The errors at the fields of the questions and documents, in the order of the page."""
    if answer.status_code == 302:
        return []
    forms = [one for s in answer.context["inline_admin_formsets"] for one in s.formset.forms]
    return [errors.get_json_data() for errors in [answer.context["adminform"].form.errors, *[f.errors for f in forms]]]


def at(field, answer):
    """What is said at each `field` of the page."""
    return [one["message"] for errors in errors_of(answer) for one in errors.get(field, [])]


@pytest.fixture
def typed_event():
    """An event type with a yes or no, a choice and a number; everyone is asked for a name."""
    event = EventTypeFactory()
    QuestionFactory(key="applicant_name")
    for order, (key, kind) in enumerate([("night", "yes_no"), ("cause", "choice"), ("hours", "number")], start=1):
        QuestionFactory(event_type=event, key=key, kind=kind, order=order, choices=CHOICES if kind == "choice" else [])
    DocumentSlotFactory(event_type=event, key="note")
    return f"{TYPES}{event.pk}/change/"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"q0_condition_key": "cause", "q0_condition_value": "weather",
          "q1_condition_key": "night", "q1_condition_value": "true"}, "condition_key", "would wait for each other"),
        ({"q0_condition_key": "night", "q0_condition_value": "true"}, "condition_key", "no other question"),
        ({"q1_condition_key": "night", "q1_condition_value": "да"}, "condition_value", "true or false"),
        ({"q0_condition_key": "cause", "q0_condition_value": "storm"}, "condition_value", "weather, no-crew"),
        ({"q0_condition_key": "hours", "q0_condition_value": "a lot"}, "condition_value", "never answered so"),
        ({"q0_key": "applicant_name"}, "key", "taken"),
        ({"q0_key": "cause"}, "key", "taken"),
        ({"q2_least": "5", "q2_most": "3"}, "most", "less"),
        ({"q2_kind": "text", "q2_most": "-3"}, "most", "whole number"),
        ({"q2_kind": "text", "q2_most": "0.5"}, "most", "whole number"),
        ({"q2_kind": "text", "q2_least": "3"}, "least", "no such bound"),
        ({"q0_most": "3"}, "most", "no such bound"),
        ({"q0_label_ru": "я" * 301}, "label", "300"),
        ({"q2_role": "past_date"}, "role", "of the kind “Date”"),
        ({"q2_role": "applicant_name"}, "role", "of the kind “Text”"),
        ({"s0_max_files": "21"}, "max_files", "From 1 to 20"),
    ],
)  # fmt: skip
def test_a_key_or_a_condition_that_cannot_work_is_refused_where_it_stands(senior, typed_event, typed, field, said):
    answer = sent(senior, typed_event, **typed)

    assert answer.status_code == 200
    assert at(field, answer) and all(said in one for one in at(field, answer)), errors_of(answer)
    assert not any("__all__" in errors for errors in errors_of(answer))


@pytest.mark.django_db
def test_two_documents_have_two_keys(senior, typed_event):
    event = EventType.objects.get()
    DocumentSlotFactory(key="passport")
    DocumentSlotFactory(event_type=event, key="ticket")

    assert at("key", sent(senior, typed_event, s0_key="ticket")) == ["This key is taken: “Document”."] * 2
    assert at("key", sent(senior, typed_event, s0_key="passport"))
    assert at(
        "key", sent(senior, "/admin/claims/documentslot/add/", key="note", title_ru="a", title_uk="a", title_en="a")
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    [{"q1_condition_key": "night", "q1_condition_value": "true"},
     {"q0_condition_key": "cause", "q0_condition_value": "weather", "q0_order": "9"},
     {"q0_condition_key": "hours", "q0_condition_value": "8"},
     {"q0_condition_key": "applicant_name", "q0_condition_value": "Мария"}],
)  # fmt: skip
def test_a_condition_that_can_hold_is_saved(senior, typed_event, typed):
    assert errors_of(sent(senior, typed_event, **typed)) == []


@pytest.mark.django_db
def test_a_question_of_everyone_waits_only_for_another_of_everyone(senior, typed_event):
    where = f"/admin/claims/question/{Question.objects.get(key='applicant_name').pk}/change/"

    for key in ("nobody", "night", "applicant_name"):
        answer = sent(senior, where, condition_key=key, condition_value="true")
        assert at("condition_key", answer) == ["There is no other question with this key."]
    assert at("key", sent(senior, where, key="night"))
    QuestionFactory(key="grown_up", kind="yes_no")
    assert errors_of(sent(senior, where, condition_key="grown_up", condition_value="true")) == []


@pytest.mark.django_db
def test_a_question_is_not_changed_from_under_those_that_wait_for_it(senior, typed_event):
    event = EventType.objects.get()
    Question.objects.filter(key="night").update(condition_key="cause", condition_value="weather")
    where = f"/admin/claims/question/{Question.objects.get(key='cause').pk}/change/"
    other = EventTypeFactory(code="baggage")

    assert at("key", sent(senior, where, key="reason"))
    assert at("choices", sent(senior, where, choices="a | a | a | a\nb | b | b | b"))
    assert at("kind", sent(senior, where, kind="number"))
    assert at("event_type", sent(senior, where, event_type=str(other.pk)))
    assert errors_of(sent(senior, where, event_type=str(event.pk), label_ru="Почему?")) == []


@pytest.mark.django_db
def test_the_keys_to_wait_for_are_offered(senior, typed_event):
    page = senior.get(typed_event).content.decode()

    assert 'list="question-keys"' in page
    offered = page.split('<datalist id="question-keys">')[1].split("</datalist>")[0]
    assert [key for key in ("applicant_name", "night", "cause", "hours") if f'value="{key}"' not in offered] == []


@pytest.mark.django_db
def test_each_event_type_of_the_demo_is_saved_as_it_is(senior):
    make_catalogue(now=hours_ago(0))

    for row in [*EventType.objects.all(), *Question.objects.filter(event_type=None)]:
        answer = sent(senior, f"/admin/claims/{row._meta.model_name}/{row.pk}/change/")
        assert errors_of(answer) == [], row


@pytest.mark.django_db
def test_what_publishing_would_change_is_shown_and_then_done(senior):
    EventTypeFactory(with_rows=True)
    definition_publish(actor=None, now=hours_ago(1))
    assert 'id="unpublished"' not in senior.get(TYPES).content.decode()

    EventTypeFactory(code="baggage")
    EventType.objects.filter(code="flight_delayed").update(order=5)

    assert 'id="unpublished"' in senior.get(TYPES).content.decode()
    assert senior.get(f"{TYPES}publish/").context["changes"] == [
        ("Event types", [("Flight delayed", "changed"), ("Flight delayed", "added")])
    ]
    said = senior.post(f"{TYPES}publish/", follow=True).content.decode()
    assert "Version 2 is published" in said
    assert FormDefinition.objects.count() == 2
    assert FormDefinition.objects.filter(published_by__username="senior").count() == 1
    said = senior.post(f"{TYPES}publish/", follow=True).content.decode()
    assert "Nothing has changed since version 2." in said
    assert "is published" not in said
    assert FormDefinition.objects.count() == 2


@pytest.mark.django_db
def test_kinds_of_papers_and_common_questions_are_counted_apart(senior):
    EventTypeFactory()
    for order, code in enumerate(["ticket", "bill", "map"]):
        DocumentKind.objects.create(code=code, title=dict.fromkeys(LANGUAGES, code), order=order)
    definition_publish(actor=None, now=hours_ago(1))
    QuestionFactory()
    DocumentKind.objects.filter(code="ticket").update(order=9)
    DocumentKind.objects.filter(code="map").delete()
    DocumentKind.objects.create(code="photo", title=dict.fromkeys(LANGUAGES, "photo"))

    assert senior.get(f"{TYPES}publish/").context["changes"] == [
        ("Asked of everyone", [("", "changed")]),
        ("Kinds of papers", [("photo", "added"), ("map", "removed"), ("", "in another order")]),
    ]


@pytest.mark.django_db
def test_a_handler_looks_at_the_catalogue_and_does_not_change_it():
    clerk, row = client_of(staff("Claims handler")), EventTypeFactory(with_rows=True)

    assert clerk.get(f"{TYPES}{row.pk}/change/").status_code == 200
    assert clerk.post(f"{TYPES}{row.pk}/change/", {"code": "x"}).status_code == 403
    assert clerk.post(f"{TYPES}publish/").status_code == 403
    assert not FormDefinition.objects.exists()


@pytest.mark.django_db
def test_common_questions_and_slots_have_lists_of_their_own(senior):
    own, common = EventTypeFactory(with_rows=True), QuestionFactory(key="applicant_name")
    DocumentSlotFactory(key="passport")

    page = senior.get("/admin/claims/question/").content.decode()

    assert common.key in page
    assert own.questions.all()[0].key not in page
    assert own.questions.all()[0].key in senior.get("/admin/claims/question/?of=all").content.decode()
    assert "passport" in senior.get("/admin/claims/documentslot/").content.decode()


@pytest.mark.django_db
def test_rows_of_the_catalogue_may_be_deleted_and_published_forms_not(senior):
    row = QuestionFactory()
    form = definition_publish(actor=None, now=hours_ago(1))

    senior.post(f"/admin/claims/question/{row.pk}/delete/", {"post": "yes"})

    assert not Question.objects.exists()
    assert senior.get(f"/admin/claims/formdefinition/{form.pk}/change/").status_code == 200
    assert senior.post(f"/admin/claims/formdefinition/{form.pk}/change/", {"version": 9}).status_code == 403
    assert client_of(staff("")).post(f"/admin/claims/formdefinition/{form.pk}/delete/").status_code == 403


@pytest.mark.django_db
def test_an_error_in_a_folded_part_of_a_question_is_in_sight(senior, typed_event):
    folded = senior.get(typed_event).content.decode()
    answer = sent(senior, typed_event, q0_condition_key="nobody", q0_condition_value="true").content.decode()

    part = '<h4 id="questions-0-1-heading"'
    assert folded.split(part)[0].rstrip().endswith("<details><summary>")
    assert answer.split(part)[0].rstrip().endswith("<details open><summary>")


@pytest.mark.django_db
@pytest.mark.parametrize("blank", ["", "  ", "\u00a0"])
def test_a_translation_of_spaces_is_refused_at_once(senior, typed_event, blank):
    answer = sent(senior, typed_event, title_uk=blank, q0_label_en=blank)

    assert at("title", answer) and at("label", answer)
    assert answer.content.decode().count("Give the text in Russian, Ukrainian and English.") == 2


@pytest.mark.django_db
def test_a_new_document_takes_every_kind_of_file(senior):
    page = senior.get("/admin/claims/documentslot/add/")

    assert form_of(page)["accepts"] == ["pdf", "jpeg", "png", "heic"]
    assert page.content.decode().count('type="checkbox" name="accepts"') == 4
    assert page.content.decode().count("checked") >= 4


@pytest.mark.django_db
def test_what_may_be_added_is_named_in_the_nominative():
    root = client_of(staff(""))
    reasons, types = root.get("/admin/claims/readyreason/").content.decode(), root.get(f"{TYPES}add/").content.decode()

    assert "Добавить: готовая причина" in reasons
    assert "Добавить: тип события" in types
    inlines = [json.loads(html.unescape(one)) for one in re.findall('data-inline-formset="(.*?)"', types)]
    assert [one["options"]["addText"] for one in inlines] == [
        "Добавить ещё: Вопрос",
        "Добавить ещё: Место для документа",
    ]


# --- what is needed elsewhere


@pytest.mark.django_db
@pytest.mark.parametrize("selected", [False, True])
def test_a_kind_of_paper_that_a_document_needs_is_not_deleted(senior, selected):
    kind = DocumentKind.objects.create(code="ticket", title=dict.fromkeys(LANGUAGES, "Ticket"))
    slot = DocumentSlotFactory(event_type=EventTypeFactory(), kinds=["ticket"])
    DocumentSlotFactory(key="free")

    assert delete(senior, kind, selected=selected) == [str(slot.pk)]
    slot.kinds = []
    slot.save()
    assert delete(senior, kind, selected=selected) == []
    assert not DocumentKind.objects.exists()


@pytest.mark.django_db
def test_a_question_that_others_wait_for_is_not_deleted_without_them(senior):
    first = QuestionFactory(key="night", kind="yes_no")
    child = QuestionFactory(condition_key="night", condition_value="true")

    assert delete(senior, first) == delete(senior, first, selected=True) == [str(child.pk)]
    assert Question.objects.count() == 2
    assert delete(senior, first, child, selected=True) == []
    assert not Question.objects.exists()


def delete(client, *rows, selected=False):
    """Delete on the row's page, or as rows of the list that were chosen; gives the rows that need it."""
    model = rows[0]._meta.model_name
    if selected:
        chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
        answer = client.post(f"/admin/claims/{model}/", chosen)
    else:
        answer = client.post(f"/admin/claims/{model}/{rows[0].pk}/delete/", {"post": "yes"})
    if answer.status_code == 302:
        return []
    needed = answer.content.decode().split('<ul id="needed-by">')[1].split("</ul>")[0]
    return re.findall(r"/([0-9a-f-]{36})/change/", needed)


@pytest.mark.django_db
def test_a_kind_of_paper_keeps_its_code_while_documents_know_it_by_it(senior):
    kind = DocumentKind.objects.create(code="ticket", title=dict.fromkeys(LANGUAGES, "Ticket"))
    DocumentSlotFactory(kinds=["ticket"])
    where = f"/admin/claims/documentkind/{kind.pk}/change/"

    assert "Document" in at("code", sent(senior, where, code="pass"))[0]
    assert errors_of(sent(senior, where, title_ru="Билет")) == []


# --- two editors


@pytest.mark.django_db
def test_the_second_to_save_an_event_type_is_told_and_nothing_is_lost(senior, typed_event):
    both = form_of(senior.get(typed_event))
    assert senior.post(typed_event, both | {"questions-0-label_ru": "Ночью?"}).status_code == 302

    answer = senior.post(typed_event, both | {"title_ru": "Рейс перенесли"})

    assert "Somebody has saved this" in at("__all__", answer)[0]
    assert f'<a href="{typed_event}" target="_blank">' in answer.content.decode()
    assert 'value="Рейс перенесли"' in answer.content.decode()
    assert EventType.objects.get().title["ru"] != "Рейс перенесли"
    assert Question.objects.get(key="night").label["ru"] == "Ночью?"
    assert answer.context["adminform"].form["seen"].value() == both["seen"]


@pytest.mark.django_db
def test_what_was_typed_in_a_question_that_another_deleted_stays_on_the_page(senior, typed_event):
    both = form_of(senior.get(typed_event))
    Question.objects.get(key="cause").delete()

    answer = senior.post(typed_event, both | {f"questions-{n}-label_ru": f"Вопрос {n}" for n in range(3)})

    assert at("__all__", answer)
    assert all(f'value="Вопрос {n}"' in answer.content.decode() for n in range(3))


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["question", "documentslot", "documentkind", "readyreason"])
def test_the_second_to_save_a_row_is_told(senior, model):
    title = dict.fromkeys(LANGUAGES, "text")
    row: Any = {
        "question": lambda: QuestionFactory(), "documentslot": lambda: DocumentSlotFactory(),
        "documentkind": lambda: DocumentKind.objects.create(code="ticket", title=title),
        "readyreason": lambda: ReadyReason.objects.create(use="ask", text=title),
    }[model]()  # fmt: skip
    where = f"/admin/claims/{model}/{row.pk}/change/"
    both = form_of(senior.get(where))

    assert senior.post(where, both | {"order": "7"}).status_code == 302
    assert senior.post(where, both | {"order": "8"}).status_code == 200
    row.refresh_from_db()
    assert row.order == 7


# --- what the reading and the adviser need


def test_words_are_kept_as_the_rules_compare_them():
    words = WordsField(required=False).clean(["Ещё, счёт", "", ""])

    assert words["ru"] == ["еще", "счет"]


@pytest.mark.django_db
def test_a_slot_says_which_papers_fit_and_when_it_is_asked(senior):
    for code in ("ticket", "receipt"):
        DocumentKind.objects.create(code=code, title=dict.fromkeys(LANGUAGES, code))
    slot = DocumentSlotFactory(event_type=None)
    where = f"/admin/claims/documentslot/{slot.pk}/change/"
    data = form_of(senior.get(where)) | {"kinds": ["receipt"], "on_advice": "on", "words_ru": "Чек, оплат"}

    senior.post(where, data)

    slot.refresh_from_db()
    assert (slot.kinds, slot.on_advice, slot.words["ru"]) == (["receipt"], True, ["чек", "оплат"])


@pytest.mark.django_db
def test_a_slot_takes_no_kind_that_nobody_knows(senior):
    slot = DocumentSlotFactory(event_type=None)
    where = f"/admin/claims/documentslot/{slot.pk}/change/"

    answer = senior.post(where, form_of(senior.get(where)) | {"kinds": ["treasure_map"]})

    assert answer.context["adminform"].form.errors["kinds"]


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "status"), [("Senior handler", 200), ("Claims handler", 403)])
@pytest.mark.parametrize("model", ["documentkind", "readyreason"])
def test_kinds_and_ready_reasons_are_kept_by_seniors(role, status, model):
    client = client_of(staff(role))

    assert client.get(f"/admin/claims/{model}/").status_code == 200
    assert client.get(f"/admin/claims/{model}/add/").status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "title"), [("ru", "Задержали рейс"), ("uk", "Затримали рейс"), ("xx", "Задержа")])
def test_the_form_is_looked_at_in_a_language_before_it_is_published(senior, language, title):
    event = EventTypeFactory(with_rows=True)
    label = {"ru": "Ждали ночью?", "uk": "Чекали вночі?", "en": "At night?"}
    QuestionFactory(event_type=event, key="night", kind="yes_no", label=label)
    QuestionFactory(event_type=event, key="hotel", condition_key="night", condition_value="true")

    page = senior.get(TYPES + "preview/", {"language": language})

    shown = next(one for one in page.context["groups"] if one["code"] == "flight_delayed")
    code = page.context["language"]
    assert title in page.content.decode()
    assert next(one for one in shown["questions"] if one["key"] == "hotel")["only_if"][0] == label[code]


@pytest.mark.django_db
def test_ready_reasons_of_the_demo_cover_each_use_in_three_languages():
    make_catalogue(now=hours_ago(0))
    make_catalogue(now=hours_ago(0))

    made = list(ReadyReason.objects.all())
    assert {use: sum(one.use == use for one in made) for use in ReadyReason.Use.values} == {
        "reject": 6,
        "ask": 4,
        "waive": 3,
    }
    assert all(one.text[code] for one in made for code in LANGUAGES)


# --- the order of a list


@pytest.fixture
def four():
    """Event types by the letters of their codes; two of them have the same place."""
    places = {"a": 10, "b": 20, "c": 20, "d": 40}
    return {code: EventTypeFactory(code=code, order=order) for code, order in places.items()}


def reorder(client, rows, model="eventtype"):
    return client.post(f"/admin/claims/{model}/reorder/", {"id": [getattr(row, "pk", row) for row in rows]})


def orders():
    return dict(EventType.objects.values_list("code", "order"))


@pytest.mark.django_db
def test_reordered_rows_share_out_the_places_that_they_had(senior, four):
    before = {code: row.updated_at for code, row in four.items()}

    answer = reorder(senior, [four["d"], four["b"], four["c"]])

    assert answer.status_code == 204
    assert orders() == {"a": 10, "d": 20, "b": 21, "c": 40}
    after = dict(EventType.objects.values_list("code", "updated_at"))
    assert {code for code in after if after[code] > before[code]} == {"b", "c", "d"}
    told = dict(LogEntry.objects.values_list("object_id", "change_message"))
    assert {pk: json.loads(message) for pk, message in told.items()} == {
        str(four[code].pk): [{"changed": {"fields": ["order"]}}] for code in "bcd"
    }


@pytest.mark.django_db
def test_rows_that_keep_their_order_are_not_written(senior, four):
    assert reorder(senior, [four["a"], four["b"], four["d"]]).status_code == 204

    assert orders() == {"a": 10, "b": 20, "c": 20, "d": 40}
    assert not LogEntry.objects.exists()


@pytest.mark.django_db
def test_an_order_too_great_for_its_column_is_counted_anew(senior, four):
    EventType.objects.update(order=32767)

    reorder(senior, [four["b"], four["a"]])

    assert orders() == {"b": 10, "a": 20, "c": 32767, "d": 32767}


@pytest.mark.django_db
@pytest.mark.parametrize("sent", [
    lambda a, b: [], lambda a, b: [a], lambda a, b: [b, a, b], lambda a, b: [b, a, "first"],
    lambda a, b: [b, a, uuid.uuid4()],
])  # fmt: skip
def test_an_order_of_rows_that_are_not_there_is_refused(senior, four, sent):
    assert reorder(senior, sent(four["a"], four["b"])).status_code == 400
    assert orders() == {"a": 10, "b": 20, "c": 20, "d": 40}


@pytest.mark.django_db
def test_the_order_is_changed_only_by_those_who_may_and_only_by_post(senior, four):
    clerk = client_of(staff("Claims handler"))

    assert reorder(clerk, [four["b"], four["a"]]).status_code == 403
    assert senior.get(f"{TYPES}reorder/").status_code == 405
    assert orders() == {"a": 10, "b": 20, "c": 20, "d": 40}
    assert "data-row" not in clerk.get(TYPES).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "address", "offered"), [
    ("eventtype", "", True), ("eventtype", "?is_active__exact=1", True), ("eventtype", "?o=1", False),
    ("eventtype", "?q=a", False), ("question", "", True), ("question", "?of=all", False),
    ("documentslot", "", True), ("documentkind", "", True), ("readyreason", "", True),
])  # fmt: skip
def test_rows_are_moved_where_the_list_stands_in_its_own_order(senior, four, model, address, offered):
    make_catalogue(now=hours_ago(0))

    page = senior.get(f"/admin/claims/{model}/{address}").content.decode()

    assert ("data-row=" in page) is offered
    if model == "readyreason":
        assert set(re.findall(r'data-group="(\w*)"', page)) == set(ReadyReason.Use.values)
