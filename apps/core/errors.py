"""The errors every layer may raise. A `DomainError` reads well to the person who asked; the API shows it as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was sent: a stable code, a sentence, and the field it is about."""

    code: str
    detail: Any
    attr: str | None = None


class DomainError(Exception):
    """What went wrong, with a stable `code`, a sentence in the reader's language and the HTTP status it means."""

    code: ClassVar[str] = "invalid"
    status: ClassVar[int] = 400
    detail: ClassVar[Any] = _("This is not possible.")

    def __init__(
        self,
        detail: Any = None,
        *,
        code: str | None = None,
        attr: str | None = None,
        retry_after: int | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        """`retry_after` is in seconds. `problems` replaces the single problem where there are several."""
        self.problems = tuple(problems) or (Problem(code or type(self).code, detail or type(self).detail, attr),)
        self.retry_after = retry_after
        super().__init__(self.problems[0].code)


class NotFound(DomainError):
    code = "not_found"
    status = 404
    detail = _("Not found.")


class Conflict(DomainError):
    code = "conflict"
    status = 409
    detail = _("This has changed meanwhile. Look at it again.")


class IntegrationError(Exception):
    """A call to an outside system did not succeed. `code` is stable; `detail` is for people, without personal data."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class Unavailable(IntegrationError):
    """Nothing was done there: try later, not before `retry_after` seconds if the system named them."""

    def __init__(self, detail: str, code: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail, code)
        self.retry_after = retry_after


class Rejected(IntegrationError):
    """Nothing was done there and the same request never will be: do not send it again."""


class AccountRejected(Rejected):
    """The system refuses us and not the request (login, money, block): nothing will pass until staff act."""


class OutcomeUnknown(IntegrationError):
    """It may have been done: ask before sending again, by `remote_id` where the system lets us choose the id."""

    def __init__(self, detail: str, code: str, *, remote_id: str = "") -> None:
        super().__init__(detail, code)
        self.remote_id = remote_id
