"""The admin's list of claims with 10,000 and with 1,000,000 of them: whole pages, beside the SQL of each page."""

import statistics
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import psycopg
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from bench import replay, rows
from bench.figures import Figure, ms, spread
from bench.place import HOST, Place

FEW, MANY = 10_000, 1_000_000
ROUNDS = 5
TWICE, PHONE, NAME = "G4: ≤ 2x of 10,000", "G4: ≤ 2.5x, ≤ 100 ms", "G4: ≤ 2x, ≤ 300 ms"


@dataclass(frozen=True)
class Case:
    """One way to open the list. `within` is the most that it may take with a million, in s."""

    label: str
    query: dict[str, str]
    goal: str = ""
    ratio: float = 0
    within: float = 60


CASES = [
    Case("first page", {}, TWICE, 2),
    Case("page 100", {"p": "100"}, TWICE, 2),
    Case("last page", {"p": "last"}),
    Case("one status", {"status": "in_review"}, TWICE, 2),
    Case("a phone", {"q": "+7 926 123-45-67"}, PHONE, 2.5, 0.1),
    Case("a phone's last four digits", {"q": rows.PHONE[-4:]}),  # a hundred times as many have them
    Case("part of a rare name", {"q": rows.RARE[1:8]}, NAME, 2, 0.3),
    Case("part of a common name", {"q": rows.COMMON[:-1].upper()}, NAME, 2, 0.3),
]


@dataclass
class Times:
    pages: list[float] = field(default_factory=list)  # s
    sql: list[float] = field(default_factory=list)  # s
    statements: list[replay.Statement] = field(default_factory=list)
    found: str = ""


def measure(place: Place) -> list[Figure]:
    user = get_user_model()._default_manager.create_superuser(username="bench-list", password=None)
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    pattern = rows.make_pattern()
    connection.close()
    for count in (FEW, MANY):
        name = _database(place, count)
        place.create_database(name, template=place.main)  # with the session of the client
        with place.connect(name) as line:
            rows.fill(line, pattern, count)
    found = {(case.label, count): Times() for case in CASES for count in (FEW, MANY)}
    try:
        for measured in [False, *[True] * ROUNDS]:
            for case in CASES:
                for count in (FEW, MANY):
                    _open(place, client, case, count, found[case.label, count], measured=measured)
    finally:
        _switch(place.main)
    return [_figure(case, found[case.label, FEW], found[case.label, MANY]) for case in CASES]


def _database(place: Place, count: int) -> str:
    return f"{place.main}_of_{count}"


def _switch(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def _open(place: Place, client: Client, case: Case, count: int, times: Times, *, measured: bool) -> None:
    _switch(_database(place, count))
    connection.ensure_connection()
    url = reverse("admin:claims_claim_changelist")
    query = dict(case.query)
    if query.get("p") == "last":
        query["p"] = str(client.get(url).context_data["cl"].paginator.num_pages)
    began = time.perf_counter()
    answer = client.get(f"{url}?{urlencode(query)}")
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise SystemExit(f"the list answers {answer.status_code} to {query}")
    if measured:
        times.pages.append(took)
        times.sql.append(_bare(place, count, times.statements))
    else:
        times.found = answer.context_data["cl"].count_text()
        times.statements = replay.capture(lambda: client.get(f"{url}?{urlencode(query)}"))


def _bare(place: Place, count: int, statements: list[replay.Statement]) -> float:
    with place.connect(_database(place, count)) as line, psycopg.ClientCursor(line) as cursor:
        cursor.execute("SELECT 1")
        began = time.perf_counter()
        for one in statements:
            cursor.execute(one.sql, one.params or None)
            if cursor.description:
                cursor.fetchall()
        return time.perf_counter() - began


def _figure(case: Case, few: Times, many: Times) -> Figure:
    page, before, sql = (statistics.median(values) for values in (many.pages, few.pages, many.sql))
    met = page <= case.ratio * before and page <= case.within if case.goal else None
    return Figure(
        "list", f"{case.label} ({many.found.replace(chr(0x202F), ' ')} found), 1,000,000 claims",
        f"{ms(page)} ms {spread(many.pages)}; its {len(many.statements)} statements alone {ms(sql)} ms",
        f"10,000 claims: {ms(before)} ms {spread(few.pages)}", f"{page / before:.1f}x", case.goal, met,
    )  # fmt: skip
