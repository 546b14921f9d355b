"""Whether an outside system works for us now: the answer of every client's `check()`."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Health:
    """`ok`, a stable `code`, and in human words what works or why it does not. `balance` where the account has one."""

    ok: bool
    code: str
    detail: str
    balance: Decimal | None = None
