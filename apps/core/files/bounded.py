"""Runs a program within bounds of memory, time and written bytes. No Django here: the child imports it too.

`python -m apps.core.files.bounded --memory-mb … --cpu-s … --file-mb … -- program …` limits itself, then becomes it.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MB = 1024 * 1024
COMPLAINT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Ended:
    """How a child ended. `code` is None when its time ran out; below 0 it is the signal that stopped it."""

    code: int | None
    answer: bytes
    complaint: bytes

    @property
    def out_of_cpu(self) -> bool:
        return self.code == -signal.SIGXCPU

    @property
    def killed(self) -> bool:
        """By the system for memory, as nobody else sends this."""
        return self.code == -signal.SIGKILL

    @property
    def last_frame(self) -> str:
        """Where a Python child broke off: place and error's name, not its message, which may quote the file."""
        lines = self.complaint.decode(errors="replace").splitlines()
        frames = [line.strip() for line in lines if line.lstrip().startswith("File ")]
        return " ".join([*frames[-1:], *(line.partition(":")[0] for line in lines[-1:])])


def run_bounded(
    command: list[str],
    *,
    seconds: float,
    answer_bytes: int = COMPLAINT_BYTES,
    more_env: Mapping[str, str] | None = None,
) -> Ended:
    """Run `command` in a group of its own that is killed after `seconds`. Its standard output is the answer.

    The child sees nothing of our environment but `more_env`.
    """
    # Files, not pipes: what a child gone wild writes is bounded by its own limit and never by our memory.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as complaint:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=complaint,
            cwd=ROOT,
            # One arena: each thread's own would reserve 64 MB of the bounded address space.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", **(more_env or {})},
            start_new_session=True,
        )
        code = _wait(child, seconds)
        answer.seek(0)
        complaint.seek(0)
        return Ended(code, answer.read(answer_bytes), complaint.read(COMPLAINT_BYTES))


def _wait(child: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def limit_this_process(*, memory_mb: int, cpu_s: int, file_mb: int) -> None:
    """Bound address space, processor time and written files, and leave no core."""
    limits = [
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + 1),
        (resource.RLIMIT_FSIZE, file_mb * MB, file_mb * MB),
        (resource.RLIMIT_NOFILE, 64, 64),
    ]
    if sys.platform == "linux":  # elsewhere RLIMIT_AS is refused or means nothing
        limits.append((resource.RLIMIT_AS, memory_mb * MB, memory_mb * MB))
    for name, soft, hard in limits:
        _, most = resource.getrlimit(name)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(name, (soft, hard))


def limit_next_work(cpu_s: int) -> None:
    """Give what this process does next that much processor time, within what `limit_this_process` gave to all of it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(int(spent.ru_utime + spent.ru_stime) + 1 + cpu_s, most - 1), most))


def bounded_command(command: list[str], *, memory_mb: int, cpu_s: int, file_mb: int) -> list[str]:
    """The command line that runs `command`, a path and arguments, within these limits."""
    return [
        *(sys.executable, "-E", "-s", "-m", "apps.core.files.bounded"),
        *("--memory-mb", str(memory_mb), "--cpu-s", str(cpu_s), "--file-mb", str(file_mb), "--", *command),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Become the program that the arguments name, with limits."""
    parser = argparse.ArgumentParser(prog="bounded", description="Run a program within limits.")
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--cpu-s", type=int, required=True)
    parser.add_argument("--file-mb", type=int, required=True)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    limit_this_process(memory_mb=options.memory_mb, cpu_s=options.cpu_s, file_mb=options.file_mb)
    os.execv(options.command[0], options.command)


if __name__ == "__main__":
    main()
