"""The client of the virus scanner, against a server that speaks clamd's INSTREAM."""

import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.integrations import antivirus
from apps.integrations.antivirus import Clean, Infected, check, scan
from apps.integrations.errors import Rejected, Unavailable
from apps.integrations.tests.clamd import MOST_BYTES, VIRUS, Clamd, nobody, running_clamd


@pytest.fixture
def clamd(settings: LazySettings) -> Iterator[Clamd]:
    with running_clamd() as server:
        settings.CLAMAV_URL = server.url
        yield server


def test_a_clean_file_is_sent_whole_and_called_clean(clamd: Clamd) -> None:
    content = b"paper" * 50_000

    found = scan(io.BytesIO(content))

    assert found == Clean()
    assert clamd.examined == [content]


def test_what_was_found_is_named(clamd: Clamd) -> None:
    found = scan(io.BytesIO(b"paper" + VIRUS))

    assert found == Infected("Test.Virus-1")


def test_a_file_that_the_scanner_does_not_take_is_not_called_clean(clamd: Clamd) -> None:
    with pytest.raises(Rejected) as refused:
        scan(io.BytesIO(b"x" * MOST_BYTES * 3))

    assert refused.value.code == "scan_too_large"


@pytest.mark.parametrize("answer", [b"\0", b"stream: who knows\0", b"UNKNOWN COMMAND\0"])
def test_an_answer_that_makes_no_sense_is_not_called_clean(clamd: Clamd, answer: bytes) -> None:
    clamd.says = answer

    with pytest.raises(Unavailable):
        scan(io.BytesIO(b"paper"))


def test_a_silent_scanner_is_waited_for_no_longer_than_allowed(clamd: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(antivirus, "ANSWER_S", 0.2)
    clamd.is_silent = True

    with pytest.raises(Unavailable):
        scan(io.BytesIO(b"paper"))


def test_a_scanner_that_is_not_there_is_unavailable_and_its_check_says_so(settings: LazySettings) -> None:
    settings.CLAMAV_URL = nobody()

    with pytest.raises(Unavailable):
        scan(io.BytesIO(b"paper"))
    assert not check().ok


def test_the_check_of_a_scanner_that_is_there_is_sound(clamd: Clamd) -> None:
    assert check().ok


def test_a_scanner_behind_a_local_socket_is_asked_as_well(settings: LazySettings, tmp_path: Path) -> None:
    place = tmp_path / "clamd.sock"
    settings.CLAMAV_URL = f"unix://{place}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        threading.Thread(target=_answer_once, args=[listener], daemon=True).start()

        found = scan(io.BytesIO(b"paper"))

    assert found == Clean()


def _answer_once(listener: socket.socket) -> None:
    line, _address = listener.accept()
    with line:
        line.recv(1024)
        line.sendall(b"stream: OK\0")
