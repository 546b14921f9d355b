from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.claims.services import drafts_purge


class Command(BaseCommand):
    help = "Delete drafts that are past their time, with their files. The schedule does this each hour by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="name the drafts and delete nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        count = drafts_purge(now=timezone.now(), dry_run=dry_run, progress=self.stdout.write)
        self.stdout.write(f"{count} expired drafts {'would be' if dry_run else 'were'} deleted.")
