"""Asks whether the worker on this host, or the schedule, is alive: what a container's health check calls."""

import socket
from datetime import timedelta
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError

# The schedule writes down what it ran every three minutes.
_SILENCE = timedelta(minutes=10)


class Command(BaseCommand):
    help = "Exit with 0 if this host's Celery worker (or --any worker, or the --schedule) is alive, else with 1."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--any", action="store_true", help="be content with a worker on any host")
        parser.add_argument("--schedule", action="store_true", help="ask for beat: has it run a task in ten minutes?")
        parser.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for an answer (default 5)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schedule"]:
            self._check_schedule()
        else:
            self._check_worker(None if options["any"] else socket.gethostname(), timeout=options["timeout"])

    def _check_worker(self, host: str | None, *, timeout: float) -> None:
        destination = None if host is None else [f"celery@{host}"]
        try:
            answers = current_app.control.ping(destination=destination, timeout=timeout)
        except (OperationalError, OSError) as error:
            raise CommandError(f"The broker cannot be reached: {error}") from error
        if not answers:
            raise CommandError(f"No worker answered within {timeout:g} s.")
        self.stdout.write(", ".join(name for answer in answers for name in answer))

    def _check_schedule(self) -> None:
        last = PeriodicTask.objects.filter(enabled=True).order_by("-last_run_at").exclude(last_run_at=None).first()
        if last is None or timezone.now() - last.last_run_at > _SILENCE:
            raise CommandError("The schedule has run nothing for ten minutes.")
        self.stdout.write(f"{last.name}, {last.last_run_at:%H:%M:%S}")
