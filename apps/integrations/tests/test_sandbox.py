"""The sandbox itself: its console, its quirks, its care for what it holds."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from django.conf import settings as project

from apps.core.embedded.ports import free_port
from apps.integrations.sandbox import faults
from apps.integrations.sandbox.faults import Fault, FaultBoard, FaultInvalid
from apps.integrations.sandbox.process import Sandbox
from apps.integrations.sandbox.registry import discover
from apps.integrations.sandbox.store import File, Store

ACCOUNT = {"login": "sandbox", "psw": "sandbox"}


def send(sandbox, *, url_suffix: str = "", **form) -> requests.Response:
    data = {**ACCOUNT, "phones": "79161234567", "mes": "Код 123456", "charset": "utf-8", "fmt": "3", **form}
    return requests.post(f"{sandbox.url}/smsc/sys/send.php{url_suffix}", data=data, timeout=5)


def get(sandbox, path: str, **options) -> requests.Response:
    return requests.get(sandbox.url + path, timeout=5, **options)


def post(sandbox, path: str, **options) -> requests.Response:
    return requests.post(sandbox.url + path, timeout=5, allow_redirects=False, **options)


# --- the fake gateway's quirks


def test_without_a_charset_the_text_is_read_as_windows_1251(sandbox):
    send(sandbox, charset="")

    assert get(sandbox, "/_held/smsc").json()["items"][0]["text"].startswith("РљРѕРґ")


def test_without_a_format_the_answers_are_words(sandbox):
    assert send(sandbox, fmt="").text.startswith("OK - 1 SMS, ID - ")
    assert send(sandbox, fmt="", psw="no").text == "ERROR = 2 (authorise error)"


def test_an_error_comes_with_http_200(sandbox):
    answer = send(sandbox, phones="12")

    assert answer.status_code == 200
    assert answer.json() == {"error": "invalid number", "error_code": 7}


def test_the_same_id_twice_answers_for_the_last(sandbox):
    send(sandbox, id="7", mes="one")
    send(sandbox, id="7", mes="two")

    assert len(get(sandbox, "/_held/smsc").json()["items"]) == 2
    status = requests.get(
        f"{sandbox.url}/smsc/sys/status.php",
        params={**ACCOUNT, "phone": "79161234567", "id": "7", "fmt": "3"},
        timeout=5,
    )
    assert status.json()["status"] == -1


# --- the console


def test_the_newest_are_kept_and_no_more(sandbox):
    for n in range(25):
        send(sandbox, mes=f"text {n}")

    items = get(sandbox, "/_held/smsc").json()["items"]

    assert [item["text"] for item in items] == [f"text {n}" for n in range(24, 4, -1)]


def test_what_is_held_survives_a_restart_and_fresh_forgets_it(tmp_path):
    path = tmp_path / "held.sqlite3"
    first = Store(path)
    first.add("mail", "mail", {"subject": "x"}, [File("a.pdf", "application/pdf", b"%PDF")])
    first.close()

    second = Store(path)
    [item] = second.items("mail")
    assert item.files[0].size == 4
    second.close()

    assert Store(path, fresh=True).items("mail") == []
    assert oct(os.stat(path).st_mode & 0o777) == "0o600"


def test_files_go_with_their_item(tmp_path):
    store = Store(tmp_path / "held.sqlite3", keep=1)
    gone = store.add("mail", "mail", {}, [File("a", "text/plain", b"a")])
    kept = store.add("mail", "mail", {}, [File("b", "text/plain", b"b")])

    assert store.file("mail", gone, 0) is None
    assert store.file("mail", kept, 0) == File("b", "text/plain", b"b")
    assert store.file("smsc", kept, 0) is None


def test_records_stay_and_can_be_changed(tmp_path):
    store = Store(tmp_path / "held.sqlite3", keep=1)
    for n in range(3):
        store.add("vtiger", "HelpDesk", {"n": n})
    store.update(store.items("vtiger")[-1], {"n": 7})
    store.close()

    reopened = Store(tmp_path / "held.sqlite3", keep=1)

    assert [item.data["n"] for item in reopened.items("vtiger")] == [2, 1, 7]
    assert reopened.count("vtiger") == 3


def test_clear_empties_one_system_or_all(sandbox):
    send(sandbox)
    post(sandbox, "/_faults/smsc", json={"kind": "cut"})

    assert post(sandbox, "/_clear", json={"system": "mail"}).status_code == 200
    assert len(get(sandbox, "/_held/smsc").json()["items"]) == 1
    assert post(sandbox, "/_clear").status_code == 200
    assert get(sandbox, "/_held/smsc").json()["items"] == []
    assert set(get(sandbox, "/_faults").json().values()) == {None}


def test_a_fault_counts_down_and_goes(sandbox):
    post(sandbox, "/_faults/smsc", json={"kind": "status", "status": 500, "times": 2})

    assert [send(sandbox, mes=str(n)).status_code for n in range(3)] == [500, 500, 200]


def test_a_fault_without_a_number_stays_until_cleared(sandbox):
    post(sandbox, "/_faults/smsc", json={"kind": "status", "status": 500, "times": None})

    assert [send(sandbox).status_code for _ in range(4)] == [500] * 4
    post(sandbox, "/_faults/smsc", json={"kind": ""})
    assert send(sandbox).status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "no"},
        {"kind": "cut", "when": "never"},
        {"kind": "status", "status": 99},
        {"kind": "status", "status": "x"},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "seconds": "nan"},
        {"kind": "delay", "seconds": 1e9},
        {"kind": "cut", "times": 0},
        {"kind": "refuse", "code": "77"},
        {"kind": "refuse"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox, values):
    with pytest.raises(FaultInvalid):
        faults.read(values, kinds=faults.KINDS, codes=["2"])
    assert post(sandbox, "/_faults/smsc", json=values).status_code == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_object_is_refused(sandbox, body):
    headers = {"Content-Type": "application/json"}

    assert post(sandbox, "/_faults/smsc", data=body, headers=headers).status_code == 400
    assert post(sandbox, "/_clear", data=body, headers=headers).status_code == 400


def test_the_board_counts_under_many_threads():
    board = FaultBoard()
    board.put("x", Fault("cut", times=50))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: board.take("x"), range(200)))

    assert sum(fault is not None for fault in taken) == 50


@pytest.mark.parametrize(
    "path",
    [
        "/no",
        "/smsc/no",
        "/_held/no",
        "/_static/../settings.py",
        "/_static/x.css",
        "/%2e%2e/etc",
        "/_held/mail/1/files/1",
    ],
)
def test_what_is_not_there_is_404(sandbox, path):
    assert get(sandbox, path).status_code == 404


def test_a_new_system_is_found_by_its_file_or_folder():
    assert {"smsc", "mail", "vtiger"} <= set(discover())


# --- the door


def test_a_foreign_name_for_this_machine_is_refused(sandbox):
    assert get(sandbox, "/", headers={"Host": "evil.example.com"}).status_code == 421
    assert get(sandbox, "/", headers={"Host": f"localhost:{sandbox.url.rpartition(':')[2]}"}).status_code == 200


@pytest.mark.parametrize("path", ["/_clear", "/_faults/smsc", "/smsc/sys/send.php"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_foreign_page_changes_nothing(sandbox, path, headers):
    send(sandbox)

    assert post(sandbox, path, data={"system": "smsc", "kind": "cut"}, headers=headers).status_code == 403
    assert len(get(sandbox, "/_held/smsc").json()["items"]) == 1


def test_it_listens_on_this_machine_alone(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "header", ["Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: x", "Content-Length: 99999999999"]
)
def test_a_body_without_a_sane_length_is_refused(sandbox, header):
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"POST /_clear HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.1 41[13] ", connection.recv(100))


# --- the page


def test_the_page_speaks_the_asked_language(sandbox):
    assert get(sandbox, "/?lang=en").headers["Content-Language"] == "en"
    assert get(sandbox, "/", headers={"Accept-Language": "uk-UA,ru;q=0.5"}).headers["Content-Language"] == "uk"
    assert get(sandbox, "/", headers={"Accept-Language": "fr"}).headers["Content-Language"] == project.LANGUAGE_CODE
    assert get(sandbox, "/?lang=../x").status_code == 200


def test_the_page_shows_the_code_and_escapes_the_text(sandbox):
    send(sandbox, mes="Код 654321 <script>alert(1)</script>")

    page = get(sandbox, "/?lang=en")

    assert "+7 916 123-45-67" in page.text
    assert "<output>654321</output>" in page.text
    assert "<script>alert" not in page.text
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=", page.text)


@pytest.mark.parametrize(
    ("text", "code"), [("Код 482913.", "482913"), ("CLM-2026-11-21-AB12", ""), ("1234567", ""), ("12-345678", "")]
)
def test_which_digits_are_a_code(sandbox, text, code):
    send(sandbox, mes=text)

    assert get(sandbox, "/_held/smsc").json()["items"][0]["code"] == code


def test_the_part_is_sent_only_when_it_has_changed(sandbox):
    first = get(sandbox, "/_part?lang=en")
    again = get(sandbox, "/_part?lang=en", headers={"If-None-Match": first.headers["ETag"]})
    send(sandbox)
    changed = get(sandbox, "/_part?lang=en", headers={"If-None-Match": first.headers["ETag"]})

    assert [first.status_code, again.status_code, changed.status_code] == [200, 304, 200]


def test_a_form_turns_a_fault_on_and_leads_back(sandbox):
    form = {"kind": "delay", "when": "after", "seconds": "2.5", "status": "503", "code": "2", "times": ""}
    headers = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}

    answer = post(sandbox, "/_faults/smsc?lang=uk&view=smsc", data=form, headers=headers)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/?lang=uk&view=smsc")
    assert get(sandbox, "/_faults").json()["smsc"]["seconds"] == 2.5
    assert "until it is mended" in get(sandbox, "/?lang=en").text


@pytest.mark.parametrize(
    ("preset", "kind"), [("down", "status"), ("silent", "silence"), ("slow", "delay"), ("cut", "cut")]
)
def test_one_press_breaks_a_system_and_one_mends_it(sandbox, preset, kind):
    post(sandbox, "/_faults/smsc", data={"preset": preset})
    broken = get(sandbox, "/_faults").json()["smsc"]["kind"]
    post(sandbox, "/_faults/smsc", data={"preset": "mend"})

    assert broken == kind
    assert get(sandbox, "/_faults").json()["smsc"] is None


def test_the_page_breaks_in_the_ways_a_system_can(sandbox):
    page = get(sandbox, "/?lang=en").text

    for name, system in discover().items():
        form = page.partition(f'action="/_faults/{name}?')[2].partition("</form>")[0]
        presets = re.findall(r'name="preset" value="(\w+)"', form)
        assert {str(faults.PRESETS[preset]["kind"]) for preset in presets} <= set(system.kinds)
        assert len(presets) == 3


def test_everything_that_came_stands_together_the_newest_first(sandbox):
    send(sandbox, mes="first")
    sandbox.world.store.add("mail", "mail", {"subject": "parcel", "text": "", "html": "", "to": [], "from": ""})
    send(sandbox, mes="third")

    page = get(sandbox, "/?lang=en").text
    one = get(sandbox, "/?lang=en&view=smsc").text

    assert page.index("third") < page.index("parcel") < page.index("first")
    assert "third" in one
    assert "parcel" not in one


def test_gateways_that_are_not_used_are_folded_away(sandbox, settings):
    settings.SMS_BACKEND = "apps.integrations.sms.smsru.SmsRuGateway"

    shown, _, folded = get(sandbox, "/?lang=en").text.partition('class="others"')

    assert "view=smsru" in shown
    assert "view=smsc" in folded


def test_the_assets_are_there(sandbox):
    assert get(sandbox, "/_static/tokens.css").status_code == 200
    assert get(sandbox, "/_static/sandbox.css").headers["Content-Type"].startswith("text/css")
    assert get(sandbox, "/_static/sandbox.js").headers["Content-Type"].startswith("text/javascript")


# --- the process


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            requests.get(url, timeout=1)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the sandbox did not start")


def start(tmp_path: Path, http_port: int) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "manage.py",
        "sandbox",
        f"--http-port={http_port}",
        f"--smtp-port={free_port()}",
        "--fresh",
    ]
    environment = {**os.environ, "CLAIMDESK_VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        command, cwd=project.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_the_process_ends_at_once_though_a_call_hangs(tmp_path):
    port = free_port()
    process = start(tmp_path, port)
    try:
        wait_for(f"http://127.0.0.1:{port}/_ready")
        requests.post(f"http://127.0.0.1:{port}/_faults/smsc", json={"kind": "delay", "seconds": 60}, timeout=5)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as hanging:
            hanging.sendall(b"GET /smsc/sys/balance.php HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.3)
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=30)
            took = time.monotonic() - started
    finally:
        process.kill()
    assert code == 0
    assert took < 5.0  # 0.3 s on an idle machine; the bound is for a busy one, and the call would hang for 60 s
    assert b"Traceback" not in process.communicate()[1]


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, taken.getsockname()[1])
        _, complaint = process.communicate(timeout=30)

    assert process.returncode == 1
    assert b"can't start" in complaint
    assert b"Traceback" not in complaint


def test_a_taken_mail_port_gives_the_http_port_back(tmp_path):
    http_port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(database=tmp_path / "s.sqlite3", http_port=http_port, smtp_port=taken.getsockname()[1])

    socket.create_server(("127.0.0.1", http_port)).close()
