"""A small `make faults`: each of its parts on one rig, with few claims and short outages."""

import contextlib
import os
from collections.abc import Iterator

import pytest

from apps.core.files.reading import ocr_languages
from tests.faults import matrix
from tests.faults.attack import Attack, Result
from tests.faults.outages import Outages
from tests.faults.reading import STAGES, Readings
from tests.faults.rig import Rig, rig
from tests.faults.webhooks import Webhooks
from tests.services import Unusable

SEED = int(os.environ.get("CLAIMDESK_TEST_SEED", "20261121"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.rabbitmq,
    pytest.mark.timeout(420),
    pytest.mark.xdist_group("faults"),
]


@pytest.fixture(scope="module")
def product() -> Iterator[Rig]:
    with contextlib.ExitStack() as ends:
        try:
            one = ends.enter_context(rig(slow_workers=1))
        except Unusable as reason:  # the servers of the session may be on another machine
            pytest.skip(str(reason))
        yield one


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Iterator[list[Result]]:
    """What is put in is printed afterwards: the closing lines are worth reading also when all is well."""
    results: list[Result] = []
    yield results
    with capsys.disabled():
        print("", *(line for one in results for line in one.lines()), sep="\n")


def quietly(text: str) -> None:
    """Progress is for `make faults`."""


def test_a_webhook_that_comes_ten_times_at_once_has_one_effect(product: Rig, shown: list[Result]) -> None:
    product.start("web")
    product.wait_for_web()

    outcome = Webhooks(product, seed=SEED).run()

    shown.append(outcome)
    assert outcome.flaws == []
    assert outcome.sent == 110


def test_killed_and_let_down_it_loses_and_doubles_nothing(product: Rig, shown: list[Result]) -> None:
    report = Attack(product, seed=SEED, claims=12, cycles=12, say=quietly).run()

    shown.append(report)
    assert report.flaws == []
    assert report.verdict.claims == 12
    assert sum(report.cycles.values()) == 12


def test_a_step_that_is_broken_off_at_a_named_point_goes_on_from_there(product: Rig, shown: list[Result]) -> None:
    wanted = [*matrix.cells(["ticket"], ["kill"]), *matrix.cells(["files"], ["time-out"])]

    outcome = matrix.run(product, wanted, say=quietly)

    shown.append(outcome)
    assert outcome.flaws == []
    assert outcome.resumed == 7


def test_what_is_under_it_may_go_away_for_a_while(product: Rig, shown: list[Result]) -> None:
    outcome = Outages(product, down=3, say=quietly, brief=True).run()

    shown.append(outcome)
    assert outcome.flaws == []


@pytest.mark.skipif(not ocr_languages(), reason="needs tesseract")
def test_whatever_reads_documents_may_die_or_hang_and_claims_go_on(product: Rig, shown: list[Result]) -> None:
    outcome = Readings(product, say=quietly, brief=True).run()

    shown.append(outcome)
    assert outcome.flaws == []
    assert outcome.killed == len(STAGES)
