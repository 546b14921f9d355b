"""The API does what its schema says: schemathesis makes the calls, with two people logged in and real claims to reach.

CLAIMDESK_TEST_FUZZ_EXAMPLES (25) is how many calls it generates for each operation; CLAIMDESK_TEST_FUZZ_SEED (1) which.
"""

import json
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from django.core.cache import cache
from schemathesis import BaseSchema
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from apps.core.api.throttles import AddressThrottle, UploadThrottle
from tests.applicant import BANK, Applicant
from tests.live import Live, let_code_limits_pass
from tests.makers import files

pytestmark = pytest.mark.fuzz
EXAMPLES = int(os.environ.get("CLAIMDESK_TEST_FUZZ_EXAMPLES", "25"))
SEED = int(os.environ.get("CLAIMDESK_TEST_FUZZ_SEED", "1"))
# Whether these are right is more than a form can say: that a phone is a served mobile, a code the one that was sent, a
# number one that passes its checksum, an answer one of the claim's own form, a file a file, a claim complete.
MORE_THAN_FORM = ("sms_send", "sms_verify", "claims_patch", "claims_describe", "claims_policy", "requisites_put",
                  "requisites_confirm", "claims_submit", "documents_add")  # fmt: skip
MEANING = ["2xx", 400, 401, 403, 404, 409, 412, 429]


@pytest.fixture
def people(live: Live, tmp_path: Path) -> dict[str, Applicant]:
    """Two who are half way through, and one claim of the first that is submitted."""
    maria, igor = live.applicant(), live.applicant()
    paper = tmp_path / "paper.jpg"
    paper.write_bytes(files.jpeg())
    maria.describe()
    maria.answer_all()
    maria.fill_slots(paper)
    let_code_limits_pass()
    maria.confirm_requisites()
    maria.submit()
    maria.claim = maria.call("POST", "intake/claims", json={}, expect=201).json()
    for one in (maria, igor):
        one.patch(event_type="flight_delayed", event_place="Ереван")
        one.upload("ticket", paper)
        let_code_limits_pass()
        one.call("PUT", f"{one.path}/requisites", json=BANK, expect=200)
    return {"maria": maria, "igor": igor}


@pytest.fixture
def _wide_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of calls from one address are what this test is; that the ceiling holds is shown elsewhere."""
    for throttle in (AddressThrottle, UploadThrottle):
        monkeypatch.setitem(throttle.THROTTLE_RATES, throttle.scope, "1000000/min")
    cache.clear()


def identities(people: dict[str, Applicant], folder: Path) -> dict[str, Any]:
    """Both people as schemathesis takes them: the first makes the calls, the second must not see what is hers."""
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": str(one.http.headers["Authorization"])}]}
        for name, one in people.items()
    ]
    file = folder / "identities.json"
    file.write_text(json.dumps({"auth": entries}))
    return {"wfc": {"path": str(file), "user": next(iter(people)), "peers": list(people)}}


def values(maria: Applicant) -> dict[str, Any]:
    """What lets calls reach deep: numbers of claims, drafts and submitted, ids of their documents, phones."""
    numbers = [row["number"] for row in maria.call("GET", "intake/claims", expect=200).json()["results"]]
    held = [maria.call("GET", f"intake/claims/{number}/documents", expect=200).json() for number in numbers]
    return {
        "numbers": {"values": numbers},
        "phones": {"values": [f"+7 916 {n}-45-67" for n in range(100, 120)]},
        "documents": {"values": [one["id"] for documents in held for one in documents["results"]]},
    }


def config(auth: dict[str, Any], dictionaries: dict[str, Any], left_out: set[str]) -> SchemathesisConfig:
    meaning = {"positive_data_acceptance": {"expected-statuses": MEANING}}
    off = [{"include-operation-id": name, "enabled": False} for name in sorted(left_out)]
    eased = [{"include-operation-id": name, "checks": meaning} for name in MORE_THAN_FORM if name not in left_out]
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "continue-on-failure": True,
            "auth": auth,
            "dictionaries": dictionaries,
            "parameters": {
                "path.number": {"dictionary": "numbers", "probability": 0.9},
                "path.document_id": {"dictionary": "documents", "probability": 0.9},
                "body.phone": {"dictionary": "phones", "probability": 0.5},
                "body.session_id": {"dictionary": "numbers", "probability": 0.9},
            },
            "operations": [*off, *eased],
            "generation": {
                "max-examples": EXAMPLES, "deterministic": True, "database": "none", "no-shrink": True,
                "with-security-parameters": False,  # else an invented cookie takes the place of the session
            },
        }
    )  # fmt: skip


@pytest.mark.timeout(900)  # s; about a minute on two idle cores
@pytest.mark.usefixtures("_wide_ceiling")
def test_every_answer_is_one_that_the_schema_names(live: Live, people: dict[str, Applicant], tmp_path: Path) -> None:
    address = f"{live.url}/api/schema/"
    told = yaml.safe_load(requests.get(address, timeout=30).text)
    names = {one["operationId"] for calls in told["paths"].values() for one in calls.values()}
    leaving = {"session_end"}  # ends the session of all that comes after it, so it comes last
    auth, dictionaries = identities(people, tmp_path), values(people["maria"])

    seen = Seen()
    for left_out in (leaving, names - leaving):
        schema = schemathesis.openapi.from_url(address, config=config(auth, dictionaries, left_out))
        seen += run(schema)

    assert not seen.errors
    assert not seen.failures, "\n\n".join(seen.failures[:20])
    never = {label for label, statuses in seen.statuses.items() if not any(200 <= one < 300 for one in statuses)}
    assert never <= OUT_OF_REACH, f"never got through: {never - OUT_OF_REACH}"


# Nobody guesses a code of six digits, a checksum or a whole form by chance; test_api_journey.py goes there.
OUT_OF_REACH = {
    "POST /api/v1/sms/verify", "PUT /api/v1/intake/claims/{number}/requisites",
    "POST /api/v1/intake/claims/{number}/requisites/confirm",
    "POST /api/v1/intake/claims/{number}/submit", "POST /api/v1/intake/claims/{number}/documents",
}  # fmt: skip


@dataclass
class Seen:
    """What a run found: failed checks, errors of the tool itself, and which statuses each call has got."""

    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(self.failures + other.failures, self.errors + other.errors, {**self.statuses, **other.statuses})


def run(schema: BaseSchema) -> Seen:
    seen = Seen()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            seen.errors.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            look_through(event.recorder, seen)
    return seen


def look_through(recorder: ScenarioRecorder, seen: Seen) -> None:
    for case_id, interaction in recorder.interactions.items():
        operation = recorder.cases[case_id].value.operation
        if interaction.response is not None and interaction.request.method == operation.method.upper():
            seen.statuses[operation.label][interaction.response.status_code] += 1
    for checks in recorder.checks.values():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info:
                info = check.failure_info
                seen.failures.append(f"{check.name}: {info.failure}\n  {info.code_sample}")
