"""kill -9 of web and worker at random during fifty submits: reliability.md's rows 1, 2, 3 and 14 in one."""

import os

import pytest

from tests.faults.kill import attack

SEED = int(os.environ.get("CLAIMDESK_TEST_SEED", "20261121"))


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(420)
def test_every_acknowledged_claim_is_there_once_and_each_of_its_deliveries_has_an_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = attack(seed=SEED)

    with capsys.disabled():
        print(f"\n{report.line()}")
    assert report.flaws == []
    assert len(report.acknowledged) == 50
    assert report.kills["web"] >= 4
    assert report.kills["worker"] + report.kills["pool child"] >= 4
    assert report.lost_tries >= 1
