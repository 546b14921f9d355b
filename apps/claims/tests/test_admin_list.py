import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.claims.models import Claim
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, DocumentRequestFactory, EventTypeFactory
from apps.claims.tests.staff import client_of, staff
from apps.contacts.tests.factories import ContactFactory
from apps.core.desk import lists

pytestmark = pytest.mark.django_db
LIST = "/admin/claims/claim/"


@pytest.fixture
def clerk():
    return client_of(staff("Claims handler"))


def numbers(response):
    return re.findall(r">(CLM-[0-9A-Z-]+)</a></th>", response.content.decode())


def test_drafts_are_hidden_until_they_are_asked_for(clerk):
    draft, submitted = ClaimFactory(draft=True), ClaimFactory()

    assert numbers(clerk.get(LIST)) == [submitted.number]
    assert numbers(clerk.get(LIST, {"status": "draft"})) == [draft.number]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"status": "open"}, {"submitted", "in_review", "needs_documents"}),
        ({"status": "rejected"}, {"rejected"}),
        ({"status": "nonsense"}, {"submitted", "in_review", "needs_documents", "approved", "rejected", "paid"}),
    ],
)
def test_status_filter(clerk, query, shown):
    for status in ("submitted", "in_review", "needs_documents", "approved", "rejected", "paid"):
        ClaimFactory(**{status: True})

    found = Claim.objects.filter(number__in=numbers(clerk.get(LIST, query)))

    assert {one.status for one in found} == shown


def test_period_event_and_missing_filters(clerk):
    old = ClaimFactory(created_at=timezone.now() - timedelta(days=40))
    new = ClaimFactory(event_type="baggage", missing=2)
    EventTypeFactory(code="baggage")

    assert numbers(clerk.get(LIST, {"period": "7"})) == [new.number]
    assert numbers(clerk.get(LIST, {"event_type": "baggage"})) == [new.number]
    assert numbers(clerk.get(LIST, {"missing": "no"})) == [old.number]


@pytest.mark.parametrize(
    "text",
    [
        "+7 916 123-45-67", "8 (916) 123 45 67", "79161234567", "9161234567", "4567",
        "916.123.45.67", "916–123–45–67", "+7 916—123—45—67", "8/916/1234567", "trv-2026-777777",
        "щукин", "ЩУКИН", "дмит щук", "Щукин 4567", "T7Q4", "clm-2026-11-20-t7q4", "2026-11-20", "ук",
    ],
)  # fmt: skip
def test_search_finds_by_phone_name_and_number(clerk, text):
    wanted = ClaimFactory(
        number="CLM-2026-11-20-T7Q4",
        contact=ContactFactory(phone="79161234567", full_name="Дмитрий Щукин"),
        policy__number="TRV-2026-777777",
    )
    ClaimFactory(number="CLM-2026-11-01-AAAA", contact=ContactFactory(phone="79030000001", full_name="Анна Лебедева"))

    assert numbers(clerk.get(LIST, {"q": text})) == [wanted.number]


def test_four_digits_find_the_end_of_a_number_but_no_year(clerk):
    wanted = ClaimFactory(number="CLM-2026-11-20-2026")
    ClaimFactory(number="CLM-2026-11-20-AAAA")

    assert numbers(clerk.get(LIST, {"q": "2026"})) == [wanted.number]


@pytest.mark.parametrize("text", ["+7 999 000-00-00", "0000", "Неизвестный", "%", "'; --"])
def test_search_that_finds_nothing_says_so(clerk, text):
    ClaimFactory()

    response = clerk.get(LIST, {"q": text})

    assert response.status_code == 200
    assert numbers(response) == []


def queries(clerk, **query):
    with CaptureQueriesContext(connection) as caught:
        assert clerk.get(LIST, query).status_code == 200
    return len(caught)


def test_queries_do_not_grow_with_the_rows(clerk):
    EventTypeFactory()
    for _n in range(3):
        DocumentFactory(claim=ClaimFactory())
    few = queries(clerk)
    for _n in range(20):
        DocumentFactory(claim=ClaimFactory(needs_documents=True))

    assert queries(clerk) == few <= 12


def test_no_big_column_is_read_for_the_list(clerk):
    ClaimFactory()

    with CaptureQueriesContext(connection) as caught:
        clerk.get(LIST)

    assert not [q["sql"] for q in caught if '"claims_claim"."answers"' in q["sql"]]
    assert not [q["sql"] for q in caught if '"claims_claim"."description"' in q["sql"]]


def test_counting_stops_at_the_cap(clerk, monkeypatch):
    monkeypatch.setattr(lists, "CAP", 5)
    for _n in range(8):
        ClaimFactory()

    page = clerk.get(LIST, {"status": "submitted"})

    assert page.context["cl"].count_text() == "5+"
    assert len(numbers(page)) == 8


def test_an_estimate_stands_for_the_count_of_the_whole_list(clerk, monkeypatch):
    ClaimFactory(), ClaimFactory(draft=True)
    monkeypatch.setattr("apps.claims.admin.claims.table_estimate", lambda model: 1_204_001)

    assert clerk.get(LIST).context["cl"].count_text() == "≈ 1\u202f204\u202f000"
    assert clerk.get(LIST, {"status": "open"}).context["cl"].count_text() == "1"


@pytest.mark.postgres
def test_estimate_comes_from_the_planner_once_the_table_is_large(monkeypatch):
    ClaimFactory()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = 250000 WHERE oid = 'claims_claim'::regclass")

    assert lists.table_estimate(Claim) == 250_000


def test_second_page_goes_on_where_the_first_ends(clerk):
    made = [ClaimFactory(created_at=timezone.now() - timedelta(minutes=n)).number for n in range(60)]

    first, second = numbers(clerk.get(LIST)), numbers(clerk.get(LIST, {"p": 2}))

    assert first + second == made


def test_page_that_is_not_there_leads_back_to_the_list(clerk):
    ClaimFactory()

    assert clerk.get(LIST, {"p": 99}).status_code == 302


def test_row_tells_who_what_and_what_is_missing(clerk):
    EventTypeFactory()
    request = DocumentRequestFactory(actor=staff("Senior handler"), claim__missing=1)
    DocumentFactory(claim=request.claim)

    html = clerk.get(LIST).content.decode()

    assert request.claim.contact.full_name in html
    assert request.claim.contact.phone not in html
    assert "Задержали рейс" in html
    assert "mark-asked" in html


def test_papers_that_came_are_seen_and_found_in_the_list(clerk):
    arrived = ClaimFactory(needs_documents=True, missing=0)
    waiting = DocumentRequestFactory(actor=staff("Senior handler"), claim__missing=1).claim
    ClaimFactory(missing=0)

    page = clerk.get(LIST, headers={"Accept-Language": "en"})

    assert page.content.decode().count("badge-attention") == 1
    assert waiting.number in numbers(page)
    assert numbers(clerk.get(LIST, {"missing": "arrived"})) == [arrived.number]


@pytest.mark.parametrize("role", ["Claims handler", "Senior handler"])
def test_no_decision_is_undone_in_bulk(role):
    claims = [ClaimFactory(approved=True), ClaimFactory(rejected=True), ClaimFactory(needs_documents=True)]
    chosen = {"action": "take_up", "_selected_action": [str(one.pk) for one in claims]}

    client_of(staff(role)).post(LIST, chosen)

    statuses = [Claim.objects.get(pk=one.pk).status for one in claims]
    assert statuses == ["approved", "rejected", "in_review"]


def test_taking_up_several_claims_at_once(clerk):
    claims = [ClaimFactory(), ClaimFactory(), ClaimFactory(needs_documents=True)]
    chosen = {"action": "take_up", "_selected_action": [str(one.pk) for one in claims]}

    page = clerk.post(LIST, chosen, follow=True)

    assert sorted(Claim.objects.values_list("status", flat=True)) == ["in_review", "in_review", "in_review"]
    assert page.status_code == 200


def test_who_may_only_look_gets_no_actions():
    auditor = client_of(staff("Auditor"))
    claim = ClaimFactory()

    assert b"action-select" not in auditor.get(LIST).content
    auditor.post(LIST, {"action": "take_up", "_selected_action": [str(claim.pk)]})
    assert Claim.objects.get().status == "submitted"


def test_first_page_counts_and_shows_the_longest_waiting(clerk):
    waiting = ClaimFactory(created_at=timezone.now() - timedelta(days=9))
    ClaimFactory(in_review=True)

    html = clerk.get(reverse("admin:index")).content.decode()

    assert "?status=in_review" in html
    assert waiting.number in html
