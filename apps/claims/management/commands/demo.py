from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.claims.demo import LOGINS
from apps.claims.demo.catalogue import make_catalogue
from apps.claims.demo.claims import make_claims
from apps.claims.demo.staff import make_staff


class Command(BaseCommand):
    help = "Load the demo: catalogue, policies, a user for each role, claims in every state. Safe to run twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--catalogue", action="store_true", help="only event types, banks, products and policies")
        parser.add_argument("--force", action="store_true", help="also in production, which gets known passwords by it")

    def handle(self, *args: Any, catalogue: bool, force: bool, verbosity: int, **options: Any) -> None:
        if not (settings.EMBEDDED or catalogue or force):
            raise CommandError("This is production: the demo's users have known passwords. --force if you mean it.")
        now = timezone.now()
        make_catalogue(now=now)
        if catalogue:
            return
        make_staff()
        make_claims(now=now, tell=lambda line: self.stdout.write(line) if verbosity else None)
        if verbosity:
            for role, username, password in LOGINS:
                self.stdout.write(f"{role:<16} {username:<10} {password}")
