"""`manage.py run`: its parts one by one, and the whole as a person starts it, in a terminal, to Ctrl-C."""

import io
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.core.embedded import processes, redis
from apps.core.embedded.ports import AlreadyRunning, PortTaken, check_port, free_port, sandbox_ports, sole_run
from apps.core.embedded.processes import Group

ROOT = Path(__file__).resolve().parent.parent
SLEEP = "import time; print('up', flush=True); time.sleep(60)"
# How long a busy machine may take to start and to stop, in s; an idle one takes 5 and 3.
BUSY, STOP = 240.0, 40.0
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


# --- ports and the folder


def test_a_taken_port_is_one_sentence_that_names_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"^Port {port} is taken by another program: .* `make run PORT=\d+`\.$"):
            check_port(port)


def test_the_sandbox_keeps_its_ports_and_moves_only_when_they_are_taken(tmp_path: Path) -> None:
    port = free_port()
    first = sandbox_ports(folder=tmp_path, port=port)
    again = sandbox_ports(folder=tmp_path, port=port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first[0]))
        other.listen()
        moved = sandbox_ports(folder=tmp_path, port=port)

    assert again == first
    assert moved[0] != first[0]
    assert moved[1] == first[1]


def test_one_folder_has_one_run(tmp_path: Path) -> None:
    refused = pytest.raises(AlreadyRunning, match=r"already runs from this folder: http://127\.0\.0\.1:8000/\.")
    with sole_run(tmp_path, note="http://127.0.0.1:8000/"), refused, sole_run(tmp_path, note="another"):
        pass

    with sole_run(tmp_path, note="the next"):
        assert (tmp_path / "run.lock").read_text() == "the next"


def test_the_private_server_keeps_its_password_in_a_file_of_its_owner(tmp_path: Path) -> None:
    server = redis.configure(folder=tmp_path / "redis")

    assert server is not None
    password = re.search(r":([^@]+)@", server.url.removeprefix("redis://"))
    assert password
    assert (tmp_path / "redis" / "server.conf").stat().st_mode & 0o777 == 0o600
    assert not any(password.group(1) in word for word in server.command)


# --- the group


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def group(screen: io.StringIO) -> Iterator[Group]:
    group = Group(screen=screen, folder=ROOT, environment=os.environ)
    yield group
    group.stop()


def start(group: Group, name: str, code: str, *, stopped_last: bool = False) -> int:
    """Start `code` and return its process id once it has printed a line."""
    before = len(group.children)
    group.start(name, [sys.executable, "-c", code], stopped_last=stopped_last)
    screen = group._screen
    assert isinstance(screen, io.StringIO)
    deadline = time.monotonic() + 10
    while f"{name} | up" not in screen.getvalue() and time.monotonic() < deadline:
        group.show_output(0.1)
    return group.children[before].process.pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_line_carries_the_name_of_its_process(group: Group, screen: io.StringIO) -> None:
    start(group, "web", "import time; print('up\\nhal', end='', flush=True); time.sleep(.3); print('f')")

    group.watch(lambda: None)

    assert "     web | up\n     web | half\n" in screen.getvalue()


@pytest.mark.parametrize(
    ("end", "reason"),
    [("raise SystemExit(3)", "exit code 3"), ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL")],
)
def test_the_death_of_one_ends_the_watch_and_is_named(group: Group, end: str, reason: str) -> None:
    start(group, "web", SLEEP)
    start(group, "worker", f"print('up', flush=True); {end}")

    problem = group.watch(lambda: None)

    assert problem == f"worker stopped by itself ({reason}), so everything is stopped."


def test_what_others_need_is_stopped_after_them(group: Group, screen: io.StringIO) -> None:
    report = (
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep({wait})\n    print('ended', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    start(group, "redis", report.format(wait=0), stopped_last=True)
    start(group, "worker", report.format(wait=0.5))

    group.stop()

    shown = screen.getvalue()
    assert 0 < shown.index("worker | ended") < shown.index("redis | ended")


def test_who_does_not_stop_in_time_is_killed_with_its_children(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.5)
    code = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); print(child.pid); "
    parent = start(group, "worker", code + STUBBORN)
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()

    group.stop()

    deadline = time.monotonic() + 5
    while any(is_alive(int(child)) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    assert not is_alive(parent)
    assert not any(is_alive(int(child)) for child in children)


def test_asking_twice_kills_at_once(group: Group) -> None:
    start(group, "worker", STUBBORN)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    group.stop()

    assert time.monotonic() - began < processes.GRACE / 2


def test_a_screen_that_went_away_asks_to_stop(group: Group) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    group._screen = Gone()
    group.start("web", [sys.executable, "-c", SLEEP])

    assert group.watch(lambda: None) is None


# --- the whole


class Terminal:
    """`manage.py run` in a terminal of its own, as a person would start it."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
        environment["CLAIMDESK_VAR_DIR"] = str(folder)
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "manage.py", "run", "--port", str(port), *options], environment)
        self.port = port
        self.shown = ""
        self.code: int | None = None

    def read_until(self, wanted: str, *, within: float) -> None:
        """Read the screen until `wanted` stands on it. Fails with all of it if it does not come in time."""
        deadline = time.monotonic() + within
        while wanted not in self.shown:
            assert time.monotonic() < deadline, f"no {wanted!r} within {within} s:\n{self.shown}"
            if not self._read():
                assert wanted in self.shown, f"it ended without {wanted!r}:\n{self.shown}"

    def end(self, *, within: float) -> int:
        """Its exit code once it has ended."""
        deadline = time.monotonic() + within
        while self.code is None:
            assert time.monotonic() < deadline, f"still there after {within} s:\n{self.shown}"
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def _read(self) -> bool:
        if not select.select([self.screen], [], [], 0.1)[0]:
            return True
        try:
            self.shown += os.read(self.screen, 65536).decode("utf-8", "replace")
        except OSError:  # the terminal has no one left at its other end
            time.sleep(0.05)
            return False
        return True

    def children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def press_ctrl_c(self) -> None:
        os.write(self.screen, b"\x03")


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.code is None:
            os.kill(terminal.pid, signal.SIGTERM)
            terminal.end(within=STOP)


def three_ports() -> int:
    """A port with two free neighbours above it."""
    while True:
        port = free_port()
        if port < 65000 and all(_free(port + step) for step in (1, 2)):
            return port


def _free(port: int) -> bool:
    try:
        check_port(port)
    except PortTaken:
        return False
    return True


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and someone in it, so that no demo is loaded."""
    folder = tmp_path_factory.mktemp("prepared")
    assert run_command(folder, "migrate", "--verbosity", "0").returncode == 0
    person = ["--noinput", "--username", "olga", "--email", "olga@example.com"]
    assert run_command(folder, "createsuperuser", *person, DJANGO_SUPERUSER_PASSWORD="long enough").returncode == 0
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "var")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_runs_until_ctrl_c_and_runs_again_on_the_same_data(tmp_path: Path, terminals: list[Terminal]) -> None:
    port = three_ports()
    first = Terminal(tmp_path, port)
    terminals.append(first)
    first.read_until("Ctrl-C stops everything", within=BUSY)
    children = first.children()
    answers = [status(f"http://127.0.0.1:{port}{page}") for page in ("/", "/admin/login/", "/readyz", "/api/docs/")]
    sandbox = status(f"http://127.0.0.1:{port + 1}/")
    first.press_ctrl_c()
    first_code = first.end(within=STOP)
    second = Terminal(tmp_path, port)
    terminals.append(second)
    second.read_until("Ctrl-C stops everything", within=BUSY)
    second.press_ctrl_c()
    second_code = second.end(within=STOP)

    assert answers == [200, 200, 200, 200]
    assert sandbox == 200
    assert len(children) == 7
    assert (first_code, second_code) == (0, 0)
    assert not any(is_alive(pid) for pid in children)
    assert "Loading the demo" in first.shown
    assert "Loading the demo" not in second.shown
    assert f"http://127.0.0.1:{port}/admin/" in first.shown
    assert (tmp_path / "claimdesk.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_death_of_a_worker_stops_everything_with_its_name(folder: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(folder, three_ports())
    terminals.append(terminal)
    terminal.read_until("Ctrl-C stops everything", within=BUSY)
    children = terminal.children()
    worker = next(pid for pid in children if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes())

    os.kill(worker, signal.SIGKILL)

    assert terminal.end(within=STOP) == 1
    assert "worker stopped by itself (killed by SIGKILL), so everything is stopped." in terminal.shown
    assert not any(is_alive(pid) for pid in children)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_supervisor_leaves_nothing_behind(folder: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(folder, three_ports())
    terminals.append(terminal)
    terminal.read_until("Ctrl-C stops everything", within=BUSY)
    children = terminal.children()

    os.kill(terminal.pid, signal.SIGKILL)

    assert terminal.end(within=STOP) == -signal.SIGKILL
    deadline = time.monotonic() + STOP
    while any(is_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(is_alive(pid) for pid in children)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_runs_in_one_process_without_redis(folder: Path, terminals: list[Terminal]) -> None:
    port = three_ports()
    terminal = Terminal(folder, port, "--in-process")
    terminals.append(terminal)
    terminal.read_until("Ctrl-C stops everything", within=BUSY)
    ready = status(f"http://127.0.0.1:{port}/readyz")
    terminal.press_ctrl_c()

    assert terminal.end(within=STOP) == 0
    assert ready == 200


def run_command(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMDESK_")}
    environment.update(variables, CLAIMDESK_VAR_DIR=str(folder))
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=BUSY
    )


def test_it_refuses_a_taken_port_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run_command(tmp_path, "run", "--port", str(other.getsockname()[1]))

    assert done.returncode == 1
    assert re.fullmatch(r"CommandError: Port \d+ is taken by another program: .*\n", done.stderr)
    assert not (tmp_path / "claimdesk.sqlite3").exists()


@pytest.mark.parametrize("command", ["run", "check", "migrate"])
@pytest.mark.parametrize(
    "variables",
    [
        {"CLAIMDESK_PORT": "abc"},
        {"CLAIMDESK_ENV": "staging"},
        {"CLAIMDESK_ENV": "production"},
        {"CLAIMDESK_S3_BUCKET": "claims"},
        {"CLAIMDESK_SMS_LOGIN": "claims"},
        {"CLAIMDESK_SITE_URL": "claims.example.com"},
        {"CLAIMDESK_DATABASE_URL": "nonsense"},
        {"CLAIMDESK_DATABASE_URL": "mysql://claims@db.example.com/claims"},
        {"CLAIMDESK_EMAIL_URL": "nonsense"},
    ],
    ids=lambda each: "-".join(f"{name}={value}" for name, value in each.items()) if isinstance(each, dict) else each,
)
def test_a_broken_setting_is_one_sentence(tmp_path: Path, command: str, variables: dict[str, str]) -> None:
    done = run_command(tmp_path, command, **variables)

    assert done.returncode == 1
    assert re.fullmatch(r"Claimdesk cannot start: .*CLAIMDESK_[^\n]*\.\n", done.stderr), done.stderr


def test_an_absent_database_is_one_sentence(tmp_path: Path) -> None:
    nobody = f"postgres://claims@127.0.0.1:{free_port()}/claims"

    done = run_command(tmp_path, "run", "--port", str(free_port()), CLAIMDESK_DATABASE_URL=nobody)

    assert done.returncode == 1
    assert re.fullmatch(r"CommandError: The database of CLAIMDESK_DATABASE_URL cannot be used: [^\n]*\n", done.stderr)


def test_production_is_not_run_by_run(tmp_path: Path) -> None:
    done = run_command(
        tmp_path,
        "run",
        CLAIMDESK_ENV="production",
        CLAIMDESK_SECRET_KEY="x" * 60,
        CLAIMDESK_FIELD_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        CLAIMDESK_INDEX_KEY="x" * 60,
        CLAIMDESK_DATABASE_URL="postgres://claims@db.example.com/claims",
        CLAIMDESK_REDIS_URL="redis://redis.example.com",
        CLAIMDESK_SITE_URL="https://claims.example.com",
        CLAIMDESK_EMAIL_URL="consolemail://",
        CLAIMDESK_EMAIL_FROM="claims@example.com",
        CLAIMDESK_SMS_LOGIN="claims",
        CLAIMDESK_SMS_PASSWORD="secret",
    )

    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: `run` is for one machine")
