import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.shortcuts import get_object_or_404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.claims.admin.reads import claim_deliveries
from apps.claims.models import Claim, DocumentRequest
from apps.claims.tests.factories import (
    ClaimFactory,
    DocumentFactory,
    DocumentRequestFactory,
    RequisitesFactory,
)
from apps.claims.tests.staff import client_of, staff
from apps.contacts.tests.factories import ContactFactory
from apps.core.desk import reveal as reveals
from apps.core.files import storage
from apps.core.models import AuditEntry, Delivery, DeliveryAttempt, OutboxEvent
from apps.policies.tests.factories import PolicyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    return client_of(staff("Claims handler"))


@pytest.fixture
def senior():
    return client_of(staff("Senior handler"))


def url(claim, *parts):
    return f"/admin/claims/claim/{claim.pk}/" + "".join(f"{part}/" for part in parts)


def page(client, claim):
    response = client.get(url(claim, "change"))
    assert response.status_code == 200
    return response.content.decode()


def stored(claim, content=b"\xff\xd8 a picture", **more):
    key = f"claims/{claim.pk}/{uuid4().hex}/original.jpeg"
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        sha256, size = storage.hash_file(Path(file.name))
        storage.store(Path(file.name), key=key, sha256=sha256, size=size, content_type="image/jpeg")
    return DocumentFactory(claim=claim, key=key, sha256=sha256, size=size, **more)


# --- what the page shows


def test_everything_about_a_claim_is_on_its_page(clerk):
    claim = ClaimFactory(in_review=True)
    RequisitesFactory(claim=claim, needs_review=True)
    document = DocumentFactory(claim=claim, name="талон.jpg")
    about = f"claim:{claim.pk}"
    event = OutboxEvent.objects.create(name="claim.submitted", aggregate=about, occurred_at=timezone.now())
    Delivery.objects.create(
        event=event, handler="claims.receipt_mail", target="email", state="waiting", attempts=3, last_error="no answer",
        next_at=timezone.now(), created_at=timezone.now(),
    )  # fmt: skip

    html = page(clerk, claim)

    shown = [claim.number, claim.description, "XY 123", "Посадочный талон", document.name, claim.policy_number,
             claim.contact.full_name, "•••• 0003", "192.0.2.7", "no answer"]  # fmt: skip
    assert [text for text in shown if text not in html] == []


def test_personal_data_is_masked(clerk):
    claim = ClaimFactory(contact=ContactFactory(phone="79161234567", email="person@example.com"))
    requisites = RequisitesFactory(claim=claim)

    html = page(clerk, claim)

    assert "+7 ••• •••-45-67" in html
    assert "9161234567" not in html.replace(" ", "").replace("-", "")
    assert "person@example.com" not in html
    assert requisites.data["account"] not in html


def test_what_the_policy_insures_is_written_in_the_reader_s_language(clerk):
    sums = [{"risk": "Багаж", "amount": "50000.00", "currency": "EUR"}, {"risk": "Другое", "amount": "без предела"}]
    claim = ClaimFactory(in_review=True, policy=PolicyFactory(sums=sums))

    html = page(clerk, claim)

    assert "50\u00a0000,00\u00a0€" in html
    assert "без предела" in html


def test_the_page_takes_few_queries(clerk):
    claim = ClaimFactory(in_review=True)
    for n in range(6):
        DocumentFactory(claim=claim, name=f"{n}.jpg")
    with CaptureQueriesContext(connection) as caught:
        page(clerk, claim)

    assert len(caught) <= 20


def test_a_draft_can_be_looked_at_and_not_decided(senior):
    html = page(senior, ClaimFactory(draft=True))

    assert 'id="claim-moves"' not in html
    assert 'id="ask-form"' not in html


@pytest.mark.parametrize("part", ["not-a-uuid", "00000000-0000-0000-0000-000000000000"])
def test_unknown_claim_is_not_found(clerk, part):
    assert clerk.get(f"/admin/claims/claim/{part}/change/").status_code == 404


def test_a_claim_has_no_form_to_post_to(senior):
    claim = ClaimFactory()

    assert senior.post(url(claim, "change"), {"status": "paid"}).status_code == 403
    assert Claim.objects.get().status == "submitted"


def test_nobody_deletes_a_claim():
    root, claim = client_of(staff("")), ClaimFactory()

    assert root.post(url(claim, "delete"), {"post": "yes"}).status_code == 403
    assert Claim.objects.exists()


# --- status


def test_moving_a_claim_goes_through_the_service(senior):
    claim = ClaimFactory(in_review=True)

    response = senior.post(url(claim, "move"), {"to": "approved"}, follow=True)

    assert Claim.objects.get().status == "approved"
    assert claim.status_changes.filter(target="approved", actor__username="senior").count() == 1
    assert AuditEntry.objects.filter(action="claim.move").count() == 1
    assert 'class="success"' in response.content.decode()


def test_double_click_moves_once(senior):
    claim = ClaimFactory(in_review=True)

    senior.post(url(claim, "move"), {"to": "approved"})
    again = senior.post(url(claim, "move"), {"to": "approved"}, follow=True)

    assert claim.status_changes.filter(target="approved").count() == 1
    assert 'class="error"' not in again.content.decode()


def test_rejecting_needs_a_reason(senior):
    claim = ClaimFactory(in_review=True)

    refused = senior.post(url(claim, "move"), {"to": "rejected", "reason": " "}, follow=True)
    assert 'class="error"' in refused.content.decode()
    assert Claim.objects.get().status == "in_review"

    senior.post(url(claim, "move"), {"to": "rejected", "reason": "Нет страхового случая."})
    assert Claim.objects.get().status == "rejected"


def test_impossible_move_is_told_and_not_made(senior):
    claim = ClaimFactory(paid=True)

    response = senior.post(url(claim, "move"), {"to": "in_review"}, follow=True)

    assert 'class="error"' in response.content.decode()
    assert Claim.objects.get().status == "paid"


def test_a_handler_takes_up_and_does_not_decide(clerk):
    claim = ClaimFactory(in_review=True)

    assert clerk.post(url(claim, "move"), {"to": "approved"}).status_code == 403
    assert 'id="move-approved"' not in page(clerk, claim)
    assert 'id="move-withdrawn"' in page(clerk, claim)


@pytest.mark.parametrize("decided", ["approved", "rejected"])
def test_only_who_decides_undoes_a_decision(clerk, senior, decided):
    claim = ClaimFactory(**{decided: True})

    assert clerk.post(url(claim, "move"), {"to": "in_review"}).status_code == 403
    assert 'id="claim-moves"' not in page(clerk, claim)
    assert Claim.objects.get().status == decided

    senior.post(url(claim, "move"), {"to": "in_review"})
    assert Claim.objects.get().status == "in_review"


def test_a_decision_made_while_the_page_was_open_is_not_undone(clerk, monkeypatch):
    claim = ClaimFactory()

    def decided_just_after(*args, **more):
        seen = get_object_or_404(*args, **more)
        Claim.objects.update(status="rejected")
        return seen

    monkeypatch.setattr("apps.claims.admin.actions.get_object_or_404", decided_just_after)

    assert clerk.post(url(claim, "move"), {"to": "in_review"}).status_code == 403
    assert Claim.objects.get().status == "rejected"


def test_finance_pays_and_moves_nothing_else(clerk):
    finance = client_of(staff("Finance"))
    claim = ClaimFactory(approved=True)
    html = page(finance, claim)

    assert 'id="move-paid"' in html
    assert 'id="move-in_review"' not in html
    assert clerk.post(url(claim, "move"), {"to": "paid"}).status_code == 403
    assert finance.post(url(claim, "move"), {"to": "in_review"}).status_code == 403
    finance.post(url(claim, "move"), {"to": "paid"})
    assert Claim.objects.get().status == "paid"


def test_finance_cannot_pay_what_is_not_approved():
    claim = ClaimFactory(in_review=True)

    client_of(staff("Finance")).post(url(claim, "move"), {"to": "paid"})

    assert Claim.objects.get().status == "in_review"


def test_approving_asks_once_more_and_takes_a_note(senior):
    User.objects.update(language="en")
    claim = ClaimFactory(in_review=True, missing=0)
    html = page(senior, claim)
    assert 'id="decide-approved"' in html
    assert "The applicant is told at once." in html
    assert "A required document is missing or rejected." not in html

    senior.post(url(claim, "move"), {"to": "approved", "reason": "Всё верно."})

    assert claim.status_changes.get(target="approved").reason == "Всё верно."


def test_approving_what_lacks_a_document_is_warned_of(senior):
    User.objects.update(language="en")
    assert "A required document is missing or rejected." in page(senior, ClaimFactory(in_review=True, missing=1))


@pytest.mark.parametrize("to", ["", "draft", "nonsense", "needs_documents", "submitted"])
def test_only_known_statuses_are_moved_to(senior, to):
    claim = ClaimFactory()

    assert senior.post(url(claim, "move"), {"to": to}).status_code == 403


# --- asking for documents


def test_asking_for_a_document(clerk):
    claim = ClaimFactory(in_review=True)

    clerk.post(url(claim, "ask"), {"slot": "delay_note", "text": "Нужна справка о задержке."})

    claim.refresh_from_db()
    assert claim.status == "needs_documents"
    assert DocumentRequest.objects.get().text == "Нужна справка о задержке."
    assert "Нужна справка о задержке." in page(clerk, claim)


def test_double_click_asks_once(clerk):
    claim = ClaimFactory(in_review=True)
    asked = {"slot": "delay_note", "text": "Нужна справка."}

    clerk.post(url(claim, "ask"), asked)
    clerk.post(url(claim, "ask"), asked)

    assert DocumentRequest.objects.count() == 1


def test_a_refused_request_can_be_sent_again_at_once(clerk):
    claim = ClaimFactory(in_review=True)

    for _again in range(2):
        refused = clerk.post(url(claim, "ask"), {"slot": "no_such_slot", "text": "Пришлите."}, follow=True)
        assert 'class="error"' in refused.content.decode()

    assert not DocumentRequest.objects.exists()


# --- documents


def test_documents_are_accepted_and_rejected_with_a_reason(clerk):
    claim = ClaimFactory(in_review=True)
    document = DocumentFactory(claim=claim)
    judge = url(claim, "documents", document.pk, "judge")

    refused = clerk.post(judge, {"state": "rejected", "reason": ""}, follow=True)
    assert 'class="error"' in refused.content.decode()

    clerk.post(judge, {"state": "rejected", "reason": "Не читается."})
    document.refresh_from_db()
    assert (document.state, document.reason) == ("rejected", "Не читается.")

    clerk.post(judge, {"state": "received"})
    clerk.post(judge, {"state": "accepted"})
    document.refresh_from_db()
    assert (document.state, document.reason) == ("accepted", "")


def test_an_original_is_sent_to_be_saved_and_written_down(clerk):
    document = stored(ClaimFactory(), b"\xff\xd8 a picture", name="талон «Ёлка».jpg")

    response = clerk.get(url(document.claim, "documents", document.pk, "file"))

    assert b"".join(response.streaming_content) == b"\xff\xd8 a picture"
    assert response["Content-Disposition"].startswith("attachment; ")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert AuditEntry.objects.get(action="document.download").object_id == str(document.pk)


def test_a_pdf_is_shown_in_a_frame_of_our_own_only(clerk):
    document = stored(ClaimFactory(), b"%PDF-1.4", kind="pdf", content_type="application/pdf")

    response = clerk.get(url(document.claim, "documents", document.pk, "preview"))

    assert response["Content-Disposition"] == "inline"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert AuditEntry.objects.filter(action="document.view").exists()


def test_a_document_is_found_only_under_its_own_claim(clerk):
    document, other = stored(ClaimFactory()), ClaimFactory()

    for part in ("file", "preview", "thumb"):
        assert clerk.get(url(other, "documents", document.pk, part)).status_code == 404
    assert clerk.post(url(other, "documents", document.pk, "judge"), {"state": "accepted"}).status_code == 404


def test_a_file_that_is_gone_is_no_server_error(clerk):
    document = DocumentFactory(claim=ClaimFactory(), key="claims/gone/original.jpeg")

    assert clerk.get(url(document.claim, "documents", document.pk, "file")).status_code == 503
    assert clerk.get(url(document.claim, "documents", document.pk, "thumb")).status_code == 404
    assert not AuditEntry.objects.filter(action="document.download").exists()


# --- personal data in full


def test_phone_is_shown_after_a_post_that_is_written_down(clerk):
    claim = ClaimFactory(contact=ContactFactory(phone="79161234567"))

    html = clerk.post(url(claim, "reveal"), {"what": "phone"}).content.decode()

    assert "+7 916 123-45-67" in html
    entry = AuditEntry.objects.get(action="contact.reveal", actor__username="claims")
    assert (entry.object_id, entry.detail) == (str(claim.contact_id), {"what": "phone"})
    assert "123-45" not in str(entry.detail)


def test_requisites_are_shown_to_the_pages_script(clerk):
    claim = RequisitesFactory().claim

    answer = clerk.post(url(claim, "reveal"), {"what": "requisites"}, headers={"Accept": "application/json"})

    assert "40817810038000000003" in [value for _label, value in answer.json()["requisites"]]
    assert "no-store" in answer["Cache-Control"]
    assert AuditEntry.objects.get(action="requisites.reveal").object_type == "claims.Requisites"


def test_looking_too_often_is_refused(clerk, monkeypatch):
    monkeypatch.setattr(reveals, "AN_HOUR", 2)
    claim = ClaimFactory()

    answers = [
        clerk.post(url(claim, "reveal"), {"what": "phone"}, headers={"Accept": "application/json"}) for _n in range(3)
    ]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 3500
    assert AuditEntry.objects.filter(action="contact.reveal").count() == 2


def test_reading_does_not_reveal(clerk):
    claim = ClaimFactory()

    assert clerk.get(url(claim, "reveal")).status_code == 302
    assert not AuditEntry.objects.filter(action="contact.reveal").exists()


# --- who may do what

ACTS = {
    "look": lambda c, d: ("get", url(c, "change"), {}),
    "file": lambda c, d: ("get", url(c, "documents", d.pk, "file"), {}),
    "preview": lambda c, d: ("get", url(c, "documents", d.pk, "preview"), {}),
    "thumb": lambda c, d: ("get", url(c, "documents", d.pk, "thumb"), {}),
    "move": lambda c, d: ("post", url(c, "move"), {"to": "withdrawn", "reason": "Просьба заявителя."}),
    "decide": lambda c, d: ("post", url(c, "move"), {"to": "approved"}),
    "ask": lambda c, d: ("post", url(c, "ask"), {"slot": "delay_note", "text": "Пришлите справку."}),
    "judge": lambda c, d: ("post", url(c, "documents", d.pk, "judge"), {"state": "accepted"}),
    "reveal": lambda c, d: ("post", url(c, "reveal"), {"what": "phone"}),
}
PAPERS = {"file", "preview", "thumb"}
LOOK = {"look", *PAPERS}
MAY = {
    "Claims handler": LOOK | {"move", "ask", "judge", "reveal"},
    "Senior handler": set(ACTS),
    "Finance": LOOK | {"reveal"},
    "Support agent": {"look"},
    "Sales": {"look"},
    "Auditor": LOOK,
    "Administrator": set(ACTS),
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_may_do_its_part_and_no_more(role):
    client = client_of(staff(role))
    done = set()
    for act, request in ACTS.items():
        claim = ClaimFactory(in_review=True)
        document = stored(claim)
        method, where, data = request(claim, document)
        if getattr(client, method)(where, data).status_code != 403:
            done.add(act)

    assert done == MAY[role]


@pytest.mark.parametrize(
    ("role", "payout", "consents", "papers"),
    [
        ("Claims handler", True, True, True),
        ("Senior handler", True, True, True),
        ("Finance", True, False, True),
        ("Auditor", True, True, True),
        ("Support agent", False, False, False),
        ("Sales", False, False, False),
    ],
)
def test_each_role_sees_the_details_that_it_may(role, payout, consents, papers):
    claim = ClaimFactory(in_review=True)
    requisites = RequisitesFactory(claim=claim)
    document = DocumentFactory(claim=claim)
    html = page(client_of(staff(role)), claim)

    shown = (requisites.summary in html, "192.0.2.7" in html, url(claim, "documents", document.pk, "file") in html)
    assert shown == (payout, consents, papers)
    assert ('id="part-requisites"' in html) == (payout or consents)


def test_payout_details_in_full_are_not_for_who_may_not_see_them():
    user = staff("Sales")
    user.user_permissions.add(Permission.objects.get(codename="reveal_personal"))
    claim = RequisitesFactory().claim

    assert client_of(user).post(url(claim, "reveal"), {"what": "requisites"}).status_code == 403
    assert client_of(user).post(url(claim, "reveal"), {"what": "phone"}).status_code == 200


def test_strangers_are_sent_to_the_login(client):
    claim = ClaimFactory(in_review=True)
    document = stored(claim)

    for act in ACTS.values():
        method, where, data = act(claim, document)
        response = getattr(client, method)(where, data)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")
    assert Claim.objects.get().status == "in_review"


def test_actions_are_posts_with_a_token():
    user = staff("Senior handler")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    claim = ClaimFactory(in_review=True)
    RequisitesFactory(claim=claim)

    for part in ("move", "ask", "reveal"):
        assert strict.post(url(claim, part), {"to": "approved", "what": "phone"}).status_code == 403
    assert strict.get(url(claim, "move")).status_code == 405


def test_open_request_shows_on_the_page(clerk):
    request = DocumentRequestFactory(actor=staff("Senior handler"))

    assert request.text in page(clerk, request.claim)


def test_what_was_not_wanted_is_not_listed_and_what_staff_cancelled_is():
    claim = ClaimFactory(in_review=True)
    now = timezone.now()
    event = OutboxEvent.objects.create(name="claim.moved", aggregate=f"claim:{claim.pk}", occurred_at=now)
    told = {"event": event, "target": "sms", "state": "cancelled", "next_at": now, "created_at": now,
            "finished_at": now}  # fmt: skip
    Delivery.objects.create(handler="notifications.status_sms", last_error="told by email", **told)
    stopped = Delivery.objects.create(handler="notifications.request_sms", **told)
    DeliveryAttempt.objects.create(delivery=stopped, number=1, started_at=now, outcome="staff", by="olga")
    late = Delivery.objects.create(handler="notifications.code_sms", expires_at=now, **told)

    assert {one.pk for one in claim_deliveries(claim)} == {stopped.pk, late.pk}
