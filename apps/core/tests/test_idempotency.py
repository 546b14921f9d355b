"""A key's first request does the act; its repeats get the first answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.errors import Conflict
from apps.core.idempotency import Answer, KeyInvalid, KeyReused, fingerprint, keys_purge, once
from apps.core.models import IdempotencyKey, Quota
from tests.parallel import at_once, kinds

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def ask(act: Any, *, key: str = "a-key-of-mine", mark: str = "m", scope: str = "submit.1") -> Answer:
    return once(scope=scope, key=key, mark=mark, now=NOW, act=act)


def test_a_repeat_gets_the_first_answer_and_does_nothing() -> None:
    acts: list[int] = []

    def act() -> Answer:
        acts.append(1)
        return 201, {"number": len(acts)}

    assert ask(act) == ask(act) == (201, {"number": 1})
    assert acts == [1]


def test_a_key_is_its_scope_s_own() -> None:
    assert ask(lambda: (200, {"n": 1})) != ask(lambda: (200, {"n": 2}), scope="submit.2")


def test_a_key_used_for_something_else_is_refused() -> None:
    ask(lambda: (200, {}))

    with pytest.raises(KeyReused):
        ask(lambda: (200, {}), mark="another body")


def test_an_error_keeps_neither_the_act_nor_the_key() -> None:
    def broken() -> Answer:
        Quota.objects.create(name="deed", started_at=NOW)
        raise Conflict

    with pytest.raises(Conflict):
        ask(broken)

    assert (Quota.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert ask(lambda: (200, {"n": 2})) == (200, {"n": 2})


@pytest.mark.parametrize("key", ["", "short", "x" * 201, "ключ-ключ", "new\nline-", "tab\tinside", "null\x00null"])
def test_a_key_has_8_to_200_visible_signs(key: str) -> None:
    with pytest.raises(KeyInvalid):
        ask(lambda: (200, {}), key=key)


def test_the_answer_is_not_readable_in_the_database() -> None:
    ask(lambda: (200, {"token": "secret"}))

    [stored] = IdempotencyKey.objects.extra(select={"raw": "answer"}).values_list("raw", flat=True)
    assert "secret" not in stored


def test_the_fingerprint_is_of_the_meaning_and_not_of_the_order() -> None:
    assert fingerprint("a", {"x": 1, "y": NOW}) == fingerprint("a", {"y": NOW, "x": 1})
    assert fingerprint("a", "b") != fingerprint("ab")


def test_keys_are_forgotten_after_seven_days() -> None:
    ask(lambda: (200, {}))

    assert keys_purge(now=NOW + timedelta(days=7)) == 0
    assert keys_purge(now=NOW + timedelta(days=7, seconds=1)) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twins_do_the_act_once_and_both_get_its_answer() -> None:
    def act() -> Answer:
        return 200, {"deed": str(Quota.objects.create(name=f"deed {Quota.objects.count()}", started_at=NOW))}

    answers = at_once(20, lambda _: ask(act), threads=20)

    assert kinds(answers) == {"tuple": 20}
    assert {str(answer) for answer in answers} == {str((200, {"deed": "deed 0"}))}
    assert Quota.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_twin_of_one_that_fails_does_the_act_itself() -> None:
    first: list[int] = []

    def fails_once() -> Answer:
        first.append(1)
        if len(first) == 1:
            raise Conflict
        return 200, {}

    answers = at_once(4, lambda _: ask(fails_once), threads=4)

    assert kinds(answers) == {"tuple": 3, "Conflict": 1}
