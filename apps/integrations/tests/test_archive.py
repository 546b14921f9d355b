"""The archive's client against the sandbox's S3: streamed, signed, and never believed unread."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from apps.integrations.archive import Stored, get_archive
from apps.integrations.archive.s3 import PART, S3Archive
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.sandbox.process import Sandbox

KEY = "claims/5f0c/CLM-2026-05-04-0001.zip"
SMALL = b"PK\x05\x06" + bytes(18)
LARGE = bytes(range(256)) * 36_000  # 9 MB: two parts
EXACT = b"\x01" * PART
NAME = "Дело 0138.zip"


@pytest.fixture
def archive(sandbox: Sandbox, settings) -> S3Archive:
    settings.ARCHIVE_S3 = {
        "endpoint_url": f"{sandbox.url}/s3",
        "bucket": "archive",
        "access_key": "sandbox",
        "secret_key": "sandbox",
        "region": "us-east-1",
    }
    found = get_archive()
    assert isinstance(found, S3Archive)
    return found


def pieces(content: bytes, size: int = 256 * 1024) -> Iterator[bytes]:
    return (content[n : n + size] for n in range(0, len(content), size))


def put(archive: S3Archive, content: bytes = SMALL) -> Stored:
    return archive.put(KEY, pieces(content), content_type="application/zip", file_name=NAME)


def refusal(archive: S3Archive, content: bytes = SMALL) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        put(archive, content)
    return caught.value


def held(sandbox: Sandbox) -> list[tuple[str, str]]:
    items = requests.get(f"{sandbox.url}/_held/s3", timeout=5).json()["items"]
    return [(item["kind"], item["key"]) for item in items]


def fault(sandbox: Sandbox, **values: Any) -> None:
    answer = requests.post(f"{sandbox.url}/_faults/s3", json=values, timeout=5)
    assert answer.status_code == 200, answer.text


# --- putting


@pytest.mark.parametrize("content", [b"", SMALL, EXACT, LARGE, LARGE * 2], ids=["none", "small", "8M", "9M", "18M"])
def test_what_was_put_is_there_and_nothing_beside_it(archive, sandbox, content):
    stored = put(archive, content)

    assert stored == Stored(hashlib.sha256(content).hexdigest(), len(content))
    assert requests.get(archive.link(KEY, seconds=60), timeout=10).content == content
    assert held(sandbox) == [("object", KEY)]


def test_a_repetition_replaces_the_object(archive, sandbox):
    put(archive, LARGE)

    put(archive, SMALL)

    assert requests.get(archive.link(KEY, seconds=60), timeout=5).content == SMALL
    assert held(sandbox) == [("object", KEY)]


def test_a_source_that_breaks_leaves_no_parts(archive, sandbox):
    def broken() -> Iterator[bytes]:
        yield LARGE
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        archive.put(KEY, broken(), content_type="application/zip", file_name=NAME)

    assert held(sandbox) == []


# --- a store that lies or fails


@pytest.mark.parametrize("lie", ["hollow", "half", "etag"])
@pytest.mark.parametrize(
    ("content", "operation"), [(SMALL, "PutObject"), (LARGE, "CompleteMultipartUpload")], ids=["small", "large"]
)
def test_a_store_that_lies_is_not_believed(archive, sandbox, lie, content, operation):
    fault(sandbox, kind="refuse", code=lie, match=operation)

    assert type(refusal(archive, content)) is Unavailable


def test_a_store_that_names_a_wrong_checksum_for_a_part_is_not_believed(archive, sandbox):
    fault(sandbox, kind="refuse", code="etag", match="UploadPart", times=1)

    assert type(refusal(archive, LARGE)) is Unavailable
    assert held(sandbox) == []


@pytest.mark.parametrize("status", [404, 500, 503])
@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_what_cannot_be_read_back_was_not_kept(archive, sandbox, operation, status):
    fault(sandbox, kind="status", status=status, match=operation)

    assert type(refusal(archive)) is Unavailable


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_a_cut_line_can_be_repeated_and_leaves_no_parts(archive, sandbox, operation, when):
    fault(sandbox, kind="cut", when=when, match=operation)

    assert type(refusal(archive, LARGE)) is Unavailable
    fault(sandbox)
    put(archive, LARGE)

    assert held(sandbox)[0] == ("object", KEY)
    assert "part" not in dict(held(sandbox))


@pytest.mark.parametrize(
    ("code", "expected", "ours"),
    [
        ("AccessDenied", AccountRejected, "archive_forbidden"),
        ("NoSuchBucket", AccountRejected, "archive_no_bucket"),
        ("SlowDown", Unavailable, "http_503"),
    ],
)
@pytest.mark.parametrize(
    ("content", "operation"), [(SMALL, "PutObject"), (LARGE, "CreateMultipart"), (LARGE, "UploadPart")]
)
def test_what_a_refusal_means(archive, sandbox, code, expected, ours, content, operation):
    fault(sandbox, kind="refuse", code=code, match=operation)

    error = refusal(archive, content)

    assert (type(error), error.code) == (expected, ours)
    assert held(sandbox) == []


def test_a_request_that_the_store_cannot_take_is_not_repeated(archive, sandbox):
    fault(sandbox, kind="status", status=400, match="PutObject")

    error = refusal(archive)

    assert (type(error), error.code) == (Rejected, "http_400")


def test_a_silent_store_is_given_up_in_time(archive, sandbox, settings):
    fault(sandbox, kind="silence", match="PutObject")

    error = refusal(S3Archive(**settings.ARCHIVE_S3, read=0.2))

    assert (type(error), error.code) == (Unavailable, "timeout")


# --- settings, links, health


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("access_key", "somebody", "archive_login_refused"),
        ("secret_key", "wrong", "archive_login_refused"),
        ("bucket", "missing", "archive_no_bucket"),
        ("endpoint_url", "http://127.0.0.1:9", "connect_failed"),
    ],
)
def test_a_store_that_refuses_us_is_ill_for_a_reason(archive, settings, setting, value, code):
    settings.ARCHIVE_S3 = {**settings.ARCHIVE_S3, setting: value}

    health = get_archive().check()

    assert (health.ok, health.code) == (False, code)
    assert health.detail


def test_a_working_store_is_healthy_and_keeps_no_probe(archive, sandbox):
    health = archive.check()

    assert (health.ok, health.code) == (True, "ok")
    assert held(sandbox) == []


@pytest.mark.parametrize(("name", "value"), [("secret_key", ""), ("endpoint_url", "not an address")])
def test_settings_that_name_no_store_are_told(archive, settings, name, value):
    settings.ARCHIVE_S3 = {**settings.ARCHIVE_S3, name: value}

    with pytest.raises(ImproperlyConfigured):
        get_archive()


def test_a_link_gives_the_download_its_name(archive):
    put(archive)

    answer = requests.get(archive.link(KEY, seconds=60), timeout=5)

    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''%D0%94%D0%B5%D0%BB%D0%BE%200138.zip")
