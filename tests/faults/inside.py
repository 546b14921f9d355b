"""`python -m tests.faults.inside COMMAND [ARGUMENT]`: what the fault tests do by the product's own code; prints JSON.

migrate SWEEP · drafts N [CONTACTS] · papers N FOLDER · messages GATEWAY N · truth · readings · advice · purge · retry
"""

import functools
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

CERTIFICATE = ("Delay certificate", ["This is to certify that flight XY 123 was delayed", "by seven hours.",
               "Departure 02.11.2026 10:20, actual 17:20.", "Reason of the delay: technical"])  # fmt: skip


def migrate(sweep: str) -> None:
    """Make the tables, and let the sweeper come each `sweep` seconds."""
    from django.core.management import call_command
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    call_command("migrate", verbosity=0, interactive=False)
    interval = IntervalSchedule.objects.create(every=int(sweep), period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task__startswith="core.drain").update(interval=interval)


def drafts(count: str, contacts: str = "", **of_claim: Any) -> dict[str, Any]:
    """Drafts that lack nothing, with their files: the consents to send, and the number and token of each draft.

    Several are of one person, and then of one policy or of none: what is theirs in the CRM is contested.
    """
    from django.db import transaction
    from django.utils import timezone

    from apps.claims.consents import CONSENTS
    from apps.claims.models import Claim
    from apps.claims.tests.factories import ClaimFactory, RequisitesFactory, project_of
    from apps.contacts.services import session_open
    from apps.contacts.tests.factories import ContactFactory
    from apps.policies.tests.factories import PolicyFactory

    made, first = [], Claim.objects.count()
    with transaction.atomic():
        people = []
        for n in range(first, first + int(contacts or count)):
            one = ContactFactory(phone=f"7900{n:07d}", email=f"person{n}@example.com")
            _session, token = session_open(contact=one, now=timezone.now())
            people.append((one, PolicyFactory(number=f"TR-{n:07d}", holder_name=one.full_name), token))
        for n in range(int(count)):
            person, policy, token = people[n % len(people)]
            is_insured = n // len(people) % 3 != 2
            insured = {"policy": policy, "policy_number": policy.number, "policy_status": "valid",
                       "project": project_of(person, policy)} if is_insured else {}  # fmt: skip
            claim = ClaimFactory(
                draft=True, number=f"CLM-2026-11-01-{first + n:04d}", contact=person, **insured, **of_claim
            )
            for slot in ("boarding_pass", "passport"):
                _document(claim, slot)
            RequisitesFactory(claim=claim)
            made.append({"number": claim.number, "token": token})
    consents = [{"kind": one["kind"], "version": one["version"]} for one in CONSENTS if one["required"]]
    return {"consents": consents, "drafts": made}


def papers(count: str, folder: str) -> dict[str, Any]:
    """Drafts as `drafts` makes them, of a form that takes nothing but a certificate of the delay as its note.

    Such a certificate is drawn in `folder`, as paper.pdf and photo.jpg.
    """
    from apps.claims import catalogue
    from apps.claims.demo.papers import draw_pdf, draw_photo
    from apps.claims.models import FormDefinition
    from apps.claims.tests.factories import definition_content

    content = json.loads(json.dumps(definition_content())) | {"kinds": catalogue.load()["kinds"]}
    for slot in content["event_types"][0]["slots"]:
        slot["kinds"] = {"delay_note": ["delay_certificate"], "boarding_pass": ["boarding_pass"]}[slot["key"]]
    definition, _is_new = FormDefinition.objects.get_or_create(version=2, defaults={"content": content})
    draw_pdf(Path(folder) / "paper.pdf", *CERTIFICATE)
    draw_photo(Path(folder) / "photo.jpg", *CERTIFICATE, seed=1)
    return drafts(count, definition=definition)


def _document(claim: Any, slot: str) -> None:
    from apps.claims.tests.factories import DocumentFactory
    from apps.core.files import storage

    content = f"{claim.number} {slot} ".encode() * 150
    sha256, key = hashlib.sha256(content).hexdigest(), f"claims/{claim.pk}/{slot}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        storage.store(Path(file.name), key=key, sha256=sha256, size=len(content), content_type="image/jpeg")
    DocumentFactory(claim=claim, slot=slot, key=key, sha256=sha256, size=len(content))


def messages(gateway: str, count: str) -> list[str]:
    """The ids of messages that the gateway took a moment ago."""
    from django.utils import timezone

    from apps.integrations.models import SmsMessage

    made = [
        SmsMessage.objects.create(
            gateway=gateway, gateway_id=f"{gateway}-{n}", state=SmsMessage.State.WAITING, phone="79000000001",
            sent_at=timezone.now(),
        )
        for n in range(int(count))
    ]  # fmt: skip
    return [one.gateway_id for one in made]


def truth() -> list[dict[str, Any]]:
    """Of each submitted claim: what the outside systems ought to hold about it."""
    from apps.claims.models import Claim

    rows = Claim.objects.exclude(status=Claim.Status.DRAFT).select_related("contact", "registration")
    return [_truth(claim) for claim in rows]


def _truth(claim: Any) -> dict[str, Any]:
    from apps.claims.handlers.handover import project_folder
    from apps.claims.selectors.registration import handover_files, registration_of
    from apps.core.files.bundle import Entry, bundle
    from apps.core.files.storage import open_stream

    files, registration = handover_files(claim.pk), registration_of(claim)
    entries = [Entry(one.name, str(one.id), one.size, functools.partial(open_stream, one.key)) for one in files]
    digest = hashlib.sha256()
    for piece in bundle(entries):
        digest.update(piece)
    folder = registration.folder or project_folder(claim)
    return {
        "id": str(claim.pk), "number": claim.number, "phone": claim.contact.phone, "email": claim.email,
        "policy": claim.policy_number or f"{claim.contact_id}:-", "contact_ref": registration.contact_ref,
        "project_ref": registration.project_ref, "ticket_ref": registration.ticket_ref,
        "ticket_number": registration.ticket_number, "is_complete": registration.completed_at is not None,
        "archive_key": registration.archive_key, "archive_sha256": registration.archive_sha256,
        "zip_sha256": digest.hexdigest(),
        "files": {f"Claims/{folder}/{claim.number}/{one.name}": one.sha256 for one in files},
        "handed_over": sum(one.is_handed_over for one in files),
    }  # fmt: skip


def readings() -> list[dict[str, Any]]:
    """Of each document that was looked at: how it ended, what was read of it, and what people are told."""
    from django.utils.translation import override

    from apps.claims.admin.reading import reading_shown
    from apps.claims.models import DocumentReading
    from apps.claims.selectors import with_definition
    from apps.claims.selectors.reading import document_reason

    found = []
    with override("en"):
        for one in DocumentReading.objects.select_related("document__claim__contact", "document__claim__policy"):
            document, claim = one.document, with_definition(one.document.claim)
            found.append({
                "document": str(document.pk), "state": document.state, "verdict": one.verdict, "code": one.code,
                "note": one.note, "total": one.total_pages,
                "pages": [[row["number"], row["read"]] for row in one.pages],
                "said": [one.kind, one.words, one.facts], "folder": document.key.rpartition("/")[0],
                "keys": sorted({*document.keys(), *one.keys()}), "reason": document_reason(document, claim, "en"),
                "told": reading_shown(one, document, claim, "en").note,
            })  # fmt: skip
    return found


def advice() -> list[list[str]]:
    """Each claim's number with what became of the advice that a model was asked for: its state, and why."""
    from apps.claims.models import Advice

    rows = Advice.objects.filter(backend=Advice.Backend.MODEL)
    return [list(row) for row in rows.values_list("claim__number", "state", "error")]


def purge() -> None:
    from apps.claims.tasks import purge as task

    task()


def retry() -> dict[str, int]:
    """Press "retry" for all that needs attention, except messages: one that may have arrived is not sent twice."""
    from django.utils import timezone

    from apps.core.deliveries import delivery_retry
    from apps.core.models import Delivery
    from apps.core.outbox import handler_named

    pressed: dict[str, int] = {}
    for row in Delivery.objects.filter(state=Delivery.State.NEEDS_ATTENTION):
        one = handler_named(row.handler)
        if one and one.repeat != "never":
            delivery_retry(delivery_id=row.pk, actor=None, now=timezone.now())
            pressed[row.handler] = pressed.get(row.handler, 0) + 1
    return pressed


COMMANDS = {one.__name__: one for one in (migrate, drafts, papers, messages, truth, readings, advice, purge, retry)}


def main(command: str, *arguments: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call: Any = COMMANDS[command]
    sys.stdout.write(json.dumps(call(*arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
