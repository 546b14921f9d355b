from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from apps.core.deliveries import NotMovable, delivery_cancel, delivery_retry
from apps.core.models import Delivery

OPEN = [*Delivery.UNFINISHED, Delivery.State.NEEDS_ATTENTION]


class Command(BaseCommand):
    help = "List the deliveries that are not done, try them again, or cancel them (exit code 1: none matches)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in (
            ("list", "show deliveries, the oldest first"),
            ("retry", "queue deliveries for now, with their tries counted from the start"),
            ("cancel", "end deliveries without doing them"),
        ):
            action = actions.add_parser(name, help=text, description=text)
            action.add_argument("ids", nargs="*", type=int, help="ids; without them, all that match the options")
            action.add_argument("--state", choices=Delivery.State.values, help="only of this state (default: not done)")
            action.add_argument("--target", help="only for this target, such as sms or email")
            if name == "list":
                action.add_argument("--limit", type=int, default=100, help="rows at most (default 100)")
            else:
                action.add_argument("--dry-run", action="store_true", help="name them and change nothing")
            if name == "cancel":
                action.add_argument("--reason", required=True, help="why; kept with the delivery and the audit")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        rows = self.chosen(options)
        if action == "list":
            self.show(rows[: options["limit"]])
            return
        ids = list(rows.values_list("id", flat=True))
        if not ids:
            raise CommandError("No delivery matches.")
        if not (options["ids"] or options["target"] or options["state"]):
            raise CommandError("Name ids, --state or --target: this is not done to all of them at once.")
        for done, pk in enumerate(ids, start=1):
            if not options["dry_run"]:
                self.act(action, pk, options)
            self.stdout.write(f"{done}/{len(ids)} {action} {pk}{' (dry run)' if options['dry_run'] else ''}")

    def chosen(self, options: dict[str, Any]) -> "QuerySet[Delivery]":
        rows = Delivery.objects.select_related("event").order_by("created_at", "id")
        if options["ids"]:
            rows = rows.filter(id__in=options["ids"])
        if options["state"]:
            rows = rows.filter(state=options["state"])
        elif not options["ids"]:
            rows = rows.filter(state__in=OPEN)
        return rows.filter(target=options["target"]) if options["target"] else rows

    def act(self, action: str, pk: int, options: dict[str, Any]) -> None:
        now = timezone.now()
        try:
            if action == "retry":
                delivery_retry(delivery_id=pk, actor=None, now=now)
            else:
                delivery_cancel(delivery_id=pk, reason=options["reason"], actor=None, now=now)
        except NotMovable as error:
            raise CommandError(f"{pk}: {error.problems[0].detail}") from None

    def show(self, rows: "QuerySet[Delivery]") -> None:
        now, count = timezone.now(), 0
        for row in rows:
            count += 1
            age = int((now - row.created_at).total_seconds())
            self.stdout.write(
                f"{row.pk:>8}  {row.state:<16} {row.target:<10} {row.handler:<32} tries {row.attempts:<2} age {age} s"
                f"  {row.event.aggregate}  {row.last_error}"
            )
        if not count:
            self.stdout.write("No delivery matches.")
