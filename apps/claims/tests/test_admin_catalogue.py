import pytest
from django.core.exceptions import ValidationError

from apps.claims.admin.forms import ChoicesField, WordsField
from apps.claims.models import EventType, FormDefinition, Question
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
    return client_of(staff("Senior handler"))


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


@pytest.mark.django_db
def test_what_publishing_would_change_is_shown_and_then_done(senior):
    EventTypeFactory(with_rows=True)
    definition_publish(actor=None, now=hours_ago(1))
    assert 'id="unpublished"' not in senior.get(TYPES).content.decode()

    EventTypeFactory(code="baggage")
    EventType.objects.filter(code="flight_delayed").update(order=5)

    assert 'id="unpublished"' in senior.get(TYPES).content.decode()
    assert [n for _what, n in senior.get(f"{TYPES}publish/").context["changes"]] == [1, 1]
    senior.post(f"{TYPES}publish/")
    assert FormDefinition.objects.count() == 2
    assert FormDefinition.objects.filter(published_by__username="senior").count() == 1
    senior.post(f"{TYPES}publish/")
    assert FormDefinition.objects.count() == 2


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

    html = senior.get("/admin/claims/question/").content.decode()

    assert common.key in html
    assert own.questions.all()[0].key not in html
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
