"""The sandbox's file share keeps to what Nextcloud's WebDAV does."""

import socket
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from apps.integrations.sandbox.process import Sandbox

TOP = "/nextcloud/remote.php/dav/files/sandbox"
Dav = Callable[..., requests.Response]


@pytest.fixture
def dav(sandbox: Sandbox) -> Dav:
    def call(method: str, path: str, *, to: str = "", headers: dict[str, str] | None = None, **options: Any) -> Any:
        named = {**({"Destination": f"{sandbox.url}{TOP}{to}"} if to else {}), **(headers or {})}
        options = {"auth": ("sandbox", "sandbox"), "timeout": 5, **options}
        return requests.request(method, f"{sandbox.url}{TOP}{path}", headers=named, **options)

    return call


def listed(answer: requests.Response) -> dict[str, str | None]:
    """Size in bytes by name, None for a folder."""
    found = {}
    for one in ET.fromstring(answer.content):
        href = (one.findtext("{DAV:}href") or "").removeprefix(TOP)
        found[href] = one.findtext(".//{DAV:}getcontentlength")
    return found


@pytest.mark.parametrize("auth", [None, ("sandbox", "wrong"), ("anna", "sandbox")])
@pytest.mark.parametrize("method", ["OPTIONS", "PROPFIND", "PUT", "GET", "MKCOL", "MOVE", "DELETE"])
def test_nobody_else_is_let_in(dav, method, auth):
    answer = dav(method, "/a.txt", auth=auth)

    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_file_is_made_replaced_read_and_removed(dav):
    statuses = [
        dav("PUT", "/a.txt", data=b"one").status_code,
        dav("PUT", "/a.txt", data=b"two").status_code,
        dav("PUT", "/a.txt", data=b"three", headers={"If-None-Match": "*"}).status_code,
    ]

    assert statuses == [201, 204, 412]
    assert dav("GET", "/a.txt").content == b"two"
    assert dav("HEAD", "/a.txt").headers["Content-Length"] == "3"
    assert dav("DELETE", "/a.txt").status_code == 204
    assert dav("GET", "/a.txt").status_code == dav("DELETE", "/a.txt").status_code == 404


def test_a_folder_needs_its_parent_and_is_made_once(dav):
    statuses = [dav("MKCOL", path).status_code for path in ("/a/b", "/a", "/a", "/a/b")]

    assert statuses == [409, 201, 405, 201]


def test_a_file_needs_its_folder_unless_it_asks_for_it(dav):
    refused = dav("PUT", "/a/b/c.txt", data=b"x")
    made = dav("PUT", "/a/b/c.txt", data=b"x", headers={"X-NC-WebDAV-Auto-Mkcol": "1"})

    assert (refused.status_code, made.status_code) == (409, 201)
    assert listed(dav("PROPFIND", "/a", headers={"Depth": "1"})) == {"/a/": None, "/a/b/": None}


@pytest.mark.parametrize(
    ("to", "overwrite", "status", "left"),
    [
        ("/new.txt", "F", 201, {"/": None, "/new.txt": "3", "/old.txt": "5"}),
        ("/old.txt", "T", 204, {"/": None, "/old.txt": "3"}),
        ("/old.txt", "F", 412, {"/": None, "/old.txt": "5", "/it.txt": "3"}),
        ("/none/new.txt", "T", 409, {"/": None, "/old.txt": "5", "/it.txt": "3"}),
        ("/new.part", "T", 400, {"/": None, "/old.txt": "5", "/it.txt": "3"}),
    ],
)
def test_a_file_is_moved(dav, to, overwrite, status, left):
    dav("PUT", "/it.txt", data=b"new")
    dav("PUT", "/old.txt", data=b"older")

    answer = dav("MOVE", "/it.txt", to=to, headers={"Overwrite": overwrite})

    assert answer.status_code == status
    assert listed(dav("PROPFIND", "/", headers={"Depth": "1"})) == left


def test_a_move_needs_a_whole_address(dav):
    dav("PUT", "/a.txt", data=b"x")

    assert dav("MOVE", "/a.txt", headers={"Destination": "/b.txt"}).status_code == 400
    assert dav("MOVE", "/none.txt", to="/b.txt").status_code == 404


def test_a_folder_moves_and_goes_with_all_that_is_in_it(dav):
    dav("PUT", "/a/b/c.txt", data=b"x", headers={"X-NC-WebDAV-Auto-Mkcol": "1"})
    dav("PUT", "/ab.txt", data=b"y")

    moved = dav("MOVE", "/a", to="/z")

    assert moved.status_code == 201
    assert dav("GET", "/z/b/c.txt").content == b"x"
    assert dav("DELETE", "/z").status_code == 204
    assert dav("GET", "/z/b/c.txt").status_code == 404
    assert dav("GET", "/ab.txt").content == b"y"


def test_a_checksum_is_kept_and_not_verified(dav):
    dav("PUT", "/a.txt", data=b"x", headers={"OC-Checksum": "SHA1:abc"})

    tree = ET.fromstring(dav("PROPFIND", "/a.txt", headers={"Depth": "0"}).content)

    assert tree.findtext(".//{http://owncloud.org/ns}checksum") == "SHA1:abc"
    assert tree.findtext(".//{http://owncloud.org/ns}size") == "1"


@pytest.mark.parametrize("name", ["a.part", "a.FILEPART", "a:b", "a%00b", "a%20", "..", "ж" * 126])
def test_names_that_it_does_not_take(dav, name):
    path = "/" + name.replace("..", "%2e%2e/x")

    assert dav("PUT", path, data=b"x").status_code == 400


def test_names_beyond_ascii_come_back_as_they_were(dav):
    dav("PUT", "/Посадочный%20талон.pdf", data=b"x")

    assert dav("GET", "/Посадочный талон.pdf").content == b"x"


@pytest.mark.parametrize("length", ["40", "41"])
def test_half_a_body_is_no_file(sandbox, dav, length):
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        head = f"PUT {TOP}/a.txt HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Basic c2FuZGJveDpzYW5kYm94\r\n"
        line.sendall(f"{head}Content-Length: {length}\r\n\r\n{'x' * 40}".encode())
        line.shutdown(socket.SHUT_WR)
        line.recv(1000)

    assert dav("GET", "/a.txt").status_code == (200 if length == "40" else 404)


def test_the_page_shows_what_is_held_with_its_content(sandbox, dav):
    dav("PUT", "/Claims/скан.pdf", data=b"%PDF", headers={"X-NC-WebDAV-Auto-Mkcol": "1"})

    page = requests.get(f"{sandbox.url}/?lang=en", timeout=5).text
    (file,) = (i for i in requests.get(f"{sandbox.url}/_held/nextcloud", timeout=5).json()["items"] if "size" in i)

    assert "скан.pdf" in page
    assert f"/nextcloud/_kept/{file['id']}" in page
    answer = requests.get(f"{sandbox.url}/nextcloud/_kept/{file['id']}", timeout=5)
    assert (answer.content, answer.headers["Content-Type"]) == (b"%PDF", "application/octet-stream")


def test_forgetting_takes_the_contents_from_the_disk(sandbox, dav):
    dav("PUT", "/a.txt", data=b"x")
    kept = sandbox.world.store.folder / "nextcloud"
    assert len(list(kept.iterdir())) == 1

    requests.post(f"{sandbox.url}/_clear", json={"system": "nextcloud"}, timeout=5)

    assert not kept.exists()
    assert dav("GET", "/a.txt").status_code == 404
