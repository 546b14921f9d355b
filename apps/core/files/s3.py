"""Files in an S3 bucket, through the client that django-storages is set up with."""

import contextlib
import io
import posixpath
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from apps.core.files.errors import StorageFailed

BUFFER = 256 * 1024  # bytes


class S3:
    """A `Place` in the bucket of an S3Storage, below its location."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        # The storage keeps a client for each thread; its `bucket` is shared between threads and not made for that.
        self._client = storage.connection.meta.client

    def size(self, key: str) -> int | None:
        """How many bytes are under `key`; None if nothing is."""
        try:
            with _as_storage_failed():
                return int(self._client.head_object(**self._named(key))["ContentLength"])
        except StorageFailed as error:
            if status_of(error.__cause__) == HTTPStatus.NOT_FOUND:
                return None
            raise

    def open(self, key: str) -> IO[bytes]:
        """The object's bytes as they arrive; reading raises StorageFailed if the line is cut."""
        with _as_storage_failed():
            body = self._client.get_object(**self._named(key))["Body"]
        return io.BufferedReader(_Body(body), BUFFER)

    def put(self, path: Path, *, key: str, sha256: str, size: int, content_type: str) -> None:
        """Send the file in one request, streamed. What arrived is for the caller to read back: `sha256` is not sent."""
        parameters = {"ContentType": content_type, **self._storage.get_object_parameters(key)}
        if self._storage.default_acl:
            parameters.setdefault("ACL", self._storage.default_acl)
        with _as_storage_failed(), path.open("rb") as source:
            self._client.put_object(Body=source, ContentLength=size, **self._named(key), **parameters)

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""
        with _as_storage_failed():
            self._client.delete_object(**self._named(key))

    def delete_folder(self, folder: str) -> None:
        """Remove all objects whose keys begin with `folder/`."""
        bucket, prefix = self._storage.bucket_name, self._named(f"{folder}/")["Key"]
        with _as_storage_failed():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for one in page.get("Contents", []):
                    self._client.delete_object(Bucket=bucket, Key=one["Key"])

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._storage.bucket_name, "Key": posixpath.join(self._storage.location, key).lstrip("/")}


class _Body(io.RawIOBase):
    """A response body as a file."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _as_storage_failed():
            piece = self._body.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._body.close()
        super().close()


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status of what S3 answered; None for an error of another kind."""
    if not isinstance(error, ClientError):
        return None
    status: int | None = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status


@contextlib.contextmanager
def _as_storage_failed() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise StorageFailed(f"{error.operation_name} answered {status_of(error)}") from error
    except (BotoCoreError, urllib3.exceptions.HTTPError, OSError) as error:
        raise StorageFailed(type(error).__name__) from error
