"""The file share's client against the sandbox: whole or not at all, and safe to repeat."""

import hashlib
import io
from typing import Any
from urllib.parse import quote

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.files import get_share
from apps.integrations.files.nextcloud import Nextcloud, share_name
from apps.integrations.sandbox.process import Sandbox

SCAN = b"%PDF-1.7 boarding pass " * 100
FOLDERS = ("TR-2026/0138", "CLM-2026-05-04-0001")
PLACE = "/Claims/TR-2026_0138/CLM-2026-05-04-0001/Посадочный талон.pdf"


@pytest.fixture
def share(sandbox: Sandbox, settings) -> Nextcloud:
    settings.NEXTCLOUD_URL = f"{sandbox.url}/nextcloud"
    settings.NEXTCLOUD_USER = settings.NEXTCLOUD_PASSWORD = "sandbox"
    settings.NEXTCLOUD_FOLDER = "Claims"
    found = get_share()
    assert isinstance(found, Nextcloud)
    return found


def put(share: Nextcloud, content: bytes = SCAN, name: str = "Посадочный талон.pdf") -> str:
    return share.put(folders=FOLDERS, name=name, size=len(content), read=lambda: io.BytesIO(content))


def refusal(share: Nextcloud, **options: Any) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        put(share, **options)
    return caught.value


def held(sandbox: Sandbox) -> dict[str, bytes | None]:
    """The share's files with their content, its folders with None."""
    items = requests.get(f"{sandbox.url}/_held/nextcloud", timeout=5).json()["items"]
    return {"/" + item["path"]: download(sandbox, item) if item["kind"] == "file" else None for item in items}


def download(sandbox: Sandbox, item: dict[str, Any]) -> bytes:
    return requests.get(f"{sandbox.url}/nextcloud/_kept/{item['id']}", timeout=5).content


def files(sandbox: Sandbox) -> dict[str, bytes]:
    return {path: content for path, content in held(sandbox).items() if content is not None}


def fault(sandbox: Sandbox, **values: Any) -> None:
    answer = requests.post(f"{sandbox.url}/_faults/nextcloud", json=values, timeout=5)
    assert answer.status_code == 200, answer.text


def webdav(sandbox: Sandbox, method: str, path: str, **options: Any) -> int:
    url = f"{sandbox.url}/nextcloud/remote.php/dav/files/sandbox{path}"
    return requests.request(method, url, auth=("sandbox", "sandbox"), timeout=5, **options).status_code


# --- handing over


def test_a_file_stands_whole_in_its_folders_and_nothing_else_does(share, sandbox):
    assert put(share) == PLACE

    assert files(sandbox) == {PLACE: SCAN}


def test_an_empty_file_is_a_file(share, sandbox):
    put(share, b"")

    assert files(sandbox) == {PLACE: b""}


def test_a_repetition_changes_nothing(share, sandbox):
    put(share)
    before = requests.get(f"{sandbox.url}/_held/nextcloud", timeout=5).json()

    assert put(share) == PLACE

    assert requests.get(f"{sandbox.url}/_held/nextcloud", timeout=5).json() == before


def test_other_content_of_the_same_size_replaces_the_old(share, sandbox):
    put(share)

    put(share, SCAN.swapcase())

    assert files(sandbox) == {PLACE: SCAN.swapcase()}


@pytest.mark.parametrize(
    ("algorithm", "is_same", "stays"),
    [
        ("SHA1", True, True),
        ("SHA256", True, True),
        ("SHA1", False, False),
        ("sha256", False, False),
        ("MD5", False, True),
    ],
)
def test_a_file_that_somebody_else_put_there_is_judged_by_its_checksum(share, sandbox, algorithm, is_same, stays):
    put(share)
    path = quote(PLACE)
    sums = hashlib.new(algorithm, SCAN if is_same else b"other").hexdigest()
    webdav(sandbox, "PUT", path, data=SCAN.swapcase(), headers={"OC-Checksum": f"{algorithm}:{sums}"})

    put(share)

    assert files(sandbox) == {PLACE: SCAN.swapcase() if stays else SCAN}


def test_folders_are_made_where_the_server_does_not_make_them_itself(share, sandbox, monkeypatch):
    plain = share._http.call

    def without_header(*args: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
        kept = {name: value for name, value in (headers or {}).items() if "Mkcol" not in name}
        return plain(*args, headers=kept, **options)

    monkeypatch.setattr(share._http, "call", without_header)

    put(share)

    assert files(sandbox) == {PLACE: SCAN}


def test_a_folder_of_the_files_name_is_not_overwritten(share, sandbox):
    put(share)
    webdav(sandbox, "DELETE", quote(PLACE))
    webdav(sandbox, "MKCOL", quote(PLACE))

    error = refusal(share)

    assert (type(error), error.code) == (Rejected, "share_name_taken")
    assert held(sandbox)[PLACE] is None


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("TR/2026\\0138", "TR_2026_0138"),
        ("..", "file"),
        ('a:b*c?d"e<f>g|h', "a_b_c_d_e_f_g_h"),
        (" . report . ", "report"),
        ("\u202egpj.exe\x00", "gpj.exe"),
        ("ж" * 300 + ".pdf", "ж" * 98 + ".pdf"),
    ],
)
def test_names_that_a_share_takes(raw, clean):
    assert share_name(raw) == clean
    assert len(share_name(raw).encode()) <= 250


# --- what goes wrong


@pytest.mark.parametrize("method", ["PUT .upload", "MOVE", "PROPFIND"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["status", "cut"])
def test_whatever_breaks_off_can_be_repeated(share, sandbox, method, when, kind):
    fault(sandbox, kind=kind, when=when, match=method, times=3)

    assert type(refusal(share)) is Unavailable
    fault(sandbox)
    put(share)

    assert files(sandbox) == {PLACE: SCAN}


@pytest.mark.parametrize("lie", ["hollow", "half"])
@pytest.mark.parametrize("content", [SCAN, b"ab" * 400_000])
def test_a_share_that_lies_is_not_believed(share, sandbox, lie, content):
    fault(sandbox, kind="refuse", code=lie, match="PUT", times=1)

    error = refusal(share, content=content)

    assert (type(error), error.code) == (Unavailable, "share_differs")
    assert PLACE not in files(sandbox)


@pytest.mark.parametrize("match", ["PUT", "MOVE", "PROPFIND"])
@pytest.mark.parametrize(
    ("code", "expected", "ours"),
    [
        ("403", AccountRejected, "share_forbidden"),
        ("507", AccountRejected, "share_full"),
        ("423", Unavailable, "share_locked"),
        ("503", Unavailable, "http_503"),
    ],
)
def test_what_a_refusal_means(share, sandbox, match, code, expected, ours):
    fault(sandbox, kind="refuse", code=code, match=match)

    error = refusal(share)

    assert (type(error), error.code) == (expected, ours)


@pytest.mark.parametrize("content", [b"", b"<html>", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_an_unreadable_listing_is_no_listing(httpserver, content):
    httpserver.expect_request("/remote.php/dav/files/anna/a.pdf").respond_with_data(content, status=207)
    ours = Nextcloud(url=httpserver.url_for(""), user="anna", password="-", allow_private=True)

    with pytest.raises(Unavailable) as caught:
        ours.put(folders=(), name="a.pdf", size=1, read=lambda: io.BytesIO(b"a"))

    assert caught.value.code == "answer_garbled"


def test_a_source_of_another_size_is_not_sent_on(share, sandbox):
    with pytest.raises(Rejected) as caught:
        share.put(folders=FOLDERS, name="a.pdf", size=10, read=lambda: io.BytesIO(b"short"))

    assert caught.value.code == "upload_size"
    assert files(sandbox) == {}


# --- settings, links, health


def test_a_share_without_settings_says_which_are_missing(settings):
    settings.NEXTCLOUD_URL = ""

    with pytest.raises(ImproperlyConfigured, match="CLAIMDESK_NEXTCLOUD_URL"):
        get_share()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/Claims/a b/", "?dir=/Claims/a%20b"),
        ("/Claims/a b/скан&1.pdf", "?dir=/Claims/a%20b&scrollto=%D1%81%D0%BA%D0%B0%D0%BD%261.pdf"),
        ("/a.pdf", "?dir=/&scrollto=a.pdf"),
        ("/", "?dir=/"),
    ],
)
def test_people_are_led_to_the_folder(share, sandbox, path, query):
    assert share.url(path) == f"{sandbox.url}/nextcloud/apps/files/{query}"
    assert requests.get(share.url(path), timeout=5).status_code == 200


def test_a_working_share_is_healthy_and_keeps_no_probe(share, sandbox):
    health = share.check()

    assert (health.ok, health.code) == (True, "ok")
    assert files(sandbox) == {}


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("NEXTCLOUD_PASSWORD", "wrong", "share_login_refused"),
        ("NEXTCLOUD_URL", "http://127.0.0.1:9", "address_refused"),
    ],
)
def test_a_share_that_refuses_us_is_ill_for_a_reason(share, settings, setting, value, code):
    setattr(settings, setting, value)

    health = get_share().check()

    assert (health.ok, health.code) == (False, code)
    assert health.detail


def test_a_login_that_is_no_user_id_is_told_from_a_missing_folder(httpserver):
    httpserver.expect_request("/remote.php/dav/files/anna@example.com/x/connection-check.txt").respond_with_data(
        "", status=404
    )
    httpserver.expect_request("/remote.php/dav/files/anna@example.com/x").respond_with_data("", status=409)
    ours = Nextcloud(url=httpserver.url_for(""), user="anna@example.com", password="-", folder="x", allow_private=True)

    assert ours.check().code == "share_user_unknown"
