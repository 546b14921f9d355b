"""The object store for insurers' archives (ZIP). `settings.ARCHIVE_BACKEND` names its class."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self, cast

from django.conf import settings
from django.utils.module_loading import import_string

from apps.integrations.health import Health


@dataclass(frozen=True)
class Stored:
    """What was put and read back: SHA-256 (hex) and size in bytes."""

    sha256: str
    size: int


class Archive(Protocol):
    @classmethod
    def from_settings(cls) -> Self:
        """The store that the settings describe. Raises ImproperlyConfigured."""

    def put(self, key: str, pieces: Iterable[bytes], *, content_type: str, file_name: str) -> Stored:
        """Stream `pieces` to `key`, never whole in memory, and read back that they are there.

        `file_name` is what a download is called. Safe to repeat. Raises Unavailable (also if what is read back
        differs: stores lie), Rejected.
        """

    def link(self, key: str, *, seconds: int) -> str:
        """A signed address of the object that works for `seconds`."""

    def check(self) -> Health:
        """Whether we can write, read and delete; never raises an IntegrationError."""


def get_archive() -> Archive:
    """The store of `settings.ARCHIVE_BACKEND`."""
    return cast(type[Archive], import_string(settings.ARCHIVE_BACKEND)).from_settings()
