"""Steps of the intake a second, and how long a submit takes: over HTTP as in production, beside the SQL alone."""

import itertools
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.test import Client

from bench import drafts, load, peers, replay
from bench.drafts import Draft
from bench.figures import Figure, p50_p95, percentile, spread
from bench.load import Load
from bench.place import Place, Server

ROUNDS = 3
SECONDS = 1.5  # of one contender in one round
SUBMITS = 60  # of one contender in one round


@dataclass
class Runs:
    """The rounds of one contender."""

    loads: list[Load] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(one.rate for one in self.loads)

    @property
    def seconds(self) -> list[float]:
        return [second for one in self.loads for second in one.seconds]

    @property
    def p95(self) -> float:
        return percentile(self.seconds, 0.95)

    @property
    def cpu(self) -> float:
        """Seconds of the server's processor time for one request; 0 where it was not read."""
        return sum(one.cpu for one in self.loads) / max(1, len(self.seconds))

    def text(self) -> str:
        cpu = f", {self.cpu * 1000:.1f} ms CPU" if self.cpu else ""
        return f"{self.rate:.0f}/s {spread([one.rate for one in self.loads])}, {p50_p95(self.seconds)}{cpu}"


def interleaved(contenders: dict[str, Callable[[], Load]], rounds: int = ROUNDS) -> dict[str, Runs]:
    """Each contender in turn, so many times over: what else the machine does hits them alike."""
    found = {name: Runs() for name in contenders}
    for _round in range(rounds):
        for name, act in contenders.items():
            found[name].loads.append(act())
    return found


def with_cpu(server: Server, act: Callable[[], Load]) -> Load:
    before = server.cpu()
    done = act()
    done.cpu = server.cpu() - before
    return done


def measure_patch(place: Place) -> list[Figure]:
    rows = drafts.make(1000, filled=False, series=1)
    body = drafts.patch_body(rows[0].claim_id)
    ours = itertools.cycle([one.patch(body) for one in rows])
    script = _script(rows[0], lambda one: _client(one).patch(one.path, body, content_type="application/json"))
    names = [_names(one) for one in rows]
    with place.connect() as connection:
        connection.execute(peers.SCHEMA)
    theirs = itertools.cycle([_peer(number, body) for number in range(1, 1001)])
    figures = []
    with ExitStack() as stack:
        wsgi = stack.enter_context(place.wsgi())
        asgi = stack.enter_context(place.asgi(workers=2, pool=2))
        plain = stack.enter_context(place.wsgi("bench.peers.plain:application"))
        bare = stack.enter_context(place.asgi("bench.peers.bare:application", workers=2))

        def http(server: Server, connections: int, requests: Iterator[bytes]) -> Callable[[], Load]:
            load.run(server.port, connections, requests, seconds=0.5)
            return lambda: with_cpu(server, lambda: load.run(server.port, connections, requests, seconds=SECONDS))

        def sql(connections: int) -> Callable[[], Load]:
            return lambda: replay.run(script, place.url(place.main), connections, names, seconds=SECONDS)

        for connections in (1, 4, 16):
            contenders = {"ours": http(wsgi, connections, ours), "sql": sql(connections)}
            if connections == 16:
                contenders |= {
                    "asgi": http(asgi, connections, ours),
                    "plain": http(plain, connections, theirs),
                    "bare": http(bare, connections, theirs),
                }
            found = interleaved(contenders)
            figures.append(_beside_sql("PATCH of a draft", connections, found["ours"], found["sql"], script))
    return [*figures, *_beside_peers(found)]


def _beside_sql(what: str, connections: int, ours: Runs, sql: Runs, script: replay.Script) -> Figure:
    label = f"{what}, {connections} at once"
    statements = f"its {len(script.statements)} SQL statements alone: {sql.text()}"
    return Figure("intake", label, ours.text(), statements, f"{ours.rate / sql.rate:.2f}x")


def _beside_peers(found: dict[str, Runs]) -> list[Figure]:
    ours, plain, bare, asgi = (found[name] for name in ("ours", "plain", "bare", "asgi"))
    of_plain, of_bare, of_p95 = ours.rate / plain.rate, ours.rate / bare.rate, ours.p95 / bare.p95
    return [
        Figure("intake", "PATCH, 16 at once", ours.text(), f"plain DRF and ORM: {plain.text()}", f"{of_plain:.2f}x",
               "G1: ≥ 2x", of_plain >= 2),
        Figure("intake", "PATCH, 16 at once", ours.text(), f"bare ASGI and psycopg: {bare.text()}", f"{of_bare:.2f}x",
               "G1: ≥ 0.5x (there: asyncpg)", of_bare >= 0.5),
        Figure("intake", "PATCH, 16 at once, p95", f"{ours.p95 * 1000:.0f} ms", f"bare: {bare.p95 * 1000:.0f} ms",
               f"{of_p95:.1f}x", "G1: ≤ 2x", of_p95 <= 2),
        Figure("intake", "PATCH, 16 at once, processor time of the server", f"{ours.cpu * 1000:.1f} ms",
               f"plain DRF and ORM: {plain.cpu * 1000:.1f} ms; bare: {bare.cpu * 1000:.1f} ms",
               f"{ours.cpu / plain.cpu:.2f}x; {ours.cpu / bare.cpu:.1f}x"),
        Figure("intake", "PATCH, 16 at once, by WSGI", ours.text(), f"by ASGI (uvicorn x2): {asgi.text()}",
               f"{ours.rate / asgi.rate:.2f}x"),
    ]  # fmt: skip


def measure_submit(place: Place) -> list[Figure]:
    sizes = (1, 4, 16)
    # One more for the capture, and some to warm up.
    supply = iter(drafts.make(len(sizes) * (ROUNDS + 1) * SUBMITS * 2 + 1, filled=True, series=2))
    body = drafts.submit_body()
    pattern = next(supply)
    script = _script(
        pattern,
        lambda one: _client(one).post(
            f"{one.path}/submit", body, content_type="application/json", headers={"Idempotency-Key": one.key}
        ),
    )
    figures = []
    with place.wsgi() as server:
        for connections in sizes:

            def http(connections: int = connections) -> Load:
                requests = (one.submit(body) for one in itertools.islice(supply, SUBMITS))
                return with_cpu(server, lambda: load.run(server.port, connections, requests, seconds=60))

            def sql(connections: int = connections) -> Load:
                rows = [_names(one) for one in itertools.islice(supply, SUBMITS)]
                return replay.run(script, place.url(place.main), connections, rows, seconds=replay.FOREVER)

            http()
            found = interleaved({"ours": http, "sql": sql})
            line = _beside_sql("submit", connections, found["ours"], found["sql"], script)
            figures.append(line)
            if connections == 16:
                p95 = found["ours"].p95
                figures.append(
                    Figure("intake", "submit, 16 at once, p95", f"{p95 * 1000:.0f} ms",
                           f"SQL alone: {found['sql'].p95 * 1000:.0f} ms", f"{p95 / found['sql'].p95:.1f}x",
                           "G2: ≤ 50 ms", p95 <= 0.05)
                )  # fmt: skip
    return figures


def _names(one: Draft) -> list[str]:
    return [str(one.claim_id), str(one.contact_id), str(one.session_id), one.number, one.token_hash, one.key]


def _script(pattern: Draft, act: Callable[[Draft], object]) -> replay.Script:
    return replay.Script(replay.capture(lambda: act(pattern)), _names(pattern))


def _client(one: Draft) -> Client:
    headers = {"Authorization": f"Bearer {one.token}", "X-Forwarded-For": one.address, "Accept-Language": "ru"}
    return Client(headers=headers, SERVER_NAME="127.0.0.1")


def _peer(number: int, body: bytes) -> bytes:
    address = f"10.9.{number // 250}.{number % 250 + 1}"
    return load.request("PATCH", f"/drafts/{number}", token=peers.token(number), address=address, body=body)
