"""Compares what the product says it did with what the outside systems hold. Whatever does not fit is a flaw."""

import hashlib
import io
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.rig import Rig

NUMBER = re.compile(r"CLM-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9A-Z]{4}")
UNFINISHED = "SELECT count(*) FROM core_delivery WHERE state IN ('queued', 'running', 'waiting', 'unknown')"
# A message that may have arrived is not sent again; staff are told. Every other delivery has to be done.
MESSAGES = ("sms", "email")
LET_GO = (*MESSAGES, "llm")  # advice is of no use once its time is over
EARLY = 3  # s
PROBE = "connection-check.txt"  # of the file share


@dataclass
class Verdict:
    """Counts for the closing line, and in `flaws`, by kind, what must not have happened."""

    claims: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    flaws: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    KINDS = (
        "lost", "claims doubled", "remote records doubled", "relations missing", "files wrong", "archives wrong",
        "messages doubled", "events lost", "events out of order", "steps out of order", "stuck", "untrue",
    )  # fmt: skip

    def line(self) -> str:
        bad = ", ".join(f"{kind} {len(self.flaws[kind])}" for kind in self.KINDS)
        held = ", ".join(f"{n} {name}" for name, n in self.counts.items())
        return f"{self.claims} claims ({held}): {bad}"

    def all(self) -> list[str]:
        return [f"{kind}: {text}" for kind, texts in self.flaws.items() for text in texts]

    def more_than_once(self, kind: str, what: str, found: Iterable[Any]) -> None:
        self.flaws[kind] += [f"{what} {one}: {n} times" for one, n in Counter(found).items() if n > 1]


class Judge:
    """`acknowledged` are the numbers of the claims that were answered with 200. Asks after everything has drained."""

    def __init__(self, rig: Rig, acknowledged: Iterable[str]) -> None:
        self.rig, self.acknowledged, self.verdict = rig, set(acknowledged), Verdict()
        self.truth: list[dict[str, Any]] = rig.run("truth")
        self.flaws, self.counts = self.verdict.flaws, self.verdict.counts

    def judge(self) -> Verdict:
        self.verdict.claims = len(self.acknowledged)
        self.claims()
        self.deliveries()
        self.crm()
        self.share()
        self.archive()
        self.messages()
        self.automation()
        self.broker()
        return self.verdict

    def claims(self) -> None:
        found = Counter(one["number"] for one in self.truth)
        self.flaws["lost"] += [f"{number}: acknowledged, and not there" for number in self.acknowledged - set(found)]
        self.verdict.more_than_once("claims doubled", "claim", [one["number"] for one in self.truth])
        rows = self.rig.rows(
            """SELECT number, (SELECT count(*) FROM claims_claimstatuschange WHERE claim_id = claim.id),
                      (SELECT count(*) FROM claims_consent WHERE claim_id = claim.id AND kind = 'personal_data'),
                      (SELECT count(*) FROM core_outboxevent
                       WHERE name = 'claim.submitted' AND aggregate = 'claim:' || claim.id)
               FROM claims_claim AS claim WHERE status <> 'draft'"""
        )
        for number, changes, consents, events in rows:
            if (changes, consents, events) != (1, 1, 1):
                self.flaws["claims doubled"].append(
                    f"{number}: {changes} changes, {consents} consents, {events} events"
                )

    # --- our own books

    def deliveries(self) -> None:
        rows = self.rig.rows(
            """SELECT event.aggregate, handler, target, state, attempts, last_error,
                      count(try.id) FILTER (WHERE outcome <> 'staff'), count(try.id) FILTER (WHERE outcome = 'staff')
               FROM core_delivery AS delivery JOIN core_outboxevent AS event ON event.id = delivery.event_id
               LEFT JOIN core_deliveryattempt AS try ON try.delivery_id = delivery.id
               GROUP BY delivery.id, event.id"""
        )
        self.counts["deliveries"] = len(rows)
        self.counts["unclear messages left to staff"] = 0
        for aggregate, handler, target, state, attempts, error, tries, by_staff in rows:
            ended = state == "done" or (state == "cancelled" and target in LET_GO)
            if state == "needs_attention" and target in MESSAGES:
                self.counts["unclear messages left to staff"] += 1
            elif not ended:
                self.flaws["stuck"].append(f"{aggregate} {handler}: {state} after {attempts} tries: {error}")
            if not by_staff and attempts != tries:
                self.flaws["untrue"].append(f"{aggregate} {handler}: {attempts} tries counted, {tries} written down")
        self.steps()

    def steps(self) -> None:
        """No step began before the one before it was done: not by the clock, and not by the order of what was written.

        A try's clock is read before its row is claimed, so it may be somewhat early.
        """
        rows = self.rig.rows(
            f"""SELECT event_id, chain, handler,
                       min(try.started_at) < lag(finished_at) OVER steps - interval '{EARLY} s',
                       min(try.id) < lag(max(try.id) FILTER (WHERE outcome = 'ok')) OVER steps
                FROM core_delivery AS delivery JOIN core_deliveryattempt AS try ON try.delivery_id = delivery.id
                WHERE chain <> '' AND outcome <> 'staff' GROUP BY delivery.id
                WINDOW steps AS (PARTITION BY event_id, chain ORDER BY position)"""
        )
        for event, _chain, handler, is_early, is_before in rows:
            if is_early or is_before:
                self.flaws["steps out of order"].append(f"{event}: {handler} began before the step before it was done")
        for one in self.truth:
            if one["is_complete"] and one["handed_over"] != len(one["files"]):
                self.flaws["untrue"].append(f"{one['number']}: complete with {one['handed_over']} files handed over")
            if not one["is_complete"]:
                self.flaws["stuck"].append(f"{one['number']}: its registration is not complete")

    # --- the outside

    def crm(self) -> None:
        held = self.rig.held("vtiger")
        kinds = {kind: [one for one in held if one["kind"] == kind] for kind in ("Contacts", "Project", "HelpDesk")}
        self.counts |= {"contacts": len(kinds["Contacts"]), "projects": len(kinds["Project"])}
        self.counts["tickets"] = len(kinds["HelpDesk"])
        doubled = "remote records doubled"
        self.verdict.more_than_once(doubled, "contact", [one["mobile"] for one in kinds["Contacts"]])
        self.verdict.more_than_once(
            doubled, "project", [(one["linktoaccountscontacts"], one["cf_1885"]) for one in kinds["Project"]]
        )
        carried = [found.group() for one in kinds["HelpDesk"] if (found := NUMBER.search(one["ticket_title"]))]
        self.verdict.more_than_once(doubled, "ticket of", carried)
        records = {int(one["id"]): one for one in held if one["kind"] != "relation"}
        relations = Counter((one["source"], one["target"]) for one in held if one["kind"] == "relation")
        for one in self.truth:
            self._registered(one, records, relations)
        strangers = set(carried) - {one["number"] for one in self.truth}
        self.flaws["untrue"] += [f"a ticket of {number}, which was not submitted" for number in strangers]

    def _registered(self, one: dict[str, Any], records: dict[int, Any], relations: Counter[tuple[int, int]]) -> None:
        ids = [int(one[name].partition("x")[2] or 0) for name in ("contact_ref", "project_ref", "ticket_ref")]
        contact, project, ticket = (records.get(id_, {}) for id_ in ids)
        if (
            contact.get("mobile") != one["phone"]
            or project.get("linktoaccountscontacts") != one["contact_ref"]
            or project.get("cf_1885") != one["policy"]
            or not str(ticket.get("ticket_title", "")).startswith(one["number"])
            or ticket.get("cf_2066") != one["project_ref"]
            or ticket.get("ticket_no") != one["ticket_number"]
        ):
            self.flaws["untrue"].append(f"{one['number']}: the CRM's records are not what the claim says: {ids}")
        if [relations[ids[1], ids[2]], relations[ids[2], ids[1]]] != [1, 1]:
            self.flaws["relations missing"].append(f"{one['number']}: project {ids[1]}, ticket {ids[2]}")

    def share(self) -> None:
        held = [one for one in self.rig.held("nextcloud") if one["kind"] == "file"]
        # A check that was killed leaves its probe until the next check; an upload that came late, its temporary file.
        kept = [one for one in held if not one["path"].endswith((".tmp", f"/{PROBE}"))]
        expected = {path: sha for one in self.truth for path, sha in one["files"].items()}
        self.counts["files"] = len(kept)
        paths = Counter(one["path"] for one in kept)
        self.flaws["files wrong"] += [f"{path}: {paths[path]} times" for path in expected if paths[path] != 1]
        self.flaws["files wrong"] += [f"{path}: nobody's" for path in set(paths) - set(expected)]
        for one in kept:
            if hashlib.sha256(self.rig.blob("nextcloud", one)).hexdigest() != expected.get(one["path"]):
                self.flaws["files wrong"].append(f"{one['path']}: another content")

    def archive(self) -> None:
        held = [one for one in self.rig.held("s3") if one["kind"] == "object"]
        self.counts["archives"] = len(held)
        self.verdict.more_than_once("archives wrong", "object", [one["key"] for one in held])
        found = {one["key"]: one for one in held}
        for one in self.truth:
            kept = found.get(one["archive_key"])
            content = self.rig.blob("s3", kept) if kept else b""
            digest = hashlib.sha256(content).hexdigest()
            if not content or {digest, one["archive_sha256"], one["zip_sha256"]} != {digest}:
                self.flaws["archives wrong"].append(f"{one['number']}: {len(content)} bytes, SHA-256 {digest}")
                continue
            with zipfile.ZipFile(io.BytesIO(content)) as opened:
                inside = [hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()]
            if sorted(inside) != sorted(one["files"].values()):
                self.flaws["archives wrong"].append(f"{one['number']}: other files in it")

    def messages(self) -> None:
        texts = [one["own_id"] for one in self.rig.held("smsc") if one["kind"] == "sms"]
        mails = [(one["subject"].strip(), *one["to"]) for one in self.rig.held("mail")]
        self.counts |= {"SMS": len(texts), "mails": len(mails)}
        self.verdict.more_than_once("messages doubled", "SMS", texts)
        self.verdict.more_than_once("messages doubled", "mail", mails)
        done = {(target, str(event)) for target, event in self.rig.rows(
            "SELECT target, event_id FROM core_delivery WHERE state = 'done' AND target IN ('sms', 'email')"
        )}  # fmt: skip
        told = {event for target, event in done if target == "sms"}
        self.flaws["untrue"] += [f"SMS of event {event}: done, and nobody was told" for event in told - set(texts)]
        mailed = sum(target == "email" for target, _event in done)
        if len(mails) < mailed:
            self.flaws["untrue"].append(f"{mailed} mails done, {len(mails)} there")

    def automation(self) -> None:
        held = {one["event_id"] for one in self.rig.held("n8n")}
        rows = self.rig.rows("SELECT event_id FROM core_delivery WHERE handler = 'events.n8n'")
        self.counts["events in n8n"] = len(held)
        self.flaws["events lost"] += [f"{event} never came to n8n" for (event,) in rows if str(event) not in held]
        notes = [number for (number,) in self.rig.rows(
            "SELECT number FROM claims_claimnote AS note JOIN claims_claim AS claim ON claim.id = note.claim_id "
            "WHERE status <> 'draft'"
        )]  # fmt: skip
        self.counts["callbacks"] = len(notes)
        self.verdict.more_than_once("messages doubled", "callback about", notes)

    def broker(self) -> None:
        """Every event at least once; those about one thing, at their first coming, in their order."""
        taken = self.rig.rabbitmq.messages()
        first = {event: place for place, event in reversed(list(enumerate(taken)))}
        rows = self.rig.rows(
            """SELECT event.id, aggregate, name FROM core_outboxevent AS event
               JOIN core_delivery AS delivery ON delivery.event_id = event.id AND handler = 'events.rabbitmq'
               ORDER BY delivery.id"""
        )
        self.counts |= {"events": len(rows), "events told twice": len(taken) - len(first)}
        if len(rows) != self.rig.number("SELECT count(*) FROM core_outboxevent"):
            self.flaws["events lost"].append("some events have no delivery to the broker")
        last: dict[str, int] = {}
        for event, aggregate, name in rows:
            place = first.get(str(event))
            if place is None:
                self.flaws["events lost"].append(f"{name} {event} never came to RabbitMQ")
                continue
            if place < last.get(aggregate, -1):
                self.flaws["events out of order"].append(f"{name} of {aggregate}")
            last[aggregate] = place
