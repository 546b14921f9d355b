from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.integrations.checking import system_check
from apps.integrations.overview import standings
from apps.integrations.registry import Integration, integration_named, integrations


class Command(BaseCommand):
    help = "Ask the outside systems whether they work for us, or show what is known of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        text = "ask each system, or the one that is named, now (exit code 1: one does not work)"
        check = actions.add_parser("check", help=text, description=text)
        check.add_argument("name", nargs="?", help="such as crm or sms; without it, all")
        text = "show how each stands and what waits for it, without asking it"
        actions.add_parser("list", help=text, description=text)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "list":
            self.show()
            return
        sound = [self.check_one(one) for one in self.chosen(options["name"])]
        if not all(sound):
            raise SystemExit(1)

    def chosen(self, name: str | None) -> list[Integration]:
        if name is None:
            return integrations()
        one = integration_named(name)
        if one is None:
            known = ", ".join(sorted(one.name for one in integrations())) or "none"
            raise CommandError(f"No integration is named {name}; the settings name: {known}.")
        return [one]

    def check_one(self, one: Integration) -> bool:
        health = system_check(one, now=timezone.now())
        self.stdout.write(f"{one.name:<10} {'ok' if health.ok else 'FAILS':<6} {one.address():<28} {health.detail}")
        return health.ok

    def show(self) -> None:
        for one in standings(now=timezone.now()):
            queue = ", ".join(f"{state} {n}" for state, n in one.queue.items()) or "nothing waits"
            self.stdout.write(f"{one.name:<10} {one.level:<6} {one.address:<28} {queue}  {' '.join(one.reasons)}")
