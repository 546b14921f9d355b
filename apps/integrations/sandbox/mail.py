"""A mail server that delivers nowhere: it takes whatever it is given by SMTP and keeps it for reading."""

import asyncio
import email
import email.policy
import re
import socket
import threading
from collections.abc import Callable
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.integrations.sandbox.faults import Fault
from apps.integrations.sandbox.registry import Attachment, Card, System, World
from apps.integrations.sandbox.store import File, Item

MAX_BYTES = 40 * 1024 * 1024
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "table", "ul", "ol", "hr"}

mail = System(
    "mail",
    order=20,
    title=gettext_lazy("Mail"),
    empty=gettext_lazy("No mail yet. What the product sends appears here."),
    address=lambda host, world: f"smtp://127.0.0.1:{world.smtp_port}",
    refusals={
        "550": gettext_lazy("Mailbox unknown"),
        "552": gettext_lazy("Message too large"),
        "451": gettext_lazy("Try later"),
    },
    kinds=("delay", "cut", "silence", "garbage", "refuse"),
)


class Catcher:
    """aiosmtpd's handler: keeps each message, unless a fault is on."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._world.faults.take("mail")
        taken = "250 OK: kept"
        if fault is None:
            await self._keep(envelope)
            return taken
        if fault.kind == "refuse":
            return f"{fault.code} refused by the sandbox"
        if fault.deed_first or fault.kind == "garbage":
            await self._keep(envelope)
        if fault.kind == "garbage":
            return "%% \x07 garbage"
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            if not fault.deed_first:
                await self._keep(envelope)
            return taken
        return await self._break_off(server, fault)

    async def _break_off(self, server: SMTP, fault: Fault) -> str:
        if fault.kind == "silence":
            await asyncio.get_running_loop().create_future()  # ends when the client or the sandbox goes
        if isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "421 closing"

    async def _keep(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        data, files = read_message(content, sender=envelope.mail_from or "", to=[str(to) for to in envelope.rcpt_tos])
        await asyncio.to_thread(self._world.store.add, "mail", "mail", data, files)


@mail.service
def smtp(world: World) -> Callable[[], None]:
    """Listen on 127.0.0.1 and return what stops it. Raises OSError if the port is taken."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", world.smtp_port))
    loop = asyncio.new_event_loop()

    def make() -> SMTP:
        return SMTP(Catcher(world), hostname="sandbox", data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, loop=loop)

    server = loop.run_until_complete(loop.create_server(make, sock=sock))
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()

    async def finish() -> None:
        server.close()
        silent = asyncio.all_tasks() - {asyncio.current_task()}
        for task in silent:
            task.cancel()
        await asyncio.gather(*silent, return_exceptions=True)
        loop.stop()

    def stop() -> None:
        asyncio.run_coroutine_threadsafe(finish(), loop)
        thread.join(timeout=0.5)

    return stop


@mail.card
def card(item: Item) -> Card:
    return Card(
        id=item.id,
        at=item.at,
        title=item.data["subject"] or _("(no subject)"),
        text=item.data["text"] or html_to_text(item.data["html"]),
        fields=((_("Recipients"), ", ".join(item.data["to"])), (_("Sender"), item.data["from"])),
        attachments=tuple(
            Attachment(file.name, file.size, f"/_held/mail/{item.id}/files/{file.n}") for file in item.files
        ),
    )


def read_message(content: bytes, *, sender: str, to: list[str]) -> tuple[dict[str, Any], list[File]]:
    """What a message says, and its attachments. Takes anything: broken parts are read as far as they go."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    data = {
        "subject": _header(message, "Subject"),
        "from": _header(message, "From") or sender,
        "to": to,
        "message_id": _header(message, "Message-ID"),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
    }
    files = []
    for n, part in enumerate(message.iter_attachments() if message.is_multipart() else [], start=1):
        payload = part.get_payload(decode=True)
        name = _clean(part.get_filename() or f"attachment-{n}")
        files.append(File(name, part.get_content_type(), payload if isinstance(payload, bytes) else part.as_bytes()))
    return data, files


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _clean(str(message.get(name) or ""))
    except (ValueError, IndexError, AttributeError):  # the standard library's parser gives up on some broken headers
        return ""


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    payload = part.get_payload(decode=True) if part else None
    if not part or not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset() or "utf-8", errors="replace").replace("\r\n", "\n")
    except LookupError:  # a charset that Python does not know
        return payload.decode("utf-8", errors="replace")


def _clean(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "", text)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "head"):
            self._hidden += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_to_text(html: str) -> str:
    """What a person would read in `html`, one line for each block; no markup is left."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
