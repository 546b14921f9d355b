from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.core.outbox import handlers, replay


class Command(BaseCommand):
    help = (
        "Make the deliveries that a handler or chain would have got, had it been there when the events happened; "
        "what has one already keeps it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the handler or chain, such as registration or events.n8n")
        parser.add_argument("--since", required=True, help="events from this time on, such as 2026-11-20 or "
                            "2026-11-20T15:00+03:00 (without an offset: in this installation's time zone)")  # fmt: skip
        parser.add_argument("--dry-run", action="store_true", help="count them and make none")

    def handle(self, *args: Any, **options: Any) -> None:
        since, name = _moment(options["since"]), options["name"]
        known = sorted({one.name for one in handlers()} | {one.chain for one in handlers() if one.chain})
        if name not in known:
            raise CommandError(f"No handler or chain is named {name}. There are: {', '.join(known)}.")
        if options["dry_run"]:
            with transaction.atomic():
                made = replay(name, since=since, now=timezone.now())
                transaction.set_rollback(True)
            self.stdout.write(f"{made} deliveries would be made (dry run).")
            return
        made = replay(name, since=since, now=timezone.now())
        self.stdout.write(f"{made} deliveries were made.")


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:  # well formed, and no such day
        found = None
    if found is None:
        raise CommandError(f"--since is a time such as 2026-11-20T15:00+03:00, not {text}.")
    if timezone.is_naive(found):
        found = timezone.make_aware(found)
    if found > timezone.now():
        raise CommandError(f"--since lies in the future: {found.isoformat()}.")
    return found
