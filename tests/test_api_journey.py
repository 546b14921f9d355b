"""From phone to receipt by the public API alone, as any client would go, over real HTTP and on whichever database."""

import hashlib
import io
import json
import time
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from django.core.management import call_command
from django.utils import timezone
from PIL import Image
from pypdf import PdfReader
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from apps.accounts.models import User
from apps.claims.models import ChecklistEntry, Claim, Question
from apps.claims.services import claim_move, definition_publish, item_ask
from apps.core.errors import Unavailable
from apps.core.files import storage
from tests.applicant import BANK, Applicant
from tests.live import Live, let_code_limits_pass
from tests.makers import files

VALID, EXPIRED, NOT_YET = "TRV-2026-123456", "ANN-25-0009876", "TRV-2026-345001"
CARD = {"kind": "card", "number": "2200 0000 0000 0004"}


def days_ago(days: int) -> str:
    return (timezone.localdate() - timedelta(days=days)).isoformat()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def papers(tmp_path: Path) -> dict[str, Path]:
    """What people send: an office's scan, a phone's photo, an iPhone's photo."""
    made = {"скан билета.pdf": files.pdf_scanned(), "IMG_2041.jpg": files.photo(), "IMG_0007.HEIC": files.heic()}
    made["чек.jpg"] = files.jpeg()
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in made}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "paper.jpg"
    path.write_bytes(files.jpeg())
    return path


def ready(live: Live, small: Path, **of: Any) -> Applicant:
    """A person whose draft lacks nothing but the submit."""
    maria = live.applicant(**of)
    maria.describe()
    maria.answer_all()
    maria.fill_slots(small)
    let_code_limits_pass()
    maria.confirm_requisites()
    return maria


# --- the whole way


def test_a_claim_goes_from_phone_to_receipt(live: Live, papers: dict[str, Path]) -> None:
    maria = live.stranger()

    code = maria.ask_code()
    live.deliver()
    assert [code in text for text in live.sms_to(maria.phone)] == [True]
    entry = maria.log_in(code)
    assert (entry["is_new_contact"], entry["resumed"], maria.claim["status"]) == (True, False, "draft")

    maria.describe("Рейс задержали на восемь часов, ночевали в гостинице.")
    checked = maria.call("POST", f"{maria.path}/policy", json={"number": "trv 2026 123456"}, expect=200).json()
    assert (checked["number"], checked["status"], checked["is_new_project"]) == (VALID, "valid", True)
    maria.answer_all("flight_delayed", days_ago(1))
    assert {q["key"] for q in maria.claim["questions"]} >= {"airline_help", "expenses"}  # brought up by answers

    slots = [slot["key"] for slot in maria.claim["slots"] if slot["required"]]
    assert len(slots) == 4 and "hotel_bill" in slots  # the description tells of a night
    for slot, (name, path) in zip(slots, papers.items(), strict=True):
        kept = maria.upload(slot, path, key=str(uuid.uuid4()))
        assert (kept["name"], kept["size"], kept["sha256"]) == (name, path.stat().st_size, sha256(path.read_bytes()))
        assert_comes_back(maria, kept, path)

    let_code_limits_pass()
    kept = maria.call("PUT", f"{maria.path}/requisites", json=BANK, expect=200).json()
    assert kept["requisites"]["summary"].endswith(BANK["account"][-4:])
    assert BANK["account"] not in json.dumps(maria.read())
    maria.call("POST", f"{maria.path}/requisites/confirm", json={"code": kept["code"]["debug_code"]}, expect=200)

    assert maria.read()["can"]["submit"]
    assert [step["state"] for step in maria.claim["steps"]] == ["done"] * 6
    done = maria.submit().json()
    assert (done["number"], done["status"]) == (maria.claim["number"], "submitted")

    live.deliver()
    assert_receipt(maria)
    assert_everyone_is_told(live, maria)


def assert_comes_back(person: Applicant, kept: dict[str, Any], sent: Path) -> None:
    """The download is what was sent, byte for byte, as an attachment; a picture has a preview without metadata."""
    there = person.http.get(f"{person.base}{kept['download_url']}", timeout=60)
    assert sha256(there.content) == sha256(sent.read_bytes())
    assert there.headers["Content-Disposition"].startswith("attachment;")
    assert there.headers["X-Content-Type-Options"] == "nosniff"
    assert there.headers["Content-Type"] == "application/octet-stream"
    if kept["type"] == "application/pdf":
        assert kept["preview_url"] is None and kept["pages"] == 6
        return
    shown = person.http.get(f"{person.base}{kept['preview_url']}", timeout=60)
    assert shown.headers["Content-Type"] == "image/jpeg"
    preview = Image.open(io.BytesIO(shown.content))
    assert preview.format == "JPEG" and max(preview.size) <= 1600
    assert not preview.getexif() and not {"exif", "xmp", "comment"} & set(preview.info)


def assert_receipt(person: Applicant) -> None:
    answer = person.call("GET", f"{person.path}/receipt.pdf", expect=200)
    assert answer.headers["Content-Type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert person.claim["number"] in text
    assert "ночевали в гостинице" in text and "Мария Иванова" in text and "скан билета.pdf" in text
    assert BANK["account"] not in text and person.phone not in text


def assert_everyone_is_told(live: Live, person: Applicant) -> None:
    number = person.claim["number"]
    told = [text for text in live.sms_to(person.phone) if number in text]
    assert len(told) == 1 and f"{live.url}/claims/{number}/" in told[0]
    (mail,) = [one for one in live.mail_to("maria@example.com") if number in one["subject"]]
    assert f"{live.url}/claims/{number}/" in mail["text"] and number in mail["html"]
    (receipt,) = mail["files"]
    assert receipt.name == f"{number}.pdf" and receipt.content.startswith(b"%PDF")


# --- coming back


def test_a_second_device_goes_on_with_the_same_draft(live: Live) -> None:
    maria = live.applicant()
    maria.patch(event_type="baggage", event_place="Ереван")
    phone_of_a_friend = live.stranger(phone=maria.phone, language="uk")

    entry = phone_of_a_friend.log_in()

    assert (entry["is_new_contact"], entry["resumed"]) == (False, True)
    assert entry["claim"]["number"] == maria.claim["number"]
    assert entry["claim"]["event_place"] == "Ереван"
    assert maria.read()["event_type"] == "baggage"  # the first session lives on


def test_the_contact_stays_one_and_the_code_is_spent(live: Live) -> None:
    maria = live.stranger()
    code = maria.ask_code()
    first = maria.log_in(code)

    again = maria.call("POST", "sms/verify", json={"phone": maria.phone, "code": code}, expect=400).json()
    let_code_limits_pass()
    second = maria.log_in()

    assert again["errors"][0]["code"] == "code_expired"
    assert second["contact_id"] == first["contact_id"]
    assert second["token"] != first["token"]


def test_leaving_ends_the_session_at_once(live: Live) -> None:
    maria = live.applicant()

    maria.call("POST", "intake/session/end", expect=204)

    refused = maria.call("GET", maria.path, expect=401)
    assert refused.json()["errors"][0]["code"] == "session_ended"
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_ends_after_two_idle_hours_and_after_a_day_in_all(live: Live) -> None:
    with time_machine.travel(timezone.now(), tick=True) as clock:
        maria = live.applicant()
        clock.shift(timedelta(hours=1, minutes=59))
        maria.read()
        clock.shift(timedelta(hours=1, minutes=59))
        maria.read()
        clock.shift(timedelta(hours=2, seconds=1))
        maria.call("GET", maria.path, expect=401)

        let_code_limits_pass()
        maria.log_in()
        for _hour in range(15):
            clock.shift(timedelta(hours=1, minutes=35))
            maria.read()
        clock.shift(timedelta(minutes=20))  # a day and five minutes since the code
        maria.call("GET", maria.path, expect=401)


def test_a_draft_is_purged_with_its_files_48_hours_after_its_last_change(live: Live, small: Path) -> None:
    with time_machine.travel(timezone.now(), tick=True) as clock:
        maria = live.applicant()
        maria.patch(event_type="flight_delayed")
        maria.upload("ticket", small)
        (kept,) = Claim.objects.get(number=maria.claim["number"]).documents.all()
        keys = kept.keys()
        expires_at = datetime.fromisoformat(maria.read()["expires_at"])
        assert timedelta(hours=47) < expires_at - timezone.now() <= timedelta(hours=48)

        clock.move_to(expires_at - timedelta(minutes=1))
        let_code_limits_pass()
        assert maria.log_in()["resumed"]
        clock.move_to(expires_at + timedelta(minutes=1))
        maria.call("GET", maria.path, expect=404)
        assert maria.call("GET", "intake/claims", expect=200).json()["results"] == []
        call_command("purge_drafts", verbosity=0)

    assert not Claim.objects.filter(number=maria.claim["number"]).exists()
    for key in keys:
        with pytest.raises(storage.StorageFailed):
            storage.open_stream(key)


# --- the policy


@pytest.mark.parametrize(
    ("number", "day", "status"),
    [(VALID, 1, "valid"), (VALID, 40, "not_yet"), (EXPIRED, 1, "expired"), (NOT_YET, 1, "not_yet"),
     ("TRV-2026-999999", 1, "not_found"), ("ХХ 77-12345", 1, "not_found")],
)  # fmt: skip
def test_a_policy_is_judged_by_the_day_of_the_event(live: Live, number: str, day: int, status: str) -> None:
    maria = live.applicant()
    maria.patch(event_date=days_ago(day))

    found = maria.call("POST", f"{maria.path}/policy", json={"number": number}, expect=200).json()

    assert found["status"] == status
    assert (found["project_id"] is None) == (status == "not_found")
    assert maria.read()["policy"]["status"] == status


def test_a_later_date_of_the_event_judges_the_policy_anew(live: Live) -> None:
    maria = live.applicant()
    maria.call("POST", f"{maria.path}/policy", json={"number": VALID}, expect=200)

    assert maria.patch(event_date=days_ago(40))["policy"]["status"] == "not_yet"
    assert maria.patch(event_date=days_ago(1))["policy"]["status"] == "valid"


def no_answer(number: str) -> None:
    raise Unavailable("the register does not answer", "register_unavailable")


def test_a_register_that_is_down_stops_nobody(live: Live, settings: Any) -> None:
    settings.POLICY_SOURCE = f"{__name__}.no_answer"
    maria = live.applicant()

    found = maria.call("POST", f"{maria.path}/policy", json={"number": VALID}, expect=200).json()

    assert (found["status"], found["number"], found["project_id"]) == ("unavailable", VALID, None)
    assert {step["key"]: step["state"] for step in maria.read()["steps"]}["policy"] == "done"


def test_one_project_holds_a_policy_of_a_contact(live: Live) -> None:
    maria = live.applicant()
    first = maria.call("POST", f"{maria.path}/policy", json={"number": VALID}, expect=200).json()
    second_claim = maria.call("POST", "intake/claims", json={}, expect=201).json()["number"]

    again = maria.call("POST", f"intake/claims/{second_claim}/policy", json={"number": VALID}, expect=200).json()

    assert again["project_id"] == first["project_id"]
    assert (first["is_new_project"], again["is_new_project"]) == (True, False)


# --- questions


def test_a_condition_shows_its_question_and_hides_it_again(live: Live) -> None:
    maria = live.applicant()
    maria.patch(event_type="flight_delayed")
    asked = {q["key"] for q in maria.claim["questions"]}
    assert "expenses" not in asked

    maria.patch(answers={"own_expenses": True})
    assert "expenses" in {q["key"] for q in maria.claim["questions"]}
    assert "answers.expenses" in attrs_missing(maria)

    maria.patch(answers={"own_expenses": False})
    assert "expenses" not in {q["key"] for q in maria.claim["questions"]}
    assert "answers.expenses" not in attrs_missing(maria)


def attrs_missing(person: Applicant) -> set[str]:
    return {one["attr"] for step in person.claim["steps"] for one in step["missing"]}


def test_an_answer_is_merged_normalised_and_taken_back(live: Live) -> None:
    maria = live.applicant()
    maria.patch(event_type="flight_delayed", answers={"flight_number": " SU  2137 ", "delay_hours": "8,50"})
    maria.patch(answers={"own_expenses": True, "expenses": {"amount": "1 200,5", "currency": "EUR"}})
    assert maria.claim["answers"] == {
        "flight_number": "SU 2137", "delay_hours": "8.5", "own_expenses": True,
        "expenses": {"amount": "1200.50", "currency": "EUR"},
    }  # fmt: skip

    maria.patch(answers={"flight_number": None})

    assert "flight_number" not in maria.claim["answers"]


def test_a_definition_published_later_leaves_this_draft_alone(live: Live) -> None:
    maria = live.applicant()
    before = maria.patch(event_type="flight_delayed")
    question = Question.objects.get(key="flight_number", event_type__code="flight_delayed")
    question.label = {"ru": "Рейс", "uk": "Рейс", "en": "Flight"}
    question.save(update_fields=["label"])

    published = definition_publish(actor=None, now=timezone.now())

    after = maria.read()
    assert published.version == before["definition_version"] + 1
    assert (after["definition_version"], after["questions"]) == (before["definition_version"], before["questions"])
    igor = live.applicant()
    igor.patch(event_type="flight_delayed")
    assert igor.claim["definition_version"] == published.version
    assert "Рейс" in [q["label"] for q in igor.claim["questions"]]


# --- versions


def test_if_match_refuses_to_overwrite_what_was_not_seen(live: Live) -> None:
    maria = live.applicant()
    seen = maria.call("GET", maria.path, expect=200)
    maria.patch(event_place="Ереван")

    late = maria.call(
        "PATCH", maria.path, json={"event_place": "Тбилиси"}, headers={"If-Match": seen.headers["ETag"]}, expect=412
    ).json()
    fresh = maria.call(
        "PATCH", maria.path, json={"event_place": "Тбилиси"}, headers={"If-Match": f'"{maria.claim["version"]}"'},
        expect=200,
    )  # fmt: skip

    assert late["errors"][0]["code"] == "version_conflict"
    assert fresh.json()["overwrote"] is None
    assert fresh.headers["ETag"] == f'"{fresh.json()["version"]}"'


def test_without_if_match_the_last_write_wins_and_says_so(live: Live) -> None:
    maria = live.applicant()
    before = maria.patch(event_place="Ереван")["version"]

    written = maria.patch(event_place="Тбилиси")

    assert (written["overwrote"], written["version"], written["event_place"]) == (before, before + 1, "Тбилиси")


# --- where the payout goes


@pytest.mark.parametrize("kind", ["bank", "card", "sbp"])
def test_each_kind_of_requisites_is_kept_masked_and_confirmed(live: Live, kind: str) -> None:
    maria = live.applicant()
    sbp = {"kind": "sbp", "phone": f"+{maria.phone}", "bank_id": sbp_bank(maria)}
    body = {"bank": BANK, "card": CARD, "sbp": sbp}[kind]
    let_code_limits_pass()

    maria.confirm_requisites(**body)

    kept = maria.read()["requisites"]
    secret = body.get("account") or body.get("number") or body["phone"]
    assert (kept["kind"], kept["confirmed"]) == (kind, True)
    assert secret.replace(" ", "").strip("+") not in json.dumps(maria.claim)


def sbp_bank(person: Applicant) -> str:
    return str(person.call("GET", "intake/definition", expect=200).json()["banks"][0]["id"])


def test_another_code_for_kept_requisites_needs_no_typing_again(live: Live) -> None:
    maria = live.applicant()
    maria.call("POST", f"{maria.path}/requisites/code", expect=409)
    first = maria.call("PUT", f"{maria.path}/requisites", json=BANK, expect=200).json()["code"]
    let_code_limits_pass()
    code = maria.call("POST", f"{maria.path}/requisites/code", expect=200).json()["code"]["debug_code"]
    again = maria.call("POST", f"{maria.path}/requisites/code", expect=200).json()["code"]

    confirmed = maria.call("POST", f"{maria.path}/requisites/confirm", json={"code": code}, expect=200).json()

    assert (first["sent"], again["sent"]) == (False, False)
    assert again["resend_in"] > 0
    assert confirmed["requisites"]["confirmed"] is True


def test_other_requisites_need_another_confirmation(live: Live) -> None:
    maria = live.applicant()
    let_code_limits_pass()
    old_code = maria.call("PUT", f"{maria.path}/requisites", json=BANK, expect=200).json()["code"]["debug_code"]
    let_code_limits_pass()
    new_code = maria.call("PUT", f"{maria.path}/requisites", json=CARD, expect=200).json()["code"]["debug_code"]

    if old_code != new_code:
        maria.call("POST", f"{maria.path}/requisites/confirm", json={"code": old_code}, expect=400)
    assert maria.read()["requisites"]["confirmed"] is False
    confirmed = maria.call("POST", f"{maria.path}/requisites/confirm", json={"code": new_code}, expect=200).json()

    assert confirmed["requisites"]["confirmed"] is True


def test_requisites_are_kept_even_while_the_limit_of_codes_holds(live: Live) -> None:
    maria = live.applicant()  # whose phone has just had a code

    kept = maria.call("PUT", f"{maria.path}/requisites", json=BANK, expect=200).json()

    assert kept["code"]["sent"] is False and 0 < kept["code"]["resend_in"] <= 60
    assert "debug_code" not in kept["code"]
    assert maria.read()["requisites"]["kind"] == "bank"


# --- submit


def test_submit_is_done_once_whatever_is_repeated(live: Live, small: Path) -> None:
    maria = ready(live, small)
    key = str(uuid.uuid4())

    first = maria.submit(key=key)
    repeats = [maria.submit(key=key), maria.submit(key=str(uuid.uuid4()))]
    other_body = maria.call(
        "POST", f"{maria.path}/submit", json={"consents": []}, headers={"Idempotency-Key": key}, expect=409
    ).json()

    assert [again.json() for again in repeats] == [first.json()] * 2
    assert other_body["errors"][0]["code"] == "idempotency_key_reused"
    claim = Claim.objects.get(number=maria.claim["number"])
    assert (claim.status_changes.count(), claim.consents.count()) == (1, 2)


def test_an_empty_draft_is_told_everything_that_is_missing(live: Live) -> None:
    maria = live.applicant()

    refused = maria.submit(expect=400).json()

    lacking = {error["attr"] for error in refused["errors"]}
    assert {"description", "event_type", "event_date", "event_place", "requisites"} <= lacking
    assert maria.read()["status"] == "draft"
    maria.call("GET", f"{maria.path}/receipt.pdf", expect=409)


def test_after_submit_answers_are_closed_and_documents_open(live: Live, small: Path, tmp_path: Path) -> None:
    maria = ready(live, small)
    maria.submit()
    more = tmp_path / "receipt.png"
    more.write_bytes(files.png())

    added = maria.upload("receipts", more)

    assert maria.read()["can"] == {"edit": False, "upload": True, "submit": False}
    assert any("receipt.png" in line["text"] for line in maria.claim["timeline"] if line["code"] == "document.received")
    closed = maria.call("PATCH", maria.path, json={"event_place": "Рим"}, expect=409).json()
    assert closed["errors"][0]["code"] == "claim_not_editable"
    maria.call("POST", "claims/description", json={"session_id": maria.claim["number"], "text": "Другое"}, expect=409)
    maria.call("PUT", f"{maria.path}/requisites", json=CARD, expect=409)
    maria.call("POST", f"{maria.path}/policy", json={"number": VALID}, expect=409)
    maria.call("DELETE", f"{maria.path}/documents/{added['id']}", expect=409)


def test_what_staff_ask_for_is_shown_and_answered(live: Live, small: Path) -> None:
    maria = ready(live, small)
    maria.submit()
    olga = User.objects.create_user(username=f"olga-{maria.phone}", password="x", is_staff=True)
    claim = Claim.objects.get(number=maria.claim["number"])
    claim_move(claim_id=claim.pk, to=Claim.Status.IN_REVIEW, actor=olga, reason="", now=timezone.now())
    words = "Пришлите посадочный талон."
    item_ask(
        claim_id=claim.pk,
        kind=ChecklistEntry.Kind.DOCUMENT,
        key="boarding_pass",
        text=words,
        actor=olga,
        now=timezone.now(),
    )
    live.deliver()

    asked = maria.read()
    assert [(one["slot"], one["text"]) for one in asked["requests"]] == [("boarding_pass", words)]
    assert (asked["status"], asked["missing_count"]) == ("needs_documents", 1)
    assert any(words in one["text"] for one in live.mail_to("maria@example.com"))
    maria.upload("boarding_pass", small)

    answered = maria.read()
    assert (answered["requests"], answered["missing_count"]) == ([], 0)


# --- documents


def test_a_repeated_upload_is_one_document(live: Live, small: Path, tmp_path: Path) -> None:
    maria = live.applicant()
    maria.patch(event_type="flight_delayed")
    other = tmp_path / "other.png"
    other.write_bytes(files.png())

    first = maria.upload("ticket", small, key="upload-0001")
    again = maria.upload("ticket", small, key="upload-0001")
    without_key = maria.upload("ticket", small)
    maria.upload("ticket", other, key="upload-0001", expect=409)

    assert again == first and without_key["id"] == first["id"]
    assert len(maria.call("GET", f"{maria.path}/documents", expect=200).json()["results"]) == 1


def test_a_document_of_a_draft_is_removed_with_its_file(live: Live, small: Path) -> None:
    maria = live.applicant()
    maria.patch(event_type="flight_delayed")
    kept = maria.upload("ticket", small, key="upload-0002")

    maria.call("DELETE", f"{maria.path}/documents/{kept['id']}", expect=204)

    maria.call("GET", f"{maria.path}/documents/{kept['id']}", expect=404)
    assert maria.http.get(f"{maria.base}{kept['download_url']}", timeout=10).status_code == 404
    assert maria.read()["slots"][0]["state"] == "waiting"
    refused = maria.upload("ticket", small, key="upload-0002", expect=409)  # not "here it is": it was removed
    assert refused["errors"][0]["code"] == "idempotency_key_reused"
    assert maria.upload("ticket", small, key="upload-0003")["sha256"] == kept["sha256"]


# --- languages


@pytest.mark.parametrize("language", ["ru", "uk", "en"])
def test_refusals_speak_the_language_of_the_person(live: Live, language: str) -> None:
    maria = live.applicant(language=language)

    by_header = maria.call("PATCH", maria.path, json={"event_type": "nothing"}, expect=400)
    by_query = requests.patch(
        f"{maria.base}/api/v1/{maria.path}?lang={language}", json={"event_type": "nothing"}, timeout=10,
        headers={"Authorization": maria.http.headers["Authorization"]},
    )  # fmt: skip

    sentence = {"ru": "Выберите", "uk": "Виберіть|Оберіть", "en": "Choose"}[language].split("|")
    detail = by_header.json()["errors"][0]["detail"]
    assert any(detail.startswith(word) for word in sentence), detail
    assert by_query.json() == by_header.json()
    assert by_header.headers["Content-Language"] == language


def test_the_definition_comes_in_each_language(live: Live) -> None:
    people = [live.stranger(language=language) for language in ("ru", "uk", "en")]

    forms = [one.call("GET", "intake/definition", expect=200).json() for one in people]

    assert [form["language"] for form in forms] == ["ru", "uk", "en"]
    assert len({form["event_types"][0]["title"] for form in forms}) == 3


# --- live


@pytest.fixture
def listening(live: Live) -> Iterator[tuple[Applicant, ClientConnection]]:
    maria = live.applicant()
    headers = {"Authorization": maria.http.headers["Authorization"]}
    with connect(f"{live.socket_url}/ws/claims/{maria.claim['number']}/", additional_headers=headers) as socket:
        assert json.loads(socket.recv(timeout=5)) == {"type": "hello"}
        yield maria, socket


def test_a_change_is_hinted_to_the_open_page(listening: tuple[Applicant, ClientConnection]) -> None:
    maria, socket = listening

    version = maria.patch(event_place="Ереван")["version"]

    hint = json.loads(socket.recv(timeout=5))
    assert hint == {
        "type": "claim.changed", "number": maria.claim["number"], "version": version, "what": ["event_place"]
    }  # fmt: skip


@pytest.mark.redis
@pytest.mark.slow
def test_an_idle_page_stays_connected_on_redis(listening: tuple[Applicant, ClientConnection]) -> None:
    maria, socket = listening

    time.sleep(7)  # past redis-py's own time limit for a blocking read, 5 s
    maria.patch(event_place="Ереван")

    assert json.loads(socket.recv(timeout=5))["type"] == "claim.changed"


@pytest.mark.parametrize(
    ("token", "number", "code"), [("", "own", 4401), ("own", "missing", 4404), ("own", "other", 4404)]
)
def test_a_socket_tells_nobody_else(live: Live, token: str, number: str, code: int) -> None:
    maria, igor = live.applicant(), live.applicant()
    numbers = {"own": maria.claim["number"], "other": igor.claim["number"], "missing": "CLM-2026-01-01-0000"}
    headers = {"Authorization": str(maria.http.headers["Authorization"])} if token else {}

    with connect(f"{live.socket_url}/ws/claims/{numbers[number]}/", additional_headers=headers) as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)

        assert socket.close_code == code


# --- who may ask how often


def test_a_second_code_must_wait_a_minute_and_says_how_long(live: Live) -> None:
    maria = live.stranger()
    maria.ask_code()

    refused = maria.call("POST", "sms/send", json={"phone": maria.phone}, expect=429)

    assert refused.json()["errors"][0]["code"] == "too_many_codes"
    assert 0 < int(refused.headers["Retry-After"]) <= 61


def test_known_and_unknown_phones_get_the_same_answer(live: Live) -> None:
    known = live.applicant()
    let_code_limits_pass()
    unknown = live.stranger()

    answers = [one.call("POST", "sms/send", json={"phone": one.phone}, expect=202).json() for one in (known, unknown)]

    assert [sorted(answer) for answer in answers] == [["debug_code", "expires_in", "phone", "resend_in"]] * 2
    assert answers[0]["expires_in"] == answers[1]["expires_in"] and answers[0]["resend_in"] == answers[1]["resend_in"]


def test_no_code_is_shown_where_a_real_gateway_sends_it(live: Live, settings: Any) -> None:
    settings.SHOW_CODES = False
    maria = live.stranger()

    answer = maria.call("POST", "sms/send", json={"phone": maria.phone}, expect=202).json()

    assert set(answer) == {"phone", "expires_in", "resend_in"}


def test_a_day_of_the_event_is_a_day_where_the_person_is(live: Live) -> None:
    """At two in the morning in Moscow it is still yesterday in UTC: today's date must be taken."""
    with time_machine.travel(datetime.fromisoformat("2026-11-20T23:30:00+00:00"), tick=True):
        maria = live.applicant()

        assert maria.patch(event_date=date(2026, 11, 21).isoformat())["event_date"] == "2026-11-21"


@pytest.mark.parametrize(("origin", "heard"), [("own", "hello"), ("https://other.example.com", ""), (None, "")])
def test_a_cookie_opens_a_socket_only_for_our_own_pages(live: Live, origin: str | None, heard: str) -> None:
    maria = live.applicant()
    token = str(maria.http.headers["Authorization"]).removeprefix("Bearer ")
    page = live.socket_url.replace("ws://", "http://") if origin == "own" else origin
    headers = {"Cookie": f"claimdesk_applicant={token}"}

    address = f"{live.socket_url}/ws/claims/{maria.claim['number']}/"
    with connect(address, additional_headers=headers, origin=Origin(page) if page else None) as socket:
        if heard:
            assert json.loads(socket.recv(timeout=5)) == {"type": heard}
            return
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        assert socket.close_code == 4401


def test_a_closed_claim_misses_nothing(live: Live) -> None:
    maria = live.applicant()
    Claim.objects.filter(number=maria.claim["number"]).update(
        status=Claim.Status.APPROVED, submitted_at=timezone.now(), expires_at=None
    )

    assert [step["missing"] for step in maria.read()["steps"] if step["missing"]] == []
