"""RabbitMQ: persistent messages to one exchange, each confirmed by the broker and wanted by a queue.

Without confirmations a message may be lost with the line, and without `mandatory` the broker confirms and forgets what
no queue is bound to. A connection is kept for each thread while events follow one another.
"""

import contextlib
import os
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from amqp.exceptions import AccessRefused, AMQPError, MessageNacked, NotAllowed, NotFound, PreconditionFailed
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from kombu import Connection, Exchange, Producer
from kombu.exceptions import KombuError

from apps.integrations.envelope import Envelope
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable
from apps.integrations.health import Health

CONNECT, CONFIRM = 3.0, 10.0  # s
IDLE = 30.0  # s: firewalls drop quiet connections without a word, so an older one is not trusted
_kept = threading.local()


class RabbitMq:
    """The broker at `url` (amqp:// or amqps://); `exchange` is made, durable, only where it is missing."""

    def __init__(
        self, *, url: str, exchange: str, exchange_type: str, connect: float = CONNECT, confirm: float = CONFIRM
    ) -> None:
        self._url, self._connect, self._confirm = url, connect, confirm
        self._exchange = Exchange(exchange, type=exchange_type, durable=True)

    @classmethod
    def from_settings(cls) -> Self:
        if not _is_address(settings.EVENTS_URL):
            raise ImproperlyConfigured("CLAIMDESK_EVENTS_URL must look like amqps://user:password@host/vhost.")
        return cls(
            url=settings.EVENTS_URL, exchange=settings.EVENTS_EXCHANGE, exchange_type=settings.EVENTS_EXCHANGE_TYPE
        )

    def publish(self, envelope: Envelope) -> None:
        with _failures_named():
            line = self._line()
            try:
                line.send(envelope, exchange=self._exchange.name, timeout=self._confirm)
            except MessageNacked:
                raise  # an answer like any other: the line is good
            except BaseException:
                # A confirmation that comes late would be taken for the next message's.
                self._drop().collect()
                raise
        if line.returned:
            detail = _("No queue is bound to “%(key)s” in the broker. Bind one, then send the event again.")
            raise Rejected(detail % {"key": envelope.event}, "broker_no_queue")

    def check(self) -> Health:
        try:
            with _failures_named(), self._connection() as connection:
                there = self._is_there(connection.channel())
        except IntegrationError as error:
            return Health(False, error.code, error.detail)
        name = {"exchange": self._exchange.name}
        if there:
            return Health(True, "ok", _("The broker answers and has the exchange “%(exchange)s”.") % name)
        detail = _("The broker answers. It has no exchange “%(exchange)s” yet: the first event makes it.")
        return Health(True, "ok", detail % name)

    def _line(self) -> "_Line":
        """This thread's line if it is still good, else a new one."""
        line: _Line | None = getattr(_kept, "line", None)
        if line and line.pid != os.getpid():
            line = _kept.line = None  # the parent's after a fork: not ours to close
        if line and line.key == self._key and line.is_good():
            return line
        if line:
            self._drop().release()
        _kept.line = line = self._open()
        return line

    def _drop(self) -> Connection:
        """Forget this thread's line. Returns its connection, to be ended by the caller."""
        line: _Line = _kept.line
        _kept.line = None
        return line.connection

    @property
    def _key(self) -> tuple[str, ...]:
        return self._url, self._exchange.name, self._exchange.type

    def _open(self) -> "_Line":
        connection = self._connection()
        try:
            if not self._is_there(connection.channel()):
                self._exchange.bind(connection.channel()).declare()
            return _Line(connection, self._key)
        except BaseException:
            connection.collect()
            raise

    def _connection(self) -> Connection:
        """A connection of its own, open."""
        parts = urlsplit(self._url)
        secure = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname}
        bounds = {"read_timeout": self._confirm, "write_timeout": self._confirm}
        connection = Connection(
            self._url,
            ssl=secure if parts.scheme == "amqps" else False,
            connect_timeout=self._connect,
            transport_options={"confirm_publish": True, **bounds},
        )
        # By itself kombu waits two seconds and tries again.
        return connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)

    def _is_there(self, channel: Any) -> bool:
        """Whether the exchange exists, of whatever kind; asking for a missing one costs the channel."""
        try:
            self._exchange.bind(channel).declare(passive=True)
        except NotFound:
            return False
        channel.close()
        return True


class _Line:
    """An open channel of one thread of one process; `returned` holds the last message if no queue took it."""

    def __init__(self, connection: Connection, key: tuple[str, ...]) -> None:
        self.connection, self.key, self.pid = connection, key, os.getpid()
        self.used = time.monotonic()
        self.returned: list[str] = []
        self._producer = Producer(connection.channel(), on_return=self._take_back)

    def _take_back(self, error: Exception, exchange: Any, routing_key: str, message: Any) -> None:
        self.returned.append(routing_key)

    def is_good(self) -> bool:
        """Whether it was used lately and the broker has not closed it since."""
        if time.monotonic() - self.used > IDLE:
            return False
        try:
            self.connection.drain_events(timeout=0.001)  # reads the broker's goodbye, if there is one
        except TimeoutError:
            return True
        except (OSError, AMQPError, KombuError):
            return False
        return True

    def send(self, envelope: Envelope, *, exchange: str, timeout: float) -> None:
        """Return when the broker has confirmed. Raises what kombu and the socket raise."""
        self.returned.clear()
        self._producer.publish(
            envelope.body(), exchange=exchange, routing_key=envelope.event, mandatory=True, delivery_mode=2,
            content_type="application/json", content_encoding="utf-8", message_id=str(envelope.event_id),
            type=envelope.event, timestamp=int(envelope.occurred_at.timestamp()), app_id="claimdesk",
            correlation_id=envelope.request_id, retry=False, timeout=timeout, confirm_timeout=timeout,
        )  # fmt: skip
        self.used = time.monotonic()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("amqp", "amqps") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is no number, as where a password holds an unquoted "/"
        return False


@contextlib.contextmanager
def _failures_named() -> Iterator[None]:
    """Turn what kombu and the socket raise into the two failures. The originals may name the login: not chained."""
    try:
        yield
    except MessageNacked:
        detail = _("The broker does not take the event now: a queue is full.")
        raise Unavailable(detail, "broker_nacked") from None
    except NotFound:
        detail = _("The exchange is gone from the broker. It is made anew with the next try.")
        raise Unavailable(detail, "broker_no_exchange") from None
    except (AccessRefused, NotAllowed):
        detail = _("The broker refuses our login, its virtual host or the exchange.")
        raise AccountRejected(detail, "broker_login_refused") from None
    except PreconditionFailed:
        detail = _("The broker has the exchange with other properties than the settings say.")
        raise AccountRejected(detail, "broker_exchange_differs") from None
    except ssl.SSLError:
        raise Unavailable(_("No secure connection to the broker."), "tls_failed") from None
    except TimeoutError:
        raise Unavailable(_("The broker did not answer in time."), "timeout") from None
    except (OSError, AMQPError, KombuError):
        raise Unavailable(_("The broker cannot be reached."), "connect_failed") from None
