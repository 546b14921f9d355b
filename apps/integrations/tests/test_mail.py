"""The mail catcher, through Django's own SMTP backend."""

import smtplib

import pytest
import requests
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.integrations.sandbox.mail import html_to_text, read_message


def backend(sandbox, timeout: float = 5):
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host="127.0.0.1",
        port=sandbox.world.smtp_port,
        timeout=timeout,
        username="",
        password="",
        use_tls=False,
        use_ssl=False,
    )


def letter(sandbox, timeout: float = 5, **options) -> EmailMessage:
    values = {"subject": "Заявка принята", "body": "Здравствуйте!\nВаш номер…", "to": ["anna@example.com"], **options}
    return EmailMessage(connection=backend(sandbox, timeout), from_email="Claimdesk <claims@example.com>", **values)


def held(sandbox):
    return requests.get(f"{sandbox.url}/_held/mail", timeout=5).json()["items"]


def turn_on(sandbox, **fault) -> None:
    requests.post(f"{sandbox.url}/_faults/mail", json=fault, timeout=5).raise_for_status()


def test_a_letter_arrives_as_it_was_written(sandbox):
    letter(sandbox, bcc=["staff@example.com"]).send()

    [mail] = held(sandbox)
    assert mail["subject"] == "Заявка принята"
    assert mail["text"].strip() == "Здравствуйте!\nВаш номер…"
    assert mail["to"] == ["anna@example.com", "staff@example.com"]
    assert mail["from"] == "Claimdesk <claims@example.com>"


def test_a_letter_of_two_forms_is_shown_as_text(sandbox):
    message = EmailMultiAlternatives(
        "Two", "plain", "claims@example.com", ["anna@example.com"], connection=backend(sandbox)
    )
    message.attach_alternative("<p>rich</p>", "text/html")
    message.send()

    [mail] = held(sandbox)
    assert (mail["text"].strip(), mail["html"].strip()) == ("plain", "<p>rich</p>")


def test_a_letter_of_html_alone_is_shown_as_text(sandbox):
    message = letter(sandbox, body="<style>p{}</style><p>One</p><p>Two &amp; <b>three</b></p><script>x()</script>")
    message.content_subtype = "html"
    message.send()

    page = requests.get(f"{sandbox.url}/?lang=en", timeout=5).text
    assert "One\n\nTwo &amp; three" in page
    assert "x()" not in page


def test_an_attachment_comes_back_byte_for_byte(sandbox):
    content = bytes(range(256)) * 50
    message = letter(sandbox)
    message.attach("Квитанция «1».pdf", content, "application/pdf")
    message.send()

    [file] = held(sandbox)[0]["files"]
    answer = requests.get(sandbox.url + file["url"], timeout=5)
    assert file["name"] == "Квитанция «1».pdf"
    assert answer.content == content
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%D0%9A")
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("code", ["550", "552", "451"])
def test_a_refusal(sandbox, code):
    turn_on(sandbox, kind="refuse", code=code)

    with pytest.raises(smtplib.SMTPDataError) as caught:
        letter(sandbox).send()

    assert caught.value.smtp_code == int(code)
    assert held(sandbox) == []


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["cut", "silence"])
def test_a_line_that_breaks(sandbox, kind, when, kept):
    turn_on(sandbox, kind=kind, when=when)

    with pytest.raises((smtplib.SMTPException, OSError)):
        letter(sandbox, timeout=0.5).send()

    assert len(held(sandbox)) == kept


def test_a_garbled_reply(sandbox):
    turn_on(sandbox, kind="garbage")

    with pytest.raises(smtplib.SMTPException):
        letter(sandbox).send()


def test_a_delay(sandbox):
    turn_on(sandbox, kind="delay", seconds=0.2)

    letter(sandbox).send()

    assert len(held(sandbox)) == 1


def test_a_fault_of_http_alone_is_not_offered_for_mail(sandbox):
    answer = requests.post(f"{sandbox.url}/_faults/mail", json={"kind": "slow_body"}, timeout=5)

    assert answer.status_code == 400


@given(st.binary(max_size=2000))
@settings(max_examples=300)
def test_no_bytes_break_the_reader(content):
    data, _ = read_message(content, sender="a@example.com", to=["b@example.com"])

    assert isinstance(data["subject"], str)


@given(
    st.lists(
        st.sampled_from(
            [
                b"Subject: =?utf-8?B?//8=?=\r\n",
                b"Subject: =?x?Q?a?=\r\n",
                b"From: <\r\n",
                b"To: ,,;\r\n",
                b"Message-ID: <a@\r\n",
                b"Content-Type: multipart/mixed; boundary=b\r\n",
                b"Content-Type: text/plain; charset=none-such\r\n",
                b"Content-Type: multipart/mixed\r\n",
                b"Content-Transfer-Encoding: base64\r\n",
                b"\r\n",
                b"--b\r\n",
                b"--b--\r\n",
                b"Content-Disposition: attachment; filename*=utf-8''%ff\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"text \xff\r\n",
            ]
        ),
        max_size=20,
    )
)
@settings(max_examples=500)
def test_no_broken_structure_breaks_the_reader(lines):
    data, files = read_message(b"".join(lines), sender="a@example.com", to=["b@example.com"])

    assert isinstance(data["text"], str)
    assert all(file.name for file in files)


@given(st.text(max_size=200))
def test_no_markup_is_left_of_html(html):
    assert isinstance(html_to_text(html), str)
