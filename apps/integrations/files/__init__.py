"""The company's file share, where claims' documents are handed over. `settings.FILES_BACKEND` names its class."""

from collections.abc import Callable, Sequence
from typing import IO, Protocol, Self, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.health import Health


class FileShare(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """The share that the settings describe. Raises ImproperlyConfigured."""

    def put(self, *, folders: Sequence[str], name: str, size: int, read: Callable[[], IO[bytes]]) -> str:
        """Keep a file of `size` bytes as `name` in nested `folders`, and return its path in the share.

        It appears there whole or not at all: sent under a temporary name, then moved. Names are cleaned of what the
        share does not take. Safe to repeat: a file of that name and size is left as it is.
        Raises Unavailable, Rejected.
        """

    def url(self, path: str) -> str:
        """Where people open the folder or file `path`."""

    def check(self) -> Health:
        """Whether we can log in and write; never raises an IntegrationError."""


def get_share() -> FileShare:
    """The share of `settings.FILES_BACKEND`."""
    return cast(type[FileShare], import_string(settings.FILES_BACKEND)).from_settings()
