import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from apps.core.models import AuditEntry, Delivery, OutboxEvent

pytestmark = pytest.mark.django_db
LIST = "/admin/core/delivery/"


def client_with(*codenames):
    user = get_user_model().objects.create(username="ops", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames, content_type__app_label="core"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ops():
    return client_with("view_delivery", "change_delivery")


def delivery(state="needs_attention", **more):
    event = OutboxEvent.objects.create(name="thing.happened", aggregate="thing:1", occurred_at=timezone.now())
    now = timezone.now()
    finished = now if state in ("done", "cancelled", "done_manually") else None
    return Delivery.objects.create(
        event=event, handler=more.pop("handler", "test.hand"), target="crm", state=state, attempts=9, next_at=now,
        created_at=now, finished_at=finished, **more,
    )  # fmt: skip


def states():
    return sorted(Delivery.objects.values_list("state", flat=True))


def test_list_is_filtered_by_state(ops):
    delivery(last_error="refused by the CRM")
    delivery("done", handler="test.other")

    html = ops.get(LIST, {"state": "unfinished"}).content.decode()

    assert "refused by the CRM" in html
    assert "test.other" not in html


def test_trying_again_from_the_list_and_from_the_page(ops):
    first, second = delivery(), delivery("cancelled")

    ops.post(LIST, {"action": "retry", "_selected_action": [first.pk]})
    ops.post(f"{LIST}{second.pk}/retry/do/")

    assert states() == ["queued", "queued"]
    assert AuditEntry.objects.filter(action="delivery.retry", actor__username="ops").count() == 2


def test_cancelling_asks_for_the_reason_first(ops):
    row = delivery()
    chosen = {"action": "cancel", "_selected_action": [row.pk]}

    asked = ops.post(LIST, chosen)
    assert 'name="reason"' in asked.content.decode()
    assert states() == ["needs_attention"]

    ops.post(LIST, {**chosen, "reason": "The claim was withdrawn."})
    assert states() == ["cancelled"]
    assert AuditEntry.objects.get(action="delivery.cancel").reason == "The claim was withdrawn."


def test_cancelling_one_needs_a_reason_too(ops):
    row = delivery()

    ops.post(f"{LIST}{row.pk}/cancel/do/", {"reason": " "})
    assert states() == ["needs_attention"]

    ops.post(f"{LIST}{row.pk}/cancel/do/", {"reason": "Not needed."})
    assert states() == ["cancelled"]


def test_what_is_finished_or_running_is_left_alone_and_said(ops):
    delivery("running")
    delivery("done")

    page = ops.post(LIST, {"action": "retry", "_selected_action": list(Delivery.objects.values_list("pk", flat=True))},
                    follow=True)  # fmt: skip

    assert states() == ["done", "running"]
    assert 'class="warning"' in page.content.decode()


def test_double_click_is_harmless(ops):
    row = delivery()

    ops.post(f"{LIST}{row.pk}/retry/do/")
    again = ops.post(f"{LIST}{row.pk}/cancel/do/", {"reason": "Enough."}, follow=True)

    assert again.status_code == 200
    assert states() == ["cancelled"]


def test_who_may_only_look_moves_nothing():
    reader, row = client_with("view_delivery"), delivery()

    assert b"retry" not in reader.get(LIST).content
    reader.post(LIST, {"action": "retry", "_selected_action": [row.pk]})
    assert reader.post(f"{LIST}{row.pk}/retry/do/").status_code == 403
    assert reader.get(f"{LIST}{row.pk}/retry/do/").status_code == 405
    assert states() == ["needs_attention"]


def test_tries_are_shown_and_not_edited(ops):
    row = delivery()
    row.tries.create(number=1, started_at=timezone.now(), outcome="rejected", error="No such field.")

    html = client_with_all().get(f"{LIST}{row.pk}/change/").content.decode()

    assert "No such field." in html
    assert "tries-0-error" not in html


def client_with_all():
    user = get_user_model().objects.create(username="root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


def test_audit_is_neither_changed_nor_deleted_by_anybody(ops):
    ops.post(f"{LIST}{delivery().pk}/retry/do/")
    root, entry = client_with_all(), AuditEntry.objects.get(action="delivery.retry")

    page = f"/admin/core/auditentry/{entry.pk}/"

    assert root.get(f"{page}change/").status_code == 200
    assert root.post(f"{page}change/", {"action": "x"}).status_code == 403
    assert root.post(f"{page}delete/", {"post": "yes"}).status_code == 403


def test_nobody_chooses_unused_kinds_of_schedule():
    root = client_with_all()

    assert root.get("/admin/django_celery_beat/periodictask/").status_code == 200
    assert root.get("/admin/django_celery_beat/solarschedule/").status_code == 404


def test_a_schedule_that_cannot_be_is_refused_in_words():
    root, beat = client_with_all(), "/admin/django_celery_beat"
    cron = dict.fromkeys(("minute", "hour", "day_of_month", "month_of_year", "day_of_week"), "*")

    refused = root.post(f"{beat}/crontabschedule/add/", {**cron, "minute": "-1", "timezone": "UTC"})
    unnamed = root.post(f"{beat}/periodictask/add/", {"name": "x", "task": "a\x00b", "args": "[]", "kwargs": "{}"})

    assert refused.status_code == unnamed.status_code == 200
    assert "minute" in refused.context["adminform"].form.errors
    assert "task" in unnamed.context["adminform"].form.errors
