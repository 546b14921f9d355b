"""No phone, code, token, card, account, name or email in any log line, from the first call to the receipt."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import logs
from tests.applicant import BANK, Applicant
from tests.live import Live, let_code_limits_pass, live
from tests.makers import files

__all__ = ["live"]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as production writes it, and from DEBUG up for our own modules."""
    written = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        logs.configure(json=True, level="INFO")
    logging.getLogger("apps").setLevel("DEBUG")
    yield written
    logging.getLogger("apps").setLevel("NOTSET")
    logs.configure(json=False, level="INFO")


@pytest.mark.django_db(transaction=True)
def test_a_whole_journey_with_its_mistakes_names_nobody_in_the_log(
    live: Live, lines: io.StringIO, tmp_path: Path
) -> None:
    paper = tmp_path / "Загранпаспорт Марии.pdf"
    paper.write_bytes(files.pdf())
    maria: Applicant = live.stranger()
    code = maria.ask_code()
    maria.call("POST", "sms/send", json={"phone": maria.phone}, expect=429)
    maria.call("POST", "sms/verify", json={"phone": maria.phone, "code": "000000" if code != "000000" else "1" * 6})
    token = maria.log_in(code)["token"]
    maria.describe()
    maria.patch()
    maria.answer_all()
    maria.call("PATCH", maria.path, json={"email": "wrong@", "answers": {"x": "+7 916 123-45-67"}}, expect=400)
    maria.call("PUT", f"{maria.path}/requisites", json={"kind": "card", "number": "4111111111111112"}, expect=400)
    maria.upload("no_such_slot", paper, expect=400)
    maria.fill_slots(paper)
    maria.call("POST", f"{maria.path}/policy", json={"number": "TR-0012345"})
    let_code_limits_pass()
    maria.confirm_requisites()
    maria.submit()
    maria.call("GET", f"{maria.path}/receipt.pdf", expect=200)
    live.deliver()

    written = lines.getvalue()
    assert written.count('"event": "request"') > 10
    assert maria.claim["number"] in written  # claims are named, so that ops can follow them
    personal = [
        maria.phone, maria.phone[1:], code, token, token[4:], "maria@example.com", "wrong@", "Иванова",
        BANK["account"], "4111111111111112", "9161234567", "Загранпаспорт", "задержали", "Анталья", "SU 2137",
    ]  # fmt: skip
    assert [one for one in personal if one in written] == []


def test_what_slips_into_an_error_is_masked() -> None:
    text = "no row for +7 916 123-45-67, 4111 1111 1111 1111, maria@example.com, apl_abc-DEF_123 in CLM-2026-11-21-AB12"

    assert logs.mask(text) == "no row for •••, •••, ••• ••• in CLM-2026-11-21-AB12"


def test_production_logs_lines_of_json(lines: io.StringIO) -> None:
    logging.getLogger("apps.core").warning("maria@example.com called")

    [line] = lines.getvalue().splitlines()
    assert '"event": "••• called"' in line
