"""`python -m tests.faults.prepare 50`: migrate the database of the environment, and make drafts that lack nothing.

Prints JSON: the consents to send, and the number and token of each draft.
"""

import json
import os
import sys

import django


def main(drafts: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from apps.claims.consents import CONSENTS
    from apps.claims.tests.factories import ClaimFactory, DocumentFactory, RequisitesFactory
    from apps.contacts.services import session_open

    call_command("migrate", verbosity=0, interactive=False)
    made = []
    with transaction.atomic():
        for _ in range(drafts):
            claim = ClaimFactory(draft=True)
            for slot in ("boarding_pass", "passport"):
                DocumentFactory(claim=claim, slot=slot)
            RequisitesFactory(claim=claim)
            _session, token = session_open(contact=claim.contact, now=timezone.now())
            made.append({"number": claim.number, "token": token})
    consents = [{"kind": one["kind"], "version": one["version"]} for one in CONSENTS if one["required"]]
    sys.stdout.write(json.dumps({"consents": consents, "drafts": made}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
