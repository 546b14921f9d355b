"""Applicants who fill the form in, send papers and submit, one step after the other."""

import time
import uuid
from typing import Any

import requests

from tests.faults.rig import Rig

SLOWEST_STEP = 5.0  # s
SLOT = "delay_note"
Draft = dict[str, str]


class Form:
    """Of drafts as `tests.faults.inside` makes them. What is answered wrongly or too late is in `flaws`."""

    def __init__(self, rig: Rig, made: dict[str, Any]) -> None:
        self.rig, self.consents, self._drafts = rig, made["consents"], iter(made["drafts"])
        self.submitted, self.flaws, self.slowest = list[str](), list[str](), 0.0

    def uploaded(self, content: bytes, draft: Draft | None = None) -> tuple[Draft, str]:
        """The draft, a new one if none is given, and the id of the document that it now has."""
        draft = draft or next(self._drafts)
        answer = self._upload(draft, content)
        assert answer.status_code == 201, answer.text
        return draft, str(answer.json()["id"])

    def refused(self, draft: Draft, content: bytes, code: str) -> None:
        answer = self._upload(draft, content)
        if answer.status_code != 400 or answer.json()["errors"][0]["code"] != code:
            self.flaws.append(f"too large a file was answered {answer.status_code}: {answer.text[:200]}")

    def described(self) -> Draft:
        """A new draft with its own words, which somebody is asked about."""
        draft = next(self._drafts)
        text = "Our flight was delayed for seven hours, we had to stay in a hotel overnight."
        self._step("POST", "/claims/description", draft, 202, json={"session_id": draft["number"], "text": text})
        state = self._step("GET", _path(draft), draft, 200).json()["advice"]["state"]
        if state != "asked":
            self.flaws.append(f"{draft['number']}: the form calls the advice {state}")
        return draft

    def gone_on(self, draft: Draft) -> None:
        """Answer what is asked, and submit."""
        self._step("PATCH", _path(draft), draft, 200, json={"answers": {"hours_late": "7"}})
        self.submit(draft)

    def submit(self, draft: Draft) -> None:
        answer = self._step("POST", f"{_path(draft)}/submit", draft, 200, json={"consents": self.consents})
        if answer.status_code == 200:
            self.submitted.append(draft["number"])

    def _upload(self, draft: Draft, content: bytes) -> requests.Response:
        file = ("paper.pdf" if content.startswith(b"%PDF") else "photo.jpg", content)
        return self._call("POST", f"{_path(draft)}/documents", draft, data={"slot": SLOT}, files={"file": file})

    def _step(self, method: str, path: str, draft: Draft, expect: int, **body: Any) -> requests.Response:
        """It is done, and at once."""
        began = time.monotonic()
        answer = self._call(method, path, draft, **body)
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        if answer.status_code != expect or took > SLOWEST_STEP:
            said = f"{answer.status_code} after {took:.1f} s: {answer.text[:200]}"
            self.flaws.append(f"{draft['number']}: {method} {path} was answered {said}")
        return answer

    def _call(self, method: str, path: str, draft: Draft, **body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {draft['token']}", "Idempotency-Key": str(uuid.uuid4())}
        return requests.request(method, f"{self.rig.url}/api/v1{path}", headers=headers, timeout=60, **body)


def _path(draft: Draft) -> str:
    return f"/intake/claims/{draft['number']}"
