"""Archives in an S3 bucket. A store's yes is not believed: what was put is read back and compared."""

import contextlib
import hashlib
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Self
from urllib.parse import quote

import structlog
import urllib3
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.files.names import clean_name, content_disposition
from apps.core.files.s3 import status_of
from apps.core.files.storage import hash_stream
from apps.integrations.archive import Stored
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.health import Health

log = structlog.get_logger(__name__)

PART = 8 * 1024 * 1024  # bytes; S3 takes parts from 5 MB, and ten thousand of them
_CREDENTIALS = ("archive_login_refused", gettext_noop("The archive refused the access key or its secret."))
_ACCOUNT = {
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "RequestTimeTooSkewed": ("archive_clock", gettext_noop("The archive says that this machine's clock is wrong.")),
    "NoSuchBucket": ("archive_no_bucket", gettext_noop("The archive has no bucket of the name in the settings.")),
    "InvalidBucketName": ("archive_no_bucket", gettext_noop("The archive has no bucket of the name in the settings.")),
    "QuotaExceeded": ("archive_full", gettext_noop("The archive has no room left. Free some, or raise the quota.")),
}
_FORBIDDEN = ("archive_forbidden", gettext_noop("The archive does not let us read, write and delete in its bucket."))
_NOT_DONE = {408, 425, 429}
# A repetition starts a new upload, so one that vanished or was spoilt on the way is no reason to give up.
_REPEAT = {"NoSuchUpload", "InvalidPart", "RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"}


class S3Archive:
    """The `bucket` at `endpoint_url`, as `settings.ARCHIVE_S3` names them. Times are seconds."""

    def __init__(
        self,
        *,
        endpoint_url: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        region: str = "us-east-1",
        connect: float = 3.0,
        read: float = 30.0,
    ) -> None:
        self._bucket = bucket
        self._client = Session().client(
            "s3",
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            config=Config(
                signature_version="s3v4",
                # Stores other than Amazon's refuse the checksum trailers that boto3 sends by default.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
                connect_timeout=connect,
                read_timeout=read,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )

    @classmethod
    def from_settings(cls) -> Self:
        options = settings.ARCHIVE_S3
        if not all(options.get(name) for name in ("endpoint_url", "bucket", "access_key", "secret_key")):
            raise ImproperlyConfigured(
                "The archive needs CLAIMDESK_ARCHIVE_S3_ENDPOINT_URL, _BUCKET, _ACCESS_KEY and _SECRET_KEY, or the "
                "same without ARCHIVE_."
            )
        try:
            return cls(**options)
        except ValueError:
            raise ImproperlyConfigured("The archive's address must look like https://host.") from None

    def put(self, key: str, pieces: Iterable[bytes], *, content_type: str, file_name: str) -> Stored:
        options = {
            "ContentType": content_type,
            "ContentDisposition": content_disposition(file_name),
            "Metadata": {"file-name": quote(clean_name(file_name), safe="")},
        }
        digest, size = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece

        etag = self._send(key, counted(), options)
        stored = Stored(digest.hexdigest(), size)
        self._require(key, stored, etag)
        return stored

    def link(self, key: str, *, seconds: int) -> str:
        # The name of the download was stored with the object; one in the address would overrule it.
        return str(self._client.generate_presigned_url("get_object", self._named(key), ExpiresIn=seconds))

    def check(self) -> Health:
        key = f"probes/{uuid.uuid4().hex}.txt"
        try:
            self.put(key, [b"Written to see whether it may."], content_type="text/plain", file_name="probe.txt")
            with _as_ours():
                self._client.delete_object(**self._named(key))
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        return Health(True, "ok", _("The archive takes, gives back and deletes objects."))

    def _send(self, key: str, pieces: Iterator[bytes], options: dict[str, Any]) -> str:
        """Send all of `pieces`, in parts if they are long; returns the ETag that the store answers."""
        parts = _parts(pieces)
        first = next(parts, b"")
        if len(first) == PART:
            return self._send_parts(key, chain((first,), parts), options)
        with _as_ours():
            answer = self._client.put_object(Body=first, **self._named(key), **options)
        return str(answer.get("ETag", ""))

    def _send_parts(self, key: str, parts: Iterable[bytes], options: dict[str, Any]) -> str:
        with _as_ours():
            begun = self._client.create_multipart_upload(**self._named(key), **options)
        named = {**self._named(key), "UploadId": begun.get("UploadId", "")}
        try:
            sent = [self._send_part(named, n, part) for n, part in enumerate(parts, start=1)]
            with _as_ours():
                answer = self._client.complete_multipart_upload(MultipartUpload={"Parts": sent}, **named)
        except BaseException:
            self._abort(named)
            raise
        return str(answer.get("ETag", ""))

    def _send_part(self, named: dict[str, Any], number: int, part: bytes) -> dict[str, Any]:
        with _as_ours():
            answer = self._client.upload_part(PartNumber=number, Body=part, **named)
        return {"PartNumber": number, "ETag": answer.get("ETag", "")}

    def _abort(self, named: dict[str, Any]) -> None:
        """Let the store forget the parts, which cost money and which nobody sees."""
        try:
            with _as_ours():
                self._client.abort_multipart_upload(**named)
        except IntegrationError as error:
            log.warning("archive_parts_left", key=named["Key"], code=error.code)

    def _require(self, key: str, stored: Stored, etag: str) -> None:
        """Raise Unavailable unless what is under `key` is what was sent."""
        with _as_ours():
            head = self._client.head_object(**self._named(key))
            if (head.get("ContentLength"), head.get("ETag", "")) == (stored.size, etag):
                with contextlib.closing(self._client.get_object(**self._named(key))["Body"]) as body:
                    if hash_stream(body) == (stored.sha256, stored.size):
                        return
        raise Unavailable(_("The archive did not keep what we sent."), "archive_differs")

    def _named(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": key}


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """`pieces` in parts of PART bytes, the last of them shorter, none of them empty."""
    held, size = deque[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        while size >= PART:
            size -= PART
            yield _cut(held, PART)
    if size:
        yield _cut(held, size)


def _cut(held: deque[bytes], size: int) -> bytes:
    """The first `size` bytes of what is held, which are taken out of it."""
    taken = []
    while size:
        piece = held.popleft()
        if len(piece) > size:
            held.appendleft(piece[size:])
            piece = piece[:size]
        taken.append(piece)
        size -= len(piece)
    return b"".join(taken)


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Raise what boto3's errors mean to us. They may quote keys and addresses and are not chained."""
    try:
        yield
    except ClientError as error:
        raise _refusal(str(error.response.get("Error", {}).get("Code", "")), status_of(error) or 0) from None
    except ParamValidationError:
        raise Rejected(_("The request could not be written."), "request_invalid") from None
    except (ConnectTimeoutError, ReadTimeoutError, urllib3.exceptions.TimeoutError, TimeoutError):
        raise Unavailable(_("The system did not answer in time."), "timeout") from None
    except EndpointConnectionError:
        raise Unavailable(_("The system does not accept connections."), "connect_failed") from None
    except (BotoCoreError, urllib3.exceptions.HTTPError, OSError):
        raise Unavailable(_("The system broke the connection off."), "cut") from None


def _refusal(name: str, status: int) -> IntegrationError:
    """The error for S3's own `name` of one, or for the HTTP status where it gave no name."""
    if name in _ACCOUNT:
        code, detail = _ACCOUNT[name]
        return AccountRejected(_(detail), code)
    if status in (401, 403):
        return AccountRejected(_(_FORBIDDEN[1]), _FORBIDDEN[0])
    if status == 404 and name != "NoSuchUpload":
        return Unavailable(_("The archive did not keep what we sent."), "archive_missing")
    if status >= 500 or status < 400 or status in _NOT_DONE or name in _REPEAT:
        return Unavailable(_("The system asks to try later (HTTP %(status)s).") % {"status": status}, f"http_{status}")
    return Rejected(_("The system refused the request (HTTP %(status)s).") % {"status": status}, f"http_{status}")
