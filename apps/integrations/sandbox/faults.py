"""Faults that can be turned on for a system: for the next calls, or until they are cleared."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

KINDS = ("status", "delay", "cut", "silence", "garbage", "slow_body", "refuse")
MOMENTS = ("before", "after")
LONGEST = 300.0  # s
PRESETS: dict[str, dict[str, object]] = {  # what the page offers at one press
    "down": {"kind": "status", "status": 503},
    "cut": {"kind": "cut"},
    "silent": {"kind": "silence", "when": "after"},
    "slow": {"kind": "delay", "seconds": 10},
    "mend": {"kind": ""},
}


class FaultInvalid(ValueError):
    """A fault that cannot be turned on; the message says which field and why."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong. `when` says whether the deed is done first.

    status: answer `status` · delay: wait `seconds` · cut: close the line · silence: never answer · garbage: answer
    nonsense · slow_body: one byte of the answer every `seconds` · refuse: the system's own error `code`.
    `match` narrows it to requests whose label (System.label) holds these words, as in "create HelpDesk".
    """

    kind: str
    when: str = "before"
    status: int = 503
    seconds: float = 5.0
    code: str = ""
    match: str = ""
    times: int | None = None

    @property
    def deed_first(self) -> bool:
        return self.when == "after"


def read(values: Mapping[str, object], *, kinds: Collection[str], codes: Collection[str]) -> Fault | None:
    """The fault that a form or JSON describes, None for an empty kind ("clear"). Raises FaultInvalid.

    Without `times` it stays until it is cleared.
    """
    kind = values.get("kind") or ""
    if not kind:
        return None
    if kind not in kinds:
        raise FaultInvalid(f"kind: one of {', '.join(kinds)}")
    when = str(values.get("when") or "before")
    if when not in MOMENTS:
        raise FaultInvalid("when: before or after")
    code = str(values.get("code") or "") if kind == "refuse" else ""
    if kind == "refuse" and code not in codes:
        raise FaultInvalid(f"code: one of {', '.join(codes)}")
    times = values.get("times")
    return Fault(
        kind=str(kind),
        when=when,
        status=int(_number("status", values.get("status"), 503, 100, 599)),
        seconds=_number("seconds", values.get("seconds"), 5.0, 0.0, LONGEST),
        code=code,
        match=str(values.get("match") or "")[:100],
        times=None if times in (None, "") else int(_number("times", times, 1, 1, 1_000_000)),
    )


def _number(name: str, value: object, default: float, least: float, most: float) -> float:
    if value in (None, ""):
        return default
    try:
        number = float(str(value))
    except ValueError:
        raise FaultInvalid(f"{name}: a number") from None
    if not least <= number <= most:  # also refuses NaN
        raise FaultInvalid(f"{name}: from {least:g} to {most:g}")
    return number


class FaultBoard:
    """The fault that is on for each system; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[str, Fault] = {}

    def put(self, system: str, fault: Fault) -> None:
        with self._lock:
            self._faults[system] = fault

    def current(self, system: str) -> Fault | None:
        with self._lock:
            return self._faults.get(system)

    def take(self, system: str, label: str = "") -> Fault | None:
        """The fault for the call that has just come and asks for `label`; counts it off."""
        with self._lock:
            fault = self._faults.get(system)
            if fault is None or fault.match not in label:
                return None
            if fault.times is None:
                return fault
            if fault.times > 1:
                self._faults[system] = replace(fault, times=fault.times - 1)
            else:
                del self._faults[system]
            return fault

    def clear(self, system: str = "") -> None:
        """Turn off the fault of `system`, or of all."""
        with self._lock:
            if system:
                self._faults.pop(system, None)
            else:
                self._faults.clear()
