"""Conformance tables: what a lawyer reads, and how it becomes a situation the gate is asked about.

A file stands for one jurisdiction: `region` and `zone` are the borrower's, a case may say otherwise. `at`,
`history` and `opens` are wall-clock times at the borrower's place. A line of history reads
`2026-11-06 09:00 call connected`, followed by any of `inbound`, `other loan`, `other number`, `other person`,
`asked back`. A notice reads `2026-10-10 09:00 cure_notice day 20`: when it was given, and on which day past
due; followed by `earlier` where that was in an earlier default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as strict

from recourse.domain.agreements import Agreement, AgreementState, Extension
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.disputes import DisputeKind
from recourse.domain.fold import Account
from recourse.domain.ids import CaseId, ContactPointId, FactId, LoanId, PersonId
from recourse.domain.law.rule import Collector
from recourse.domain.law.rules import Disclosure
from recourse.domain.law.verdict import (
    AccelerationEffect,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RecoveryEffect,
    SaleEffect,
)
from recourse.domain.restrictions import (
    InconvenientPlace,
    InconvenientTime,
    Represented,
    Restriction,
    Whereabouts,
    together,
)
from recourse.domain.situation import (
    Action,
    Attempt,
    AttemptOutcome,
    Case,
    Channel,
    ContactPoint,
    Hold,
    HoldReason,
    Notice,
    Party,
    PartyRole,
    Promise,
    PromiseState,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)

FOLDER = Path(__file__).parent
ALL = frozenset(Channel)
NOTICES = (
    "cure_notice",
    "formal_demand",
    "au_default_notice",
    "uk_default_notice",
    "uk_arrears_notice",
    "transfer_notice",
    "pre_sale_notice",
)
AGREED = Agreement("A-1", Extension(1), AgreementState.APPROVED, datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@strict(frozen=True, config={"extra": "forbid"})
class HeldBy:
    """until: last moment, at the borrower's place; None for until lifted. stops: what whoever placed it wants
    stopped besides what the law says."""

    reason: HoldReason
    until: str | None = None
    stops: list[Action] = field(default_factory=list)


@strict(frozen=True, config={"extra": "forbid"})
class LawCase:
    """do: a channel for a contact, `locate`, `accelerate`, `handover`, `recover` or `sell`. refused: a code,
    or None for allowed. rule: the code of a rule that says no. opens: when it is lawful again. notices: None
    for every notice there is, given long ago.

    inconvenient: what the person named, as `mon tue 09:00-17:00` or `work`. reached_at: what the place of the
    contact is to the person. number: what kind of contact point it is; None for the one that `do` leads to.
    price: in minor units; 100,000 of them are unpaid. requires: ladder steps that must be done, as the effect
    names them; "propose" and "approve" are."""

    says: str
    at: str
    do: Literal[
        "email", "sms", "call", "visit", "letter", "locate", "accelerate", "handover", "recover", "sell"
    ]
    to: PartyRole = PartyRole.BORROWER
    tells: Disclosure = Disclosure.DEBT
    region: str | None = None
    lender: str | None = None
    zones: list[str] | None = None
    collector: Collector | None = None
    on: date | None = None
    history: list[str] = field(default_factory=list)
    holds: list[HeldBy] = field(default_factory=list)
    no_consent: list[Channel] = field(default_factory=list)
    ceased: list[Channel] = field(default_factory=list)
    inconvenient: list[str] = field(default_factory=list)
    represented: bool = False
    reached_at: Whereabouts | None = None
    number: Literal["mobile", "landline", "email", "address"] | None = None
    product: str | None = None
    price: int | None = None
    requires: list[str] = field(default_factory=list)
    agreed: bool = False
    closed: bool = False
    uncertain: bool = False
    nobody_known: bool = False
    dead_numbers: bool = False
    promised: bool = False
    paid: bool = False
    tracker_agreed: bool = True
    approved_by: tuple[str, str] | None = ("person-1", "person-2")
    notices: list[str] | None = None
    refused: str | None = None
    rule: str | None = None
    opens: str | None = None

    @property
    def point(self) -> str:
        return self.number or {"email": "email", "visit": "address", "letter": "address"}.get(
            self.do, "mobile"
        )


@strict(frozen=True, config={"extra": "forbid"})
class TermCase:
    """A hold that is placed without an end. placed, until: at the lender's place; until None: until lifted.
    rule: the code of the rule that sets the end."""

    says: str
    reason: HoldReason
    placed: str
    rule: str
    until: str | None = None
    lender: str | None = None


@strict(frozen=True, config={"extra": "forbid"})
class AnswerCase:
    """A dispute that comes in. opened: at the lender's place. by: the last day of its answer. rule: the code
    of the rule that says so."""

    says: str
    kind: DisputeKind
    opened: str
    by: date
    rule: str
    lender: str | None = None


@strict(frozen=True, config={"extra": "forbid"})
class AcknowledgementCase:
    """A dispute that comes in. by: the last day on which that is to be acknowledged, and rule: the code of
    the rule that says so; None for what nobody wants acknowledged."""

    says: str
    kind: DisputeKind
    opened: str
    by: date | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Table:
    pack: str
    region: str
    zone: str
    cases: tuple[LawCase, ...]
    terms: tuple[TermCase, ...] = ()
    answers: tuple[AnswerCase, ...] = ()
    acknowledgements: tuple[AcknowledgementCase, ...] = ()


@cache
def tables() -> list[Table]:
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        value = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        cases = TypeAdapter(tuple[LawCase, ...]).validate_python(value["cases"])
        terms = TypeAdapter(tuple[TermCase, ...]).validate_python(value.get("terms", ()))
        answers = TypeAdapter(tuple[AnswerCase, ...]).validate_python(value.get("answers", ()))
        told = TypeAdapter(tuple[AcknowledgementCase, ...]).validate_python(value.get("acknowledgements", ()))
        found.append(Table(value["pack"], value["region"], value["zone"], cases, terms, answers, told))
    return found


def instant(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))


def situation(case: LawCase, zone: str) -> Situation:
    """One installment, thirty days past due; everybody on the loan can be reached as the case wants."""
    now = instant(case.at, zone)
    due = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=30)
    unpaid = () if case.paid else (Installment(1, due, 100_000, 100_000),)
    return Situation(
        case=Case(
            CaseId("case-L-1-1"),
            LoanId("L-1"),
            1,
            now - timedelta(days=29),
            Stage.AGENT,
            "legal_concluded" if case.closed else None,
        ),
        account=Account(arrears=Arrears(unpaid), certain=not case.uncertain),
        facts_seen=FactId(1),
        lender_zone=zone,
        currency="XXX",
        parties=() if case.nobody_known else tuple(_party(role, case, zone) for role in PartyRole),
        attempts=tuple(_attempt(line, zone) for line in case.history),
        holds=tuple(_hold(number, held, now, zone) for number, held in enumerate(case.holds)),
        promises=(Promise("P-1", now, 1, due, PromiseState.OPEN),) if case.promised else (),
        steps=_steps(case, now),
        locate_basis="consent" if case.tracker_agreed else None,
        agreements=(AGREED,) if case.agreed else (),
        price_minor=case.price,
    )


def effect(case: LawCase, zone: str) -> Effect:
    match case.do:
        case "locate":
            return LocateEffect("assess_recovery", tuple(case.requires))
        case "accelerate":
            return AccelerationEffect(tuple(case.requires), _notices(case, zone))
        case "handover":
            return HandoverEffect("propose", "approve", tuple(case.requires), _notices(case, zone))
        case "recover":
            proposed, approved = case.approved_by or ("", "")
            return RecoveryEffect(tuple(case.requires), 1, proposed, approved, _notices(case, zone))
        case "sell":
            return SaleEffect(_notices(case, zone))
        case channel:
            person = PersonId(case.to.value)
            return ContactEffect(Channel(channel), person, ContactPointId(f"{person}-1"), case.tells)


def _notices(case: LawCase, zone: str) -> tuple[Notice, ...]:
    if case.notices is None:
        return tuple(Notice(name, instant(case.at, zone) - timedelta(days=45), 45) for name in NOTICES)
    found = []
    for line in case.notices:
        day, clock, template, _, dpd, *rest = line.split()
        given = instant(f"{day} {clock}", zone)
        found.append(Notice(template, given, int(dpd), "earlier" in rest, by_post="posted" in rest))
    return tuple(found)


def _party(role: PartyRole, case: LawCase, zone: str) -> Party:
    consent, person = ALL - set(case.no_consent), PersonId(role.value)
    usable = not (case.dead_numbers and role is PartyRole.BORROWER)
    points = tuple(
        ContactPoint(ContactPointId(f"{person}-{n}"), case.point, consent, usable, case.reached_at)
        for n in (1, 2)
    )
    ceased = frozenset(case.ceased) if role is case.to else frozenset()
    told = list(map(_inconvenient, case.inconvenient)) if role is case.to else []
    told += [Represented()] if case.represented and role is PartyRole.BORROWER else []
    return Party(person, role, tuple(case.zones or [zone]), points, ceased, together(told))


def _inconvenient(text: str) -> Restriction:
    if text in set(Whereabouts):
        return InconvenientPlace(whereabouts=Whereabouts(text))
    *days, clock = text.split()
    begins, ends = map(time.fromisoformat, clock.split("-"))
    weekdays = frozenset(DAYS.index(day) + 1 for day in days or DAYS)
    return InconvenientTime(weekdays, begins, ends)


def _attempt(line: str, zone: str) -> Attempt:
    day, clock, channel, outcome, *rest = line.split()
    words = " ".join(rest)
    person = PersonId("guarantor" if "other person" in words else "borrower")
    return Attempt(
        at=instant(f"{day} {clock}", zone),
        channel=Channel(channel),
        outcome=AttemptOutcome(outcome),
        loan_id=LoanId("L-2" if "other loan" in words else "L-1"),
        person_id=person,
        contact_point_id=ContactPointId(f"{person}-{2 if 'other number' in words else 1}"),
        inbound="inbound" in words,
        asked_back="asked back" in words,
    )


def _hold(number: int, held: HeldBy, now: datetime, zone: str) -> Hold:
    until = instant(held.until, zone) if held.until else None
    return Hold(f"hold-{number}", held.reason, now - timedelta(days=1), until, frozenset(held.stops))


def _steps(case: LawCase, now: datetime) -> tuple[StepRecord, ...]:
    if case.approved_by is None:
        return ()
    names = zip(("propose", "approve"), case.approved_by, strict=True)
    return tuple(StepRecord(step, StepOutcome.DONE, now, by=by) for step, by in names)
