"""A claim's way into the company's systems, as staff see it on its page, and what they may do there."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.claims.models import Claim, ClaimNote, Registration
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.claims.tests.staff import client_of, staff
from apps.claims.tests.test_progress import STEPS, chain, registered
from apps.core.models import AuditEntry, Delivery, Target
from apps.core.targets import target_pause

pytestmark = pytest.mark.django_db
S = Delivery.State
NOON = datetime.fromisoformat("2026-11-21T12:02:00+03:00")


@pytest.fixture
def senior() -> Client:
    """Who may move deliveries."""
    return reading_english("Senior handler")


@pytest.fixture
def clerk() -> Client:
    return reading_english("Claims handler")


def reading_english(role: str) -> Client:
    user = staff(role)
    user.language = "en"
    user.save()
    return client_of(user)


@pytest.fixture
def company(settings: LazySettings) -> None:
    base = "https://company.example.com"
    settings.CRM_URL, settings.NEXTCLOUD_URL = f"{base}/crm", f"{base}/share"
    settings.CRM_USER = settings.CRM_ACCESS_KEY = settings.NEXTCLOUD_USER = settings.NEXTCLOUD_PASSWORD = "test"
    settings.ARCHIVE_S3 = {"endpoint_url": f"{base}/s3", "bucket": "archive", "access_key": "test",
                           "secret_key": "test", "region": "us-east-1"}  # fmt: skip


def page(client: Client, claim: Claim) -> str:
    response = client.get(f"/admin/claims/claim/{claim.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def step(html: str, name: str) -> str:
    """The HTML of one step."""
    return html.split(f'data-step="registration.{name}"')[1].split('<li class="step')[0].split("</ol>")[0]


def offered(html: str, name: str) -> list[str]:
    return [what for what in ("retry", "restart", "complete", "skip") if f"/{what}/do/" in step(html, name)]


def test_each_step_says_where_it_stands(senior: Client) -> None:
    claim = ClaimFactory()
    chain(claim, S.DONE, S.WAITING, attempts=3)
    project = Delivery.objects.filter(handler="registration.project")
    project.update(last_error="The CRM is busy.", next_at=timezone.now() + timedelta(minutes=5, seconds=30))

    html = page(senior, claim)

    assert [name for name in STEPS if f'data-step="registration.{name}"' not in html] == []
    assert 'data-state="delivery-done"' in step(html, "contact")
    shown = ["The CRM is busy.", "3 tries", "Next try in 5 min."]
    assert [text for text in shown if text not in step(html, "project")] == []
    assert 'data-state="turn"' in step(html, "ticket")
    assert "data-moving" in html


@pytest.mark.parametrize(
    ("states", "name", "expected"),
    [
        ((S.WAITING,), "contact", ["retry", "complete", "skip"]),
        ((S.UNKNOWN,), "contact", ["retry", "complete", "skip"]),
        ((S.DONE, S.DONE, S.DONE, S.NEEDS_ATTENTION), "relation", ["retry", "skip"]),  # it makes nothing with an id
        ((S.DONE, S.WAITING), "contact", ["restart"]),
        ((S.DONE, S.RUNNING), "contact", []),
        ((S.RUNNING,), "contact", []),
        ((S.WAITING,), "project", []),
        ((S.CANCELLED,) * 7, "contact", ["restart"]),
    ],
)
def test_what_may_be_done_with_a_step(senior: Client, states: tuple[str, ...], name: str, expected: list[str]) -> None:
    claim = ClaimFactory()
    chain(claim, *states)

    assert offered(page(senior, claim), name) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(-9, "within a minute"), (40, "within a minute"), (200, "in 3 min")])
def test_when_the_next_try_comes(senior: Client, seconds: int, expected: str) -> None:
    claim = ClaimFactory()
    chain(claim, S.WAITING)
    Delivery.objects.filter(position=1).update(next_at=timezone.now() + timedelta(seconds=seconds))

    assert expected in step(page(senior, claim), "contact")


def test_who_may_not_move_deliveries_is_offered_nothing(clerk: Client) -> None:
    claim = ClaimFactory()
    chain(claim, S.DONE, S.WAITING)

    html = page(clerk, claim)

    assert "/do/" not in html
    assert "registration.project" in html


def test_a_pause_says_who_and_why(senior: Client) -> None:
    claim = ClaimFactory()
    chain(claim)
    anna = User.objects.create_user("anna")
    target_pause(name="crm", reason="maintenance", actor=anna, now=timezone.now())

    html = page(senior, claim)

    assert "is paused by anna: maintenance" in step(html, "contact")
    assert 'data-state="parked"' in step(html, "contact")
    assert "anna" not in step(html, "project")  # its turn has not come
    assert offered(html, "contact") == ["complete", "skip"]  # a pause holds against a retry


def test_a_pause_also_holds_against_trying_again_what_needs_attention(senior: Client) -> None:
    claim = ClaimFactory()
    chain(claim, S.DONE, S.NEEDS_ATTENTION)
    target_pause(name="crm", reason="maintenance", actor=User.objects.create_user("anna"), now=timezone.now())

    html = page(senior, claim)

    assert "is paused by anna: maintenance" in step(html, "project")
    assert 'data-state="delivery-needs_attention"' in step(html, "project")
    assert offered(html, "project") == ["complete", "skip"]


def test_an_open_breaker_says_since_when(senior: Client) -> None:
    claim = ClaimFactory()
    chain(claim, S.WAITING)
    Target.objects.create(name="crm", opened_at=NOON, probe_at=timezone.now(), failures=5)

    html = page(senior, claim)

    assert "does not answer since 12:02" in step(html, "contact")
    assert offered(html, "contact") == ["retry", "complete", "skip"]


@pytest.mark.usefixtures("company")
def test_what_came_of_it_is_linked(senior: Client) -> None:
    claim = ClaimFactory()
    chain(claim, *[S.DONE] * 7)
    Delivery.objects.filter(handler="registration.ticket").update(remote_id="17x42")
    Registration.objects.create(
        claim=claim, contact_ref="12x7", project_ref="33x9", ticket_ref="17x42", ticket_number="TT42",
        is_new_contact=True, registered_at=NOON, archive_key="insurers/1.zip", archive_files=2, archive_size=2048,
        not_kept=["cf_2066"],
    )  # fmt: skip
    DocumentFactory(claim=claim, handed_over_at=NOON, share_path="Claims/Maria/CLM-1/ticket.jpg")

    html = page(senior, claim)

    crm = "https://company.example.com/crm/index.php?module="
    shown = [">TT42</a>", f"{crm}HelpDesk&amp;view=Detail&amp;record=42", f"{crm}Project&amp;view=Detail&amp;record=9",
             f"{crm}Contacts&amp;view=Detail&amp;record=7", "dir=Claims/Maria/CLM-1", "cf_2066",
             f"/admin/claims/claim/{claim.pk}/archive/"]  # fmt: skip
    assert [text for text in shown if text not in html] == []
    assert "record=42" in step(html, "ticket")
    assert "data-moving" not in html


def test_a_claim_that_is_registered_nowhere_has_no_such_part(senior: Client) -> None:
    assert 'id="registration-title"' not in page(senior, ClaimFactory())


def test_notes_of_other_systems_are_shown_as_text(senior: Client) -> None:
    claim = ClaimFactory()
    ClaimNote.objects.create(claim=claim, source="n8n", text="<b>Fraud score</b> 2 of 10", at=timezone.now())

    html = page(senior, claim)

    assert "&lt;b&gt;Fraud score" in html
    assert "<b>Fraud" not in html


@pytest.mark.parametrize(
    ("what", "given", "state"),
    [
        ("retry", {}, S.QUEUED),
        ("skip", {"reason": "It is in the CRM already"}, S.DONE_MANUALLY),
        ("skip", {}, S.NEEDS_ATTENTION),  # without a reason nothing happens
    ],
)
def test_what_is_pressed_is_done_and_leads_back_to_the_claim(
    senior: Client, what: str, given: dict[str, str], state: str
) -> None:
    claim = ClaimFactory()
    chain(claim, *[S.DONE] * 3, S.NEEDS_ATTENTION)
    moved = Delivery.objects.get(handler="registration.relation")
    here = f"/admin/claims/claim/{claim.pk}/change/"

    answer = senior.post(f"/admin/core/delivery/{moved.pk}/{what}/do/", {**given, "next": here})

    assert (answer.status_code, answer["Location"]) == (302, here)
    moved.refresh_from_db()
    assert moved.state == state


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(senior: Client, elsewhere: str) -> None:
    chain(ClaimFactory(), S.WAITING)
    moved = Delivery.objects.get(handler="registration.contact")

    answer = senior.post(f"/admin/core/delivery/{moved.pk}/retry/do/", {"next": elsewhere})

    assert answer["Location"] == f"/admin/core/delivery/{moved.pk}/change/"


# --- the archive


def with_archive(**of: Any) -> Claim:
    claim: Claim = ClaimFactory()
    Registration.objects.create(claim=claim, archive_key="insurers/CLM-1/abc.zip", **of)
    return claim


@pytest.mark.usefixtures("company")
def test_the_archive_is_had_by_an_address_that_soon_ends_and_that_is_written_down(clerk: Client) -> None:
    claim = with_archive()

    answer = clerk.get(f"/admin/claims/claim/{claim.pk}/archive/")

    assert answer.status_code == 302
    link = urlsplit(answer["Location"])
    assert (link.netloc, link.path) == ("company.example.com", "/s3/archive/insurers/CLM-1/abc.zip")
    assert parse_qs(link.query)["X-Amz-Expires"] == ["60"]
    entry = AuditEntry.objects.get(action="archive.download")
    assert (str(entry.actor), entry.object_id) == ("claims", str(Registration.objects.get().pk))


@pytest.mark.usefixtures("company")
def test_who_may_see_no_documents_gets_no_archive() -> None:
    claim = with_archive()

    answer = reading_english("Support agent").get(f"/admin/claims/claim/{claim.pk}/archive/")

    assert answer.status_code == 403
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("company")
def test_a_claim_without_an_archive_has_none_to_give(clerk: Client) -> None:
    assert clerk.get(f"/admin/claims/claim/{ClaimFactory().pk}/archive/").status_code == 404


# --- the list


@pytest.mark.parametrize("text", ["TT42", "tt42", " TT42 "])
def test_a_claim_is_found_by_its_ticket_which_stands_in_its_row(clerk: Client, text: str) -> None:
    wanted, _other = ClaimFactory(), ClaimFactory()
    Registration.objects.create(claim=wanted, ticket_number="TT42")
    Registration.objects.create(claim=_other, ticket_number="TT421")

    response = clerk.get("/admin/claims/claim/", {"q": text})

    assert [one.number for one in response.context["cl"].result_list] == [wanted.number]
    assert "TT42<" in response.content.decode()


# --- the deliveries


def test_a_delivery_tells_the_number_of_its_claim_and_leads_there(senior: Client) -> None:
    claim, other = ClaimFactory(), ClaimFactory()
    chain(claim, S.DONE)
    chain(other)
    one = Delivery.objects.filter(event__aggregate=f"claim:{claim.pk}").latest("pk")

    html = senior.get("/admin/core/delivery/").content.decode()
    alone = senior.get(f"/admin/core/delivery/{one.pk}/change/").content.decode()

    assert (html.count(f">{claim.number} · "), html.count(f">{other.number} · ")) == (7, 7)
    assert f'<a href="/admin/claims/claim/{claim.pk}/change/">{claim.number}</a>' in alone


def test_the_list_of_deliveries_asks_once_for_all_numbers(senior: Client, django_assert_max_num_queries: Any) -> None:
    def asked() -> int:
        with django_assert_max_num_queries(99) as seen:
            senior.get("/admin/core/delivery/")
        return sum('FROM "claims_claim"' in query["sql"] for query in seen.captured_queries)

    chain(ClaimFactory())
    one = asked()
    for _ in range(5):
        chain(ClaimFactory())

    assert (one, asked()) == (1, 1)


@pytest.mark.parametrize("typed", ["number", "lower", "ticket", "id"])
def test_deliveries_are_found_by_the_claim_s_number_ticket_and_id(senior: Client, typed: str) -> None:
    claim = ClaimFactory()
    chain(claim)
    chain(ClaimFactory())
    registered(claim, NOON)
    text = {"number": claim.number, "lower": claim.number.lower(), "ticket": "tt42", "id": str(claim.pk)}[typed]

    rows = senior.get("/admin/core/delivery/", {"q": text}).context["cl"].result_list

    assert [row.event.aggregate for row in rows] == [f"claim:{claim.pk}"] * 7
