"""What staff see of a document's reading: its pages, its facts, and whose word its state is."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import override

from apps.accounts.models import User
from apps.claims.admin.reading import NOTES
from apps.claims.models import Claim, Document, DocumentReading
from apps.claims.reading_texts import STAFF, VERDICTS
from apps.claims.rules.reading import Fact
from apps.claims.selectors.reading import document_reason
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.claims.tests.staff import client_of, staff
from apps.claims.tests.test_admin_claim import page, stored, url
from apps.core.files.reading.pages import Box, Look, Page
from apps.core.models import OutboxEvent

pytestmark = pytest.mark.django_db
PAGE = Page(1, 800, 1100, Look(0.9, 0.8, 0.2, 0.05)).to_json()


@pytest.fixture
def clerk() -> Client:
    return client_of(staff("Claims handler"))


def fact(kind: str, value: str, role: str = "") -> dict[str, Any]:
    return Fact(kind, value, value, 1, Box(0.1, 0.25, 0.4, 0.3), 0.9, role).to_json()


def read(document: Document, **found: Any) -> DocumentReading:
    """The document's reading, ended with what was `found`."""
    pages = [{**PAGE, "key": document.key, "thumb_key": document.key, "read": "ocr"}]
    verdict = {"stage": "judged", "verdict": "accepted", "ended_at": timezone.now(), "total_pages": 1, "pages": pages}
    reading = DocumentReading.objects.create(document=document, **{**verdict, **found})
    document.settle(reading)
    document.save(update_fields=["state"])
    return reading


def read_claim(**found: Any) -> tuple[Claim, Document]:
    claim = ClaimFactory(in_review=True)
    document = stored(claim)
    read(document, **found)
    return claim, document


def test_a_page_that_was_read_is_shown_as_a_picture(clerk: Client) -> None:
    claim, document = read_claim()

    shown: Any = clerk.get(url(claim, "documents", document.pk, "pages", 1))

    assert shown["Content-Type"] == "image/jpeg"
    assert b"".join(shown.streaming_content) == b"\xff\xd8 a picture"
    assert url(claim, "documents", document.pk, "pages", 1) in page(clerk, claim)


@pytest.mark.parametrize("number", [0, 2])
def test_there_is_no_other_page(clerk: Client, number: int) -> None:
    claim, document = read_claim()

    assert clerk.get(url(claim, "documents", document.pk, "pages", number)).status_code == 404


def test_a_page_is_found_only_under_its_own_claim_and_by_who_may(clerk: Client) -> None:
    claim, document = read_claim()
    other = ClaimFactory(in_review=True)

    assert clerk.get(url(other, "documents", document.pk, "pages", 1)).status_code == 404
    agent = client_of(staff("Support agent"))
    assert agent.get(url(claim, "documents", document.pk, "pages", 1)).status_code == 403


def test_facts_stand_beside_the_page_with_their_places(clerk: Client) -> None:
    claim, _document = read_claim(facts=[fact("flight", "XY 123")])

    html = page(clerk, claim)

    assert "XY 123" in html
    assert 'data-left="10.00" data-top="25.00" data-width="30.00" data-height="5.00"' in html


def test_amounts_are_written_in_the_reader_s_language(clerk: Client) -> None:
    claim, _document = read_claim(facts=[fact("amount", "50000.00 EUR")])

    assert "50\u00a0000,00\u00a0€" in page(clerk, claim)


def test_who_may_see_no_documents_is_told_nothing_that_the_machine_made_of_them(clerk: Client) -> None:
    claim, document = read_claim(verdict="rejected", code="blurred", troubles=[{"code": "blurred", "page": 1}])
    found = document_reason(document, claim, "ru", for_staff=True)

    seen = [page(one, claim) for one in (clerk, client_of(staff("Support agent")))]

    assert found
    assert [found in html for html in seen] == [True, False]
    assert ["badge-unfit" in html for html in seen] == [True, False]


def test_what_the_claim_says_stands_beside_what_papers_say(clerk: Client) -> None:
    claim, _document = read_claim()
    assert claim.policy

    said = page(clerk, claim).partition('data-part="said"')[2].partition("</dl>")[0]

    assert f"{claim.policy_number} ({claim.policy.valid_from:%d.%m.%Y} – {claim.policy.valid_until:%d.%m.%Y})" in said
    assert all(part in said for part in (f"{claim.event_date:%d.%m.%Y}", "XY 123", claim.contact.full_name))


def test_who_may_see_no_documents_is_told_no_facts() -> None:
    claim, _document = read_claim(facts=[fact("document_number", "4510 123456")])

    assert "4510 123456" not in page(client_of(staff("Sales")), claim)


@pytest.mark.parametrize(
    ("kind", "value", "differs"),
    [
        ("policy_number", "TRV-1999-000000", True),
        ("name", "Виктор Незнакомцев", True),
        ("flight", "XY 123", False),
        ("flight", "XY 124", True),
    ],
)
def test_what_differs_from_the_claim_stands_out(clerk: Client, kind: str, value: str, differs: bool) -> None:
    claim, _document = read_claim(facts=[fact(kind, value)])

    html = page(clerk, claim)

    assert ('<li class="differing">' in html) is differs
    assert ('<span class="differs">' in html) is differs


def test_a_paper_that_contradicts_the_claim_is_not_called_fitting(clerk: Client) -> None:
    claim, document = read_claim(facts=[fact("name", "Виктор Незнакомцев")])

    html = page(clerk, claim)

    assert "badge-fits" not in html
    assert "badge-attention" in html.partition(f'id="document-{document.pk}"')[2].partition("</li>")[0]


def test_a_person_of_several_roles_is_named_once(clerk: Client) -> None:
    claim = ClaimFactory(in_review=True)
    assert claim.policy
    claim.policy.holder_name = f" {claim.contact.full_name.upper()}"
    claim.policy.insured = [{"name": claim.contact.full_name}, {"name": "Пётр Иванов"}]
    claim.policy.save()
    read(stored(claim), facts=[fact("name", "Виктор Незнакомцев")])

    html = page(clerk, claim)

    told = html.partition('<span class="differs">')[2].partition("</span>")[0]
    assert told.casefold().count(claim.contact.full_name.casefold()) == 1
    assert told.endswith(", Пётр Иванов")


def test_a_date_outside_the_policy_s_time_stands_out(clerk: Client) -> None:
    claim, _document = read_claim(facts=[fact("date", "2001-02-03", "event")])

    assert '<li class="differing">' in page(clerk, claim)


def test_what_the_insured_person_is_called_does_not_differ(clerk: Client) -> None:
    claim = ClaimFactory(in_review=True)
    assert claim.policy
    read(stored(claim), facts=[fact("name", claim.policy.insured[0]["name"])])

    assert '<li class="differing">' not in page(clerk, claim)


def test_the_machine_s_word_looks_otherwise_than_the_staff_s(clerk: Client) -> None:
    claim, document = read_claim()
    assert "badge-fits" in page(clerk, claim)

    clerk.post(url(claim, "documents", document.pk, "judge"), {"state": "accepted"})

    html = page(clerk, claim)
    assert "badge-fits" not in html
    assert "badge-accepted" in html


@pytest.mark.parametrize("verdict", ["accepted", "doubtful", "rejected"])
@pytest.mark.parametrize("said", ["accepted", "rejected"])
def test_staff_judge_whatever_the_machine_said_and_take_it_back(clerk: Client, verdict: str, said: str) -> None:
    claim, document = read_claim(verdict=verdict, code="" if verdict == "accepted" else "blurred")
    judge = url(claim, "documents", document.pk, "judge")

    clerk.post(judge, {"state": said, "reason": "Не видно дат."})
    document.refresh_from_db()
    assert (document.judgement, document.state) == (said, said)

    clerk.post(judge, {"state": "received"})
    document.refresh_from_db()
    assert (document.judgement, document.state) == ("", verdict)


@pytest.mark.parametrize(
    ("done", "late", "words"),
    [
        ({"state": "accepted"}, {"state": "rejected", "reason": "Не видно дат."}, "Already accepted: Senior handler, "),
        ({"state": "rejected", "reason": "Не тот."}, {"state": "accepted"}, "Already rejected: Senior handler, "),
    ],
)
def test_a_verdict_on_what_another_has_judged_since_changes_nothing(
    clerk: Client, done: dict[str, str], late: dict[str, str], words: str
) -> None:
    claim, document = read_claim()
    judge = url(claim, "documents", document.pk, "judge")
    assert 'name="seen" value=""' in page(clerk, claim)
    client_of(staff("Senior handler")).post(judge, {**done, "seen": ""})
    User.objects.update(language="en")
    sent = OutboxEvent.objects.count()

    told = clerk.post(judge, {**late, "seen": ""}, follow=True).content.decode()

    document.refresh_from_db()
    assert document.judgement == done["state"]
    assert OutboxEvent.objects.count() == sent
    assert words in told
    assert 'class="error"' in told
    assert f'name="seen" value="{done["state"]}"' in told


def test_a_decision_that_was_taken_back_meanwhile_is_not_taken_back_twice(clerk: Client) -> None:
    claim, document = read_claim()
    judge = url(claim, "documents", document.pk, "judge")
    clerk.post(judge, {"state": "accepted", "seen": ""})
    clerk.post(judge, {"state": "received", "seen": "accepted"})
    clerk.post(judge, {"state": "rejected", "reason": "Не тот.", "seen": ""})

    clerk.post(judge, {"state": "received", "seen": "accepted"})

    document.refresh_from_db()
    assert document.judgement == "rejected"


@pytest.mark.parametrize("state", ["reading", "doubtful", "", "lost"])
def test_what_only_a_reading_finds_nobody_says(clerk: Client, state: str) -> None:
    claim, document = read_claim()

    assert clerk.post(url(claim, "documents", document.pk, "judge"), {"state": state}).status_code == 403


def test_a_file_with_a_virus_is_opened_by_nobody(clerk: Client) -> None:
    claim, document = read_claim(verdict="rejected", code="infected", params={"virus": "Eicar"})

    statuses = {clerk.get(url(claim, "documents", document.pk, part)).status_code for part in ("file", "preview")}
    assert statuses == {403}
    assert url(claim, "documents", document.pk, "file") not in page(clerk, claim)


def test_a_document_without_a_reading_is_shown_as_it_came(clerk: Client) -> None:
    claim = ClaimFactory(in_review=True)
    DocumentFactory(claim=claim)

    assert "data-reading" not in page(clerk, claim)


@pytest.mark.parametrize("code", [code for code in VERDICTS if code != "wrong_kind"])
def test_staff_are_not_told_what_the_applicant_is_asked_to_do(clerk: Client, code: str) -> None:
    claim, document = read_claim(verdict="doubtful", code=code)

    html = page(clerk, claim)

    with override("ru"):
        assert escape(STAFF[code]()) in html
        assert escape(VERDICTS[code]()) not in html
        assert document_reason(document, claim, "ru") == VERDICTS[code]()


@pytest.mark.parametrize(("verdict", "look"), [("doubtful", "why-waits"), ("rejected", "why")])
def test_only_what_is_rejected_stands_in_red(clerk: Client, verdict: str, look: str) -> None:
    claim, _document = read_claim(verdict=verdict, code="blurred")

    html = page(clerk, claim)

    with override("ru"):
        assert html.count(f'class="{look}">{STAFF["blurred"]()}') == 2


def test_pages_that_nobody_read_are_told_beside_the_document_with_the_file_itself(clerk: Client) -> None:
    claim, document = read_claim(total_pages=30, note="only_first_pages")

    html = page(clerk, claim)

    assert 'data-pages="1" data-total="30"' in html
    with override("ru"):
        note = NOTES["only_first_pages"]()
    assert html.count(note) == 2
    assert f'{note} <a href="{url(claim, "documents", document.pk, "preview")}"' in html
