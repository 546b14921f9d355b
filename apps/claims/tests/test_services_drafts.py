"""A draft from its first minute: begun, described, filled in, its policy checked, and purged."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from apps.claims.errors import (
    ClaimNotEditable,
    ClaimNotFound,
    FieldsInvalid,
    TooManyDrafts,
    TooManyPolicyChecks,
    VersionConflict,
)
from apps.claims.models import Claim, Document
from apps.claims.selectors import question_texts
from apps.claims.services import (
    applicant_verify,
    claim_begin,
    claim_describe,
    claim_patch,
    claim_policy,
    drafts_purge,
)
from apps.claims.tasks import purge
from apps.claims.tests.factories import ClaimFactory, DocumentFactory, FormDefinitionFactory, question, text
from apps.contacts.models import VerificationCode
from apps.contacts.services import code_send
from apps.contacts.tests.factories import ContactFactory
from apps.core.errors import Unavailable
from apps.core.files.errors import StorageFailed
from apps.core.models import OutboxEvent
from apps.policies.errors import PolicyNumberRefused
from apps.policies.tests.factories import PolicyFactory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Claim:
    return ClaimFactory(
        draft=True, created_at=NOW - timedelta(hours=1), expires_at=NOW + timedelta(hours=1), answers={},
        event_date=date(2026, 11, 19),
    )  # fmt: skip


def patch(claim: Claim, *, version: int | None = None, **changes: Any) -> Claim:
    return claim_patch(claim_id=claim.pk, changes=changes, expected_version=version, now=NOW)[0]


def faults(claim: Claim, **changes: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(FieldsInvalid) as caught:
        patch(claim, **changes)
    return sorted((one.code, one.attr) for one in caught.value.problems)


# --- beginning


def test_a_new_draft_has_a_number_of_the_day_and_two_days_to_live() -> None:
    FormDefinitionFactory()
    claim = claim_begin(contact=ContactFactory(), language="uk", now=datetime(2026, 11, 21, 22, 30, tzinfo=UTC))

    assert claim.number.startswith("CLM-2026-11-22-")  # in Moscow it is tomorrow already
    assert (claim.status, claim.version, claim.language, claim.definition.version) == ("draft", 1, "uk", 1)
    assert claim.expires_at == datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def test_a_number_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch, draft: Claim) -> None:
    numbers = iter([draft.number, draft.number, "CLM-2026-11-21-FREE"])
    monkeypatch.setattr("apps.claims.services.drafts._number", lambda _day: next(numbers))

    assert claim_begin(contact=ContactFactory(), language="ru", now=NOW).number == "CLM-2026-11-21-FREE"


def test_a_person_has_five_drafts_at_most_and_dead_ones_do_not_count() -> None:
    contact = ContactFactory()
    FormDefinitionFactory()
    for _ in range(5):
        claim_begin(contact=contact, language="ru", now=NOW)
    with pytest.raises(TooManyDrafts):
        claim_begin(contact=contact, language="ru", now=NOW)

    assert claim_begin(contact=contact, language="ru", now=NOW + timedelta(hours=49)).is_draft


def enter(phone: str = "79161234567") -> Any:
    code = code_send(
        phone=phone, purpose=VerificationCode.Purpose.LOGIN, subject="", address="192.0.2.1", language="ru", now=NOW
    )
    return applicant_verify(phone=phone, secret=code.code, language="ru", now=NOW)


def test_a_proved_phone_opens_a_session_and_a_draft() -> None:
    FormDefinitionFactory()
    entry = enter()

    assert (entry.is_new_contact, entry.resumed, entry.claim.status) == (True, False, "draft")
    assert entry.session.contact == entry.claim.contact


def test_a_person_who_comes_back_goes_on_with_the_draft_changed_last() -> None:
    contact = ContactFactory(phone="79161234567")
    old = ClaimFactory(draft=True, contact=contact)
    newer = ClaimFactory(draft=True, contact=contact)
    Claim.objects.filter(pk=old.pk).update(updated_at=NOW - timedelta(hours=5))
    Claim.objects.filter(pk=newer.pk).update(updated_at=NOW - timedelta(hours=1))
    entry = enter()

    assert (entry.is_new_contact, entry.resumed, entry.claim) == (False, True, newer)


# --- describing and filling in


def test_a_description_is_kept_cleaned_and_announced(draft: Claim) -> None:
    claim = claim_describe(claim_id=draft.pk, text="  Рейс задержали.\r\nСпали\u200b в  аэропорту. ", now=NOW)

    claim.refresh_from_db()
    assert claim.description == "Рейс задержали.\nСпали в аэропорту."
    assert claim.version == 2
    assert list(OutboxEvent.objects.values_list("name", "data")) == [("claim.described", {"claim_id": str(claim.pk)})]


def test_a_description_has_five_thousand_signs_at_most(draft: Claim) -> None:
    assert claim_describe(claim_id=draft.pk, text="я" * 5000, now=NOW).version == 2
    with pytest.raises(FieldsInvalid) as caught:
        claim_describe(claim_id=draft.pk, text="я" * 5001, now=NOW)

    assert (caught.value.problems[0].code, caught.value.problems[0].attr) == ("too_long", "text")


def test_what_a_person_tells_is_not_readable_in_the_database(draft: Claim) -> None:
    claim_describe(claim_id=draft.pk, text="Рейс задержали на восемь часов", now=NOW)
    patch(draft, email="maria@example.com", answers={"flight_number": "SU 2137"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM claims_claim")
        row = " ".join(map(str, cursor.fetchone()))

    assert not [secret for secret in ("задержали", "maria@", "SU 2137") if secret in row]


def test_a_change_keeps_what_it_names_and_leaves_the_rest(draft: Claim) -> None:
    patch(draft, answers={"flight_number": "SU 2137", "hours_late": "7,5"})
    claim = patch(draft, answers={"flight_number": None, "applicant_name": " Мария  Соколова "}, event_place="Ереван")

    claim.refresh_from_db()
    assert claim.answers == {"hours_late": "7.5", "applicant_name": "Мария Соколова"}
    assert (claim.event_place, claim.event_date, claim.version) == ("Ереван", date(2026, 11, 19), 3)


def test_every_change_keeps_a_draft_alive_for_two_more_days(draft: Claim) -> None:
    patch(draft, language="en")

    draft.refresh_from_db()
    assert (draft.expires_at, draft.language) == (NOW + timedelta(hours=48), "en")


def test_the_count_of_what_is_missing_follows_each_change(draft: Claim) -> None:
    before = patch(draft).missing
    after = patch(draft, answers={"flight_number": "SU 2137"}).missing

    assert after == before - 1


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"event_type": "alien_landing"}, [("event_type_unknown", "event_type")]),
        ({"event_type": 7}, [("event_type_unknown", "event_type")]),
        ({"event_date": "2026-11-22"}, [("date_in_future", "event_date")]),
        ({"event_date": "2020-01-01"}, [("date_too_old", "event_date")]),
        ({"event_date": "21.11.2026"}, [("date_invalid", "event_date")]),
        ({"event_date": "2026-02-30"}, [("date_invalid", "event_date")]),
        ({"event_place": "я" * 201}, [("too_long", "event_place")]),
        ({"event_place": 5}, [("text_expected", "event_place")]),
        ({"email": "maria"}, [("email_invalid", "email")]),
        ({"email": ["a@example.com"]}, [("text_expected", "email")]),
        ({"language": "de"}, [("language_unknown", "language")]),
        ({"answers": {"no_such": "x"}}, [("unknown_question", "answers.no_such")]),
        ({"answers": {"bag_price": "1"}}, [("unknown_question", "answers.bag_price")]),
        ({"answers": {"hours_late": "many"}}, [("number_invalid", "answers.hours_late")]),
        ({"status": "approved", "number": "1"}, [("unknown_field", "number"), ("unknown_field", "status")]),
        (
            {"email": "x", "answers": {"hours_late": [], "flight_number": 5}},
            [
                ("email_invalid", "email"),
                ("number_invalid", "answers.hours_late"),
                ("text_expected", "answers.flight_number"),
            ],
        ),
    ],
)
def test_each_fault_is_told_by_its_field_and_nothing_is_kept(
    draft: Claim, changes: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    before = Claim.objects.values().get()

    assert faults(draft, **{"event_place": "Ереван", **changes}) == problems
    assert Claim.objects.values().get() == before


def test_nobody_is_born_tomorrow_and_the_form_says_so_before(draft: Claim) -> None:
    born = question("born", "date", text("Родился", "Народився", "Born"), 30, role="past_date")
    draft.definition.content["common"]["questions"].append(born)
    draft.definition.save()

    assert faults(draft, answers={"born": "2026-11-22"}) == [("date_in_future", "answers.born")]
    assert patch(draft, answers={"born": "2026-11-21"}).answers == {"born": "2026-11-21"}
    assert question_texts(born, "ru")["max"] == timezone.localdate().isoformat()


def test_emptied_fields_are_empty(draft: Claim) -> None:
    claim = patch(draft, event_type="", event_date=None, event_place="", email=None)

    claim.refresh_from_db()
    assert (claim.event_type, claim.event_date, claim.event_place, claim.email) == ("", None, "", "")


def test_another_event_type_asks_other_questions_and_forgets_no_answer(draft: Claim) -> None:
    patch(draft, answers={"flight_number": "SU 2137"})
    claim = patch(draft, event_type="baggage", answers={"bag_price": {"amount": "120.5", "currency": "EUR"}})

    assert claim.answers == {"flight_number": "SU 2137", "bag_price": {"amount": "120.50", "currency": "EUR"}}
    assert patch(draft, event_type="flight_delayed").answers["flight_number"] == "SU 2137"


def test_a_version_that_is_named_must_be_the_present_one(draft: Claim) -> None:
    assert claim_patch(claim_id=draft.pk, changes={}, expected_version=1, now=NOW)[1] is None
    with pytest.raises(VersionConflict):
        patch(draft, version=1)

    assert claim_patch(claim_id=draft.pk, changes={}, expected_version=None, now=NOW)[1] == 2


@pytest.mark.parametrize("act", ["patch", "describe", "policy"])
@pytest.mark.parametrize("state", ["submitted", "expired"])
def test_only_a_living_draft_can_be_changed(act: str, state: str) -> None:
    over = {"expires_at": NOW} if state == "expired" else {}
    claim = ClaimFactory(draft=state == "expired", created_at=NOW - timedelta(days=2), **over)
    acts = {
        "patch": lambda: patch(claim, event_place="Ереван"),
        "describe": lambda: claim_describe(claim_id=claim.pk, text="Рейс задержали", now=NOW),
        "policy": lambda: claim_policy(claim_id=claim.pk, contact=claim.contact, raw="TR-0012345", now=NOW),
    }

    with pytest.raises(ClaimNotEditable):
        acts[act]()


def test_a_claim_that_is_gone_is_not_found(draft: Claim) -> None:
    draft.delete()
    draft.pk = "7e6f3a1c-0000-4000-8000-000000000000"

    with pytest.raises(ClaimNotFound):
        patch(draft)


# --- the policy


def check(claim: Claim, number: str, **after: float) -> tuple[Claim, Any]:
    return claim_policy(claim_id=claim.pk, contact=claim.contact, raw=number, now=NOW + timedelta(**after))


def policy(start: date, end: date) -> str:
    return str(PolicyFactory(valid_from=start, valid_until=end).number)


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        (date(2026, 11, 19), date(2026, 11, 19), "valid"),
        (date(2026, 11, 20), date(2026, 12, 19), "not_yet"),
        (date(2026, 1, 1), date(2026, 11, 18), "expired"),
    ],
)
def test_a_policy_is_judged_by_the_day_of_the_event(draft: Claim, start: date, end: date, status: str) -> None:
    claim, found = check(draft, policy(start, end))

    assert (found.status, claim.policy_status) == (status, status)
    assert claim.project == found.project


def test_a_policy_is_judged_by_today_while_the_day_is_not_known_and_anew_when_it_is(draft: Claim) -> None:
    patch(draft, event_date=None)
    claim, _found = check(draft, policy(date(2026, 11, 20), date(2026, 12, 1)))
    assert claim.policy_status == "valid"

    assert patch(draft, event_date="2026-11-19").policy_status == "not_yet"


def test_a_project_that_was_made_for_this_claim_stays_new_when_the_check_is_repeated(draft: Claim) -> None:
    number = policy(date(2026, 1, 1), date(2026, 12, 1))
    first, again = check(draft, number)[1], check(draft, number)[1]
    another = ClaimFactory(draft=True, contact=draft.contact)

    assert (first.is_new_project, again.is_new_project, check(another, number)[1].is_new_project) == (True, True, False)
    assert first.project == again.project


def test_a_policy_that_nobody_knows_stops_nobody(draft: Claim) -> None:
    claim, found = check(draft, "TR-0000000")

    assert (found.status, claim.policy_status, claim.policy_number, claim.policy) == (
        "not_found", "not_found", "TR0000000", None
    )  # fmt: skip


def away(_number: str) -> None:
    raise Unavailable("away", "away")


def test_a_source_that_is_away_stops_nobody(draft: Claim, settings: Any) -> None:
    settings.POLICY_SOURCE = "apps.claims.tests.test_services_drafts.away"

    assert check(draft, "TR-0012345")[1].status == "unavailable"


def was_in_transaction(_number: str) -> None:
    seen.append(len(connection.savepoint_ids))


seen: list[int] = []


def test_nothing_is_locked_while_the_source_answers(draft: Claim, settings: Any) -> None:
    settings.POLICY_SOURCE = "apps.claims.tests.test_services_drafts.was_in_transaction"
    seen.clear()
    outside = len(connection.savepoint_ids)
    check(draft, "TR-0012345")

    assert seen == [outside]


def test_what_cannot_be_a_number_is_refused_and_counted(draft: Claim) -> None:
    for _ in range(30):
        with pytest.raises(PolicyNumberRefused):
            check(draft, "?")
    with pytest.raises(TooManyPolicyChecks) as caught:
        check(draft, "TR-0012345")

    assert caught.value.retry_after == 3600


# --- the purge


def files_root() -> Path:
    private: Any = storages["private"]
    return Path(private.location)


def files_of(claim: Claim) -> list[Path]:
    folder = files_root() / "claims" / str(claim.pk)
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def put_file(claim: Claim) -> None:
    folder = files_root() / "claims" / str(claim.pk) / "a"
    folder.mkdir(parents=True)
    (folder / "original.pdf").write_bytes(b"x")


def test_drafts_past_their_time_go_with_their_files_and_others_stay() -> None:
    dead = ClaimFactory(draft=True, created_at=NOW - timedelta(days=3), expires_at=NOW)
    alive = ClaimFactory(draft=True, expires_at=NOW + timedelta(seconds=1))
    submitted = ClaimFactory(created_at=NOW - timedelta(days=300))
    DocumentFactory(claim=dead)
    for claim in (dead, alive, submitted):
        put_file(claim)
    told: list[str] = []

    assert drafts_purge(now=NOW, dry_run=True, progress=told.append) == 1
    assert Claim.objects.count() == 3
    assert drafts_purge(now=NOW, progress=told.append) == 1

    assert set(Claim.objects.all()) == {alive, submitted}
    assert (Document.objects.count(), told) == (0, [dead.number] * 2)
    assert [len(files_of(claim)) for claim in (dead, alive, submitted)] == [0, 1, 1]


def test_a_draft_whose_files_the_storage_keeps_waits_for_the_next_purge_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = ClaimFactory(draft=True, created_at=NOW - timedelta(days=3), expires_at=NOW - timedelta(hours=2))
    ClaimFactory(draft=True, created_at=NOW - timedelta(days=3), expires_at=NOW - timedelta(hours=1))

    def delete_folder(folder: str) -> None:
        if str(stuck.pk) in folder:
            raise StorageFailed("away")

    monkeypatch.setattr("apps.claims.services.drafts.storage.delete_folder", delete_folder)
    assert drafts_purge(now=NOW) == 1
    assert list(Claim.objects.all()) == [stuck]

    monkeypatch.undo()
    assert drafts_purge(now=NOW) == 1


def test_a_call_that_began_while_the_draft_lived_cannot_save_it_once_its_files_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = ClaimFactory(draft=True, created_at=NOW - timedelta(days=2), expires_at=NOW)

    def meanwhile(_folder: str) -> None:
        with pytest.raises(ClaimNotEditable):
            claim_patch(
                claim_id=claim.pk, changes={"event_place": "x"}, expected_version=None, now=NOW - timedelta(seconds=1)
            )

    monkeypatch.setattr("apps.claims.services.drafts.storage.delete_folder", meanwhile)

    assert drafts_purge(now=NOW) == 1


def test_the_schedule_s_purge_takes_all_that_is_past_its_time() -> None:
    ClaimFactory(draft=True, created_at=NOW - timedelta(days=900), expires_at=NOW - timedelta(days=800))

    purge()

    assert not Claim.objects.exists()
