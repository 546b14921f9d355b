"""An S3 store with one bucket, "archive": path-style addresses, signatures that count, multipart, lies on demand."""

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox import blobs, bucket
from apps.integrations.sandbox.registry import Answer, Attachment, Card, Request, System, World
from apps.integrations.sandbox.signatures import signature_error
from apps.integrations.sandbox.store import Item

KEY = SECRET = "sandbox"
BUCKET = "archive"
SMALLEST_PART = 5 * 1024 * 1024  # bytes, of all but the last
_STATUS = {
    "AccessDenied": 403, "InvalidAccessKeyId": 403, "SignatureDoesNotMatch": 403, "RequestTimeTooSkewed": 403,
    "NoSuchBucket": 404, "NoSuchKey": 404, "NoSuchUpload": 404, "MethodNotAllowed": 405, "PreconditionFailed": 412,
    "InvalidRange": 416, "NotImplemented": 501, "SlowDown": 503,
}  # fmt: skip
_XML = "application/xml; charset=utf-8"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_KEPT = ("content-type", "content-disposition", "cache-control", "content-encoding", "content-language")
_LIES = ("hollow", "half", "etag")


def _operation(request: Request) -> str:
    """What S3 calls the operation that `request` asks for; "" if there is none."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if not _place(request)[1]:
        return {"GET": "ListObjectsV2", "HEAD": "HeadBucket"}.get(request.method, "")
    if "uploadId" in query:
        names = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return names.get(request.method, "")
    if request.method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else ""
    names = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
    return names.get(request.method, "")


s3 = System(
    "s3",
    order=50,
    title=gettext_lazy("Archive"),
    empty=gettext_lazy("No archives yet. What the product stores appears here."),
    address=lambda host, world: f"http://{host}/s3/{BUCKET}",
    label=_operation,
    refusals={
        "AccessDenied": gettext_lazy("No right to do this"),
        "NoSuchBucket": gettext_lazy("No such bucket"),
        "SlowDown": gettext_lazy("Slow down"),
        "hollow": gettext_lazy("Says yes and keeps nothing"),
        "half": gettext_lazy("Says yes and keeps half"),
        "etag": gettext_lazy("Names a wrong checksum"),
    },
)


@s3.tree("/_kept/", "GET")
def download(request: Request, world: World) -> Answer:
    """The page's own link to a held object; the server listens on this machine only."""
    found = [item for item in bucket.objects(world) if request.path == f"/_kept/{item.id}"]
    if not found:
        return _error("NoSuchKey")
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Disposition": found[0].data["headers"].get("content-disposition", "attachment"),
    }
    return Answer(200, blobs.content(world, found[0]), "application/octet-stream", headers)


@s3.tree("/", "GET", "HEAD", "PUT", "POST", "DELETE")
def handle(request: Request, world: World) -> Answer:
    return _answer(request, world)


@s3.deceit
def deceive(code: str, request: Request, world: World) -> Answer:
    return _answer(request, world, code) if code in _LIES else _error(code)


@s3.card
def card(item: Item) -> Card:
    if item.kind != "object":
        return Card(id=item.id, at=item.at, title=item.data["key"], text=_("Unfinished upload"))
    key = str(item.data["key"])
    file = Attachment(key.rpartition("/")[2], item.data["size"], f"/s3/_kept/{item.id}")
    return Card(id=item.id, at=item.at, title=key, text="", attachments=(file,))


def _answer(request: Request, world: World, lie: str = "") -> Answer:
    now = datetime.now(UTC)
    if error := signature_error(request, top="/s3", key=KEY, secret=SECRET, now=now):
        return _error(error)
    operation, (place, key) = _operation(request), _place(request)
    if not operation:
        return _error("MethodNotAllowed")
    if place != BUCKET:
        return _error("NoSuchBucket")
    with world.store.exclusive():
        return _OPERATIONS[operation](request, world, key, lie)


def _put(request: Request, world: World, key: str, lie: str) -> Answer:
    if bucket.object_at(world, key) and request.headers.get("If-None-Match") == "*":
        return _error("PreconditionFailed")
    if error := _md5_error(request):
        return error
    etag = bucket.md5(request.body)
    bucket.keep(world, key, request.body, etag, _kept_headers(request), lie)
    return Answer(200, headers={"ETag": _shown(etag, lie)})


def _create(request: Request, world: World, key: str, lie: str) -> Answer:
    upload = uuid.uuid4().hex
    world.store.add("s3", "upload", {"key": key, "upload": upload, "headers": _kept_headers(request)})
    return _xml("InitiateMultipartUploadResult", Bucket=BUCKET, Key=key, UploadId=upload)


def _part(request: Request, world: World, key: str, lie: str) -> Answer:
    query = dict(parse_qsl(request.query))
    if bucket.upload_at(world, key, query["uploadId"]) is None:
        return _error("NoSuchUpload")
    number = query.get("partNumber", "")
    if not re.fullmatch(r"[1-9][0-9]{0,4}", number):
        return _error("InvalidArgument")
    if error := _md5_error(request):
        return error
    for old in bucket.parts_of(world, query["uploadId"]):
        if old.data["number"] == int(number):
            blobs.remove(world, old)
    etag = bucket.md5(request.body)
    data = {"key": key, "upload": query["uploadId"], "number": int(number), "etag": etag}
    blobs.add(world, "s3", "part", data, request.body)
    return Answer(200, headers={"ETag": _shown(etag, lie)})


def _complete(request: Request, world: World, key: str, lie: str) -> Answer:
    upload = bucket.upload_at(world, key, dict(parse_qsl(request.query))["uploadId"])
    if upload is None:
        return _error("NoSuchUpload")
    held = {item.data["number"]: item for item in bucket.parts_of(world, upload.data["upload"])}
    parts = _chosen_parts(request, held)
    if isinstance(parts, str):
        return _error(parts)
    content = b"".join(blobs.content(world, part) for part in parts)
    etag = f"{bucket.md5(b''.join(bytes.fromhex(part.data['etag']) for part in parts))}-{len(parts)}"
    bucket.drop_upload(world, upload)
    bucket.keep(world, key, content, etag, upload.data["headers"], lie)
    return _xml("CompleteMultipartUploadResult", Bucket=BUCKET, Key=key, ETag=_shown(etag, lie))


def _chosen_parts(request: Request, held: Mapping[int, Item]) -> list[Item] | str:
    """The parts that the request names, in its order, or the code of what is wrong with them."""
    try:
        tree = ET.fromstring(request.body)
    except ET.ParseError:
        return "MalformedXML"
    chosen = []
    for one in tree.iterfind("{*}Part"):
        item = held.get(int(one.findtext("{*}PartNumber") or 0))
        if item is None or (one.findtext("{*}ETag") or "").strip('"') != item.data["etag"]:
            return "InvalidPart"
        chosen.append(item)
    numbers = [item.data["number"] for item in chosen]
    if not chosen or numbers != sorted(set(numbers)):
        return "InvalidPartOrder"
    return "EntityTooSmall" if any(item.data["size"] < SMALLEST_PART for item in chosen[:-1]) else chosen


def _abort(request: Request, world: World, key: str, lie: str) -> Answer:
    upload = bucket.upload_at(world, key, dict(parse_qsl(request.query))["uploadId"])
    if upload is None:
        return _error("NoSuchUpload")
    bucket.drop_upload(world, upload)
    return Answer(204)


def _get(request: Request, world: World, key: str, lie: str) -> Answer:
    item = bucket.object_at(world, key)
    if item is None:
        return _error("NoSuchKey")
    asked = dict(parse_qsl(request.query))
    headers = {
        **item.data["headers"],
        "ETag": f'"{item.data["etag"]}"',
        "Last-Modified": format_datetime(item.at.astimezone(UTC), usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if "response-content-disposition" in asked:
        headers["content-disposition"] = asked["response-content-disposition"]
    stored = headers.pop("content-type", "binary/octet-stream")
    kind = asked.get("response-content-type", stored)
    content = blobs.content(world, item)
    span = re.fullmatch(r"bytes=([0-9]+)-([0-9]*)", request.headers.get("Range", ""))
    if span is None:
        return Answer(200, content, kind, headers)
    first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
    if first > last:
        return _error("InvalidRange")
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Answer(206, content[first : last + 1], kind, headers)


def _delete(request: Request, world: World, key: str, lie: str) -> Answer:
    if item := bucket.object_at(world, key):
        blobs.remove(world, item)
    return Answer(204)


def _list(request: Request, world: World, key: str, lie: str) -> Answer:
    prefix = dict(parse_qsl(request.query)).get("prefix", "")
    held = (item for item in bucket.objects(world) if item.data["key"].startswith(prefix))
    found = sorted(held, key=lambda item: str(item.data["key"]))
    rows = "".join(
        f"<Contents><Key>{escape(i.data['key'])}</Key><LastModified>{i.at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<ETag>&quot;{i.data['etag']}&quot;</ETag><Size>{i.data['size']}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for i in found
    )
    head = f"<Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount>"
    body = f"{head}<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{rows}"
    return Answer(200, f'<ListBucketResult xmlns="{_NAMESPACE}">{body}</ListBucketResult>'.encode(), _XML)


def _head_bucket(request: Request, world: World, key: str, lie: str) -> Answer:
    return Answer(200)


_OPERATIONS: dict[str, Callable[[Request, World, str, str], Answer]] = {
    "PutObject": _put,
    "CreateMultipartUpload": _create,
    "UploadPart": _part,
    "CompleteMultipartUpload": _complete,
    "AbortMultipartUpload": _abort,
    "GetObject": _get,
    "HeadObject": _get,
    "DeleteObject": _delete,
    "ListObjectsV2": _list,
    "HeadBucket": _head_bucket,
}


def _kept_headers(request: Request) -> dict[str, str]:
    """What S3 gives back with the object as it was sent."""
    named = {name.lower(): value for name, value in request.headers.items()}
    return {name: value for name, value in named.items() if name in _KEPT or name.startswith("x-amz-meta-")}


def _place(request: Request) -> tuple[str, str]:
    """The names of the bucket and of the object in it, each "" if there is none."""
    name, _slash, key = request.path.lstrip("/").partition("/")
    return name, key


def _md5_error(request: Request) -> Answer | None:
    sent = request.headers.get("Content-MD5")
    true = base64.b64encode(bytes.fromhex(bucket.md5(request.body))).decode()
    return _error("BadDigest") if sent not in (None, true) else None


def _shown(etag: str, lie: str) -> str:
    return f'"{bucket.md5(etag.encode()) if lie == "etag" else etag}"'


def _xml(name: str, **fields: Any) -> Answer:
    inner = "".join(f"<{field}>{escape(value)}</{field}>" for field, value in fields.items())
    return Answer(200, f'<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'.encode(), _XML)


def _error(code: str) -> Answer:
    shown = "AccessDenied" if code == "ExpiredToken" else code
    message = "Request has expired" if code == "ExpiredToken" else quote(code)
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{shown}</Code><Message>{message}</Message></Error>'
    return Answer(_STATUS.get(shown, 400), body.encode(), _XML)
