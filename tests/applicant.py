"""A client of the public API, as any other program would write one: what the form can do, it can do."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests

_phones = itertools.count(1)
BANK = {"kind": "bank", "bik": "044525225", "account": "40817810700000012345", "recipient": "Мария Иванова"}


def some_phone(start: int = 79_161_000_000) -> str:
    """A phone that nobody else in this run has, each in another block of numbers."""
    return str(start + next(_phones) * 10_007 % 9_000_000)


@dataclass
class Applicant:
    """One person at one API. `code_of` says which code the phone got, where the answer does not show it."""

    base: str
    phone: str = field(default_factory=some_phone)
    language: str = "ru"
    http: requests.Session = field(default_factory=requests.Session)
    claim: dict[str, Any] = field(default_factory=dict)

    def call(self, method: str, path: str, *, expect: int | None = None, **kwargs: Any) -> requests.Response:
        """The answer; with `expect`, one of that status or an AssertionError that shows what came."""
        headers = {"Accept-Language": self.language, **kwargs.pop("headers", {})}
        answer = self.http.request(method, f"{self.base}/api/v1/{path}", headers=headers, timeout=60, **kwargs)
        assert expect is None or answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    @property
    def path(self) -> str:
        return f"intake/claims/{self.claim['number']}"

    def ask_code(self) -> str:
        return str(self.call("POST", "sms/send", json={"phone": self.phone}, expect=202).json()["debug_code"])

    def log_in(self, code: str = "") -> dict[str, Any]:
        code = code or self.ask_code()
        body = {"phone": self.phone, "code": code}
        entry: dict[str, Any] = self.call("POST", "sms/verify", json=body, expect=200).json()
        self.http.cookies.clear()
        self.http.headers["Authorization"] = f"Bearer {entry['token']}"
        self.claim = entry["claim"]
        return entry

    def read(self) -> dict[str, Any]:
        self.claim = self.call("GET", self.path, expect=200).json()
        return self.claim

    def describe(self, text: str = "Рейс задержали на восемь часов, ночевали в аэропорту.") -> None:
        body = {"session_id": self.claim["number"], "text": text}
        self.call("POST", "claims/description", json=body, expect=202)

    def patch(self, **changes: Any) -> dict[str, Any]:
        self.claim = self.call("PATCH", self.path, json=changes, expect=200).json()
        return self.claim

    def upload(self, slot: str, file: Path, *, name: str = "", key: str = "", expect: int = 201) -> dict[str, Any]:
        with file.open("rb") as stream:
            answer = self.call(
                "POST", f"{self.path}/documents", data={"slot": slot}, files={"file": (name or file.name, stream)},
                headers={"Idempotency-Key": key} if key else {}, expect=expect,
            )  # fmt: skip
        found: dict[str, Any] = answer.json()
        return found

    def answer_all(self, event_type: str = "flight_delayed", day: str = "") -> None:
        """Answer every question that is asked, also those that the answers bring up; by default it was yesterday."""
        day = day or (date.today() - timedelta(days=1)).isoformat()
        self.patch(event_type=event_type, event_date=day, event_place="Анталья", email="maria@example.com")
        while open_ones := [q for q in self.claim["questions"] if q["required"] and q["value"] is None]:
            self.patch(answers={q["key"]: self.plausible(q, day) for q in open_ones})

    def plausible(self, question: dict[str, Any], day: str) -> Any:
        if question["role"] == "applicant_name":
            return "Мария Иванова"
        return {
            "text": "SU 2137", "long_text": "Подробности в документах.", "number": question["min"] or "8",
            "date": day, "choice": (question["choices"] or [{"value": ""}])[0]["value"], "yes_no": True,
            "phone": "+7 916 123-45-67", "money": {"amount": "120.50", "currency": "EUR"},
        }[question["kind"]]  # fmt: skip

    def fill_slots(self, file: Path) -> None:
        for slot in self.read()["slots"]:
            if slot["required"] and slot["state"] == "waiting":
                self.upload(slot["key"], file)

    def confirm_requisites(self, code: str = "", **fields: Any) -> None:
        kept = self.call("PUT", f"{self.path}/requisites", json=fields or BANK, expect=200).json()
        code = code or kept["code"]["debug_code"]
        self.call("POST", f"{self.path}/requisites/confirm", json={"code": code}, expect=200)

    def submit(self, *, key: str = "", expect: int | None = 200) -> requests.Response:
        consents = self.call("GET", "intake/definition", expect=200).json()["consents"]
        agreed = [{"kind": c["kind"], "version": c["version"]} for c in consents if c["required"]]
        return self.call(
            "POST", f"{self.path}/submit", json={"consents": agreed},
            headers={"Idempotency-Key": key or str(uuid.uuid4())}, expect=expect,
        )  # fmt: skip
