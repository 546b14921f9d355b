"""Claims in every state. Each goes the way that a person's claim goes: code, answers, papers, submit, staff."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.claims import services
from apps.claims.consents import CONSENTS
from apps.claims.demo.papers import draw_pdf, draw_photo
from apps.claims.models import ChecklistEntry, Claim, Document, Requisites
from apps.claims.rules import form
from apps.claims.selectors import entries_of, form_slots, with_definition
from apps.claims.services.submit import Agreed
from apps.contacts.services import contact_find_or_create
from apps.core.fields import translated

S = Claim.Status


@dataclass(frozen=True)
class Story:
    phone: str
    name: str
    event_type: str
    place: str
    text: str
    policy: str
    hours_ago: int
    path: tuple[Claim.Status, ...]
    language: str = "ru"
    note: str = ""


STORIES = [
    Story("79160000101", "Мария Иванова", "flight_delayed", "Аэропорт Анталья",
          "Рейс задержали на восемь часов, ждали ночью с ребёнком, питания не давали.", "TRV-2026-123456", 1,
          (S.SUBMITTED,)),
    Story("79160000102", "Пётр Соколов", "baggage", "Москва, Шереметьево",
          "Чемодан приехал с разбитым колесом и трещиной, в аэропорту составили акт.", "TRV-2026-123456", 3,
          (S.SUBMITTED,)),
    Story("79160000103", "Елена Кузнецова", "medical", "Анталья, Турция",
          "Упала на лестнице отеля, вызвали врача, сделали рентген, заплатила сама.", "", 7,
          (S.SUBMITTED, S.IN_REVIEW)),
    Story("380670000104", "Оксана Мельник", "missed_connection", "Варшава",
          "Через затримку першого рейсу не встигла на другий, купила новий квиток.", "", 20,
          (S.SUBMITTED, S.IN_REVIEW), "uk"),
    Story("79160000105", "Алексей Орлов", "lost_papers", "Барселона",
          "В метро вытащили сумку с паспортом, обратился в полицию и консульство.", "", 30,
          (S.SUBMITTED, S.NEEDS_DOCUMENTS), note="Пришлите, пожалуйста, справку из консульства."),
    Story("79160000106", "Наталья Белова", "accident", "Сочи, Красная Поляна",
          "На склоне столкнулась с другим лыжником, перелом запястья, наложили гипс.", "", 52,
          (S.SUBMITTED, S.IN_REVIEW, S.APPROVED)),
    Story("79160000107", "Дмитрий Волков", "trip_cancelled", "Москва",
          "Отменили тур за два дня до вылета из-за болезни ребёнка, оператор вернул только часть.", "", 75,
          (S.SUBMITTED, S.IN_REVIEW, S.REJECTED), note="Болезнь началась до покупки полиса."),
    Story("79160000108", "Светлана Морозова", "flight_delayed", "Калининград",
          "Вылет перенесли на утро, пришлось ночевать в гостинице за свой счёт.", "TRV-2026-123456", 120,
          (S.SUBMITTED, S.IN_REVIEW, S.APPROVED, S.PAID)),
    Story("79160000109", "Иван Никитин", "other", "Тбилиси",
          "Арендованную машину поцарапали на стоянке, прокат требует доплату.", "", 26,
          (S.SUBMITTED, S.WITHDRAWN), note="Заявитель решил вопрос с прокатом сам."),
    Story("79160000110", "Андрей Фёдоров", "property", "Казань",
          "Пока были в поездке, соседи сверху затопили квартиру.", "", 2, ()),
]  # fmt: skip


def make_claims(*, now: datetime, tell: Callable[[str], None]) -> None:
    """One claim for each story; people who have a claim already are left alone."""
    handler = User.objects.get(username="senior")
    for done, story in enumerate(STORIES, start=1):
        begun = now - timedelta(hours=story.hours_ago)
        contact, is_new = contact_find_or_create(phone=story.phone, language=story.language, now=begun)
        if is_new:
            claim = services.claim_begin(contact=contact, language=story.language, now=begun)
            _fill(claim, story, begun)
            if story.path:
                _submit(claim, begun + timedelta(minutes=6))
                _work(claim, story, handler, begun)
        tell(f"{done}/{len(STORIES)} {story.name}")


def _fill(claim: Claim, story: Story, now: datetime) -> None:
    services.claim_describe(claim_id=claim.pk, text=story.text, now=now)
    if story.policy:
        services.claim_policy(claim_id=claim.pk, contact=claim.contact, raw=story.policy, now=now)
    day = timezone.localtime(now).date() - timedelta(days=1)
    answers: dict[str, Any] = {"applicant_name": story.name}
    facts = {"event_type": story.event_type, "event_date": day.isoformat(), "event_place": story.place,
             "email": f"applicant{story.phone[-3:]}@example.com"}  # fmt: skip
    services.claim_patch(claim_id=claim.pk, changes=facts, expected_version=None, now=now)
    if not story.path:
        return
    claim = with_definition(Claim.objects.get(pk=claim.pk))
    content, entries = claim.definition.content, entries_of(claim)
    while new := {
        one["key"]: _answer(one, story, day)
        for one in form.visible_questions(content, story.event_type, answers, entries)
        if one["key"] not in answers
    }:
        answers |= new
    services.claim_patch(claim_id=claim.pk, changes={"answers": answers}, expected_version=None, now=now)
    _add_papers(claim, story, now)
    _requisites(claim, story, now)


def _answer(question: Mapping[str, Any], story: Story, day: date) -> Any:
    kind, key = question["kind"], question["key"]
    if key == "about_me":
        return True
    if key == "date_of_birth":
        return "1988-04-12"
    if kind == "text":
        return {"flight_number": "SU 2137", "airline": "Пример Авиа"}.get(key, "Смотрите документы")
    return {
        "long_text": "Подробности в приложенных документах.",
        "number": "8",
        "date": day.isoformat(),
        "choice": question["choices"][0]["value"] if question["choices"] else "",
        "yes_no": False,
        "phone": story.phone,
        "money": {"amount": "120.50", "currency": "EUR"},
    }[kind]


def _add_papers(claim: Claim, story: Story, now: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for place, slot in enumerate(form_slots(claim)):
            if not slot["required"]:
                continue
            title, lines = translated(slot["title"], "ru"), [story.name, story.place, story.text[:44], claim.number]
            path = Path(folder) / (f"{slot['key']}.jpg" if place % 2 == 0 else f"{slot['key']}.pdf")
            if place % 2 == 0:
                draw_photo(path, title, lines, seed=place)
            else:
                draw_pdf(path, title, lines)
            document, _is_new = services.document_add(
                claim_id=claim.pk, slot=slot["key"], path=path, name=path.name, now=now
            )
            Document.objects.filter(pk=document.pk).update(created_at=now + timedelta(minutes=3 + place))


def _requisites(claim: Claim, story: Story, now: datetime) -> None:
    fields = {"bik": "044525225", "account": "40817810700000012345", "recipient": story.name, "inn": ""}
    kept = services.requisites_put(
        claim_id=claim.pk, kind=Requisites.Kind.BANK, fields=fields, address=f"192.0.2.{story.phone[-2:]}", now=now
    )
    assert kept.code is not None  # each story has a phone and an address of its own
    services.requisites_confirm(claim_id=claim.pk, secret=kept.code.code, now=now)


def _submit(claim: Claim, now: datetime) -> None:
    consents = [Agreed(one["kind"], one["version"]) for one in CONSENTS if one["required"]]
    services.claim_submit(claim_id=claim.pk, consents=consents, address="192.0.2.1", now=now)


def _work(claim: Claim, story: Story, actor: User, begun: datetime) -> None:
    span = timedelta(hours=story.hours_ago) / (len(story.path) + 1)
    for step, to in enumerate(story.path[1:], start=1):
        at = begun + step * span
        if to == S.NEEDS_DOCUMENTS:
            services.item_ask(
                claim_id=claim.pk, kind=ChecklistEntry.Kind.DOCUMENT, key="", text=story.note, actor=actor, now=at
            )
        else:
            reason = story.note if to in (S.REJECTED, S.WITHDRAWN) else ""
            services.claim_move(claim_id=claim.pk, to=to, actor=actor, reason=reason, now=at)
