"""Verification codes: how they are made, limited, sent and used up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.contacts.errors import CodeExpired, CodeInvalid, CodeUsedUp, TooManyCodes
from apps.contacts.models import VerificationCode, phone_index
from apps.contacts.services import CodeSent, code_check, code_send, verification_purge
from apps.core.drain import drain
from apps.core.models import Delivery, Quota
from apps.integrations.errors import OutcomeUnknown, Rejected, Unavailable
from apps.integrations.sms import Sent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARIA, IVAN = "79161234567", "79269876543"
LOGIN, PAYOUT = VerificationCode.Purpose.LOGIN, VerificationCode.Purpose.PAYOUT
pytestmark = pytest.mark.django_db


def ask(phone: str = MARIA, *, after: float = 0, address: str = "192.0.2.1", **of: Any) -> CodeSent:
    given = {"purpose": LOGIN, "subject": "", "language": "ru", **of}
    return code_send(phone=phone, address=address, now=NOW + timedelta(seconds=after), **given)


def tell(secret: str, phone: str = MARIA, *, after: float = 1, **of: Any) -> VerificationCode:
    return code_check(
        phone=phone, secret=secret, now=NOW + timedelta(seconds=after), **{"purpose": LOGIN, "subject": "", **of}
    )


def other_than(secret: str) -> str:
    return f"{(int(secret) + 1) % 10**6:06d}"


def refused(**of: Any) -> int:
    """The seconds to wait that a refusal names."""
    with pytest.raises(TooManyCodes) as caught:
        ask(**of)
    assert caught.value.retry_after is not None
    return caught.value.retry_after


# --- making


def test_a_code_has_six_digits_and_lives_five_minutes() -> None:
    sent = ask()

    assert (len(sent.code), sent.code.isdigit(), sent.expires_in, sent.resend_in) == (6, True, 300, 60)


def test_neither_phone_nor_code_is_readable_in_the_database() -> None:
    sent = ask()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM contacts_verificationcode")
        row = " ".join(map(str, cursor.fetchone()))

    assert sent.code not in row
    assert MARIA not in row


def test_the_same_secret_has_another_hash_for_each_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.contacts.services.secrets.randbelow", lambda _: 123456)
    ask()
    ask(after=60)

    first, second = VerificationCode.objects.values_list("code_hash", flat=True)
    assert first != second


# --- using


def test_the_right_code_is_good_once() -> None:
    sent = ask()

    assert tell(sent.code).phone == MARIA
    with pytest.raises(CodeExpired):
        tell(sent.code)


def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_it() -> None:
    sent = ask()
    wrong = other_than(sent.code)

    for left in (4, 3, 2, 1):
        with pytest.raises(CodeInvalid) as caught:
            tell(wrong)
        assert str(left) in str(caught.value.problems[0].detail)
    with pytest.raises(CodeUsedUp):
        tell(wrong)
    with pytest.raises(CodeUsedUp):
        tell(sent.code)


def test_the_fifth_try_may_still_be_the_right_one() -> None:
    sent = ask()
    for _ in range(4):
        with pytest.raises(CodeInvalid):
            tell(other_than(sent.code))

    assert tell(sent.code).attempts == 4


@pytest.mark.parametrize(("after", "good"), [(299.9, True), (300, False), (301, False)])
def test_a_code_ends_after_five_minutes(after: float, good: bool) -> None:
    sent = ask()

    if good:
        assert tell(sent.code, after=after).phone == MARIA
    else:
        with pytest.raises(CodeExpired):
            tell(sent.code, after=after)


def test_a_new_code_kills_the_old_one() -> None:
    old, new = ask(), ask(after=60)

    if old.code != new.code:
        with pytest.raises(CodeInvalid):
            tell(old.code, after=61)
    assert tell(new.code, after=61).phone == MARIA


def test_a_code_is_for_its_phone_purpose_and_subject_alone() -> None:
    sent = ask(purpose=PAYOUT, subject="claim|details")

    others: list[dict[str, Any]] = [
        {},
        {"purpose": PAYOUT, "subject": "claim|others"},
        {"purpose": PAYOUT, "subject": ""},
    ]
    for other in others:
        with pytest.raises(CodeExpired):
            tell(sent.code, **other)
    with pytest.raises(CodeExpired):
        tell(sent.code, IVAN, purpose=PAYOUT, subject="claim|details")
    assert tell(sent.code, purpose=PAYOUT, subject="claim|details").phone == MARIA


def test_a_phone_that_never_asked_is_answered_like_one_whose_code_is_over() -> None:
    with pytest.raises(CodeExpired):
        tell("123456")


@pytest.mark.django_db(transaction=True)
def test_checking_a_code_inside_a_transaction_is_refused_since_the_count_could_be_taken_back() -> None:
    sent = ask()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        tell(other_than(sent.code))


# --- limits


def test_a_phone_gets_a_code_a_minute() -> None:
    ask()

    assert refused(after=20) == 40
    assert ask(after=60).code


def test_a_phone_gets_five_codes_an_hour_and_ten_a_day() -> None:
    for n in range(5):
        ask(after=n * 61)
    assert refused(after=400) == 3200

    for n in range(5):
        ask(after=3600 + n * 61)
    assert refused(after=7300) == 86400 - 7300


def test_an_address_gets_ten_codes_an_hour_and_its_neighbour_its_own() -> None:
    for n in range(10):
        ask(f"7916{n}00{n:04d}")

    assert refused(phone="79165550000") == 3600
    assert ask("79165550000", address="192.0.2.2").code


def test_a_subscriber_of_ipv6_is_one_address_and_an_ipv4_in_ipv6_dress_is_itself() -> None:
    for n in range(10):
        ask(f"7916{n}00{n:04d}", address=f"2001:db8::{n}")

    assert refused(phone="79165550000", address="2001:db8::ffff")
    assert ask("79165550000", address="2001:db8:0:1::1").code

    for n in range(10):
        ask(f"7926{n}00{n:04d}", address=f"::ffff:192.0.2.{n}")


def test_a_block_of_numbers_has_a_limit_of_its_own(settings: Any) -> None:
    settings.CODE_LIMITS = {**settings.CODE_LIMITS, "block_hour": 3}
    for n in range(3):
        ask(f"7916123000{n}", address=f"192.0.2.{n}")

    assert refused(phone="79161239999", address="192.0.2.9") == 3600
    assert ask("79161240000", address="192.0.2.9").code


@pytest.mark.parametrize(("name", "wait"), [("all_hour", 3600), ("all_day", 86400)])
def test_all_of_them_together_have_a_budget(settings: Any, name: str, wait: int) -> None:
    settings.CODE_LIMITS = {**settings.CODE_LIMITS, name: 2}
    ask(MARIA)
    ask(IVAN)

    assert refused(phone="79031112233", address="192.0.2.9") == wait


def test_a_refusal_makes_no_code_and_kills_none() -> None:
    sent = ask()
    refused(after=10)

    assert VerificationCode.objects.count() == 1
    assert tell(sent.code, after=11).phone == MARIA


def test_limits_are_counted_without_phones_and_addresses() -> None:
    ask()

    names = " ".join(Quota.objects.values_list("name", flat=True))
    assert MARIA not in names
    assert MARIA[:-4] not in names
    assert "192.0.2.1" not in names


def had(number: int, *, used: int, minutes_ago: float = 20) -> None:
    """So many codes were sent a while ago, and so many of them used."""
    rows = [
        VerificationCode(
            phone=MARIA, phone_index=str(n), purpose=LOGIN, code_hash="x", expires_at=NOW,
            used_at=NOW if n < used else None,
        )
        for n in range(number)
    ]  # fmt: skip
    VerificationCode.objects.bulk_create(rows)
    VerificationCode.objects.update(created_at=NOW - timedelta(minutes=minutes_ago))


def flow() -> int:
    """How many of ten different people get a code in one minute."""
    passed = 0
    for n in range(10):
        try:
            ask(f"790{n}1112233", address=f"192.0.2.{n}")
            passed += 1
        except TooManyCodes:
            continue
    return passed


@pytest.mark.parametrize(
    ("number", "used", "minutes_ago", "passed"),
    [(100, 29, 20, 5), (100, 30, 20, 10), (99, 0, 20, 10), (100, 0, 61, 10), (100, 0, 4, 10)],
    ids=["pumped", "enough verified", "too few to tell", "long ago", "still have their five minutes"],
)
def test_when_few_codes_are_verified_only_a_trickle_goes_out(
    number: int, used: int, minutes_ago: float, passed: int
) -> None:
    had(number, used=used, minutes_ago=minutes_ago)

    assert flow() == passed


# --- sending


class Gateway:
    name = "smsc"

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, str]] = []
        self.error = error

    def own_id(self, key: str) -> str:
        return key

    def send(self, *, phone: str, text: str, key: str) -> Sent:
        self.sent.append((phone, text))
        if self.error:
            raise self.error
        return Sent("17", 1, None)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    one = Gateway()
    monkeypatch.setattr("apps.integrations.sms.sending.get_gateway", lambda: one)
    return one


def run(after: float = 1) -> Delivery:
    drain(clock=lambda: NOW + timedelta(seconds=after))
    return Delivery.objects.latest("id")


@pytest.mark.parametrize(("language", "word"), [("ru", "код"), ("uk", "код"), ("en", "your code is")])
def test_the_message_holds_the_code_in_the_person_s_language(gateway: Gateway, language: str, word: str) -> None:
    sent = ask(language=language)
    delivery = run()

    [(phone, text)] = gateway.sent
    assert phone == MARIA
    assert sent.code in text
    assert word in text
    assert (delivery.state, delivery.remote_id) == ("done", "17")


def test_the_code_is_kept_readable_for_nobody_once_it_is_sent(gateway: Gateway) -> None:
    ask()
    run(after=3)

    code = VerificationCode.objects.get()
    assert (code.sealed_code, code.sent_at) == ("", NOW + timedelta(seconds=3))


def test_a_gateway_that_is_away_is_asked_again_while_the_code_lives(gateway: Gateway) -> None:
    gateway.error = Unavailable("away", "away")
    ask()
    for after in (1, 10, 50, 400, 4000):
        last = run(after)

    assert (len(gateway.sent), last.state) == (3, "cancelled")


@pytest.mark.parametrize(
    ("error", "state"),
    [(OutcomeUnknown("silence", "silence"), "cancelled"), (Rejected("no money", "no_money"), "needs_attention")],
)
def test_a_code_that_may_have_gone_out_or_never_will_is_not_sent_again(
    gateway: Gateway, error: Exception, state: str
) -> None:
    gateway.error = error
    ask()
    for after in (1, 60, 200):
        last = run(after)

    assert (len(gateway.sent), last.state) == (1, state)


def test_a_replaced_code_is_not_sent(gateway: Gateway) -> None:
    old, new = ask(), ask(after=60)
    run(after=61)

    [(_phone, text)] = gateway.sent
    assert new.code in text
    assert Delivery.objects.filter(state="cancelled").count() == 1
    assert old.code not in text or old.code == new.code


@pytest.mark.parametrize("gone", ["deleted", "over"])
def test_a_code_that_is_gone_or_over_is_not_sent_even_if_staff_try(gateway: Gateway, gone: str) -> None:
    ask()
    Delivery.objects.update(expires_at=None)
    if gone == "deleted":
        VerificationCode.objects.all().delete()
    delivery = run(after=300)

    assert (gateway.sent, delivery.state) == ([], "cancelled")


def test_codes_are_forgotten_a_day_after_their_end() -> None:
    ask()

    assert verification_purge(now=NOW + timedelta(days=1, seconds=300)) == 0
    assert verification_purge(now=NOW + timedelta(days=1, seconds=301)) == 1


def test_the_index_of_a_phone_is_keyed(settings: Any) -> None:
    before = phone_index(MARIA)
    settings.INDEX_KEY = "another key"

    assert phone_index(MARIA) != before
