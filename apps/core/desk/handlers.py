"""What deliveries do and what they are about, in words for staff: each app names its own, from its admin module."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

Named = Callable[[Collection[str]], dict[str, tuple[str, str]]]
Found = Callable[[str], Iterable[str]]

_words: dict[str, Any] = {}
_targets: dict[str, Any] = {}
_things: dict[str, tuple[Named, Found]] = {}


def describe(handler: str, words: Any) -> None:
    """Call `handler` (its registered name) `words` on the staff's pages."""
    _words[handler] = words


def words_of(handler: str) -> str:
    """What `handler` is called on the staff's pages; its own name if nobody described it."""
    return str(_words.get(handler, handler))


def describe_target(name: str, words: Any) -> None:
    """Call the outside system `name` `words` on the staff's pages."""
    _targets[name] = words


def target_words(name: str) -> str:
    """What a target is called on the staff's pages; its own name if nobody described it."""
    return str(_targets.get(name, name))


def describe_things(kind: str, *, named: Named, found: Found) -> None:
    """Say what things of a `kind` ("claim") are called: `named(ids)` gives label and admin URL by id, in one query.

    `found(text)` gives the ids of those that somebody who types `text` means.
    """
    _things[kind] = named, found


def things_named(aggregates: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Label and admin URL of each of `aggregates` ("claim:<id>") that has a name; a query for each kind."""
    ids: dict[str, set[str]] = {}
    for kind, _sep, key in (one.partition(":") for one in aggregates):
        ids.setdefault(kind, set()).add(key)
    known = ((kind, _things[kind][0](keys)) for kind, keys in ids.items() if kind in _things)
    return {f"{kind}:{key}": shown for kind, names in known for key, shown in names.items()}


def things_found(text: str) -> list[str]:
    """The aggregates that `text` means: itself, such a thing's id, or what its app finds by it."""
    ids = [(kind, key) for kind, (_named, found) in _things.items() for key in (text, *found(text))]
    return [text, *(f"{kind}:{key}" for kind, key in ids)]
