"""What the sandbox's S3 holds: objects, uploads that are being made, and their parts."""

import hashlib
from collections.abc import Mapping

from apps.integrations.sandbox import blobs
from apps.integrations.sandbox.registry import World
from apps.integrations.sandbox.store import Item


def keep(world: World, key: str, content: bytes, etag: str, headers: Mapping[str, str], lie: str) -> None:
    """Keep an object in place of the old one; nothing for the lie "hollow", half of it for "half"."""
    if lie == "hollow":
        return
    if old := object_at(world, key):
        blobs.remove(world, old)
    content = content[: len(content) // 2] if lie == "half" else content
    blobs.add(world, "s3", "object", {"key": key, "etag": etag, "headers": headers}, content)


def objects(world: World) -> list[Item]:
    return [item for item in world.store.items("s3") if item.kind == "object"]


def object_at(world: World, key: str) -> Item | None:
    return next((item for item in objects(world) if item.data["key"] == key), None)


def upload_at(world: World, key: str, upload: str) -> Item | None:
    held = (item for item in world.store.items("s3") if item.kind == "upload")
    return next((item for item in held if (item.data["upload"], item.data["key"]) == (upload, key)), None)


def parts_of(world: World, upload: str) -> list[Item]:
    return [item for item in world.store.items("s3") if item.kind == "part" and item.data["upload"] == upload]


def drop_upload(world: World, upload: Item) -> None:
    for item in (*parts_of(world, upload.data["upload"]), upload):
        blobs.remove(world, item)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
