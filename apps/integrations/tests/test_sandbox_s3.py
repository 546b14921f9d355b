"""The sandbox's S3 by Amazon's own client: what it keeps, and whom it lets in."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
import time_machine
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from apps.integrations.sandbox.process import Sandbox

KEY = "claims/Дело 1/a+b&c=d~(1).zip"
PART = bytes(5 * 1024 * 1024)


def connect(sandbox: Sandbox, *, key: str = "sandbox", secret: str = "sandbox") -> Any:
    options = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=f"{sandbox.url}/s3",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=options,
    )


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    return connect(sandbox)


def refusal(act: Any, **options: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        act(**options)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_is_put_read_listed_and_removed(s3):
    etag = s3.put_object(Bucket="archive", Key=KEY, Body=b"content", ContentType="application/zip", Metadata={"a": "b"})

    head = s3.head_object(Bucket="archive", Key=KEY)
    listed = s3.list_objects_v2(Bucket="archive", Prefix="claims/")["Contents"]

    assert etag["ETag"] == head["ETag"] == f'"{hashlib.md5(b"content").hexdigest()}"'
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (7, "application/zip", {"a": "b"})
    assert [(one["Key"], one["Size"]) for one in listed] == [(KEY, 7)]
    assert s3.get_object(Bucket="archive", Key=KEY)["Body"].read() == b"content"
    assert s3.get_object(Bucket="archive", Key=KEY, Range="bytes=2-3")["Body"].read() == b"nt"
    s3.delete_object(Bucket="archive", Key=KEY)
    assert refusal(s3.get_object, Bucket="archive", Key=KEY) == ("NoSuchKey", 404)


def test_parts_become_one_object(s3):
    named = {"Bucket": "archive", "Key": KEY}
    upload = s3.create_multipart_upload(**named, ContentType="application/zip")["UploadId"]
    tags = [
        s3.upload_part(**named, UploadId=upload, PartNumber=n, Body=part)["ETag"]
        for n, part in ((1, PART), (2, b"end"))
    ]
    parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, start=1)]

    s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})

    head = s3.head_object(**named)
    assert (head["ContentLength"], head["ContentType"]) == (len(PART) + 3, "application/zip")
    assert head["ETag"].endswith('-2"')
    assert s3.get_object(**named)["Body"].read() == PART + b"end"


@pytest.mark.parametrize(
    ("sizes", "named", "code"),
    [
        ((6, 6), (1, 2), "EntityTooSmall"),
        ((6,), (1, 2), "InvalidPart"),
        ((len(PART), 6), (2, 1), "InvalidPartOrder"),
    ],
)
def test_parts_that_do_not_fit_are_refused(s3, sizes, named, code):
    where = {"Bucket": "archive", "Key": KEY}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    tags = {
        n: s3.upload_part(**where, UploadId=upload, PartNumber=n, Body=bytes(size))["ETag"]
        for n, size in enumerate(sizes, start=1)
    }
    parts = [{"PartNumber": n, "ETag": tags.get(n, '"0"')} for n in named]

    error = refusal(s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload={"Parts": parts})

    assert error == (code, 400)


def test_an_upload_that_was_given_up_is_gone(sandbox, s3):
    where = {"Bucket": "archive", "Key": KEY}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")

    s3.abort_multipart_upload(**where, UploadId=upload)

    assert refusal(s3.upload_part, **where, UploadId=upload, PartNumber=1, Body=b"x") == ("NoSuchUpload", 404)
    assert requests.get(f"{sandbox.url}/_held/s3", timeout=5).json()["items"] == []


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [("sandbox", "wrong", "SignatureDoesNotMatch"), ("somebody", "sandbox", "InvalidAccessKeyId")],
)
def test_another_key_or_secret_is_refused(sandbox, key, secret, code):
    theirs = connect(sandbox, key=key, secret=secret)

    assert refusal(theirs.put_object, Bucket="archive", Key=KEY, Body=b"x") == (code, 403)
    answer = requests.get(theirs.generate_presigned_url("get_object", {"Bucket": "archive", "Key": KEY}), timeout=5)
    assert (answer.status_code, code in answer.text) == (403, True)


def test_an_unsigned_request_is_refused(sandbox):
    assert requests.get(f"{sandbox.url}/s3/archive/a.zip", timeout=5).status_code == 403


def test_there_is_one_bucket(s3):
    assert refusal(s3.put_object, Bucket="other", Key=KEY, Body=b"x") == ("NoSuchBucket", 404)


@pytest.mark.parametrize(("minutes", "code"), [(-20, "RequestTimeTooSkewed"), (-10, "NoSuchKey"), (10, "NoSuchKey")])
def test_a_clock_that_is_a_quarter_of_an_hour_off_is_refused(sandbox, minutes, code):
    request = AWSRequest("GET", f"{sandbox.url}/s3/archive/a.zip")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True):
        S3SigV4Auth(Credentials("sandbox", "sandbox"), "s3", "us-east-1").add_auth(request)

    answer = requests.get(request.url, headers=dict(request.headers), timeout=5)

    assert f"<Code>{code}</Code>" in answer.text


@pytest.mark.parametrize(("age", "status"), [(0, 200), (30, 200), (90, 403)])
def test_a_signed_address_works_for_its_time(s3, age, status):
    s3.put_object(Bucket="archive", Key=KEY, Body=b"content")
    wanted = {"Bucket": "archive", "Key": KEY, "ResponseContentDisposition": 'attachment; filename="a b.zip"'}
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=age), tick=True):
        link = s3.generate_presigned_url("get_object", wanted, ExpiresIn=60)

    answer = requests.get(link, timeout=5)

    assert answer.status_code == status
    assert status != 200 or answer.headers["Content-Disposition"] == 'attachment; filename="a b.zip"'


def test_a_signed_address_cannot_be_bent(s3):
    s3.put_object(Bucket="archive", Key=KEY, Body=b"content")
    link = s3.generate_presigned_url("get_object", {"Bucket": "archive", "Key": KEY}, ExpiresIn=60)

    for bent in (link.replace("claims", "other"), link.replace("Expires=60", "Expires=600"), f"{link}&x=y"):
        assert requests.get(bent, timeout=5).status_code == 403


def test_a_body_that_was_changed_on_the_way_is_refused(s3):
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", b"changed"))

    assert refusal(s3.put_object, Bucket="archive", Key=KEY, Body=b"content")[0] == "XAmzContentSHA256Mismatch"


def test_an_object_that_is_there_can_be_protected(s3):
    s3.put_object(Bucket="archive", Key=KEY, Body=b"one")

    assert refusal(s3.put_object, Bucket="archive", Key=KEY, Body=b"two", IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )


def test_the_page_offers_the_object(sandbox, s3):
    s3.put_object(Bucket="archive", Key="claims/1.zip", Body=b"PK", ContentDisposition='attachment; filename="1.zip"')
    (item,) = requests.get(f"{sandbox.url}/_held/s3", timeout=5).json()["items"]

    page = requests.get(f"{sandbox.url}/?lang=en", timeout=5).text
    answer = requests.get(f"{sandbox.url}/s3/_kept/{item['id']}", timeout=5)

    assert f"/s3/_kept/{item['id']}" in page
    assert (answer.content, answer.headers["Content-Disposition"]) == (b"PK", 'attachment; filename="1.zip"')
