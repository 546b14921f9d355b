"""What deliveries do, in words for staff: each app names its own handlers, from its admin module."""

from typing import Any

_words: dict[str, Any] = {}


def describe(handler: str, words: Any) -> None:
    """Call `handler` (its registered name) `words` on the staff's pages."""
    _words[handler] = words


def words_of(handler: str) -> str:
    """What `handler` is called on the staff's pages; its own name if nobody described it."""
    return str(_words.get(handler, handler))
