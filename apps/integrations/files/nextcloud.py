"""Nextcloud over WebDAV. Every call may be repeated: files go to a temporary name of their own and are then moved."""

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Self
from urllib.parse import quote
from xml.etree import ElementTree as ET

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.files.names import clean_name
from apps.core.files.storage import CHUNK
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.health import Health
from apps.integrations.http import Answer, HttpClient, Upload, in_our_network

SLOWEST = 1024 * 1024  # bytes a second that an upload must reach
_FILES = "/remote.php/dav/files"
ANSWER_S = 60.0  # for what the server does with a file after its last byte
PROBE = "connection-check.txt"
_ACCOUNT = {
    401: ("share_login_refused", gettext_noop("The file share refused the login or app password.")),
    403: ("share_forbidden", gettext_noop("The file share does not let us write to this folder.")),
    507: ("share_full", gettext_noop("The file share has no room left. Free some, or raise the quota.")),
}
_LATER = {
    404: ("share_gone", gettext_noop("What we had just put into the file share is not there.")),
    409: ("share_folder_missing", gettext_noop("A folder in the file share has disappeared.")),
    412: ("share_changed", gettext_noop("The file share changed meanwhile.")),
    423: ("share_locked", gettext_noop("The file is locked in the file share.")),
}
_NO_USER = gettext_noop(
    "The file share knows no files of this user. Name the user id, which may differ from the login."
)
_QUESTION = (
    b'<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
    b"<d:getcontentlength/><oc:checksums/></d:prop></d:propfind>"
)
_LENGTH = ".//{DAV:}propstat/{DAV:}prop/{DAV:}getcontentlength"
_CHECKSUM = ".//{http://owncloud.org/ns}checksum"


@dataclass(frozen=True)
class _File:
    """A file's size in bytes and its checksums (hex) by their WebDAV names, as far as they are known."""

    size: int
    sums: Mapping[str, str]

    def is_like(self, other: "_File") -> bool:
        return self.size == other.size and all(
            self.sums[name] == other.sums[name] for name in self.sums.keys() & other.sums.keys()
        )


class Nextcloud:
    """The files of `user` at `url`, below `folder`; `allow_private` for the sandbox, which runs on our own machine."""

    def __init__(
        self, *, url: str, user: str, password: str, folder: str = "", allow_private: bool = False, read: float = 30.0
    ) -> None:
        self._http = HttpClient(
            name="nextcloud", base_url=url, allow_private=allow_private, read=read, deadline=2 * read
        )
        self._auth = (user, password)
        self._folder = [share_name(part) for part in folder.split("/") if part.strip()]

    @classmethod
    def from_settings(cls) -> Self:
        if not (settings.NEXTCLOUD_URL and settings.NEXTCLOUD_USER and settings.NEXTCLOUD_PASSWORD):
            raise ImproperlyConfigured(
                "The file share needs CLAIMDESK_NEXTCLOUD_URL, CLAIMDESK_NEXTCLOUD_USER and "
                "CLAIMDESK_NEXTCLOUD_PASSWORD (an app password)."
            )
        return cls(
            url=settings.NEXTCLOUD_URL,
            user=settings.NEXTCLOUD_USER,
            password=settings.NEXTCLOUD_PASSWORD,
            folder=settings.NEXTCLOUD_FOLDER,
            allow_private=in_our_network(settings.NEXTCLOUD_URL),
        )

    def put(self, *, folders: Sequence[str], name: str, size: int, read: Callable[[], IO[bytes]]) -> str:
        parts = [*self._folder, *(share_name(folder) for folder in folders), share_name(name)]
        file = _file(read, size)
        if not self._is_there(parts, file):
            # Not ".part": the share keeps that ending for itself and refuses it.
            own = hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]
            temporary = [*parts[:-1], f".upload-{own}.tmp"]
            self._send(temporary, file, read)
            self._require(temporary, file)
            self._move(temporary, parts)
            self._require(parts, file)
        return "/" + "/".join(parts)

    def url(self, path: str) -> str:
        """The folder that holds `path`, with it in sight; of a path that ends in a slash, that folder itself."""
        folder, _slash, name = path.rpartition("/")
        shown = f"?dir={quote(folder or '/', safe='/')}"
        return f"{self._http.base_url}/apps/files/{shown}" + (f"&scrollto={quote(name, safe='')}" if name else "")

    def check(self) -> Health:
        parts = [*self._folder, PROBE]

        def probe() -> IO[bytes]:
            return io.BytesIO(b"Written by Claimdesk to see whether it may. It can be deleted.")

        try:
            self._send(parts, _file(probe, len(probe().read())), probe)
            if self._call("GET", parts).content != probe().read():
                raise Unavailable(_("The file share gave back something else than we wrote."), "share_differs")
            self._call("DELETE", parts)
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        return Health(True, "ok", _("The file share takes and gives back files."))

    def _is_there(self, parts: Sequence[str], file: _File) -> bool:
        """Whether this very file is there, as far as the share tells. Raises Rejected if a folder stands there."""
        answer = self._call("PROPFIND", parts, data=_QUESTION, headers={"Depth": "0"}, expected=(404,))
        return answer.status != 404 and _described(answer).is_like(file)

    def _require(self, parts: Sequence[str], file: _File) -> None:
        if not self._is_there(parts, file):
            raise Unavailable(_("The file share did not keep the whole file."), "share_differs")

    def _send(self, parts: Sequence[str], file: _File, read: Callable[[], IO[bytes]]) -> None:
        if not self._sent(parts, file, read):
            self._make_folders(parts[:-1])
            if not self._sent(parts, file, read):
                raise _refusal(409)

    def _sent(self, parts: Sequence[str], file: _File, read: Callable[[], IO[bytes]]) -> bool:
        """False if a folder is missing and the server does not make it by itself."""
        headers = {
            "Content-Type": "application/octet-stream",
            "OC-Checksum": f"SHA256:{file.sums['SHA256']}",
            "X-NC-WebDAV-Auto-Mkcol": "1",
        }
        with read() as stream:
            body, deadline = Upload(stream, file.size), ANSWER_S + file.size / SLOWEST
            answer = self._call("PUT", parts, data=body, headers=headers, expected=(404, 409), deadline=deadline)
        return answer.status not in (404, 409)

    def _make_folders(self, folders: Sequence[str]) -> None:
        for n in range(1, len(folders) + 1):
            answer = self._call("MKCOL", folders[:n], expected=(404, 405, 409))  # 405: it is there
            if answer.status != 405 and answer.status >= 400:
                raise _refusal(answer.status) if n > 1 else AccountRejected(_(_NO_USER), "share_user_unknown")

    def _move(self, source: Sequence[str], target: Sequence[str]) -> None:
        there = "".join(f"/{quote(part, safe='')}" for part in (self._auth[0], *target))
        headers = {"Destination": f"{self._http.base_url}{_FILES}{there}", "Overwrite": "T"}
        self._call("MOVE", source, headers=headers)

    def _call(self, method: str, parts: Sequence[str], *, expected: Iterable[int] = (), **options: Any) -> Answer:
        """Call `method` on a path. Raises Unavailable or Rejected, AccountRejected where staff must act."""
        places = {"user": self._auth[0], **{f"p{n}": part for n, part in enumerate(parts)}}
        template = _FILES + "".join(f"/{{{place}}}" for place in places)
        wanted = set(expected)
        answer = self._http.call(
            method, template, args=places, auth=self._auth, safe=True,
            expected=wanted | set(_ACCOUNT) | set(_LATER), **options,
        )  # fmt: skip
        if answer.status >= 300 and answer.status not in wanted:
            raise _refusal(answer.status)
        return answer


def share_name(raw: str) -> str:
    """`raw` as the share takes it for one folder or file: at most 200 bytes, without slashes, colons and the like."""
    return clean_name(re.sub(r"[/\\]", "_", raw))


def _file(read: Callable[[], IO[bytes]], size: int) -> _File:
    """What `read` gives. Raises Rejected if that is not `size` bytes."""
    sha1, sha256, left = hashlib.sha1(usedforsecurity=False), hashlib.sha256(), size
    with read() as stream:
        while piece := stream.read(CHUNK):
            left -= len(piece)
            sha1.update(piece)
            sha256.update(piece)
    if left:
        raise Rejected(_("The file has not the size that was written down for it."), "upload_size")
    return _File(size, {"SHA1": sha1.hexdigest(), "SHA256": sha256.hexdigest()})


def _described(answer: Answer) -> _File:
    """The file that a PROPFIND's answer speaks of. Raises Unavailable if it is not readable, Rejected for a folder."""
    try:
        if b"<!" in answer.content:
            raise ValueError("no declarations, and with them no entities")
        tree = ET.fromstring(answer.content)
        length = tree.findtext(_LENGTH)
        size = int(length) if length else None
    except (ET.ParseError, ValueError):
        raise answer.unclear("answer_garbled") from None
    if tree.tag != "{DAV:}multistatus":
        raise answer.unclear("answer_garbled")
    if size is None:
        raise Rejected(_("In the file share a folder stands where the file has to go."), "share_name_taken")
    # Several checksums stand in one text: "SHA1:… MD5:…".
    pairs = [pair.partition(":") for pair in (tree.findtext(_CHECKSUM) or "").split()]
    return _File(size, {name.upper(): value.lower() for name, _colon, value in pairs})


def _refusal(status: int) -> IntegrationError:
    if status in _ACCOUNT:
        code, detail = _ACCOUNT[status]
        return AccountRejected(_(detail), code)
    if status in _LATER:
        code, detail = _LATER[status]
        return Unavailable(_(detail), code)
    return Rejected(_("The system refused the request (HTTP %(status)s).") % {"status": status}, f"http_{status}")
