import json
from argparse import ArgumentParser
from collections import Counter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.claims.rules.reconcile import Finding, Verdict
from apps.claims.services.reconcile import claims_compare
from apps.core.errors import IntegrationError

SAID = {
    Verdict.DOUBLED: "several tickets",
    Verdict.MISSING: "registered, and the ticket is not there",
    Verdict.OTHER: "another ticket than the one kept here",
    Verdict.UNREGISTERED: "not registered, and nothing will register it (see `manage.py replay registration`)",
    Verdict.PENDING: "not registered yet",
    Verdict.SKIPPED: "its registration was ended by hand",
}
LONGEST = 3650


class Command(BaseCommand):
    help = "Compare our submitted claims with the CRM's tickets, and change nothing (exit code 1: they differ)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=int, default=30, metavar="DAYS", help="how far back (default 30 days)")
        parser.add_argument("--json", action="store_true", help="the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["since"] <= LONGEST:
            raise CommandError(f"--since is a number of days from 1 to {LONGEST}, not {options['since']}.")
        findings = self.findings(options["since"])
        counts = Counter(str(one.verdict) for one in findings)
        (self.tell_json if options["json"] else self.tell)(findings, counts)
        if any(one.is_flaw for one in findings):
            raise SystemExit(1)

    def findings(self, days: int) -> list[Finding]:
        if not settings.CRM_URL:
            raise CommandError("There is no CRM to compare with: CLAIMDESK_CRM_URL is not set.")
        try:
            return list(claims_compare(since=timezone.now() - timedelta(days=days)))
        except IntegrationError as error:
            raise CommandError(f"The CRM could not be asked: {error.detail}") from None
        except (ImproperlyConfigured, ImportError) as error:
            raise CommandError(f"The CRM's settings are wrong: {error}") from None

    def tell(self, findings: list[Finding], counts: Counter[str]) -> None:
        for one in findings:
            if one.verdict == Verdict.OK:
                continue
            mark = "FLAW" if one.is_flaw else "    "
            ids = f"  here {one.kept or '-'}, there {', '.join(one.found) or '-'}"
            self.stdout.write(f"{mark} {one.number}  {SAID[one.verdict]}{ids}")
        total = ", ".join(f"{verdict} {counts[verdict]}" for verdict in Verdict)
        self.stdout.write(f"{len(findings)} claims: {total}")

    def tell_json(self, findings: list[Finding], counts: Counter[str]) -> None:
        rows = [
            {"number": one.number, "verdict": one.verdict, "flaw": one.is_flaw, "here": one.kept, "there": one.found}
            for one in findings
            if one.verdict != Verdict.OK
        ]
        report = {"claims": len(findings), "counts": {str(v): counts[v] for v in Verdict}, "findings": rows}
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
