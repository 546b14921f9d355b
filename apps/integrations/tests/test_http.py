"""The client against real sockets: what each way of breaking means for the caller."""

import gzip
import io
import socket
import struct
import time
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from werkzeug import Response

from apps.core.embedded.ports import free_port
from apps.integrations import http as http_module
from apps.integrations.errors import IntegrationError, OutcomeUnknown, Rejected, Unavailable
from apps.integrations.http import HttpClient, Upload, retry_after

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def client(url: str, **options) -> HttpClient:
    return HttpClient(**{"name": "test", "base_url": url, "allow_private": True, "sleep": lambda _: None, **options})


def failure(url: str, method: str, **options) -> IntegrationError:
    call_options = {name: options.pop(name) for name in ("safe", "expected") if name in options}
    with pytest.raises(IntegrationError) as caught:
        client(url, **options).call(method, "/x", **call_options)
    return caught.value


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# --- before the request leaves


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_is_unavailable(method):
    error = failure(f"http://127.0.0.1:{free_port()}", method)

    assert type(error) is Unavailable
    assert error.code == "connect_failed"


def test_a_peer_that_speaks_no_tls_is_unavailable(raw_server):
    url = raw_server(lambda connection: connection.sendall(b"hello\r\n")).replace("http:", "https:")

    error = failure(url, "POST")

    assert type(error) is Unavailable
    assert error.code == "tls_failed"


# --- after the request has left


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(0.6)


def cut(connection: socket.socket) -> None:
    connection.recv(65536)
    reset(connection)


def close(connection: socket.socket) -> None:
    connection.recv(65536)


def half_an_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def half_a_header(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def no_http(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x00\xff garbage\r\n\r\n")


@pytest.mark.parametrize(
    ("talk", "code"),
    [(silent, "timeout"), (cut, "cut"), (close, "cut"), (half_an_answer, "cut"), (no_http, "cut")],
)
@pytest.mark.parametrize(
    ("method", "safe", "expected"),
    [
        ("GET", None, Unavailable),
        ("POST", None, OutcomeUnknown),
        ("POST", True, Unavailable),
        ("PUT", None, OutcomeUnknown),
    ],
)
def test_a_broken_exchange_leaves_a_doubt_unless_it_was_a_read(raw_server, talk, code, method, safe, expected):
    error = failure(raw_server(talk), method, safe=safe, read=0.3)

    assert type(error) is expected
    assert error.code == code


def test_a_half_header_is_no_success(raw_server):
    with pytest.raises(OutcomeUnknown):
        client(raw_server(half_a_header)).call("POST", "/x").json()


def drip(header: bytes, pause: float = 0.05):
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(header)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(pause)

    return talk


@pytest.mark.parametrize(
    "header",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",  # the end of the body is the end of the connection
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
    ],
)
def test_a_dripping_answer_ends_at_the_deadline(raw_server, header):
    started = time.monotonic()

    error = failure(raw_server(drip(header)), "POST", read=2.0, deadline=0.5)

    assert time.monotonic() - started < 1.5
    assert type(error) is OutcomeUnknown
    assert error.code == "deadline"


def test_a_peer_that_does_not_read_ends_at_the_deadline(raw_server):
    url = raw_server(lambda connection: time.sleep(2))
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        client(url, read=5, deadline=0.5).call("POST", "/x", data=b"x" * 50_000_000)

    assert time.monotonic() - started < 1.5


def test_all_tries_share_one_deadline(raw_server):
    started = time.monotonic()

    failure(raw_server(drip(b"HTTP/1.1 200 OK\r\n\r\n")), "GET", deadline=0.5)

    assert time.monotonic() - started < 1.5


# --- sizes


@pytest.mark.parametrize(("method", "expected"), [("GET", Rejected), ("POST", OutcomeUnknown)])
def test_an_answer_beyond_the_cap_is_given_up(httpserver, method, expected):
    httpserver.expect_request("/x").respond_with_data(b"x" * 5000)

    error = failure(httpserver.url_for(""), method, max_bytes=4999)

    assert type(error) is expected
    assert error.code == "answer_too_large"


def test_the_cap_counts_what_a_packed_answer_becomes(httpserver):
    packed = gzip.compress(b"0" * 10_000_000)
    httpserver.expect_request("/x").respond_with_data(packed, headers={"Content-Encoding": "gzip"})

    assert failure(httpserver.url_for(""), "GET").code == "answer_too_large"


def test_a_body_that_is_not_packed_as_it_says_is_garbled(httpserver):
    httpserver.expect_request("/x").respond_with_data(b"not gzip", headers={"Content-Encoding": "gzip"})

    error = failure(httpserver.url_for(""), "POST")

    assert type(error) is OutcomeUnknown
    assert error.code == "answer_garbled"


# --- statuses


@pytest.mark.parametrize(
    ("status", "of_get", "of_post"),
    [
        (301, Rejected, Rejected),
        (302, Rejected, Rejected),
        (400, Rejected, Rejected),
        (401, Rejected, Rejected),
        (404, Rejected, Rejected),
        (408, Unavailable, Unavailable),
        (425, Unavailable, Unavailable),
        (429, Unavailable, Unavailable),
        (500, Unavailable, OutcomeUnknown),
        (502, Unavailable, OutcomeUnknown),
        (503, Unavailable, OutcomeUnknown),
        (524, Unavailable, OutcomeUnknown),
    ],
)
def test_what_a_status_means(httpserver, status, of_get, of_post):
    httpserver.expect_request("/x").respond_with_data("", status=status, headers={"Location": "http://127.0.0.1:1/"})
    url = httpserver.url_for("")

    assert type(failure(url, "GET")) is of_get
    assert type(failure(url, "POST")) is of_post
    assert failure(url, "POST").code == f"http_{status}"


def test_a_post_that_the_caller_calls_safe_is_only_unavailable(httpserver):
    httpserver.expect_request("/x").respond_with_data("", status=502)

    assert type(failure(httpserver.url_for(""), "POST", safe=True)) is Unavailable


def test_an_expected_status_is_an_answer(httpserver):
    httpserver.expect_request("/x").respond_with_data("full", status=507)

    answer = client(httpserver.url_for("")).call("PUT", "/x", expected={507})

    assert (answer.status, answer.text) == (507, "full")


def test_the_wait_that_a_system_names_is_kept(httpserver):
    httpserver.expect_request("/x").respond_with_data("", status=429, headers={"Retry-After": "17"})

    error = failure(httpserver.url_for(""), "GET")

    assert isinstance(error, Unavailable)
    assert error.retry_after == 17
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 5 ", 5),
        ("99999999999999999999", 86400),
        ("Mon, 04 May 2026 12:00:30 GMT", 30),
        ("Mon, 04 May 2026 11:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_reading_retry_after(value, seconds):
    assert retry_after(value, now=NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reader(value):
    seconds = retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds <= 86400


# --- repeating


def test_a_get_is_tried_three_times_and_a_post_once(httpserver):
    httpserver.expect_request("/x").respond_with_data("", status=503)

    failure(httpserver.url_for(""), "GET")
    failure(httpserver.url_for(""), "POST", safe=True)

    assert [request.method for request, _ in httpserver.log] == ["GET", "GET", "GET", "POST"]


def test_a_get_that_works_the_second_time_is_a_success(httpserver):
    httpserver.expect_oneshot_request("/x").respond_with_data("", status=503)
    httpserver.expect_request("/x").respond_with_data("ok")

    assert client(httpserver.url_for("")).call("GET", "/x").text == "ok"


# --- what leaves and what is written


def test_nothing_of_the_machine_leaks_into_the_request(httpserver, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    httpserver.expect_request("/x").respond_with_handler(lambda request: Response(str(dict(request.headers))))

    text = client(httpserver.url_for("")).call("GET", "/x").text

    assert "Authorization" not in text
    assert "python" not in text.lower()


def test_the_arguments_of_a_path_are_quoted(httpserver):
    httpserver.expect_request("/base/files/a b").respond_with_data("no")
    httpserver.expect_request("/base/files/../x?y").respond_with_data("yes")

    assert client(httpserver.url_for("/base")).call("GET", "/files/{name}", args={"name": "../x?y"}).text == "yes"


def test_logs_name_the_template_and_nothing_personal(httpserver):
    httpserver.expect_request("/people/79161234567").respond_with_json({"secret": "answer"})
    httpserver.expect_request("/fail").respond_with_data("secret", status=500)
    ours = client(httpserver.url_for(""))

    with capture_logs() as logs:
        ours.call("GET", "/people/{phone}", args={"phone": "79161234567"}, params={"q": "secret"})
        with pytest.raises(OutcomeUnknown):
            ours.call("POST", "/fail", params={"q": "secret"}, data={"code": "secret"})

    assert {**logs[0], "ms": 0} == {
        "event": "http_call",
        "log_level": "info",
        "vendor": "test",
        "method": "GET",
        "host": "localhost",
        "path": "/people/{phone}",
        "status": 200,
        "ms": 0,
    }
    assert logs[1]["code"] == "http_500"
    assert "secret" not in str(logs)
    assert "79161234567" not in str(logs)


def test_an_error_does_not_carry_the_address_along(raw_server):
    url = raw_server(cut)

    with pytest.raises(OutcomeUnknown) as caught:
        client(url).call("POST", "/x", params={"phone": "79161234567"})

    assert "79161234567" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_request_that_cannot_be_written_is_rejected():
    with pytest.raises(Rejected) as caught:
        client("http://127.0.0.1:1").call("POST", "/x", json={"n": float("nan")})

    assert caught.value.code == "request_invalid"


@pytest.mark.parametrize(
    "url", ["", "ftp://host", "http://", "//host", "http://user:pw@host", "http://host/?a=b", "file:///etc/passwd"]
)
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(ValueError, match="address"):
        HttpClient(name="test", base_url=url)


# --- JSON


def test_money_in_json_stays_exact(httpserver):
    httpserver.expect_request("/x").respond_with_data('{"cost": 0.1}')

    assert client(httpserver.url_for("")).call("GET", "/x").json() == {"cost": Decimal("0.1")}


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"NaN", b'{"a":Infinity}', b"[" * 100_000, b"1" * 5000])
@pytest.mark.parametrize(("method", "expected"), [("GET", Unavailable), ("POST", OutcomeUnknown)])
def test_garbage_instead_of_json_is_never_a_success(httpserver, body, method, expected):
    httpserver.expect_request("/x").respond_with_data(body)

    answer = client(httpserver.url_for("")).call(method, "/x")

    with pytest.raises(expected):
        answer.json()


def test_the_defaults_bound_every_call():
    assert http_module.MAX_BYTES == 2 * 1024 * 1024


# --- uploads


class Zeros(io.BytesIO):
    """A file of so many zero bytes that is nowhere."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int | None = -1) -> bytes:
        taken = min(size or 0, self.left)
        self.left -= taken
        return bytes(taken)


def drain(connection: socket.socket) -> None:
    """Take a request as long as its Content-Length says, and answer with its head and how much of a body came."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    wanted, got = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]), len(body)
    while got < wanted:
        got += len(connection.recv(65536)) or wanted
    said = head + b"\r\nBody: %d" % got
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(said) + said)


@pytest.mark.parametrize("size", [0, 1, 300_000])
def test_an_upload_names_its_size_and_comes_whole(raw_server, size):
    text = client(raw_server(drain)).call("PUT", "/x", data=Upload(Zeros(size), size)).text

    assert f"Content-Length: {size}\r\n" in text
    assert "Transfer-Encoding" not in text
    assert text.endswith(f"Body: {size}")


def test_an_upload_is_never_whole_in_memory(raw_server):
    url, size = raw_server(drain), 64 * 1024 * 1024
    tracemalloc.start()
    try:
        client(url).call("PUT", "/x", data=Upload(Zeros(size), size), deadline=60)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("real", [5, 400_000])
def test_a_file_of_another_size_is_not_sent_as_if_it_were_whole(raw_server, real):
    with pytest.raises(Rejected) as caught:
        client(raw_server(drain)).call("PUT", "/x", data=Upload(Zeros(real), 300_000), safe=True)

    assert caught.value.code == "upload_size"


def test_a_call_may_have_a_deadline_of_its_own(raw_server):
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown) as caught:
        client(raw_server(lambda connection: time.sleep(2)), read=5, deadline=60).call("PUT", "/x", deadline=0.3)

    assert caught.value.code == "deadline"
    assert time.monotonic() - started < 1.5


def test_a_peer_may_pause_while_it_takes_an_upload(raw_server):
    def slow(connection: socket.socket) -> None:
        time.sleep(0.8)
        drain(connection)

    size = 30_000_000  # more than the sockets hold between them

    answer = client(raw_server(slow), connect=0.3, read=5).call("PUT", "/x", data=Upload(Zeros(size), size))

    assert answer.status == 201
