"""Asks the worker on this host whether it lives; a container's health check."""

import socket
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from kombu.exceptions import OperationalError


class Command(BaseCommand):
    help = "Exit with 0 if the Celery worker of this host (or --any worker) answers, else with 1."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--any", action="store_true", help="be content with a worker on any host")
        parser.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for an answer (default 5)")

    def handle(self, *args: Any, **options: Any) -> None:
        destination = None if options["any"] else [f"celery@{socket.gethostname()}"]
        try:
            answers = current_app.control.ping(destination=destination, timeout=options["timeout"])
        except (OperationalError, OSError) as error:
            raise CommandError(f"The broker cannot be reached: {error}") from error
        if not answers:
            raise CommandError(f"No worker answered within {options['timeout']:g} s.")
        self.stdout.write(", ".join(name for answer in answers for name in answer))
