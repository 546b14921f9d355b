"""Processes that live and die together: started in sessions of their own, watched, and stopped as one."""

import contextlib
import ctypes
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

GRACE = 12.0  # s between asking a process to stop and killing it
_COLOURS = (36, 32, 33, 35, 34, 31)
_ANSI = re.compile(rb"\x1b\[[0-9;]*m")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    label: str
    stopped_last: bool
    unfinished: bytes = b""

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout


class Group:
    """The processes of one run. For the main thread only: it owns the signals, and children die with it."""

    def __init__(self, *, screen: TextIO, folder: Path, environment: Mapping[str, str]) -> None:
        self.children: list[Child] = []
        self.requests_to_stop = 0
        self.environment = dict(environment)
        self._folder = folder
        self._screen = screen
        self._colourful = screen.isatty() and "NO_COLOR" not in os.environ
        self._selector = selectors.DefaultSelector()
        self._handlers = {
            number: signal.signal(number, self._asked_to_stop)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }

    def start(self, name: str, command: Sequence[str], *, stopped_last: bool = False) -> None:
        """Start `command`; `name` stands before each line it prints. `stopped_last`: others need it while they stop."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env=self.environment,
            start_new_session=True,  # the terminal's Ctrl-C reaches the supervisor only
            preexec_fn=_die_with_parent(os.getpid()),
        )
        child = Child(name, process, self._label(name), stopped_last)
        os.set_blocking(child.output.fileno(), False)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        self.children.append(child)

    def watch(self, on_pass: Callable[[], None]) -> str | None:
        """Show output until someone asks to stop (None) or a process ends by itself (a sentence that says which)."""
        while not self.requests_to_stop:
            self.show_output(0.2)
            for child in self.children:
                if (code := child.process.poll()) is not None:
                    self.show_output(0.1)
                    return f"{child.name} stopped by itself ({_reason(code)}), so everything is stopped."
            on_pass()
        return None

    def stop(self) -> None:
        """Ask all to stop, kill what has not after GRACE seconds, and everything at once when asked a second time."""
        deadline = time.monotonic() + GRACE
        for last in (False, True):
            group = [child for child in self.children if child.stopped_last is last]
            for child in group:
                child.process.terminate()
            while any(child.process.poll() is None for child in group):
                if time.monotonic() > deadline or self.requests_to_stop > 1:
                    break
                self.show_output(0.1)
        for child in self.children:
            # Whoever the process has left behind is in its session, and so in its group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self.show_output(0.0)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def say(self, text: str) -> None:
        """Write `text` to the screen; a screen that has gone away means that someone wants us to stop."""
        try:
            self._screen.write(text + "\n")
            self._screen.flush()
        except OSError:
            self.requests_to_stop = max(self.requests_to_stop, 1)

    def show_output(self, wait: float) -> None:
        """Print the whole lines that children wrote, waiting up to `wait` seconds for some."""
        for key, _ in self._selector.select(wait):
            child: Child = key.data
            chunk = child.output.read()
            if chunk:
                *lines, child.unfinished = (child.unfinished + chunk).split(b"\n")
            else:
                self._selector.unregister(child.output)
                lines, child.unfinished = [child.unfinished] if child.unfinished else [], b""
            for line in lines:
                self._print(child, line)

    def _print(self, child: Child, line: bytes) -> None:
        if line.strip():
            text = (line if self._colourful else _ANSI.sub(b"", line)).decode("utf-8", "replace").rstrip()
            self.say(f"{child.label} {text}")

    def _label(self, name: str) -> str:
        label = f"{name:>8} |"
        colour = _COLOURS[len(self.children) % len(_COLOURS)]
        return f"\x1b[{colour}m{label}\x1b[0m" if self._colourful else label

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.requests_to_stop += 1


def _reason(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _die_with_parent(parent: int) -> Callable[[], None]:
    """What the child runs before its program: the kernel is to end it when the supervisor dies, even by SIGKILL."""

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return arrange
