"""What needs somebody is told to the administrators, once a day."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import ADMINISTRATOR, SENIOR_HANDLER
from apps.accounts.tests.staff import staff
from apps.claims.selectors.reconcile import RECONCILED
from apps.core import audit
from apps.core.drain import drain
from apps.core.models import Delivery, OutboxEvent, Target
from apps.core.targets import check_note, failure_note, target_pause
from apps.notifications.digest import digest_due
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NINE = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # in Moscow


@pytest.fixture(autouse=True)
def moscow(settings) -> None:
    settings.TIME_ZONE = "Europe/Moscow"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.N8N_URL = settings.EVENTS_URL = ""


def person(role: str, name: str, language: str = "en", **more: object) -> User:
    user = staff(role, name)
    User.objects.filter(pk=user.pk).update(email=f"{name}@example.com", language=language, **more)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def anna() -> User:
    return person(ADMINISTRATOR, "anna")


def stuck(target: str = "crm", hours: int = 4) -> Delivery:
    made = NINE - timedelta(hours=hours)
    event = OutboxEvent.objects.create(name="thing.happened", aggregate="thing:1", occurred_at=made)
    return Delivery.objects.create(
        event=event, handler="test.hand", target=target, state="needs_attention", next_at=made, created_at=made
    )


def deliver(now: datetime = NINE) -> list[str]:
    """The texts of the mails that go out."""
    mail.outbox.clear()
    drain(clock=lambda: now)
    return [str(one.body) for one in mail.outbox]


def test_no_mail_goes_out_where_all_is_well(anna: User) -> None:
    assert digest_due(now=NINE) == 0
    assert deliver() == []


def test_each_trouble_is_told_with_its_reason_and_the_way_there(anna: User) -> None:
    stuck()
    stuck(hours=2)
    failure_note("files", error="The key is wrong.", refused=True, now=NINE)
    target_pause(name="n8n", reason="They move house.", actor=anna, now=NINE)
    check_note("email", ok=False, detail="No money left.", now=NINE)
    crm, _new = Target.objects.get_or_create(name="crm")
    flaw = {"number": "CLM-2026-11-20-AB12", "verdict": "doubled", "kept": "17x1", "found": ["17x1", "17x2"]}
    audit.record(action=RECONCILED, target=crm, actor=None, now=NINE, counts={"doubled": 1}, flaws=[flaw])

    told = digest_due(now=NINE)

    [text] = deliver()
    assert told == 1
    for said in (
        "2 deliveries need attention, the oldest for 4 h", "/admin/core/delivery/?state=needs_attention&target=crm",
        "The key is wrong.", "They move house.", "anna", "No money left.", "/admin/integrations/system/#files",
        "CLM-2026-11-20-AB12: several tickets in the CRM",
    ):  # fmt: skip
        assert said in text
    assert mail.outbox[0].to == ["anna@example.com"]


def test_it_is_told_once_a_day_and_again_the_next(anna: User) -> None:
    stuck()

    counts = [digest_due(now=NINE + timedelta(hours=hours)) for hours in (0, 0, 1, 14, 24)]

    assert counts == [1, 0, 0, 0, 1]


def test_of_many_that_ask_at_once_one_tells(anna: User) -> None:
    stuck()

    counts = at_once(6, lambda n: digest_due(now=NINE))

    assert sorted(counts) == [0] * 5 + [1]
    assert len(deliver()) == 1


def test_nothing_is_told_before_nine_and_what_comes_later_is_told_the_same_day(anna: User) -> None:
    early = digest_due(now=NINE - timedelta(minutes=1))
    nothing_yet = digest_due(now=NINE)
    stuck()

    assert (early, nothing_yet, digest_due(now=NINE + timedelta(hours=6))) == (0, 0, 1)


def test_only_administrators_with_an_address_are_told_each_in_their_language(anna: User) -> None:
    person("", "root", language="ru")
    person(ADMINISTRATOR, "gone", is_active=False)
    person(SENIOR_HANDLER, "olga")
    staff(ADMINISTRATOR, "silent")
    stuck()

    told = digest_due(now=NINE)

    texts = deliver()
    assert told == 2
    assert {one.to[0]: "Needs attention" in text for one, text in zip(mail.outbox, texts, strict=True)} == {
        "anna@example.com": True, "root@example.com": False,
    }  # fmt: skip


def test_where_nobody_can_be_told_the_day_is_not_used_up() -> None:
    stuck()
    nobody = digest_due(now=NINE)
    person(ADMINISTRATOR, "anna")

    assert (nobody, digest_due(now=NINE)) == (0, 1)


def test_what_was_mended_before_the_mail_went_out_is_not_told(anna: User) -> None:
    row = stuck()
    digest_due(now=NINE)
    with transaction.atomic():
        Delivery.objects.filter(pk=row.pk).update(state="done", finished_at=timezone.now())

    assert deliver() == []
    assert Delivery.objects.get(handler="notifications.digest").state == "cancelled"


def test_a_mail_that_is_a_day_late_is_not_sent(anna: User) -> None:
    stuck()
    digest_due(now=NINE)

    assert deliver(NINE + timedelta(hours=25)) == []
