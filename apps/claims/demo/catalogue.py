import json
from datetime import datetime
from importlib.resources import files
from typing import Any

from django.utils import timezone

from apps.claims import catalogue
from apps.claims.models import DocumentKind, DocumentSlot, EventType, Question, ReadyReason, SbpBank
from apps.claims.rules.banks import DEMO_BANKS
from apps.claims.services import definition_publish
from apps.core.fields import translated
from apps.policies.models import Policy, PolicyProduct


def make_catalogue(*, now: datetime) -> None:
    """Event types with questions and slots, ready reasons, banks and policies; rows that exist are left as they are."""
    content = catalogue.load()
    for place, row in enumerate(content["kinds"], start=1):
        DocumentKind.objects.get_or_create(
            code=row["code"],
            defaults={"order": place * 10, **{name: row[name] for name in ("title", "words", "textless")}},
        )
    for row in content["event_types"]:
        fields = ("order", "icon", "title", "description", "words")
        kept, is_new = EventType.objects.get_or_create(code=row["code"], defaults={name: row[name] for name in fields})
        if is_new:
            _make_parts(kept, row)
    if not Question.objects.filter(event_type=None).exists():
        _make_parts(None, content["common"])
    if not ReadyReason.objects.exists():
        _make_reasons()
    for bank in DEMO_BANKS:
        SbpBank.objects.get_or_create(member_id=bank.id, defaults={"name": bank.name})
    _make_policies(timezone.localtime(now))
    definition_publish(actor=None, now=now)


def _make_parts(event_type: EventType | None, row: dict[str, Any]) -> None:
    for one in row["questions"]:
        condition = one["condition"] or {"question": "", "equals": ""}
        wanted = condition["equals"]
        Question.objects.create(
            event_type=event_type, key=one["key"], kind=one["kind"], label=one["label"], help=one["help"],
            choices=one["choices"], required=one["required"], order=one["order"], role=one["role"],
            condition_key=condition["question"], least=one["min"], most=one["max"], words=one["words"],
            on_advice=one["on_advice"],
            condition_value=str(wanted).lower() if isinstance(wanted, bool) else wanted,
        )  # fmt: skip
    for one in row["slots"]:
        names = ("key", "title", "why", "accepts_note", "accepts", "required", "max_files", "order", "kinds", "words",
                 "on_advice")  # fmt: skip
        DocumentSlot.objects.create(event_type=event_type, **{name: one[name] for name in names})


def _make_reasons() -> None:
    rows = json.loads((files(catalogue) / "ready_reasons.json").read_text(encoding="utf-8"))
    for place, row in enumerate(rows, start=1):
        ReadyReason.objects.create(use=row["use"], text=row["text"], order=place * 10)


def _make_policies(now: datetime) -> None:
    content = catalogue.load_products()
    products = {}
    for row in content["products"]:
        products[row["code"]], _is_new = PolicyProduct.objects.get_or_create(
            code=row["code"],
            defaults={name: row[name] for name in ("insurer", "name", "number_pattern", "number_example")},
        )
    for row in catalogue.load_policies(now.date()):
        Policy.objects.get_or_create(
            number=row["number"],
            defaults={
                "product": products[row["product"]],
                "holder_name": row["holder"],
                "insured": row["insured"],
                "valid_from": row["valid_from"],
                "valid_until": row["valid_until"],
                "territory": translated(content["territories"][row["territory"]], "ru"),
                "sums": [{**one, "risk": translated(content["risks"][one["risk"]], "ru")} for one in row["sums"]],
            },
        )
