"""Contents of held items as files beside the sandbox's database: an archive is too large for a row of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from apps.integrations.sandbox.registry import World
from apps.integrations.sandbox.store import Item


def add(world: World, system: str, kind: str, data: Mapping[str, Any], content: bytes) -> int:
    """Keep an item with its content and return its id."""
    folder, name = world.store.folder / system, uuid.uuid4().hex
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return world.store.add(system, kind, {**data, "blob": name, "size": len(content)})


def content(world: World, item: Item) -> bytes:
    return (world.store.folder / item.system / str(item.data["blob"])).read_bytes()


def remove(world: World, item: Item) -> None:
    """Forget the item, and its content if it has one."""
    world.store.remove(item.id)
    if "blob" in item.data:
        (world.store.folder / item.system / str(item.data["blob"])).unlink(missing_ok=True)
