"""Whether every six-part dossier reads as its plot says; the law's and the ends' word beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from recourse.demo.book import Loan

Dossier = dict[str, Any]
_PARTS = ("borrower", "vehicle", "loan", "repayment", "contacts", "legal")
_HOURS = {"CN": (time(8), time(22)), "US": (time(8), time(21))}
_LEFT = ("sent", "unknown", "connected", "not_connected")
"""States of attempts that reached, or may have reached, the world outside."""


def problems_of(loan: Loan, dossier: Dossier) -> list[str]:
    """What differs from the plot, in words; empty when all is as it must be."""
    missing = [part for part in _PARTS if part not in dossier]
    if missing:
        return [f"the dossier has no part {', '.join(missing)}"]
    return [*_ending(loan, dossier), *_happened(loan, dossier), *_unlawful(loan, dossier)]


def _ending(loan: Loan, dossier: Dossier) -> Iterator[str]:
    expected, cases = loan.plot.expected, dossier["contacts"]["cases"]
    closed = tuple(case.get("closed_reason", "") for case in cases)
    if closed != expected.closed:
        yield f"closed {closed}, expected {expected.closed}"
    if expected.stage is not None and (not cases or cases[-1]["stage"] != expected.stage):
        yield f"stage {cases[-1]['stage'] if cases else 'none'}, expected {expected.stage}"
    if "cured" in closed[-1:] and dossier["repayment"]["unpaid_minor"] != 0:
        yield "closed as cured with something unpaid"


def _happened(loan: Loan, dossier: Dossier) -> Iterator[str]:
    expected, contacts = loan.plot.expected, dossier["contacts"]
    promises = {promise["state"] for promise in contacts["promises"]}
    if expected.promise is not None and promises != {expected.promise}:
        yield f"promises {sorted(promises)}, expected {expected.promise}"
    holds = {hold["reason"] for hold in contacts["holds"]}
    if expected.hold is not None and expected.hold not in holds:
        yield f"no hold for {expected.hold}"
    if expected.silent and contacts["attempts"]:
        yield "a contact was tried"
    codes = {step.get("code") for step in contacts["steps"] if step["event"] == "outcome"}
    if expected.refused is not None and expected.refused not in codes:
        yield f"nothing was refused for {expected.refused}"
    reached = {step.get("step_id") for step in contacts["steps"] if step["event"] == "outcome"}
    yield from (f"step {name} was not reached" for name in expected.steps if name not in reached)
    fresh = any(step.get("code") == "fresh" for step in contacts["steps"])
    if expected.located is not None and fresh != expected.located:
        yield f"located {fresh}, expected {expected.located}"
    filed = any(action.get("reference") for action in dossier["legal"]["actions"])
    if filed != expected.handed_over:
        yield f"handed over {filed}, expected {expected.handed_over}"


def _unlawful(loan: Loan, dossier: Dossier) -> Iterator[str]:
    """Computed here from the dossier alone, apart from the gate."""
    contacts = dossier["contacts"]
    zones = _zones(dossier)
    opens, closes = _HOURS[loan.region]
    closings = [_instant(case["closed_at"]) for case in contacts["cases"] if "closed_at" in case]
    for attempt in contacts["attempts"]:
        if attempt["state"] not in _LEFT:
            continue
        at = _instant(attempt["at"])
        if any(not opens <= at.astimezone(ZoneInfo(zone)).time() < closes for zone in zones):
            yield f"contact {attempt['channel']} outside permitted hours at {at.isoformat()}"
        episode = next(c for c in contacts["cases"] if c["id"] == attempt["case_id"])
        if "closed_at" in episode and at > _instant(episode["closed_at"]):
            yield f"contact {attempt['channel']} after closing"
        if any(_in_force(hold, at) for hold in contacts["holds"]):
            yield f"contact {attempt['channel']} under a hold"
    if len(closings) != len(set(closings)):
        yield "two cases closed at one instant"


def _zones(dossier: Dossier) -> set[str]:
    people = dossier["borrower"]["people"]
    return {zone for person in people if person["role"] == "borrower" for zone in person["zones"]}


def _in_force(hold: dict[str, Any], at: datetime) -> bool:
    end = min((hold[name] for name in ("until", "lifted_at") if name in hold), default=None)
    return _instant(hold["since"]) < at and (end is None or at < _instant(end))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def disagreements(dossiers: Iterable[Dossier], ends: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Where the ends' own logs and the dossiers do not say the same: something lost, or sent twice."""
    attempts = [a for dossier in dossiers for a in dossier["contacts"]["attempts"]]
    found = []
    mails = Counter(e["message_id"] for e in ends["smtp"] if e["event"] == "accepted")
    texts = [e for e in ends["smsc"] if e["event"] == "accepted"]
    found += [f"one e-mail was accepted {n} times" for n in mails.values() if n > 1]
    for channel, accepted in (("email", len(mails)), ("sms", len(texts))):
        mine = [a for a in attempts if a["channel"] == channel]
        sent = sum(a.get("parts") or 1 for a in mine if a["state"] == "sent")
        doubtful = any(a["state"] == "unknown" for a in mine)
        if accepted < sent or (accepted > sent and not doubtful):
            found.append(f"{channel}: {sent} message parts sent here, {accepted} accepted there")
    filed = {e["reference"] for e in ends["legal_desk"] if e["event"] == "filed"}
    handed = [a["reference"] for d in dossiers for a in d["legal"]["actions"] if "reference" in a]
    if sorted(handed) != sorted(filed):
        found.append(f"legal desk: {len(filed)} filed there, {len(handed)} handed over here")
    return found
