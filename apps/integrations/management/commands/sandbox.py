import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.integrations.sandbox.process import Sandbox


class Command(BaseCommand):
    help = "Run the local stand-ins of the outside systems (CRM, file share, S3, SMS, mail, n8n) until stopped."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--http-port", type=int, default=8025)
        parser.add_argument("--smtp-port", type=int, default=8026)
        parser.add_argument("--fresh", action="store_true", help="forget what earlier runs held")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        ports = {name: options[name] for name in ("http_port", "smtp_port")}
        try:
            sandbox = Sandbox(database=settings.VAR_DIR / "sandbox.sqlite3", fresh=options["fresh"], **ports)
        except OSError as error:
            taken = f"{options['http_port']} and {options['smtp_port']}"
            raise CommandError(f"The sandbox can't start on ports {taken}: {error.strerror}") from None
        self.stdout.write(f"Sandbox: {sandbox.url}/ (page), smtp://127.0.0.1:{options['smtp_port']} (mail)")
        self.stdout.flush()
        address = settings.VAR_DIR / "sandbox.url"  # read by settings, for commands that are run beside it
        address.write_text(sandbox.url)
        stop.wait()
        address.unlink(missing_ok=True)
        sandbox.stop()
