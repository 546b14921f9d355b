"""The publisher against a real RabbitMQ: exchanges and queues of its own, gone afterwards."""

import json
import multiprocessing
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from kombu import Connection, Exchange, Queue

from apps.core import outbox
from apps.core.drain import drain
from apps.core.models import Delivery, OutboxEvent, Target
from apps.core.outbox import Event
from apps.integrations.broker import get_broker, rabbitmq
from apps.integrations.broker.rabbitmq import RabbitMq
from apps.integrations.envelope import Envelope
from apps.integrations.errors import AccountRejected, IntegrationError, Rejected, Unavailable

AT = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
CLAIM = "0193a1b2-0000-7000-8000-0000000000c1"
real = pytest.mark.rabbitmq


def an_event(name: str = "claim.submitted", **data: str) -> Envelope:
    return Envelope(uuid.uuid4(), name, AT, data or {"claim_id": CLAIM}, "req-12345678")


def failure(act: Callable[[], object]) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        act()
    return caught.value


@dataclass
class Broker:
    """A consumer's view of the broker, with an exchange name that nobody else has."""

    url: str
    connection: Connection
    exchange: Exchange = field(default_factory=lambda: Exchange(f"test.{uuid.uuid4().hex}", type="topic", durable=True))
    queues: list[Queue] = field(default_factory=list)

    def declare(self) -> None:
        self.exchange(self.connection.default_channel).declare()

    def queue(self, pattern: str = "#", **arguments: Any) -> Queue:
        """A queue bound by `pattern`; the exchange is made with it."""
        name = f"{self.exchange.name}.{len(self.queues)}"
        queue = Queue(name, self.exchange, routing_key=pattern, durable=True, queue_arguments=arguments)
        bound = queue(self.connection.default_channel)
        bound.declare()
        self.queues.append(bound)
        return bound

    def publisher(self, **options: Any) -> RabbitMq:
        return RabbitMq(url=self.url, exchange=self.exchange.name, exchange_type="topic", **options)

    def clear(self) -> None:
        for queue in self.queues:
            queue.delete()
        self.exchange(self.connection.default_channel).delete()


@pytest.fixture
def broker(settings) -> Iterator[Broker]:
    url = json.loads(os.environ["CLAIMDESK_TEST_DECIDED"])["urls"]["rabbitmq"]
    with Connection(url) as connection:
        ours = Broker(url, connection)
        settings.EVENTS_URL, settings.EVENTS_EXCHANGE, settings.EVENTS_EXCHANGE_TYPE = url, ours.exchange.name, "topic"
        yield ours
        ours.clear()


@pytest.fixture(autouse=True)
def _no_line_kept() -> Iterator[None]:
    yield
    if line := getattr(rabbitmq._kept, "line", None):
        line.connection.collect()
        rabbitmq._kept.line = None


def kept_socket() -> Any:
    return rabbitmq._kept.line.connection.connection.transport.sock


def taken(queue: Queue) -> list[Any]:
    """What the queue holds, taken out of it."""
    messages = []
    while message := queue.get(no_ack=True):
        messages.append(message)
    return messages


# --- what arrives


@real
def test_an_event_arrives_with_all_that_consumers_need(broker):
    queue = broker.queue()
    told = an_event()

    get_broker().publish(told)

    [message] = taken(queue)
    assert json.loads(message.body) == {
        "event_id": str(told.event_id),
        "event": "claim.submitted",
        "version": 1,
        "occurred_at": "2026-11-21T12:00:00.250Z",
        "data": {"claim_id": CLAIM},
    }
    assert message.delivery_info["routing_key"] == "claim.submitted"
    wanted = {
        "message_id": str(told.event_id),
        "type": "claim.submitted",
        "timestamp": int(AT.timestamp()),
        "app_id": "claimdesk",
        "correlation_id": "req-12345678",
        "delivery_mode": 2,
        "content_type": "application/json",
        "content_encoding": "utf-8",
    }
    assert {key: message.properties[key] for key in wanted} == wanted


@real
def test_each_queue_gets_what_it_asked_for(broker):
    claims, everything = broker.queue("claim.*"), broker.queue("#")

    for name in ("claim.submitted", "payment.created", "claim.registered"):
        get_broker().publish(an_event(name))

    assert [m.delivery_info["routing_key"] for m in taken(claims)] == ["claim.submitted", "claim.registered"]
    assert len(taken(everything)) == 3


@real
def test_an_event_that_no_queue_wants_is_not_lost_in_silence(broker):
    claims = broker.queue("claim.*")

    error = failure(lambda: get_broker().publish(an_event("payment.created")))
    get_broker().publish(an_event("claim.submitted"))

    assert (type(error), error.code) == (Rejected, "broker_no_queue")
    assert "payment.created" in error.detail
    assert len(taken(claims)) == 1


@real
def test_a_missing_exchange_is_made(broker):
    publisher = broker.publisher()
    assert publisher.check().ok

    assert failure(lambda: publisher.publish(an_event())).code == "broker_no_queue"

    queue = broker.queue()
    publisher.publish(an_event())
    assert len(taken(queue)) == 1


@real
def test_an_exchange_of_another_kind_is_left_as_it_is(broker):
    broker.exchange = Exchange(broker.exchange.name, type="fanout", durable=True)
    queue = broker.queue()

    get_broker().publish(an_event())

    assert len(taken(queue)) == 1


@real
def test_an_exchange_that_goes_away_is_made_anew_with_the_next_try(broker):
    broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event())

    broker.clear()
    gone = failure(lambda: publisher.publish(an_event()))
    queue = broker.queue()
    publisher.publish(an_event())

    assert (type(gone), gone.code) == (Unavailable, "broker_no_exchange")
    assert len(taken(queue)) == 1


# --- what the broker refuses


@real
def test_a_full_queue_is_waited_for(broker):
    full = broker.queue(**{"x-max-length": 1, "x-overflow": "reject-publish"})
    publisher = broker.publisher()
    publisher.publish(an_event())

    error = failure(lambda: publisher.publish(an_event()))
    line = rabbitmq._kept.line
    full.purge()
    publisher.publish(an_event())

    assert (type(error), error.code) == (Unavailable, "broker_nacked")
    assert rabbitmq._kept.line is line
    assert len(taken(full)) == 1


@real
@pytest.mark.parametrize("change", [("guest:guest@", "guest:wrong@"), ("//", "/no-such-host")], ids=["login", "vhost"])
def test_a_closed_door_is_the_account(broker, change):
    head, tail = broker.url.split("://", 1)
    url = f"{head}://{tail.replace(*change)}"
    publisher = RabbitMq(url=url, exchange=broker.exchange.name, exchange_type="topic")

    error = failure(lambda: publisher.publish(an_event()))

    assert (type(error), error.code) == (AccountRejected, "broker_login_refused")
    assert (publisher.check().ok, publisher.check().code) == (False, "broker_login_refused")
    assert "guest" not in error.detail


@real
def test_a_check_says_whether_the_exchange_is_there_and_makes_none(broker):
    before = get_broker().check()
    still = get_broker().check()
    broker.declare()
    after = get_broker().check()

    assert before.ok and still == before and after.ok
    assert after.detail != before.detail


# --- the line


@real
def test_one_line_serves_many_events(broker):
    queue = broker.queue()

    for _ in range(20):
        get_broker().publish(an_event())
        line = rabbitmq._kept.line

    assert rabbitmq._kept.line is line
    assert len(taken(queue)) == 20


@real
@pytest.mark.parametrize(
    "how", [socket.SHUT_RDWR, socket.SHUT_WR, None], ids=["both ways", "one way", "its descriptor"]
)
def test_a_line_that_broke_between_two_events_is_laid_anew(broker, how):
    queue = broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event())

    if how is None:
        kept_socket().close()
    else:
        kept_socket().shutdown(how)
        time.sleep(0.05)
    publisher.publish(an_event())

    assert len(taken(queue)) == 2


@real
def test_a_line_that_the_broker_closed_is_laid_anew(broker):
    """As `rabbitmqctl close_connection` or a restart does: the goodbye is read before the next event."""
    queue = broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event())
    line = rabbitmq._kept.line

    line.connection.connection.send_method((10, 40), "s", ("no-such-virtual-host",))  # Open twice: the broker hangs up
    time.sleep(0.2)
    publisher.publish(an_event())

    assert rabbitmq._kept.line is not line
    assert len(taken(queue)) == 2


@real
def test_a_line_that_was_quiet_for_long_is_not_trusted(broker, monkeypatch):
    queue = broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event())
    line = rabbitmq._kept.line

    monkeypatch.setattr(rabbitmq, "IDLE", -1.0)
    publisher.publish(an_event())

    assert rabbitmq._kept.line is not line
    assert not line.connection.connected
    assert len(taken(queue)) == 2


@real
def test_threads_have_lines_of_their_own(broker):
    queue = broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event())
    ours, theirs = rabbitmq._kept.line, []

    def publish() -> None:
        publisher.publish(an_event())
        theirs.append(rabbitmq._kept.line)
        theirs[0].connection.release()

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join(10)

    assert theirs and theirs[0] is not ours
    assert len(taken(queue)) == 2


@real
def test_a_forked_process_lays_a_line_of_its_own_and_leaves_ours_alone(broker):
    queue = broker.queue()
    publisher = broker.publisher()
    publisher.publish(an_event("claim.submitted"))
    fork = multiprocessing.get_context("fork")
    port = fork.Value("i", 0)

    def publish() -> None:
        publisher.publish(an_event("claim.paid"))
        port.value = kept_socket().getsockname()[1]

    child = fork.Process(target=publish)
    child.start()
    child.join(20)
    line = rabbitmq._kept.line
    publisher.publish(an_event("claim.closed"))

    assert rabbitmq._kept.line is line
    assert port.value not in (0, kept_socket().getsockname()[1])
    names = [message.delivery_info["routing_key"] for message in taken(queue)]
    assert names == ["claim.submitted", "claim.paid", "claim.closed"]


# --- a broker that is away


def test_a_broker_that_is_away_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    publisher = RabbitMq(url=f"amqp://me:pass@127.0.0.1:{port}//", exchange="x", exchange_type="topic")

    error = failure(lambda: publisher.publish(an_event()))

    assert (type(error), error.code) == (Unavailable, "connect_failed")
    assert publisher.check().code == "connect_failed"


def test_a_broker_that_says_nothing_is_given_up(raw_server):
    url = raw_server(lambda connection: time.sleep(2)).replace("http://", "amqp://me:pass@")
    publisher = RabbitMq(url=f"{url}//", exchange="x", exchange_type="topic", connect=0.2)
    started = time.monotonic()

    error = failure(lambda: publisher.publish(an_event()))

    assert (type(error), error.code) == (Unavailable, "timeout")
    assert time.monotonic() - started < 8


@real
def test_an_event_that_is_not_confirmed_in_time_is_told_again_on_a_new_line(broker):
    """The bytes reach a proxy that swallows them: nobody knows, and consumers know a repeat by its id."""
    queue = broker.queue()
    with Swallowing(broker.url) as proxy:
        publisher = RabbitMq(url=proxy.url, exchange=broker.exchange.name, exchange_type="topic", confirm=0.5)
        publisher.publish(an_event("claim.submitted"))
        line = rabbitmq._kept.line
        proxy.swallow = True
        error = failure(lambda: publisher.publish(an_event("claim.paid")))
        proxy.swallow = False
        publisher.publish(an_event("claim.closed"))

    assert (type(error), error.code) == (Unavailable, "timeout")
    assert rabbitmq._kept.line is not line
    assert [m.delivery_info["routing_key"] for m in taken(queue)] == ["claim.submitted", "claim.closed"]


class Swallowing:
    """A proxy before the broker that can stop passing on what the client says."""

    def __init__(self, url: str) -> None:
        login, _, address = url.removeprefix("amqp://").rpartition("@")
        host, _, rest = address.partition(":")
        port, slash, path = rest.partition("/")
        self._broker = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://{login}@127.0.0.1:{self._listener.getsockname()[1]}{slash}{path}"
        self.swallow = False

    def __enter__(self) -> "Swallowing":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            broker = socket.create_connection(self._broker)
            for source, sink, ours in ((client, broker, True), (broker, client, False)):
                threading.Thread(target=self._pass, args=(source, sink, ours), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        try:
            while data := source.recv(65536):
                if not (from_client and self.swallow):
                    sink.sendall(data)
        except OSError:
            return
        finally:
            sink.close()


# --- settings


@pytest.mark.parametrize(
    "url", ["", "http://broker.example.com", "broker.example.com", "amqp://", "amqp://me:pa/ss@broker.example.com/"]
)
def test_the_address_must_be_of_a_broker(settings, url):
    settings.EVENTS_URL = url

    with pytest.raises(ImproperlyConfigured):
        get_broker()


# --- through the kernel


@dataclass(frozen=True, kw_only=True)
class KettleBoiled(Event):
    name: ClassVar[str] = "kettle.boiled"
    about: ClassVar[str] = "kettle_id"
    kettle_id: str
    cup: str


@pytest.fixture
def boil(monkeypatch) -> Callable[..., OutboxEvent]:
    """Publish that a kettle boiled; only the broker's handler is there to care."""
    monkeypatch.setattr(outbox, "_handlers", {"events.rabbitmq": outbox._handlers["events.rabbitmq"]})
    monkeypatch.setattr(outbox, "_wakes", {"quick": [], "slow": []})

    def publish(cup: str, kettle: str = "red", at: datetime = AT) -> OutboxEvent:
        with transaction.atomic():
            return outbox.publish(KettleBoiled(kettle_id=kettle, cup=cup), now=at)

    return publish


def cups(queue: Queue) -> list[str]:
    return [json.loads(message.body)["data"]["cup"] for message in taken(queue)]


def drain_at(now: datetime) -> None:
    drain(clock=lambda: now)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


@real
@pytest.mark.django_db(transaction=True)
def test_every_event_goes_to_the_broker_with_its_own_id(broker, boil):
    queue = broker.queue("kettle.*")
    row = boil("tea")

    drain_at(AT)

    [message] = taken(queue)
    assert message.properties["message_id"] == str(row.pk)
    assert json.loads(message.body)["data"] == {"kettle_id": "red", "cup": "tea"}
    assert states() == ["done"]


@pytest.mark.django_db(transaction=True)
def test_without_an_address_nothing_waits_for_a_broker(settings, boil):
    settings.EVENTS_URL = ""

    boil("tea")

    assert states() == []


@real
@pytest.mark.django_db(transaction=True)
def test_after_a_day_without_the_broker_everything_goes_out_in_its_order(broker, boil, settings):
    queue = broker.queue("kettle.*")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EVENTS_URL = f"amqp://guest:guest@127.0.0.1:{closed.getsockname()[1]}//"
    for hour in range(24):
        now = AT + timedelta(hours=hour)
        boil(f"{hour}", at=now)
        drain_at(now)
    assert "needs_attention" not in states()

    settings.EVENTS_URL = broker.url
    for minute in range(30):
        drain_at(AT + timedelta(days=1, minutes=minute))

    assert cups(queue) == [str(hour) for hour in range(24)]
    assert set(states()) == {"done"}


@real
@pytest.mark.django_db(transaction=True)
def test_an_event_that_failed_holds_back_its_own_kettle_only(broker, boil, monkeypatch):
    queue = broker.queue("kettle.*")
    send = RabbitMq.publish
    failed: list[Envelope] = []

    def fails_once(self: RabbitMq, envelope: Envelope) -> None:
        if envelope.data["cup"] == "red 1" and not failed:
            failed.append(envelope)
            raise Unavailable("a queue is full", "broker_nacked")
        send(self, envelope)

    monkeypatch.setattr(RabbitMq, "publish", fails_once)
    for kettle, cup in (("red", "red 1"), ("red", "red 2"), ("blue", "blue 1")):
        boil(cup, kettle)

    drain_at(AT)
    before = cups(queue)
    drain_at(AT + timedelta(minutes=1))

    assert before == ["blue 1"]
    assert cups(queue) == ["red 1", "red 2"]


@real
@pytest.mark.django_db(transaction=True)
def test_an_event_that_no_queue_wants_waits_for_staff_and_stops_nobody(broker, boil):
    teas = broker.queue("tea.*")
    for kettle in range(6):
        boil("tea", f"kettle {kettle}")

    drain_at(AT)

    assert states() == ["needs_attention"] * 6
    assert "kettle.boiled" in Delivery.objects.latest("id").last_error
    assert not Target.objects.filter(opened_at__isnull=False).exists()
    assert taken(teas) == []
