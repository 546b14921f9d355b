"""What staff ask for, do without and need again; and where each line comes from."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from apps.accounts.models import User
from apps.claims.admin.reads import claim_for_page, claim_parts
from apps.claims.models import Advice, ChecklistEntry, Claim, DocumentRequest, ReadyReason
from apps.claims.services import slot_waive
from apps.claims.tests.factories import ClaimFactory, DocumentFactory
from apps.claims.tests.staff import client_of, staff
from apps.claims.tests.test_admin_claim import page, url
from apps.core.models import Delivery, OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Client:
    return client_of(staff("Claims handler"))


@pytest.fixture
def claim() -> Claim:
    return ClaimFactory(in_review=True)


def entry(claim: Claim) -> ChecklistEntry:
    return ChecklistEntry.objects.get(claim=claim)


def test_a_question_is_asked_and_stands_on_the_page(clerk: Client, claim: Claim) -> None:
    clerk.post(url(claim, "ask"), {"slot": "question:hours_late", "text": "Сколько часов точно?"})

    asked = DocumentRequest.objects.get()
    assert (asked.kind, asked.slot) == ("question", "hours_late")
    assert 'data-question="hours_late"' in page(clerk, claim)


@pytest.mark.parametrize(("item", "kind"), [("", "document"), ("question:", "question")])
def test_staff_ask_in_their_own_words(clerk: Client, claim: Claim, item: str, kind: str) -> None:
    clerk.post(url(claim, "ask"), {"slot": item, "text": "Чек из гостиницы за ту ночь"})

    made = entry(claim)
    assert (made.kind, made.title, made.origin) == (kind, "Чек из гостиницы за ту ночь", "staff")
    assert "Чек из гостиницы за ту ночь" in page(clerk, claim)


def test_what_is_not_needed_is_waived_with_a_reason_and_needed_again(clerk: Client, claim: Claim) -> None:
    clerk.post(url(claim, "waive"), {"item": "boarding_pass", "note": "Есть подтверждение авиакомпании."})
    assert (entry(claim).waived, entry(claim).waived_note) == ("staff", "Есть подтверждение авиакомпании.")
    assert "Есть подтверждение авиакомпании." in page(clerk, claim)

    clerk.post(url(claim, "unwaive"), {"item": "boarding_pass"})

    assert not ChecklistEntry.objects.exists()


def test_nothing_is_waived_without_a_reason(clerk: Client, claim: Claim) -> None:
    refused = clerk.post(url(claim, "waive"), {"item": "boarding_pass", "note": " "}, follow=True)

    assert 'class="error"' in refused.content.decode()
    assert not ChecklistEntry.objects.exists()


@pytest.mark.parametrize("act", ["waive", "unwaive", "ask"])
def test_who_may_not_ask_may_not_waive(claim: Claim, act: str) -> None:
    auditor = client_of(staff("Auditor"))
    data = {"item": "boarding_pass", "slot": "boarding_pass", "note": "Не нужен.", "text": "Пришлите."}

    assert auditor.post(url(claim, act), data).status_code == 403


NUL, LONG = "нул\x00ь", "ы" * 2001


@pytest.mark.parametrize(
    ("act", "data"),
    [("ask", {"slot": "boarding_pass", "text": text}) for text in (NUL, LONG)]
    + [("waive", {"item": "boarding_pass", "note": text}) for text in (NUL, LONG)]
    + [("withdraw", {"to": "withdrawn", "reason": text}) for text in (NUL, LONG)]
    + [("judge", {"state": "rejected", "reason": text}) for text in (NUL, LONG)]
    + [("ask", {"slot": NUL, "text": "Пришлите."}), ("waive", {"item": NUL, "note": "Нет."})]
    + [("unwaive", {"item": NUL})],
    ids=lambda one: one if isinstance(one, str) else ascii(one)[:40],
)  # fmt: skip
def test_what_cannot_be_kept_is_told_and_changes_nothing(
    clerk: Client, claim: Claim, act: str, data: dict[str, str]
) -> None:
    document = DocumentFactory(claim=claim)
    paths = {"withdraw": url(claim, "move"), "judge": url(claim, "documents", document.pk, "judge")}

    refused = clerk.post(paths.get(act) or url(claim, act), data, follow=True)

    document.refresh_from_db()
    assert 'class="error"' in refused.content.decode()
    assert not (ChecklistEntry.objects.exists() or DocumentRequest.objects.exists() or document.judgement)
    assert Claim.objects.get().status == "in_review"


def test_the_fields_tell_how_much_they_take(clerk: Client, claim: Claim) -> None:
    DocumentFactory(claim=claim)

    html = page(clerk, claim)

    ends = {name: re.findall(f'name="{name}"[^>]*maxlength="(\\d+)"', html) for name in ("text", "note", "reason")}
    assert ends["text"] == ["2000"]
    assert set(ends["note"]) == {"500"}
    assert set(ends["reason"]) == {"1000"}


def test_new_lines_count_once_as_the_page_counts_them(clerk: Client, claim: Claim) -> None:
    text = "да\r\n" * 600 + "всё"

    clerk.post(url(claim, "ask"), {"slot": "boarding_pass", "text": text})

    assert DocumentRequest.objects.get().text == text.replace("\r\n", "\n")


def test_who_asked_and_who_waived_are_called_by_their_names(clerk: Client, claim: Claim) -> None:
    User.objects.filter(username="claims").update(first_name="Ольга", last_name="Мельник")
    clerk.post(url(claim, "ask"), {"slot": "delay_note", "text": "Нужна справка."})
    clerk.post(url(claim, "waive"), {"item": "boarding_pass", "note": "Не нужен."})

    html = page(clerk, claim)

    asked, waived = html.partition('class="requests"')[2], html.partition('class="origin waived"')[2]
    assert asked.partition("</ul>")[0].count("Ольга Мельник") == 1
    assert waived.partition("</p>")[0].count("Ольга Мельник") == 1


@pytest.mark.parametrize("act", ["waive", "unwaive"])
def test_a_line_of_no_known_kind_is_refused(clerk: Client, claim: Claim, act: str) -> None:
    assert clerk.post(url(claim, act), {"item": "wish:boat", "note": "Нет."}).status_code == 403


def test_what_the_applicant_waived_says_so_with_their_words(clerk: Client, claim: Claim) -> None:
    lost = ChecklistEntry.Waived.LOST
    slot_waive(claim_id=claim.pk, slot="boarding_pass", why=lost, note="Украли сумку.", now=timezone.now())

    html = page(clerk, claim)

    assert "Украли сумку." in html
    assert 'value="boarding_pass"' in html


def test_where_an_advised_line_comes_from_is_shown_as_text(clerk: Client, claim: Claim) -> None:
    ChecklistEntry.objects.create(
        claim=claim, kind="document", key="delay_note", origin="adviser", reason="Подтвердит задержку.",
        evidence="задержали <b>на семь</b> часов", at=timezone.now(),
    )  # fmt: skip

    html = page(clerk, claim)

    assert "Подтвердит задержку." in html
    assert "задержали &lt;b&gt;на семь&lt;/b&gt; часов" in html


def test_the_advice_is_folded_away_with_what_it_took_and_what_staff_changed(clerk: Client, claim: Claim) -> None:
    line = {"kind": "document", "key": "delay_note", "origin": "adviser", "evidence": "ждали <всю> ночь"}
    kept: Any = {"sure": True, "lines": [line]}
    Advice.objects.create(
        claim=claim, backend="model", state="given", description_sha256="a" * 64, event_type="flight_delayed",
        summary="Рейс опоздал <на ночь>.", model="some-model", tokens_in=812, tokens_out=97, cost=Decimal("0.0031"),
        ms=1500, prompt_version="3.1", lines=kept, at=timezone.now(),
    )  # fmt: skip

    clerk.post(url(claim, "waive"), {"item": "boarding_pass", "note": "Не нужен."})

    html = page(clerk, claim).partition('id="advices"')[2]
    shown = ("Рейс опоздал &lt;на ночь&gt;.", "some-model", "812 + 97", "0031<", "3.1", 'class="changed"')
    assert [part for part in (*shown, "Справка о задержке", "ждали &lt;всю&gt; ночь") if part not in html] == []


def asked_adviser(claim: Claim, **found: Any) -> Advice:
    spent = {"backend": "model", "state": "useless", "description_sha256": "a" * 64, "at": timezone.now()}
    return Advice.objects.create(claim=claim, **{**spent, **found})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("model_answer_invalid", "answer is not what was asked for."),
        ("deadline", "The system did not answer in time."),
        ("http_502", "The system failed (HTTP 502)."),
        ("something_new", "Nothing came of it: something_new."),
    ],
)
def test_why_no_advice_came_is_said_in_words(clerk: Client, claim: Claim, code: str, words: str) -> None:
    User.objects.update(language="en")
    asked_adviser(claim, error=code)

    html = page(clerk, claim)

    assert words in html
    assert f"<dd>{code}</dd>" not in html


def test_what_staff_changed_names_the_line_of_its_kind_and_who_did_it(clerk: Client, claim: Claim) -> None:
    asked_adviser(claim)

    clerk.post(url(claim, "ask"), {"slot": "", "text": "Чек из гостиницы"})
    clerk.post(url(claim, "ask"), {"slot": "question:", "text": "Кто вас встретил?"})

    changed = page(clerk, claim).partition('class="changed"')[2].partition("</ul>")[0]
    assert changed.index("Чек из гостиницы: ") < changed.index("Кто вас встретил?: ")
    assert changed.count("Claims handler, ") == 2


def test_what_the_form_asks_of_everyone_says_so(clerk: Client, claim: Claim) -> None:
    User.objects.update(language="en")

    html = page(clerk, claim)

    for key in ("boarding_pass", "delay_note"):  # required, and optional
        slot = html.partition(f'data-slot="{key}"')[2].partition("</div>")[0]
        assert "form: asked of everyone for this kind of event" in slot


def test_the_first_missing_paper_is_chosen_to_be_asked_for(clerk: Client, claim: Claim) -> None:
    assert '<option value="boarding_pass" selected>' in page(clerk, claim)


def test_a_delivery_about_a_paper_names_it(clerk: Client, claim: Claim) -> None:
    document = DocumentFactory(claim=claim, name="талон «Ёлка».jpg")
    event = OutboxEvent.objects.create(
        name="document.received", aggregate=f"claim:{claim.pk}", occurred_at=timezone.now(),
        data={"claim_id": str(claim.pk), "document_id": str(document.pk)},
    )  # fmt: skip
    Delivery.objects.create(
        event=event, handler="reading.pages", chain="reading", target="reading", state="waiting", attempts=3,
        next_at=timezone.now(), created_at=timezone.now(),
    )  # fmt: skip

    assert "талон «Ёлка».jpg" in page(clerk, claim).partition('id="deliveries"')[2]


def test_ready_reasons_are_offered_in_the_applicant_s_language_where_they_fit(clerk: Client) -> None:
    claim = ClaimFactory(in_review=True, language="uk")
    for use in ReadyReason.Use.values:
        text = {"ru": f"по-русски {use}", "uk": f"українською {use}", "en": f"in English {use}"}
        ReadyReason.objects.create(use=use, text=text)
    ReadyReason.objects.create(use="ask", text={"ru": "старое", "uk": "старе", "en": "old"}, is_active=False)

    html = page(clerk, claim)

    assert all(f"українською {use}" in html for use in ReadyReason.Use.values)
    assert "по-русски" not in html
    assert "старе" not in html


def test_the_timeline_says_who_did_what_and_why(clerk: Client, claim: Claim) -> None:
    document = DocumentFactory(claim=claim, slot="boarding_pass", name="pass.jpg")
    judge = url(claim, "documents", document.pk, "judge")
    clerk.post(judge, {"state": "rejected", "reason": "Снято не то."})
    clerk.post(judge, {"state": "received"})
    clerk.post(judge, {"state": "accepted"})
    clerk.post(url(claim, "waive"), {"item": "delay_note", "note": "Рейс отменён."})
    clerk.post(url(claim, "unwaive"), {"item": "delay_note"})

    lines = told(claim)

    assert lines[:5] == [
        ("Needed again: Note of the delay", ""),
        ("No longer needed: Note of the delay", ""),
        ("Accepted: Boarding pass", "pass.jpg"),
        ("Judgement taken back: Boarding pass", "pass.jpg"),
        ("Rejected: Boarding pass", "pass.jpg — Снято не то."),
    ]


def test_a_waived_request_was_answered_by_nobody(clerk: Client, claim: Claim) -> None:
    clerk.post(url(claim, "ask"), {"slot": "boarding_pass", "text": "Пришлите талон."})
    clerk.post(url(claim, "waive"), {"item": "boarding_pass", "note": "Нашли сами."})

    texts = [text for text, _note in told(claim)]
    html = page(clerk, claim)

    assert ("No longer needed: Boarding pass", "Нашли сами.") in told(claim)
    assert "The request was answered" not in texts
    assert '<li class="answered">' in html
    assert "badge-withdrawn" in html


def test_a_question_is_not_called_a_document(clerk: Client, claim: Claim) -> None:
    clerk.post(url(claim, "ask"), {"slot": "question:hours_late", "text": "Сколько часов точно?"})

    assert ("Asked a question", "Сколько часов точно?") in told(claim)


def told(claim: Claim) -> list[tuple[str, str]]:
    """The timeline in English, the newest first."""
    found = claim_for_page(claim.pk)
    assert found
    with override("en"):
        lines = claim_parts(found, "en", now=timezone.now(), may_move=False)["timeline"]
    return [(line["text"], line["note"]) for line in lines]
