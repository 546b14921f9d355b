"""Who signed a body, and when: what passes, and everything that must not."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.signatures import SignatureInvalid, sign, verify

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODY = '{"text":"Їжак"}'.encode()
SECRET = "old-secret"
T, V1 = sign(BODY, secret=SECRET, now=NOW).split(",")


def refusal(header: str, body: bytes = BODY, *, secrets: tuple[str, ...] = (SECRET,), now: datetime = NOW) -> str:
    """Why it is refused; empty if it is not."""
    try:
        verify(header, body, secrets=secrets, now=now)
    except SignatureInvalid as reason:
        return str(reason)
    return ""


def test_a_signature_is_what_others_compute() -> None:
    """By `printf '1795262400.{}' | openssl dgst -sha256 -hmac key`."""
    assert sign(b"{}", secret="key", now=NOW) == (
        "t=1795262400,v1=d64e8f9bc6de55c1ab8899ce0bdef8482ab85817eb20d9a79907e9d0ca1e52c8"
    )


@pytest.mark.parametrize(
    "header",
    [
        f"{T},{V1}",
        f"{V1},{T}",
        f" {T} , {V1} ",
        f"{T},v0=anything,{V1}",
        f"{T},v1={'0' * 64},{V1}",
    ],
    ids=["as signed", "reordered", "spaced", "with an unknown part", "with two digests, one right"],
)
def test_a_right_signature_passes(header: str) -> None:
    assert refusal(header) == ""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "missing"),
        (" ", "malformed"),
        (",", "malformed"),
        ("=", "malformed"),
        (T, "malformed"),
        (V1, "malformed"),
        (f"{T},{T},{V1}", "malformed"),
        (f"{T},v1=", "malformed"),
        (f"t=,{V1}", "malformed"),
        (f"t=-1,{V1}", "malformed"),
        (f"t=1e9,{V1}", "malformed"),
        (f"t=١٧٩٥٢٦٢٤٠٠,{V1}", "malformed"),
        (f"t={'9' * 400},{V1}", "malformed"),
        (f"{T},v1={'я' * 64}", "malformed"),
        (f"{T},{V1[:-1]}", "malformed"),
        (f"{T},{V1.upper().replace('V1', 'v1')}", "malformed"),
        (f"{T},{V1}\n", ""),
        (f"{T};{V1}", "malformed"),
        (f"{T},{V1}{',' * 1000}", "malformed"),
        (f"T{T[1:]},{V1}", "malformed"),
        (f"{T},v1={'0' * 64}", "wrong"),
        (f"t=1795262401,{V1}", "wrong"),
    ],
)
def test_another_header_is_refused_with_its_reason(header: str, reason: str) -> None:
    assert refusal(header) == reason


@pytest.mark.parametrize(
    ("seconds", "reason"), [(-301, "stale"), (-300, ""), (0, ""), (300, ""), (301, "stale"), (86400, "stale")]
)
def test_a_signature_is_good_for_five_minutes_to_either_side(seconds: int, reason: str) -> None:
    assert refusal(f"{T},{V1}", now=NOW + timedelta(seconds=seconds)) == reason


@pytest.mark.parametrize(
    "body", [b"", BODY + b" ", BODY.replace(b":", b": "), BODY.decode().encode("utf-16"), b"\x00" * 5]
)
def test_a_signature_is_of_these_bytes_alone(body: bytes) -> None:
    assert refusal(f"{T},{V1}", body) == "wrong"


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ((SECRET,), ""),
        (("new-secret", SECRET), ""),
        ((SECRET, "new-secret"), ""),
        (("new-secret",), "wrong"),
        (("", "new-secret"), "wrong"),
        ((), "wrong"),
    ],
)
def test_any_live_secret_will_do(secrets: tuple[str, ...], reason: str) -> None:
    assert refusal(f"{T},{V1}", secrets=secrets) == reason


def test_nobody_signs_with_an_empty_secret() -> None:
    forged = hmac.new(b"", f"{T[2:]}.".encode() + BODY, hashlib.sha256).hexdigest()

    assert refusal(f"{T},v1={forged}", secrets=("",)) == "wrong"
    with pytest.raises(ValueError, match="secret"):
        sign(BODY, secret="", now=NOW)


def test_a_secret_and_a_body_may_hold_any_letters() -> None:
    body = "Дім, 💧 і ще".encode()

    header = sign(body, secret="пароль-ї💧", now=NOW)

    assert refusal(header, body, secrets=("пароль-ї💧",)) == ""
    assert refusal(header, body, secrets=("пароль-и💧",)) == "wrong"


@given(header=st.text(max_size=200) | st.text("tv01=,9af ", max_size=200), body=st.binary(max_size=50))
def test_no_header_breaks_the_reader_and_none_passes_by_chance(header: str, body: bytes) -> None:
    assert refusal(header, body) in {"missing", "malformed", "stale", "wrong"}
