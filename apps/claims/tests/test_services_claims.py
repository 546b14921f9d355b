"""Files, payout details, the submit, what staff do, and the published form."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from apps.accounts.models import User
from apps.claims.errors import (
    ClaimIncomplete,
    ClaimNotEditable,
    ClaimNotFound,
    DocumentRefused,
    IllegalTransition,
    RequisitesMissing,
    RequisitesRefused,
)
from apps.claims.models import (
    ChecklistEntry,
    Claim,
    ClaimStatusChange,
    Consent,
    Document,
    EventType,
    FormDefinition,
    Requisites,
    SbpBank,
)
from apps.claims.services import (
    claim_move,
    claim_submit,
    definition_current,
    definition_publish,
    document_add,
    document_delete,
    document_judge,
    documents,
    item_ask,
    requisites_confirm,
    requisites_put,
)
from apps.claims.services.requisites import RequisitesKept
from apps.claims.services.submit import Agreed
from apps.claims.tests.factories import (
    ClaimFactory,
    DocumentFactory,
    DocumentSlotFactory,
    EventTypeFactory,
    RequisitesFactory,
)
from apps.contacts.errors import CodeExpired, CodeInvalid
from apps.contacts.models import VerificationCode
from apps.core.errors import Conflict, DomainError, NotFound
from apps.core.files import storage
from apps.core.files.errors import StorageFailed
from apps.core.models import AuditEntry, OutboxEvent
from tests.makers import files

PAPER = ChecklistEntry.Kind.DOCUMENT
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Status = Claim.Status
Kind = Requisites.Kind
CONSENTS = [Agreed("personal_data", "1")]
CARD, OTHER_CARD = {"number": "4111111111111111"}, {"number": "5555555555554444"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return User.objects.create_user("olga", is_staff=True)


@pytest.fixture
def draft() -> Claim:
    return ClaimFactory(draft=True, created_at=NOW - timedelta(hours=1), expires_at=NOW + timedelta(hours=1))


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "boarding.pdf"
    path.write_bytes(files.pdf())
    yield path


def events() -> list[str]:
    return list(OutboxEvent.objects.order_by("occurred_at", "name").values_list("name", flat=True))


# --- files


def files_root() -> Path:
    private: Any = storages["private"]
    return Path(private.location)


def add(claim: Claim, path: Path, slot: str = "boarding_pass") -> tuple[Document, bool]:
    return document_add(claim_id=claim.pk, slot=slot, path=path, name="посадочный.pdf", now=NOW)


def stored(claim: Claim) -> set[str]:
    root = files_root()
    return {str(one.relative_to(root)) for one in (root / f"claims/{claim.pk}").rglob("*") if one.is_file()}


def test_a_file_is_kept_with_its_facts_and_announced(draft: Claim, paper: Path) -> None:
    document, is_new = add(draft, paper)

    assert is_new
    assert (document.kind, document.name, document.size, document.pages) == (
        "pdf", "посадочный.pdf", paper.stat().st_size, 1
    )  # fmt: skip
    assert stored(draft) == set(document.keys())
    assert events() == ["document.received"]
    draft.refresh_from_db()
    assert draft.version == 2


def test_the_same_file_in_the_same_slot_is_the_same_document_even_when_the_slot_is_full(
    draft: Claim, paper: Path, settings: Any
) -> None:
    first, _is_new = add(draft, paper)
    settings.MAX_CLAIM_FILES = 1

    assert add(draft, paper) == (first, False)
    assert stored(draft) == set(first.keys())


def test_the_same_file_in_another_slot_is_another_document(draft: Claim, paper: Path) -> None:
    assert add(draft, paper)[0] != add(draft, paper, "passport")[0]


@pytest.mark.parametrize(
    ("slot", "limits", "held", "code"),
    [
        ("no_such_slot", {}, 0, "slot_unknown"),
        ("baggage_report", {}, 0, "slot_unknown"),
        ("boarding_pass", {}, 5, "too_many_files"),
        ("boarding_pass", {"MAX_CLAIM_FILES": 2}, 2, "too_many_files"),
        ("passport", {"MAX_CLAIM_MB": 2}, 2, "too_many_files"),
    ],
)
def test_a_file_without_a_place_is_refused_before_it_is_looked_at(
    draft: Claim, paper: Path, settings: Any, slot: str, limits: dict[str, int], held: int, code: str
) -> None:
    for name, value in limits.items():
        setattr(settings, name, value)
    DocumentFactory.create_batch(held, claim=draft)

    with pytest.raises(DocumentRefused) as caught:
        add(draft, paper, slot)

    assert caught.value.problems[0].code == code
    assert stored(draft) == set()


def test_a_rejected_file_leaves_room_for_a_better_one(paper: Path) -> None:
    claim = ClaimFactory(in_review=True)
    DocumentFactory.create_batch(5, claim=claim, state=Document.State.REJECTED, reason="Не видно даты")

    document, is_new = add(claim, paper)

    assert is_new
    assert document.slot == "boarding_pass"


def test_a_file_that_is_refused_at_the_last_moment_leaves_nothing_behind(
    draft: Claim, paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = documents._keep

    def slow(*args: Any) -> Any:
        kept = keep(*args)
        Claim.objects.filter(pk=draft.pk).update(expires_at=NOW)
        return kept

    monkeypatch.setattr(documents, "_keep", slow)
    with pytest.raises(ClaimNotEditable):
        add(draft, paper)

    assert (stored(draft), Document.objects.count()) == (set(), 0)


def test_nothing_is_said_to_be_received_that_the_storage_did_not_keep(
    draft: Claim, paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise StorageFailed("away")

    monkeypatch.setattr("apps.claims.services.documents.storage.store", full)
    with pytest.raises(StorageFailed):
        add(draft, paper)

    assert (Document.objects.count(), events()) == (0, [])


def test_a_picture_whose_preview_cannot_be_kept_leaves_nothing_behind(
    draft: Claim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(files.jpeg())
    store = storage.store

    def full(path: Path, *, key: str, **facts: Any) -> None:
        if key.endswith("preview.jpg"):
            raise StorageFailed("full")
        store(path, key=key, **facts)

    monkeypatch.setattr(storage, "store", full)
    with pytest.raises(StorageFailed):
        add(draft, photo)

    assert stored(draft) == set()


def test_a_deleted_file_leaves_the_storage_after_the_commit(
    draft: Claim, paper: Path, django_capture_on_commit_callbacks: Any
) -> None:
    document, _is_new = add(draft, paper)
    with django_capture_on_commit_callbacks() as after_commit:
        document_delete(claim_id=draft.pk, document_id=document.pk, now=NOW)
    still_there = stored(draft)
    for call in after_commit:
        call()

    assert still_there
    assert (stored(draft), Document.objects.count()) == (set(), 0)


def test_a_file_of_a_submitted_claim_stays_with_it() -> None:
    document = DocumentFactory()

    with pytest.raises(Conflict) as caught:
        document_delete(claim_id=document.claim_id, document_id=document.pk, now=NOW)
    assert caught.value.problems[0].code == "document_submitted"


def test_somebody_else_s_file_is_not_found(draft: Claim) -> None:
    with pytest.raises(NotFound):
        document_delete(claim_id=draft.pk, document_id=DocumentFactory().pk, now=NOW)


def test_a_claim_that_is_gone_takes_no_file(draft: Claim, paper: Path) -> None:
    claim_id = draft.pk
    draft.delete()

    with pytest.raises(ClaimNotFound):
        document_add(claim_id=claim_id, slot="passport", path=paper, name="a.pdf", now=NOW)


@pytest.mark.parametrize("status", ["paid", "rejected", "withdrawn", "approved"])
def test_a_claim_that_is_decided_takes_no_more_files(paper: Path, status: str) -> None:
    with pytest.raises(ClaimNotEditable):
        add(ClaimFactory(**{status: True}), paper)


def test_staff_judge_the_papers_of_a_submitted_claim(olga: User) -> None:
    document = DocumentFactory()
    reject, accept = Document.State.REJECTED, Document.State.ACCEPTED

    with pytest.raises(Conflict):
        document_judge(document_id=document.pk, state=reject, reason=" ", actor=olga, now=NOW)
    judged = document_judge(document_id=document.pk, state=reject, reason="Не видно даты", actor=olga, now=NOW)
    assert (judged.state, judged.reason) == (reject, "Не видно даты")
    judged = document_judge(document_id=document.pk, state=accept, reason="", actor=olga, now=NOW)
    assert (judged.state, judged.reason) == (accept, "")
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"document.rejected", "document.accepted"}


def test_staff_leave_the_papers_of_a_draft_alone(draft: Claim, olga: User) -> None:
    document = DocumentFactory(claim=draft)

    with pytest.raises(ClaimNotEditable):
        document_judge(document_id=document.pk, state=Document.State.ACCEPTED, reason="", actor=olga, now=NOW)
    document_id = document.pk
    document.delete()
    with pytest.raises(NotFound):
        document_judge(document_id=document_id, state=Document.State.ACCEPTED, reason="", actor=olga, now=NOW)


# --- payout details


def put(claim: Claim, kind: str = Kind.CARD, *, after: Any = 0, **fields: str) -> RequisitesKept:
    return requisites_put(
        claim_id=claim.pk, kind=Kind(kind), fields=fields or CARD, address="192.0.2.1",
        now=NOW + timedelta(seconds=after),
    )  # fmt: skip


def confirm(claim: Claim, secret: str, *, after: float = 1) -> Claim:
    return requisites_confirm(claim_id=claim.pk, secret=secret, now=NOW + timedelta(seconds=after))


def code_of(kept: RequisitesKept) -> str:
    assert kept.code is not None
    return kept.code.code


def test_details_are_kept_masked_and_confirmed_by_the_code_that_was_sent_for_them(draft: Claim) -> None:
    kept = put(draft)
    assert (kept.requisites.summary.endswith("1111"), "411111" in kept.requisites.summary) == (True, False)
    assert kept.requisites.confirmed_at is None

    confirm(draft, code_of(kept))

    assert Requisites.objects.get().confirmed_at == NOW + timedelta(seconds=1)


def test_the_code_s_subject_does_not_give_the_card_away(draft: Claim) -> None:
    """The same card under another key has another subject: nobody can try all cards against a stolen table."""
    from apps.core.idempotency import fingerprint

    kept = put(draft)

    subject = VerificationCode.objects.get().subject
    assert fingerprint(kept.requisites.kind, kept.requisites.data)[:32] not in subject


def test_details_that_change_are_unconfirmed_again_and_the_old_code_is_worth_nothing(draft: Claim) -> None:
    first = put(draft)
    confirm(draft, code_of(first))
    changed = put(draft, after=60, **OTHER_CARD)

    assert Requisites.objects.get().confirmed_at is None
    if code_of(changed) != code_of(first):
        with pytest.raises(CodeInvalid):
            confirm(draft, code_of(first), after=61)
    confirm(draft, code_of(changed), after=61)
    assert Requisites.objects.get().confirmed_at


def test_a_code_for_other_details_does_not_confirm_these(draft: Claim) -> None:
    code = code_of(put(draft))
    put(draft, after=10, **OTHER_CARD)  # too soon: kept, and no code

    with pytest.raises(CodeExpired):
        confirm(draft, code, after=11)


def test_the_same_confirmed_details_again_send_no_code(draft: Claim) -> None:
    confirm(draft, code_of(put(draft)))
    again = put(draft, after=70)

    assert (again.code, again.resend_in) == (None, 0)
    assert again.requisites.confirmed_at
    assert confirm(draft, "000000", after=71).pk == draft.pk


def test_details_are_kept_while_the_limit_of_codes_holds(draft: Claim) -> None:
    put(draft)
    kept = put(draft, after=15, **OTHER_CARD)

    assert (kept.code, kept.resend_in) == (None, 45)
    assert Requisites.objects.get().data["number"] == OTHER_CARD["number"]


def test_there_must_be_details_to_confirm(draft: Claim) -> None:
    with pytest.raises(RequisitesMissing):
        confirm(draft, "123456")


@pytest.mark.parametrize(
    ("kind", "fields", "attrs"),
    [
        ("card", {"number": "4111111111111112"}, {"number"}),
        ("bank", {"bik": "1", "account": "2", "recipient": "", "inn": ""}, {"bik", "account", "recipient"}),
        ("sbp", {"phone": "12", "bank_id": "none"}, {"phone", "bank_id"}),
        ("sbp", {"phone": "380671234567", "bank_id": "none"}, {"phone", "bank_id"}),
    ],
)
def test_each_wrong_detail_is_told_and_nothing_is_kept(
    draft: Claim, kind: str, fields: dict[str, str], attrs: set[str]
) -> None:
    with pytest.raises(RequisitesRefused) as caught:
        put(draft, kind, **fields)

    assert {problem.attr for problem in caught.value.problems} == attrs
    assert (Requisites.objects.count(), VerificationCode.objects.count()) == (0, 0)


def test_money_to_another_phone_than_the_proved_one_is_looked_at_by_staff(draft: Claim) -> None:
    SbpBank.objects.create(member_id="100000000111", name={"ru": "Банк", "uk": "Банк", "en": "Bank"})

    own = put(draft, "sbp", phone=draft.contact.phone, bank_id="100000000111")
    other = put(draft, "sbp", phone="79998887766", bank_id="100000000111", after=61)

    assert (own.requisites.needs_review, other.requisites.needs_review) == (False, True)


def test_payout_details_of_a_submitted_claim_stay() -> None:
    with pytest.raises(ClaimNotEditable):
        put(ClaimFactory())


# --- the submit


@pytest.fixture
def full(draft: Claim, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """A draft that lacks nothing, with one consent to give."""
    offered = [{"kind": kind, "version": "1", "required": kind == "personal_data"} for kind in ("personal_data", "ads")]
    monkeypatch.setattr("apps.claims.services.submit.CONSENTS", offered)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=draft, slot=slot)
    RequisitesFactory(claim=draft)
    return draft


def submit(claim: Claim, consents: list[Agreed] = CONSENTS, **after: float) -> Claim:
    return claim_submit(claim_id=claim.pk, consents=consents, address="192.0.2.7", now=NOW + timedelta(**after))


def lacks(claim: Claim, consents: list[Agreed] = CONSENTS) -> set[tuple[str | None, str]]:
    with pytest.raises(ClaimIncomplete) as caught:
        submit(claim, consents)
    assert Claim.objects.get(pk=claim.pk).status == Status.DRAFT
    return {(problem.attr, problem.code) for problem in caught.value.problems}


def test_a_full_draft_is_handed_over_with_history_consent_and_event(full: Claim) -> None:
    claim = submit(full)

    claim.refresh_from_db()
    assert (claim.status, claim.submitted_at, claim.expires_at, claim.missing) == (Status.SUBMITTED, NOW, None, 0)
    assert claim.number.casefold() in claim.search
    consent = Consent.objects.get()
    assert (consent.kind, consent.version, consent.given_at, consent.address) == (
        "personal_data", "1", NOW, "192.0.2.7"
    )  # fmt: skip
    assert ClaimStatusChange.objects.get(claim=claim).target == Status.SUBMITTED
    assert events() == ["claim.submitted"]


def test_a_second_submit_gives_the_first_one_s_claim_and_does_nothing(full: Claim) -> None:
    submit(full)
    again = submit(full, hours=5)

    assert again.submitted_at == NOW
    assert (ClaimStatusChange.objects.count(), Consent.objects.count(), events()) == (1, 1, ["claim.submitted"])


def test_the_applicant_s_name_and_address_become_the_contact_s(full: Claim) -> None:
    full.answers = {**full.answers, "applicant_name": "Анна Лебедева"}
    full.email = "anna@example.com"
    full.save()
    claim = submit(full)

    contact = claim.contact
    contact.refresh_from_db()
    assert (contact.full_name, contact.email) == ("Анна Лебедева", "anna@example.com")
    assert "лебедева" in claim.search


def test_an_empty_draft_is_told_everything_that_it_lacks() -> None:
    empty = ClaimFactory(draft=True, description="", event_type="", event_date=None, event_place="", answers={})

    assert lacks(empty, []) >= {
        ("description", "required"), ("event_type", "required"), ("event_date", "required"),
        ("event_place", "required"), ("answers.applicant_name", "required"), ("slots.passport", "document_missing"),
        ("requisites", "required"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (lambda claim: claim.documents.filter(slot="passport").delete(), ("slots.passport", "document_missing")),
        (
            lambda claim: claim.documents.filter(slot="passport").update(state="rejected", reason="x"),
            ("slots.passport", "document_missing"),
        ),
        (
            lambda claim: Requisites.objects.update(confirmed_at=None),
            ("requisites", "requisites_unconfirmed"),
        ),
        (lambda claim: Claim.objects.update(event_place=""), ("event_place", "required")),
    ],
    ids=["no passport", "a rejected passport", "unconfirmed details", "no place"],
)
def test_one_thing_that_is_missing_keeps_a_claim_back(full: Claim, change: Any, missing: tuple[str, str]) -> None:
    change(full)

    assert lacks(full) == {missing}


@pytest.mark.parametrize(
    ("consents", "problem"),
    [
        ([], ("consents.personal_data", "consent_required")),
        ([Agreed("personal_data", "1"), Agreed("soul", "1")], ("consents.soul", "consent_unknown")),
        ([Agreed("personal_data", "1"), Agreed("personal_data", "1")], ("consents", "consent_repeated")),
    ],
)
def test_consents_must_be_those_that_were_asked_for(
    full: Claim, consents: list[Agreed], problem: tuple[str, str]
) -> None:
    assert lacks(full, consents) == {problem}


def test_a_consent_to_an_older_text_is_none(full: Claim) -> None:
    assert lacks(full, [Agreed("personal_data", "0")]) == {
        ("consents.personal_data", "consent_required"), ("consents.personal_data", "consent_unknown")
    }  # fmt: skip


def test_a_draft_past_its_time_is_not_handed_over(full: Claim) -> None:
    with pytest.raises(ClaimNotEditable):
        submit(full, hours=2)


# --- staff


def trait(status: str) -> dict[str, Any]:
    return {str(status): True}


@pytest.mark.parametrize("source", list(Status))
@pytest.mark.parametrize("target", list(Status))
def test_a_claim_goes_where_the_table_lets_it_and_nowhere_else(source: Status, target: Status, olga: User) -> None:
    claim = ClaimFactory(**trait(source))
    allowed = target in Claim.TRANSITIONS[source] and source != Status.DRAFT
    history, offered = claim.status_changes.count(), claim.next_statuses()

    def move() -> Claim:
        return claim_move(claim_id=claim.pk, to=target, actor=olga, reason="Так решили", now=NOW)

    if allowed:
        assert move().status == target
        assert (claim.status_changes.count(), events()) == (history + 1, ["claim.status_changed"])
    else:
        with pytest.raises(IllegalTransition):
            move()
        assert (claim.status_changes.count(), events()) == (history, [])
    claim.refresh_from_db()
    assert claim.status == (target if allowed else source)
    assert (target in offered) is allowed


@pytest.mark.parametrize("target", [Status.REJECTED, Status.WITHDRAWN])
def test_an_end_without_a_reason_is_refused(target: Status, olga: User) -> None:
    with pytest.raises(Conflict) as caught:
        claim_move(claim_id=ClaimFactory(in_review=True).pk, to=target, actor=olga, reason="  ", now=NOW)

    assert caught.value.problems[0].code == "reason_required"


def test_a_move_is_audited_with_who_and_why(olga: User) -> None:
    claim = ClaimFactory(in_review=True)
    claim_move(claim_id=claim.pk, to=Status.REJECTED, actor=olga, reason=" Не страховой случай ", now=NOW)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.reason) == ("claim.move", olga, "Не страховой случай")
    assert entry.detail == {"source": "in_review", "to": "rejected"}


def test_staff_ask_for_a_paper_and_the_applicant_answers_it(olga: User, paper: Path) -> None:
    claim = ClaimFactory(in_review=True)
    for slot in ("boarding_pass", "passport"):
        DocumentFactory(claim=claim, slot=slot)

    asked = item_ask(
        claim_id=claim.pk,
        kind=PAPER,
        key="delay_note",
        text=" Пришлите справку ",
        actor=olga,
        now=NOW,
    )
    claim.refresh_from_db()
    assert (claim.status, claim.missing, asked.text) == (Status.NEEDS_DOCUMENTS, 1, "Пришлите справку")
    assert set(events()) == {"claim.status_changed", "documents.requested"}

    add(claim, paper, "delay_note")
    asked.refresh_from_db()
    claim.refresh_from_db()
    assert (asked.answered_at, claim.missing) == (NOW, 0)


def test_a_second_request_does_not_move_the_claim_again(olga: User) -> None:
    claim = ClaimFactory(needs_documents=True)
    before = claim.status_changes.count()
    item_ask(claim_id=claim.pk, kind=PAPER, key="", text="Ещё одно фото", actor=olga, now=NOW)

    assert (claim.status_changes.count(), events()) == (before, ["documents.requested"])


@pytest.mark.parametrize(("slot", "text"), [("baggage_report", "Акт"), ("delay_note", " ")])
def test_a_request_names_a_paper_of_this_claim_and_says_what_is_needed(olga: User, slot: str, text: str) -> None:
    with pytest.raises(DomainError):
        item_ask(claim_id=ClaimFactory().pk, kind=PAPER, key=slot, text=text, actor=olga, now=NOW)


@pytest.mark.parametrize("status", ["draft", "paid", "approved", "rejected", "withdrawn"])
def test_nothing_is_asked_for_before_the_submit_or_after_the_end(olga: User, status: str) -> None:
    with pytest.raises(ClaimNotEditable):
        item_ask(
            claim_id=ClaimFactory(**trait(status)).pk,
            kind=PAPER,
            key="",
            text="Фото",
            actor=olga,
            now=NOW,
        )


# --- the published form


def test_the_catalogue_is_published_as_a_version_and_again_only_when_it_changed(olga: User) -> None:
    flight = EventTypeFactory(with_rows=True)
    first = definition_publish(actor=olga, now=NOW)
    same = definition_publish(actor=None, now=NOW)
    DocumentSlotFactory(event_type=flight, key="another")
    second = definition_publish(actor=None, now=NOW)

    assert (first.version, same, second.version) == (1, first, 2)
    assert (first.published_by, second.published_by) == (olga, None)
    assert AuditEntry.objects.filter(action="definition.publish").count() == 2
    assert definition_current(now=NOW) == second


def test_what_is_not_offered_is_not_published() -> None:
    EventTypeFactory()
    EventType.objects.create(code="hidden", title={"ru": "х", "uk": "х", "en": "h"}, is_active=False)

    assert [one["code"] for one in definition_publish(actor=None, now=NOW).content["event_types"]] == ["flight_delayed"]


def test_a_catalogue_that_was_never_published_is_published_when_it_is_needed() -> None:
    EventTypeFactory(with_rows=True)

    assert definition_current(now=NOW).version == 1
    assert FormDefinition.objects.count() == 1


def test_a_claim_keeps_the_version_that_it_was_filled_in_by(full: Claim) -> None:
    """A slot that is required from today on is not asked of a draft that was begun under yesterday's form."""
    flight = EventTypeFactory(with_rows=True)
    DocumentSlotFactory(event_type=flight, key="brand_new", required=True)
    assert definition_publish(actor=None, now=NOW).version == 2

    assert submit(full).definition.version == 1
