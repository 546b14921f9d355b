"""The shape that every model's client has."""

from dataclasses import dataclass
from typing import Any, Protocol, Self, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.errors import Rejected
from apps.integrations.health import Health


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one answer took: tokens (`tokens_cached` are among `tokens_in`), milliseconds, and who answered.

    `model` is what the endpoint says answered; `request_id` is its own id of the request, empty if it gave none.
    """

    model: str
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    ms: int
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Answer(Usage):
    """`data` is what the model said: it fits the schema that was asked for, and nothing else is sure about it."""

    data: dict[str, Any]


class AnswerUseless(Rejected):
    """The model answered, and the answer is of no use: `model_refused`, `model_truncated`, `model_answer_invalid`.

    `spent` is what it took all the same.
    """

    def __init__(self, detail: str, code: str, *, spent: Usage) -> None:
        super().__init__(detail, code)
        self.spent = spent


class Model(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """The model that the settings describe. Raises ImproperlyConfigured."""

    def ask(self, *, name: str, instructions: str, text: str, schema: dict[str, Any], most_tokens: int) -> Answer:
        """What the model makes of `text`, told `instructions`, as JSON that fits `schema`.

        `name` (letters, digits, - and _) names the schema; `schema` is an object of the kinds that `schema.fits`
        knows, each object naming all its keys in `required` and allowing no others. `most_tokens` bounds the answer.
        Raises Unavailable (it may have cost money if the request had left), Rejected (AccountRejected if staff must
        act), AnswerUseless with what was spent.
        """

    def check(self) -> Health:
        """Whether the endpoint lets us in and has the model; costs nothing and never raises an IntegrationError."""


def get_model() -> Model:
    """The model of `settings.LLM_BACKEND`. Raises ImproperlyConfigured."""
    return cast(type[Model], import_string(settings.LLM_BACKEND)).from_settings()
