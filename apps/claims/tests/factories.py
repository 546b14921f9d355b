"""Claims and what belongs to them, in states that the product itself can bring about."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import factory
from django.conf import settings
from django.utils import timezone
from factory.django import DjangoModelFactory

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


FLIGHT_DELAYED = {
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
BAGGAGE = {
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


class EventTypeFactory(DjangoModelFactory):  # type: ignore[misc]
    """A row of the catalogue that staff edit. `with_rows=True` adds the questions and slots of a delayed flight."""

    class Meta:
        model = EventType
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = "flight_delayed"
    icon = "plane-clock"
    title = factory.LazyFunction(lambda: dict(FLIGHT_DELAYED["title"]))
    description = factory.LazyFunction(lambda: dict(FLIGHT_DELAYED["description"]))
    words = factory.LazyFunction(lambda: dict(FLIGHT_DELAYED["words"]))
    order = 10

    @factory.post_generation
    def with_rows(self: EventType, create: bool, extracted: Any, **_: Any) -> None:
        if create and extracted:
            for row in FLIGHT_DELAYED["questions"]:
                QuestionFactory(event_type=self, key=row["key"], kind=row["kind"], label=row["label"])
            for row in FLIGHT_DELAYED["slots"]:
                DocumentSlotFactory(event_type=self, key=row["key"], title=row["title"], required=row["required"])


class QuestionFactory(DjangoModelFactory):  # type: ignore[misc]
    class Meta:
        model = Question

    key = factory.Sequence(lambda n: f"question_{n}")
    label = factory.LazyFunction(lambda: text("Вопрос", "Питання", "Question"))
    help = factory.LazyFunction(lambda: text("", "", ""))


class DocumentSlotFactory(DjangoModelFactory):  # type: ignore[misc]
    class Meta:
        model = DocumentSlot

    key = factory.Sequence(lambda n: f"slot_{n}")
    title = factory.LazyFunction(lambda: text("Документ", "Документ", "Document"))
    why = factory.LazyFunction(lambda: text("", "", ""))
    accepts_note = factory.LazyFunction(lambda: text("", "", ""))


class FormDefinitionFactory(DjangoModelFactory):  # type: ignore[misc]
    class Meta:
        model = FormDefinition
        django_get_or_create = ("version",)

    version = 1
    content = factory.LazyFunction(definition_content)


class ClaimFactory(DjangoModelFactory):  # type: ignore[misc]
    """A claim in a status: `ClaimFactory()` is submitted; `draft=True`, `in_review=True` … are traits.

    A submitted claim has its history, a valid policy with its project, and the consent that submitting needs.
    """

    class Meta:
        model = Claim
        skip_postgeneration_save = True

    class Params:
        draft = factory.Trait(status=S.DRAFT, policy=None, project=None, policy_status="", policy_number="")
        submitted = factory.Trait(status=S.SUBMITTED)
        in_review = factory.Trait(status=S.IN_REVIEW)
        needs_documents = factory.Trait(status=S.NEEDS_DOCUMENTS)
        approved = factory.Trait(status=S.APPROVED)
        rejected = factory.Trait(status=S.REJECTED)
        paid = factory.Trait(status=S.PAID)
        withdrawn = factory.Trait(status=S.WITHDRAWN)

    number = factory.Sequence(lambda n: f"CLM-2026-11-{n // 1296 % 28 + 1:02d}-T{_base36(n)}")
    contact = factory.SubFactory(ContactFactory)
    definition = factory.SubFactory(FormDefinitionFactory)
    status = S.SUBMITTED
    created_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=3))
    description = "Рейс задержали на семь часов, потому что не было самолёта. Ночевали в аэропорту."
    event_type = "flight_delayed"
    event_date = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=2))
    event_place = "Ереван"
    email = factory.LazyAttribute(lambda claim: claim.contact.email)
    answers = factory.LazyAttribute(
        lambda claim: {"applicant_name": claim.contact.full_name, "flight_number": "XY 123", "hours_late": "7"}
    )
    policy = factory.SubFactory(PolicyFactory, holder_name=factory.SelfAttribute("..contact.full_name"))
    policy_number = factory.LazyAttribute(lambda claim: claim.policy.number if claim.policy else "")
    policy_status = "valid"
    project = factory.LazyAttribute(lambda claim: project_of(claim.contact, claim.policy) if claim.policy else None)
    submitted_at = factory.LazyAttribute(
        lambda claim: None if claim.status == S.DRAFT else claim.created_at + timedelta(minutes=6)
    )
    expires_at = factory.LazyAttribute(
        lambda claim: (
            timezone.now() + timedelta(hours=settings.DRAFT_HOURS) if claim.status == S.DRAFT else None
        )
    )
    search = factory.LazyAttribute(lambda claim: f"{claim.number} {claim.contact.full_name}".casefold()[:260])

    @factory.post_generation
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


class DocumentFactory(DjangoModelFactory):  # type: ignore[misc]
    """A document's row, without a file in the storage ; `accepted` and `rejected` are traits."""

    class Meta:
        model = Document

    class Params:
        accepted = factory.Trait(state=Document.State.ACCEPTED)
        rejected = factory.Trait(state=Document.State.REJECTED, reason="Не видно даты вылета.")

    claim = factory.SubFactory(ClaimFactory)
    slot = "boarding_pass"
    name = factory.Sequence(lambda n: f"посадочный-{n}.jpg")
    kind = "jpeg"
    content_type = "image/jpeg"
    size = 1_240_000
    sha256 = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    key = factory.Sequence(lambda n: f"claims/test/{n}")


class RequisitesFactory(DjangoModelFactory):  # type: ignore[misc]
    """A confirmed bank account; its numbers are invented and pass their checksums."""

    class Meta:
        model = Requisites

    claim = factory.SubFactory(ClaimFactory)
    kind = Requisites.Kind.BANK
    data = factory.LazyFunction(
        lambda: {"bik": "044525225", "account": "40817810038000000003", "recipient": "Соколова Мария", "inn": ""}
    )
    summary = "•••• 0003"
    confirmed_at = factory.LazyAttribute(lambda one: one.claim.submitted_at or timezone.now())


class DocumentRequestFactory(DjangoModelFactory):  # type: ignore[misc]
    class Meta:
        model = DocumentRequest

    claim = factory.SubFactory(ClaimFactory, needs_documents=True)
    slot = "delay_note"
    text = "Пришлите справку о задержке от авиакомпании."
    at = factory.LazyFunction(timezone.now)


def hours_ago(hours: float) -> datetime:
    return timezone.now() - timedelta(hours=hours)
