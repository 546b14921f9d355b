"""Drafts to measure with: one is filled in as a person does it, the others are copies of its rows."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.claims import services
from apps.claims.consents import CONSENTS
from apps.claims.models import Claim, Requisites
from apps.claims.rules import form
from apps.contacts.models import ApplicantSession
from apps.contacts.services import contact_find_or_create
from apps.core.crypto import token_hash
from bench import load
from tests.applicant import BANK, Applicant
from tests.makers.files import pdf

EVENT = "flight_delayed"
BODY = 2048  # bytes of one PATCH


@dataclass(frozen=True)
class Draft:
    claim_id: uuid.UUID
    contact_id: uuid.UUID
    session_id: uuid.UUID
    number: str
    token: str
    address: str

    @property
    def path(self) -> str:
        return f"/api/v1/intake/claims/{self.number}"

    @property
    def token_hash(self) -> str:
        return token_hash(self.token)

    def patch(self, body: bytes) -> bytes:
        return load.request("PATCH", self.path, token=self.token, address=self.address, body=body)

    @property
    def key(self) -> str:
        return f"key-{self.number}"

    def submit(self, body: bytes) -> bytes:
        return load.request(
            "POST", f"{self.path}/submit", token=self.token, address=self.address, body=body, Idempotency_Key=self.key
        )


def make(count: int, *, filled: bool, series: int) -> list[Draft]:
    """So many drafts, each of a contact of its own with a living session; `filled` ones can be submitted.

    Runs of one `series` (0 to 9) have phones and addresses of their own.
    """
    pattern = _whole_draft(filled, series)
    contact, documents = pattern.contact, list(pattern.documents.all())
    requisites = Requisites.objects.filter(claim=pattern).first()
    now = timezone.now()
    drafts, contacts, sessions, claims, papers, payouts = [], [], [], [], [], []
    for number in range(count):
        person = _copy(contact)
        person.set_phone(f"7916{series}{number:06d}")
        claim = _copy(pattern, contact=person, number=f"CLM-2026-0{series + 1 if series < 9 else 1}-01-{_sign(number)}")
        token = f"apl_bench-{series}-{number}-{uuid.uuid4().hex}"
        session = ApplicantSession(
            contact=person, token_hash=token_hash(token), seen_at=now, expires_at=now + timedelta(days=1)
        )
        contacts.append(person)
        sessions.append(session)
        claims.append(claim)
        papers += [_copy(one, claim=claim, key=f"{one.key}.{claim.pk}") for one in documents]
        payouts += [_copy(requisites, claim=claim)] if requisites else []
        address = f"10.{series}.{number // 250}.{number % 250 + 1}"
        drafts.append(Draft(claim.pk, person.pk, session.pk, claim.number, token, address))
    with transaction.atomic():
        for rows in (contacts, sessions, claims, papers, payouts):
            if rows:
                type(rows[0]).objects.bulk_create(rows, batch_size=500)
    return drafts


def _copy(row: Any, **changes: Any) -> Any:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    copied = type(row)(**{**values, "id": uuid.uuid4()})
    for name, value in changes.items():
        setattr(copied, name, value)
    return copied


def _sign(number: int) -> str:
    signs = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(signs[number // 32**place % 32] for place in (3, 2, 1, 0))


def _whole_draft(filled: bool, series: int) -> Claim:
    now = timezone.now()
    contact, _is_new = contact_find_or_create(phone=f"7926{series}00000{int(filled)}", language="ru", now=now)
    claim = services.claim_begin(contact=contact, language="ru", now=now)
    text = "Рейс задержали на восемь часов, ночевали в аэропорту, питания не давали."
    services.claim_describe(claim_id=claim.pk, text=text, now=now)
    for changes in _changes(claim):
        services.claim_patch(claim_id=claim.pk, changes=changes, expected_version=None, now=now)
    if filled:
        _add_papers(claim)
        fields = {name: value for name, value in BANK.items() if name != "kind"}
        kept = services.requisites_put(
            claim_id=claim.pk, kind=Requisites.Kind.BANK, fields=fields, address="192.0.2.1", now=now
        )
        assert kept.code is not None
        services.requisites_confirm(claim_id=claim.pk, secret=kept.code.code, now=now)
    return Claim.objects.select_related("contact").get(pk=claim.pk)


def _changes(claim: Claim) -> Iterator[dict[str, Any]]:
    """What the form sends: facts first, then the answers, as long as they bring up new questions."""
    day = (timezone.localdate() - timedelta(days=1)).isoformat()
    yield {"event_type": EVENT, "event_date": day, "event_place": "Анталья", "email": "maria@example.com"}
    applicant, answers = Applicant(base=""), dict[str, Any]()
    while new := {
        one["key"]: applicant.plausible({**one, "choices": one.get("choices") or []}, day)
        for one in form.visible_questions(claim.definition.content, EVENT, answers)
        if one["key"] not in answers
    }:
        answers |= new
        yield {"answers": new}


def _add_papers(claim: Claim) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.pdf"
        path.write_bytes(pdf())
        for slot in form.slots(claim.definition.content, EVENT):
            if slot["required"]:
                services.document_add(
                    claim_id=claim.pk, slot=slot["key"], path=path, name=path.name, now=timezone.now()
                )


def patch_body(claim_id: uuid.UUID) -> bytes:
    """All answers of a draft again, with one long text filled up so that the body has BODY bytes."""
    claim = Claim.objects.select_related("definition").get(pk=claim_id)
    questions = form.visible_questions(claim.definition.content, EVENT, claim.answers)
    answers = {**claim.answers}
    for key in [one["key"] for one in questions if one["kind"] == "long_text"]:
        answers[key] = ""
        lacking = BODY - len(_json({"answers": answers}))
        answers[key] = ("подробно, " * 200)[: max(1, min(lacking // 2, 900))].strip()
    return _json({"answers": answers})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def submit_body() -> bytes:
    agreed = [{"kind": one["kind"], "version": one["version"]} for one in CONSENTS if one["required"]]
    return _json({"consents": agreed})
