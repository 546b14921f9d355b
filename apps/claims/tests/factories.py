"""Claims and what belongs to them, in states that the product itself can bring about."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from apps.claims.models import (
    Claim,
    ClaimStatusChange,
    Consent,
    Document,
    DocumentRequest,
    DocumentSlot,
    EventType,
    FormDefinition,
    Question,
    Requisites,
)
from apps.contacts.tests.factories import ContactFactory
from apps.core.tests.typed import typed
from apps.policies.models import PolicyProject
from apps.policies.tests.factories import PolicyFactory
from apps.projects.models import Project

S = Claim.Status
# How a claim gets to each status, step by step.
PATHS: dict[str, list[str]] = {
    S.SUBMITTED: [S.SUBMITTED],
    S.IN_REVIEW: [S.SUBMITTED, S.IN_REVIEW],
    S.NEEDS_DOCUMENTS: [S.SUBMITTED, S.IN_REVIEW, S.NEEDS_DOCUMENTS],
    S.APPROVED: [S.SUBMITTED, S.IN_REVIEW, S.APPROVED],
    S.REJECTED: [S.SUBMITTED, S.IN_REVIEW, S.REJECTED],
    S.PAID: [S.SUBMITTED, S.IN_REVIEW, S.APPROVED, S.PAID],
    S.WITHDRAWN: [S.SUBMITTED, S.WITHDRAWN],
}


def text(ru: str, uk: str, en: str) -> dict[str, str]:
    return {"ru": ru, "uk": uk, "en": en}


def question(key: str, kind: str, label: dict[str, str], order: int, **more: Any) -> dict[str, Any]:
    blank = {"help": text("", "", ""), "required": True, "choices": [], "condition": None, "role": ""}
    return {"key": key, "kind": kind, "label": label, "order": order, "min": None, "max": None, "pattern": None,
            **blank, **more}  # fmt: skip


def slot(key: str, title: dict[str, str], order: int, **more: Any) -> dict[str, Any]:
    why = text("Так мы проверим событие.", "Так ми перевіримо подію.", "It lets us check the event.")
    return {"key": key, "title": title, "why": why, "accepts_note": text("", "", ""), "required": True, "order": order,
            "max_files": 5, "accepts": ["pdf", "jpeg", "png", "heic"], **more}  # fmt: skip


FLIGHT_DELAYED: dict[str, Any] = {
    "code": "flight_delayed", "order": 10, "icon": "plane-clock",
    "title": text("Задержали рейс", "Затримали рейс", "Flight delayed"),
    "description": text("Самолёт вылетел позже.", "Літак вилетів пізніше.", "The plane left later."),
    "words": {"ru": ["задерж"], "uk": ["затрим"], "en": ["delay"]},
    "questions": [
        question("flight_number", "text", text("Номер рейса", "Номер рейсу", "Flight number"), 10),
        question("hours_late", "number", text("Часов опоздания", "Годин запізнення", "Hours late"), 20),
    ],
    "slots": [
        slot("boarding_pass", text("Посадочный талон", "Посадковий талон", "Boarding pass"), 10),
        slot("delay_note", text("Справка о задержке", "Довідка про затримку", "Note of the delay"), 20, required=False),
    ],
}  # fmt: skip
BAGGAGE: dict[str, Any] = {
    "code": "baggage", "order": 20, "icon": "suitcase",
    "title": text("Багаж", "Багаж", "Baggage"),
    "description": text("Потеряли или повредили.", "Загубили або пошкодили.", "Lost or damaged."),
    "words": {"ru": ["багаж"], "uk": ["багаж"], "en": ["bag"]},
    "questions": [question("bag_price", "money", text("Сколько стоил", "Скільки коштував", "What it cost"), 10)],
    "slots": [slot("baggage_report", text("Акт PIR", "Акт PIR", "PIR report"), 10)],
}  # fmt: skip


def definition_content() -> dict[str, Any]:
    """A small catalogue in the published form: two event types and what everyone is asked."""
    name = question("applicant_name", "text", text("Ваше имя", "Ваше ім’я", "Your name"), 10, role="applicant_name")
    passport = slot("passport", text("Паспорт", "Паспорт", "Passport"), 90)
    return {"event_types": [FLIGHT_DELAYED, BAGGAGE], "common": {"questions": [name], "slots": [passport]}}


class _EventType(DjangoModelFactory[EventType]):
    """A row of the catalogue that staff edit. `with_rows=True` adds the questions and slots of a delayed flight."""

    class Meta:
        model = EventType
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "flight_delayed"
    icon = "plane-clock"
    title = LazyFunction(lambda: dict(FLIGHT_DELAYED["title"]))
    description = LazyFunction(lambda: dict(FLIGHT_DELAYED["description"]))
    words = LazyFunction(lambda: dict(FLIGHT_DELAYED["words"]))
    order = 10

    @post_generation
    def with_rows(self: EventType, create: bool, extracted: Any, **_: Any) -> None:
        if create and extracted:
            for row in FLIGHT_DELAYED["questions"]:
                QuestionFactory(event_type=self, key=row["key"], kind=row["kind"], label=row["label"])
            for row in FLIGHT_DELAYED["slots"]:
                DocumentSlotFactory(event_type=self, key=row["key"], title=row["title"], required=row["required"])


EventTypeFactory = typed(_EventType, EventType)


class _Question(DjangoModelFactory[Question]):
    class Meta:
        model = Question

    key = Sequence(lambda n: f"question_{n}")
    label = LazyFunction(lambda: text("Вопрос", "Питання", "Question"))
    help = LazyFunction(lambda: text("", "", ""))


QuestionFactory = typed(_Question, Question)


class _DocumentSlot(DjangoModelFactory[DocumentSlot]):
    class Meta:
        model = DocumentSlot

    key = Sequence(lambda n: f"slot_{n}")
    title = LazyFunction(lambda: text("Документ", "Документ", "Document"))
    why = LazyFunction(lambda: text("", "", ""))
    accepts_note = LazyFunction(lambda: text("", "", ""))


DocumentSlotFactory = typed(_DocumentSlot, DocumentSlot)


class _FormDefinition(DjangoModelFactory[FormDefinition]):
    class Meta:
        model = FormDefinition
        django_get_or_create = ("version",)

    version = 1
    content = LazyFunction(definition_content)


FormDefinitionFactory = typed(_FormDefinition, FormDefinition)


class _Claim(DjangoModelFactory[Claim]):
    """A claim in a status: `ClaimFactory()` is submitted; `draft=True`, `in_review=True` … are traits.

    A submitted claim has its history, a valid policy with its project, and the consent that submitting needs.
    """

    class Meta:
        model = Claim
        skip_postgeneration_save = True

    class Params:
        draft = Trait(status=S.DRAFT, policy=None, project=None, policy_status="", policy_number="")
        submitted = Trait(status=S.SUBMITTED)
        in_review = Trait(status=S.IN_REVIEW)
        needs_documents = Trait(status=S.NEEDS_DOCUMENTS)
        approved = Trait(status=S.APPROVED)
        rejected = Trait(status=S.REJECTED)
        paid = Trait(status=S.PAID)
        withdrawn = Trait(status=S.WITHDRAWN)

    number = Sequence(lambda n: f"CLM-2026-11-{n // 1296 % 28 + 1:02d}-T{_base36(n)}")
    contact = SubFactory(ContactFactory)
    definition = SubFactory(FormDefinitionFactory)
    status = S.SUBMITTED
    created_at = LazyFunction(lambda: timezone.now() - timedelta(hours=3))
    description = "Рейс задержали на семь часов, потому что не было самолёта. Ночевали в аэропорту."
    event_type = "flight_delayed"
    event_date = LazyFunction(lambda: timezone.localdate() - timedelta(days=2))
    event_place = "Ереван"
    email = LazyAttribute(lambda claim: claim.contact.email)
    answers = LazyAttribute(
        lambda claim: {"applicant_name": claim.contact.full_name, "flight_number": "XY 123", "hours_late": "7"}
    )
    policy = SubFactory(PolicyFactory, holder_name=SelfAttribute("..contact.full_name"))
    policy_number = LazyAttribute(lambda claim: claim.policy.number if claim.policy else "")
    policy_status = "valid"
    project = LazyAttribute(lambda claim: project_of(claim.contact, claim.policy) if claim.policy else None)
    listed_at = LazyAttribute(lambda claim: claim.submitted_at or claim.created_at)
    submitted_at = LazyAttribute(
        lambda claim: None if claim.status == S.DRAFT else claim.created_at + timedelta(minutes=6)
    )
    expires_at = LazyAttribute(
        lambda claim: timezone.now() + timedelta(hours=settings.DRAFT_HOURS) if claim.status == S.DRAFT else None
    )
    search = LazyAttribute(lambda claim: f"{claim.number} {claim.contact.full_name}".casefold()[:260])

    @post_generation
    def history(self: Claim, create: bool, extracted: Any, **_: Any) -> None:
        if not create or self.submitted_at is None:
            return
        source = S.DRAFT
        for step, target in enumerate(PATHS[self.status]):
            reason = "Событие не входит в страховые случаи." if target == S.REJECTED else ""
            at = self.submitted_at + timedelta(minutes=20 * step)
            ClaimStatusChange.objects.create(claim=self, source=source, target=target, reason=reason, at=at)
            source = S(target)
        Consent.objects.create(
            claim=self, kind="personal_data", version="1", given_at=self.submitted_at, address="192.0.2.7"
        )


ClaimFactory = typed(_Claim, Claim)


def _base36(n: int) -> str:
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return signs[n // 1296 % 36] + signs[n // 36 % 36] + signs[n % 36]


def project_of(contact: Any, policy: Any) -> Project:
    """The contact's project for the policy, made if it is not there."""
    found = PolicyProject.objects.filter(contact=contact, policy=policy).select_related("project").first()
    if found:
        return found.project
    project = Project.objects.create(contact=contact, title=f"{policy.number} · {contact.full_name}"[:200])
    PolicyProject.objects.create(contact=contact, policy=policy, project=project)
    return project


class _Document(DjangoModelFactory[Document]):
    """A document's row, without a file in the storage ; `accepted` and `rejected` (by staff) are traits."""

    class Meta:
        model = Document

    class Params:
        accepted = Trait(state=Document.State.ACCEPTED, judgement=Document.Judgement.ACCEPTED)
        rejected = Trait(
            state=Document.State.REJECTED, judgement=Document.Judgement.REJECTED, reason="Не видно даты вылета."
        )

    claim = SubFactory(ClaimFactory)
    slot = "boarding_pass"
    name = Sequence(lambda n: f"посадочный-{n}.jpg")
    kind = "jpeg"
    content_type = "image/jpeg"
    size = 1_240_000
    sha256 = Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    key = Sequence(lambda n: f"claims/test/{n}")


DocumentFactory = typed(_Document, Document)


class _Requisites(DjangoModelFactory[Requisites]):
    """A confirmed bank account; its numbers are invented and pass their checksums."""

    class Meta:
        model = Requisites

    claim = SubFactory(ClaimFactory)
    kind = Requisites.Kind.BANK
    data = LazyFunction(
        lambda: {"bik": "044525225", "account": "40817810038000000003", "recipient": "Соколова Мария", "inn": ""}
    )
    summary = "•••• 0003"
    confirmed_at = LazyAttribute(lambda one: one.claim.submitted_at or timezone.now())


RequisitesFactory = typed(_Requisites, Requisites)


class _DocumentRequest(DjangoModelFactory[DocumentRequest]):
    class Meta:
        model = DocumentRequest

    claim = SubFactory(ClaimFactory, needs_documents=True)
    slot = "delay_note"
    text = "Пришлите справку о задержке от авиакомпании."
    at = LazyFunction(timezone.now)


DocumentRequestFactory = typed(_DocumentRequest, DocumentRequest)


def hours_ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)
