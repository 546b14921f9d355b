from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone

from apps.core.deliveries import delivery_cancel, delivery_complete, delivery_restart, delivery_retry
from apps.core.errors import DomainError
from apps.core.models import Delivery
from apps.core.targets import parked

State = Delivery.State
OPEN = [*Delivery.UNFINISHED, State.NEEDS_ATTENTION]
PARKED = "parked"
ACTIONS = {
    "list": "show deliveries, the oldest first (those of a paused or broken target as parked)",
    "retry": "queue deliveries for now, with their tries counted from the start",
    "restart": "queue this step of a chain and all after it, also those that are done",
    "complete": "end a delivery that was done by hand, with the id of what was made there",
    "skip": "count deliveries as done by hand; what comes after them in their chains goes on",
    "cancel": "end deliveries without doing them, with the later steps of their chains",
}
ONE_BY_ONE = ("restart", "complete")  # only what is named by its id


class Command(BaseCommand):
    help = "List the deliveries that are not done, and do with them what staff may do in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name, text in ACTIONS.items():
            action = actions.add_parser(name, help=text, description=text)
            if name in ONE_BY_ONE:
                action.add_argument("ids", nargs="+" if name == "restart" else 1, type=_id, help="the delivery's id")
            else:
                self.add_filters(action)
            if name == "list":
                action.add_argument("--limit", type=int, default=100, help="rows at most (default 100)")
            else:
                action.add_argument("--dry-run", action="store_true", help="name them and change nothing")
            if name in ("complete", "skip", "cancel"):
                action.add_argument("--reason", required=True, help="why; kept with the delivery and the audit")
            if name == "complete":
                action.add_argument("--remote-id", required=True, help="of what was made there, such as 12x345")

    def add_filters(self, action: ArgumentParser) -> None:
        states = [*State.values, PARKED]
        action.add_argument("ids", nargs="*", type=_id, help="ids; without them, all that match the options")
        action.add_argument("--state", choices=states, help="only of this state (default: not done)")
        action.add_argument("--target", help="only for this target, such as sms or email")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        rows = self.chosen(options)
        if action == "list":
            if options["limit"] < 1:
                raise CommandError(f"--limit is a number of rows from 1 on, not {options['limit']}.")
            self.show(rows[: options["limit"]])
            return
        ids = list(rows.values_list("id", flat=True))
        if not ids:
            raise CommandError("No delivery matches.")
        if not (options["ids"] or options["target"] or options["state"]):
            raise CommandError("Name ids, --state or --target: this is not done to all of them at once.")
        refused = []
        for done, pk in enumerate(ids, start=1):
            try:
                if not options["dry_run"]:
                    self.act(action, pk, options)
            except DomainError as error:
                refused.append(f"{pk}: {error.problems[0].detail}")
                continue
            self.stdout.write(f"{done}/{len(ids)} {action} {pk}{' (dry run)' if options['dry_run'] else ''}")
        if refused:
            raise CommandError("\n".join(refused))

    def chosen(self, options: dict[str, Any]) -> "QuerySet[Delivery]":
        rows = Delivery.objects.select_related("event").order_by("created_at", "id")
        state, target = options.get("state"), options.get("target")
        if options["ids"]:
            rows = rows.filter(id__in=options["ids"])
        if state == PARKED:
            rows = rows.filter(state__in=[State.QUEUED, State.WAITING], target__in=parked(timezone.now()))
        elif state:
            rows = rows.filter(state=state)
        elif not options["ids"]:
            rows = rows.filter(state__in=OPEN)
        return rows.filter(target=target) if target else rows

    def act(self, action: str, pk: int, options: dict[str, Any]) -> None:
        by: dict[str, Any] = {"delivery_id": pk, "actor": None, "now": timezone.now()}
        reason, remote_id = options.get("reason", ""), options.get("remote_id", "")
        moves: dict[str, Callable[[], None]] = {
            "retry": lambda: delivery_retry(**by),
            "restart": lambda: delivery_restart(**by),
            "complete": lambda: delivery_complete(remote_id=remote_id, reason=reason, **by),
            "skip": lambda: delivery_complete(remote_id="", reason=reason, **by),
            "cancel": lambda: delivery_cancel(reason=reason, **by),
        }
        if not reason.strip() and "reason" in options:
            raise CommandError("--reason is empty: say why, for those who come after you.")
        if not remote_id.strip() and "remote_id" in options:
            raise CommandError("--remote-id is empty: use `deliveries skip` for what was made without one.")
        moves[action]()

    def show(self, rows: "QuerySet[Delivery]") -> None:
        now, count = timezone.now(), 0
        away = parked(now)
        for row in rows:
            count += 1
            age = int((now - row.created_at).total_seconds())
            is_parked = row.target in away and row.state in (State.QUEUED, State.WAITING)
            step = f"step {row.position} " if row.chain else ""
            self.stdout.write(
                f"{row.pk:>8}  {PARKED if is_parked else row.state:<16} {row.target:<10} {row.handler:<32} "
                f"{step}tries {row.attempts:<2} age {age} s  {row.event.aggregate}  {row.last_error}"
            )
        if not count:
            self.stdout.write("No delivery matches.")


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # what the database can hold
        raise ArgumentTypeError(f"{text} is no delivery's id")
    return int(text)
