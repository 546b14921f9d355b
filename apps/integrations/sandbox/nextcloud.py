"""Nextcloud's WebDAV as clients know it: nothing is made beside what was asked for, and checksums are only kept."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC
from email.utils import format_datetime
from functools import wraps
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox import blobs
from apps.integrations.sandbox.registry import Answer, Attachment, Card, Request, System, World
from apps.integrations.sandbox.store import Item

USER = PASSWORD = "sandbox"
ROOT = "/remote.php/dav/files/"
FORBIDDEN_ENDS = (".part", ".filepart")  # kept for the server's own unfinished uploads
FORBIDDEN = frozenset('\\:*?"<>|')
MAX_NAME = 250  # bytes
_DEEDS = ("PUT", "MKCOL", "MOVE", "DELETE", "PROPFIND", "GET", "HEAD", "OPTIONS")
_STATUSES = {"423": 423, "507": 507, "403": 403, "503": 503}

nextcloud = System(
    "nextcloud",
    order=40,
    title=gettext_lazy("File share"),
    empty=gettext_lazy("No files yet. What the product hands over appears here."),
    address=lambda host, world: f"http://{host}/nextcloud{ROOT}{USER}/",
    label=lambda request: f"{request.method} {request.path.rpartition('/')[2]}",
    refusals={
        "403": gettext_lazy("No right to write"),
        "423": gettext_lazy("File locked"),
        "503": gettext_lazy("Under maintenance"),
        "507": gettext_lazy("No room left"),
        "hollow": gettext_lazy("Says yes and keeps nothing"),
        "half": gettext_lazy("Says yes and keeps half"),
    },
)
Deed = Callable[[Request, World, str], Answer]


def _signed_in(deed: Deed) -> Callable[[Request, World], Answer]:
    """`deed` for the one user, given the path below their files without slashes at its ends."""

    @wraps(deed)
    def handler(request: Request, world: World) -> Answer:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return _error(401, "NotAuthenticated", {"WWW-Authenticate": 'Basic realm="Nextcloud", charset="UTF-8"'})
        user, _slash, path = request.path.removeprefix(ROOT).partition("/")
        if user != USER:
            return _error(404, "NotFound")
        path = path.strip("/")
        if request.method in ("PUT", "MKCOL") and not _is_allowed(path):
            return _error(400, "InvalidPath")
        with world.store.exclusive():
            return deed(request, world, path)

    return handler


@nextcloud.tree(ROOT, "PUT")
@_signed_in
def put(request: Request, world: World, path: str) -> Answer:
    return _put(request, world, path, request.body)


@nextcloud.tree(ROOT, "MKCOL")
@_signed_in
def make_folder(request: Request, world: World, path: str) -> Answer:
    if not path or _at(world, path):
        return _error(405, "MethodNotAllowed")
    if not _is_folder(world, _parent(path)):
        return _error(409, "Conflict")
    world.store.add("nextcloud", "folder", {"path": path})
    return Answer(201)


@nextcloud.tree(ROOT, "MOVE")
@_signed_in
def move(request: Request, world: World, path: str) -> Answer:
    start = f"/nextcloud{ROOT}{USER}/"
    there = unquote(urlsplit(request.headers.get("Destination", "")).path)
    target = there.removeprefix(start).strip("/")
    found, taken = _at(world, path), _at(world, target)
    if not there.startswith(start) or not _is_allowed(target):
        return _error(400, "BadRequest")
    if found is None:
        return _error(404, "NotFound")
    if not _is_folder(world, _parent(target)):
        return _error(409, "Conflict")
    if taken and request.headers.get("Overwrite", "T") == "F":
        return _error(412, "PreconditionFailed")
    if taken and taken.id != found.id:
        _remove_tree(world, target)
    for item in reversed(_tree(world, path)):
        world.store.remove(item.id)
        world.store.add("nextcloud", item.kind, {**item.data, "path": target + item.data["path"][len(path) :]})
    return Answer(204 if taken else 201)


@nextcloud.tree(ROOT, "DELETE")
@_signed_in
def delete(request: Request, world: World, path: str) -> Answer:
    if not path or not _at(world, path):
        return _error(404, "NotFound")
    _remove_tree(world, path)
    return Answer(204)


@nextcloud.tree(ROOT, "PROPFIND")
@_signed_in
def look(request: Request, world: World, path: str) -> Answer:
    if not _is_folder(world, path) and not _at(world, path):
        return _error(404, "NotFound")
    if request.headers.get("Depth") not in ("0", "1"):
        return _error(403, "Forbidden")
    below = [item for item in _files(world) if _parent(item.data["path"]) == path and item.data["path"]]
    shown = _described(path, _at(world, path))
    if request.headers["Depth"] == "1" and _is_folder(world, path):
        shown += "".join(_described(item.data["path"], item) for item in below)
    names = 'xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"'
    body = f'<?xml version="1.0"?><d:multistatus {names}>{shown}</d:multistatus>'
    return Answer(207, body.encode(), "application/xml; charset=utf-8", {"DAV": "1, 3, extended-mkcol"})


@nextcloud.tree(ROOT, "GET", "HEAD")
@_signed_in
def get(request: Request, world: World, path: str) -> Answer:
    item = _at(world, path)
    if item is None or item.kind != "file":
        return _error(404, "NotFound")
    headers = {"ETag": f'"{item.data["etag"]}"', "OC-Checksum": item.data["checksum"]}
    return Answer(200, blobs.content(world, item), "application/octet-stream", headers)


@nextcloud.tree(ROOT, "OPTIONS")
@_signed_in
def options(request: Request, world: World, path: str) -> Answer:
    return Answer(200, headers={"DAV": "1, 3, extended-mkcol", "Allow": ", ".join(_DEEDS)})


@nextcloud.route("/apps/files/", "GET")
def page(request: Request, world: World) -> Answer:
    """Where people look into a folder; here its names, one on a line."""
    folder = request.form().get("dir", "").strip("/")
    paths = sorted(item.data["path"] for item in _files(world))
    return Answer.text("\n".join(path for path in paths if path.startswith(f"{folder}/" if folder else "")))


@nextcloud.tree("/_kept/", "GET")
def download(request: Request, world: World) -> Answer:
    """The page's own link to a held file; the server listens on this machine only."""
    found = [item for item in _files(world) if request.path == f"/_kept/{item.id}" and item.kind == "file"]
    if not found:
        return _error(404, "NotFound")
    name = quote(found[0].data["path"].rpartition("/")[2], safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Answer(200, blobs.content(world, found[0]), "application/octet-stream", headers)


@nextcloud.deceit
def deceive(code: str, request: Request, world: World) -> Answer:
    if code in _STATUSES:
        return _error(_STATUSES[code], "SandboxRefuses")
    handler = nextcloud.handler_for(request.method, request.path)
    if request.method != "PUT":
        return handler(request, world) if handler else _error(404, "NotFound")
    if code == "hollow":
        return Answer(201, headers={"OC-ETag": '"0"'})
    half = request.body[: len(request.body) // 2]
    return _signed_in(lambda request, world, path: _put(request, world, path, half))(request, world)


@nextcloud.card
def card(item: Item) -> Card:
    folder, _slash, name = item.data["path"].rpartition("/")
    place = ((_("Folder"), f"/{folder}"),)
    if item.kind == "folder":
        return Card(id=item.id, at=item.at, title=f"{name}/", text="", fields=place)
    file = Attachment(name, item.data["size"], f"/nextcloud/_kept/{item.id}")
    return Card(id=item.id, at=item.at, title=name, text="", fields=place, attachments=(file,))


def _put(request: Request, world: World, path: str, content: bytes) -> Answer:
    """Keep `content`; the checksum is believed as it was sent."""
    old = _at(world, path)
    if old and request.headers.get("If-None-Match") == "*":
        return _error(412, "PreconditionFailed")
    if old and old.kind == "folder":
        return _error(409, "Conflict")
    if not _is_folder(world, _parent(path)):
        if request.headers.get("X-NC-WebDAV-Auto-Mkcol") != "1":
            return _error(409, "Conflict")
        _make_parents(world, path)
    if old:
        blobs.remove(world, old)
    etag = hashlib.sha256(content).hexdigest()[:32]
    data = {"path": path, "etag": etag, "checksum": request.headers.get("OC-Checksum", "")}
    id_ = blobs.add(world, "nextcloud", "file", data, content)
    headers = {"OC-FileId": f"{id_:08}sandbox", "OC-ETag": f'"{etag}"', "ETag": f'"{etag}"'}
    return Answer(204 if old else 201, headers=headers)


def _make_parents(world: World, path: str) -> None:
    parts = path.split("/")[:-1]
    for n in range(1, len(parts) + 1):
        if not _at(world, "/".join(parts[:n])):
            world.store.add("nextcloud", "folder", {"path": "/".join(parts[:n])})


def _files(world: World) -> list[Item]:
    return world.store.items("nextcloud")


def _at(world: World, path: str) -> Item | None:
    return next((item for item in _files(world) if item.data["path"] == path), None)


def _is_folder(world: World, path: str) -> bool:
    found = _at(world, path)
    return not path or (found is not None and found.kind == "folder")


def _tree(world: World, path: str) -> list[Item]:
    return [item for item in _files(world) if f"{item.data['path']}/".startswith(f"{path}/")]


def _remove_tree(world: World, path: str) -> None:
    for item in _tree(world, path):
        blobs.remove(world, item)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _is_allowed(path: str) -> bool:
    return bool(path) and all(
        0 < len(part.encode(errors="replace")) <= MAX_NAME
        and part == part.strip(" ")
        and part not in (".", "..", ".htaccess")
        and not part.lower().endswith(FORBIDDEN_ENDS)
        and not FORBIDDEN & set(part)
        and part.isprintable()
        for part in path.split("/")
    )


def _described(path: str, item: Item | None) -> str:
    """One answer of a multistatus; `item` is None for the top folder."""
    href = escape(quote(f"/nextcloud{ROOT}{USER}/{path}"))
    if item is None or item.kind == "folder":
        return _response(href if href.endswith("/") else f"{href}/", "<d:resourcetype><d:collection/></d:resourcetype>")
    checksum = item.data["checksum"]
    kept = f"<oc:checksums><oc:checksum>{escape(checksum)}</oc:checksum></oc:checksums>" if checksum else ""
    changed = format_datetime(item.at.astimezone(UTC), usegmt=True)
    return _response(
        href,
        f"<d:resourcetype/><d:getcontentlength>{item.data['size']}</d:getcontentlength>"
        f'<oc:size>{item.data["size"]}</oc:size><d:getetag>"{item.data["etag"]}"</d:getetag>'
        f"<d:getlastmodified>{changed}</d:getlastmodified><oc:fileid>{item.id}</oc:fileid>{kept}",
    )


def _response(href: str, props: str) -> str:
    stat = f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{stat}</d:response>"


def _error(status: int, name: str, headers: dict[str, str] | None = None) -> Answer:
    body = (
        '<?xml version="1.0" encoding="utf-8"?><d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns">'
        f"<s:exception>Sabre\\DAV\\Exception\\{name}</s:exception><s:message>{name}</s:message></d:error>"
    )
    return Answer(status, body.encode(), "application/xml; charset=utf-8", headers or {})
