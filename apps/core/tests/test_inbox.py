from datetime import UTC, datetime

import pytest
from django.db import transaction

from apps.core.inbox import receive
from apps.core.models import InboxMessage
from tests.parallel import at_once

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_a_message_is_new_once() -> None:
    assert [receive(source="telegram", external_id="17", now=NOW) for _ in range(3)] == [True, False, False]


def test_the_same_id_from_another_source_is_another_message() -> None:
    assert receive(source="telegram", external_id="17", now=NOW)
    assert receive(source="evolution", external_id="17", now=NOW)


def test_a_message_whose_effect_failed_is_new_again() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        receive(source="telegram", external_id="17", now=NOW)
        raise RuntimeError

    assert receive(source="telegram", external_id="17", now=NOW)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_ten_at_once_one_is_new() -> None:
    results = at_once(10, lambda _: receive(source="telegram", external_id="17", now=NOW), threads=10)

    assert sorted(results) == [False] * 9 + [True]
    assert InboxMessage.objects.count() == 1
