"""Every page of the desk, for every role: it answers, and only to those who may look."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import models
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import ROLES
from apps.accounts.services import api_token_create
from apps.claims.models import SbpBank
from apps.claims.services import definition_publish
from apps.claims.tests.factories import ClaimFactory, EventTypeFactory, QuestionFactory
from apps.claims.tests.staff import client_of, staff
from apps.contacts.models import VerificationCode
from apps.core import audit
from apps.core.models import Delivery, DeliveryAttempt, InboxMessage, OutboxEvent

pytestmark = pytest.mark.django_db
SHOWS = {"integrations.System": "core.target"}  # a page without a table: it goes by what it shows


@pytest.fixture
def everything():
    """A row for each page."""
    now = timezone.now()
    EventTypeFactory(with_rows=True)
    QuestionFactory(key="applicant_name")
    definition_publish(actor=None, now=now)
    claim = ClaimFactory(in_review=True, definition__version=7)
    SbpBank.objects.create(member_id="100000000001", name={"ru": "Банк", "uk": "Банк", "en": "Bank"})
    VerificationCode.objects.create(
        phone="79161234567", phone_index="x", purpose="login", code_hash="ab" * 32, sealed_code="123456", expires_at=now
    )
    event = OutboxEvent.objects.create(name="claim.submitted", aggregate=f"claim:{claim.pk}", occurred_at=now)
    delivery = Delivery.objects.create(
        event=event, handler="claims.receipt_mail", target="email", state="needs_attention", next_at=now, created_at=now
    )
    DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=now, outcome="rejected", detail={"a": "•"})
    InboxMessage.objects.create(source="n8n", external_id="1", received_at=now)
    user = User.objects.create(username="system", is_staff=True)
    api_token_create(user=user, name="metrics", expires_at=None, actor=None, now=now)
    audit.record(action="test.look", target=claim, actor=user, now=now)
    return claim


def our_models():
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def pages_of(model: type[models.Model]) -> list[str]:
    label = model._meta.label_lower.replace(".", "_")
    pages = [reverse(f"admin:{label}_changelist")]
    row = model._default_manager.first()
    if row is not None:
        pages.append(reverse(f"admin:{label}_change", args=[row.pk]))
    return pages


@pytest.mark.parametrize("role", ["", *ROLES])
def test_each_role_sees_the_pages_that_it_may_view_and_no_other(role, everything):
    user = staff(role, "reader")
    client = client_of(user)

    wrong = []
    for model in our_models():
        opts = model._meta
        about = SHOWS.get(opts.label, opts.label_lower)
        may = any(user.has_perm(about.replace(".", f".{verb}_")) for verb in ("view", "change"))
        for page in pages_of(model):
            status = client.get(page).status_code
            if status != (200 if may else 403):
                wrong.append((page, status))

    assert wrong == []
    assert client.get("/admin/").status_code == 200


def test_search_and_sorting_answer_on_every_list(everything):
    root = client_of(staff(""))

    for model in our_models():
        page = pages_of(model)[0]
        for query in ({"q": "Иванов 4567"}, {"q": "%_'"}, {"q": " "}, {"o": "1.2"}, {"o": "-99"}, {"p": "-1"}):
            response = root.get(page, query)
            assert response.status_code in (200, 302), (page, query)


def test_adding_pages_answer(everything):
    root = client_of(staff(""))

    for model, page in admin.site._registry.items():
        label = model._meta.label_lower.replace(".", "_")
        request = root.get("/admin/").wsgi_request
        if page.has_add_permission(request):
            assert root.get(reverse(f"admin:{label}_add")).status_code == 200


def test_nobody_deletes_people_claims_money_or_history(everything):
    root = client_of(staff(""))
    request = root.get("/admin/").wsgi_request
    deletable = {m._meta.label for m, page in admin.site._registry.items() if page.has_delete_permission(request)}

    assert {label for label in deletable if not label.startswith(("django_celery_beat.", "auth."))} == {
        "claims.EventType", "claims.Question", "claims.DocumentSlot", "claims.DocumentKind", "claims.ReadyReason",
    }  # fmt: skip


def test_no_page_shows_a_code_a_phone_or_a_session(everything):
    root = client_of(staff(""))
    labels = {model._meta.label for model in our_models()}

    html = "".join(root.get(page).content.decode() for model in our_models() for page in pages_of(model))

    assert "contacts.ApplicantSession" not in labels
    assert "123456" not in html
    assert "79161234567" not in html
    assert everything.contact.phone not in html


def test_an_auditor_may_look_and_change_nothing(everything):
    auditor = staff("Auditor")

    verbs = {name.split(".")[1].split("_")[0] for name in auditor.get_all_permissions()}

    assert verbs == {"view"}
    assert Permission.objects.filter(group__name="Administrator").count() == Permission.objects.count()
