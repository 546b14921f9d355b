"""Starts all of Claimdesk on this machine and stops all of it: `make run`."""

import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from celery import Celery
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from apps.core.embedded import redis
from apps.core.embedded.ports import HOST, AlreadyRunning, PortTaken, check_port, sandbox_ports, sole_run
from apps.core.embedded.processes import Group

_PATIENCE = 60.0  # s until a start that has not answered is told about


class Command(BaseCommand):
    help = "Migrate, load the demo once, then run web, worker, schedule, sandbox and a private Redis until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT, help="the form's port (default %(default)s)")
        parser.add_argument("--in-process", action="store_true", help="no Redis: web, worker, schedule in one process")

    def handle(self, *args: Any, **options: Any) -> None:
        port: int = options["port"]
        if not settings.EMBEDDED:
            raise CommandError("`run` is for one machine without CLAIMDESK_ENV=production: see the README.")
        if not 1 <= port <= 65535:
            raise CommandError(f"A port is a number from 1 to 65535, not {port}.")
        os.umask(0o077)  # what is kept here is about people: for this user's eyes
        folder = Path(settings.VAR_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with sole_run(folder, note=f"http://{HOST}:{port}/, process {os.getpid()}"):
                check_port(port)
                self._prepare(port)
                problem = Run(self, folder=folder, port=port, in_process=options["in_process"]).until_stopped()
        except (PortTaken, AlreadyRunning) as refused:
            raise CommandError(str(refused)) from refused
        if problem:
            raise CommandError(problem)

    def _prepare(self, port: int) -> None:
        """Bring the database up to date, and fill it with the demo if nobody is in it yet."""
        self.stdout.write("Preparing the database ...")
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as refused:
            reason = " ".join(str(refused).split())
            raise CommandError(f"The database of CLAIMDESK_DATABASE_URL cannot be used: {reason}") from refused
        unfinished = Path(settings.VAR_DIR) / "demo.unfinished"
        if unfinished.exists() or not get_user_model()._default_manager.exists():
            self.stdout.write("Loading the demo ...")
            unfinished.touch()  # stays if this is interrupted, and the next run completes it
            # By a process that knows of the sandbox, so that the demo's claims are registered there, too.
            told = {"CLAIMDESK_SANDBOX_URL": f"http://{HOST}:{port + 1}", **os.environ}
            loaded = subprocess.run(
                [sys.executable, "manage.py", "demo", "--verbosity", "0"], cwd=settings.BASE_DIR, env=told, check=False
            )
            if loaded.returncode:
                raise CommandError("The demo could not be loaded; what it said stands above.")
            unfinished.unlink()
        connections.close_all()


class Run:
    """One run: which processes, on which addresses, and what the person is told."""

    def __init__(self, command: BaseCommand, *, folder: Path, port: int, in_process: bool) -> None:
        self.folder = folder
        self.url = f"http://{HOST}:{port}"
        self.port = port
        self.sandbox_port, self.smtp_port = sandbox_ports(folder=folder, port=port)
        self.sandbox_url = f"http://{HOST}:{self.sandbox_port}"
        self.group = Group(screen=sys.stdout, folder=Path(settings.BASE_DIR), environment=self._environment())
        self.redis = None if in_process or settings.REDIS_URL else redis.configure(folder=folder / "redis")
        self.alone = in_process or not (settings.REDIS_URL or self.redis)
        self._answered = threading.Event()
        self._announced = False
        self._started = time.monotonic()
        self._reason = ""

    def _environment(self) -> dict[str, str]:
        """What the processes are told by environment; what the person has set stays."""
        chosen = {
            "CLAIMDESK_SANDBOX_URL": self.sandbox_url,
            "CLAIMDESK_EMAIL_URL": f"smtp://{HOST}:{self.smtp_port}",
            "CLAIMDESK_LOG_LEVEL": "WARNING",
        }
        kept = {name: value for name, value in os.environ.items() if value or name not in chosen}
        fixed = {"CLAIMDESK_PORT": str(self.port), "CLAIMDESK_VAR_DIR": str(self.folder), "PYTHONUNBUFFERED": "1"}
        return {**chosen, **kept, **fixed}

    def until_stopped(self) -> str | None:
        """Run until Ctrl-C (None) or until something ends by itself (the sentence about it)."""
        try:
            problem = self._start() or self._watch()
        finally:
            self.group.say("\nStopping ...")
            self.group.stop()
        if not problem:
            self.group.say("Stopped. Your data is kept.")
        return problem

    def _start(self) -> str | None:
        python = [sys.executable]
        if self.redis:
            self.group.start("redis", self.redis.command, stopped_last=True)
            if not self.redis.answers(within=10):
                return f"The private Redis server did not start; {self.folder}/redis/server.log has the reason."
            self.group.environment["CLAIMDESK_REDIS_URL"] = self.redis.url
        sandbox = ["manage.py", "sandbox", "--http-port", str(self.sandbox_port), "--smtp-port", str(self.smtp_port)]
        self.group.start("sandbox", [*python, *sandbox], stopped_last=True)
        if self.alone:
            self.group.start("server", [*python, "-m", "apps.core.embedded.alone", str(self.port)])
            return None
        self.group.start("web", [*python, *_web(self.port)])
        worker = "worker --without-gossip --without-mingle"
        self.group.start("worker", [*python, *_celery(f"{worker} --concurrency 2 --hostname quick@%h")])
        # Waits for slow systems most of its time: threads do, in one process.
        slow = f"{worker} --queues slow --pool threads --concurrency 4 --hostname slow@%h"
        self.group.start("slow worker", [*python, *_celery(slow)])
        # Waits for the child that looks at a page: it, not this process, keeps a processor busy.
        heavy = f"{worker} --queues heavy --pool threads --concurrency 2 --hostname heavy@%h"
        self.group.start("heavy worker", [*python, *_celery(heavy)])
        self.group.start("beat", [*python, *_celery("beat")])
        return None

    def _watch(self) -> str | None:
        threading.Thread(target=self._wait_for_answers, name="readiness", daemon=True).start()
        return self.group.watch(self._announce)

    def _wait_for_answers(self) -> None:
        for address in (self.sandbox_url + "/", self.url + "/readyz"):
            while (reason := _reason_not_ready(address)) and not self.group.requests_to_stop:
                self._reason = f"{address} does not answer yet: {reason}"
                time.sleep(0.3)
        if self.alone or self._worker_answers():
            self._answered.set()

    def _worker_answers(self) -> bool:
        """True once a worker answers; False if all is being stopped first."""
        told = self.group.environment
        broker = told.get("CLAIMDESK_BROKER_URL") or told["CLAIMDESK_REDIS_URL"]
        app = Celery(broker=broker, set_as_current=False)
        self._reason = "The worker does not answer yet."
        while not self.group.requests_to_stop:
            try:
                if app.control.ping(timeout=0.5, limit=1):
                    return True
            except (BrokerError, RedisError, OSError) as error:
                self._reason = f"The broker does not answer yet: {error}"
                time.sleep(0.5)
        return False

    def _announce(self) -> None:
        if self._announced:
            return
        if self._answered.is_set():
            self._announced = True
            self.group.say(self._welcome())
        elif time.monotonic() - self._started > _PATIENCE:
            self._started = time.monotonic()
            self.group.say(f"Still starting. {self._reason}")

    def _welcome(self) -> str:
        served_by = self.redis.source if self.redis else "memory (one process)" if self.alone else "CLAIMDESK_REDIS_URL"
        logins = _demo_logins()
        width = max(len(role) for role, _, _ in logins) + 2
        names = max(len(name) for _, name, _ in logins) + 2
        lines = [
            "",
            "  Claimdesk is ready.",
            "",
            f"  Form      {self.url}/",
            f"  Admin     {self.url}/admin/",
            f"  API       {self.url}/api/docs/",
            f"  Sandbox   {self.sandbox_url}/   the text messages and emails that were sent",
            "",
            "  Log in to the admin as",
            *(f"    {role:<{width}}{name:<{names}}{password}" for role, name, password in logins),
            "",
            f"  Data is in {self.folder}; queue and cache are served by {served_by}.",
            "  CLAIMDESK_LOG_LEVEL=INFO shows each step. Ctrl-C stops everything.",
            "",
        ]
        return "\n".join(lines)


def _demo_logins() -> list[tuple[str, str, str]]:
    """Role, name and password of the demo's users, from the module of the `demo` command, whichever app has it."""
    command = load_command_class(get_commands()["demo"], "demo")
    logins: list[tuple[str, str, str]] = sys.modules[type(command).__module__].__dict__["LOGINS"]
    return logins


def _web(port: int) -> list[str]:
    where, quiet = f"--host {HOST} --port {port} --no-proxy-headers", "--log-level warning --no-access-log"
    return f"-m uvicorn config.asgi:application {where} {quiet} --timeout-graceful-shutdown 3".split()


def _celery(command: str) -> list[str]:
    # The warning about root is meant for pickled messages; ours are JSON only.
    unwarned = ["-W", "ignore:You're running the worker with superuser privileges"]
    return [*unwarned, *f"-m celery --quiet --app config.celery {command}".split()]


def _reason_not_ready(address: str) -> str:
    """Why `address` does not answer with success; empty if it does."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return ""
    except urllib.error.HTTPError as answer:
        return f"{answer.code} {answer.read(300).decode('utf-8', 'replace')}"
    except OSError as error:
        return str(error)
