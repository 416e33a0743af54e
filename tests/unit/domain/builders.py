"""Situations for pure tests: one overdue loan, one borrower, everything else as the test says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from recourse.domain.decide import Rules
from recourse.domain.delinquency import Arrears, Bucket, BucketScheme, Installment
from recourse.domain.fold import Account
from recourse.domain.ids import CaseId, ContactPointId, FactId, LoanId, PersonId
from recourse.domain.law.gate import Packs
from recourse.domain.law.location import BasisRule
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import (
    ApprovalRule,
    Cap,
    Counts,
    LawPack,
    PartyRule,
    Per,
    PermittedHours,
)
from recourse.domain.law.verdict import ContactEffect
from recourse.domain.situation import (
    Attempt,
    AttemptOutcome,
    Case,
    Channel,
    ContactPoint,
    Party,
    PartyRole,
    Promise,
    PromiseState,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)
from recourse.domain.strategy.ladder import PromiseRule, Step, StepKind, Strategy
from recourse.packs.loader import load_packs

CN = replace(load_packs().laws["CN"], office_days=(), least_unpaid=())
US = replace(load_packs().laws["US"], office_days=())
"""Every day is a working day here, so that the ladder's own days are seen; for others see
`test_working_days`. What is owed is a loan, and no instalment sale."""
UNLIMITED = replace(CN, limitation=())
"""China without its limitation rule, so that nothing but the ladder wakes a case up."""
CN_LADDER = load_packs().default_strategy("CN")
US_LADDER = load_packs().default_strategy("US")
ALL_CHANNELS = frozenset(Channel)

SHANGHAI = "Asia/Shanghai"
NEW_YORK = "America/New_York"
LOAN = LoanId("L-1")
BORROWER = PersonId("C-1")
PHONE = ContactPointId("CP-phone")
HOME = ContactPointId("CP-home")
MAIL = ContactPointId("CP-mail")
CN_NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""Friday, twelve o'clock in Shanghai (UTC+8 all year)."""
US_NOON = datetime(2026, 11, 6, 17, 0, tzinfo=UTC)
"""Friday, twelve o'clock in New York (UTC-5 since 1 November)."""


def shanghai(text: str) -> datetime:
    """A wall time in Shanghai as an instant; China has kept UTC+8 without daylight saving since 1991."""
    return (datetime.fromisoformat(text) - timedelta(hours=8)).replace(tzinfo=UTC)


def arrears(due: date, unpaid: int = 352017) -> Arrears:
    return Arrears((Installment(7, due, 352017, unpaid),))


def borrower(
    *zones: str,
    role: PartyRole = PartyRole.BORROWER,
    consent: frozenset[Channel] = ALL_CHANNELS,
    ceased: frozenset[Channel] = frozenset(),
    person_id: PersonId = BORROWER,
) -> Party:
    kinds = ((MAIL, "email"), (PHONE, "mobile"), (HOME, "address"))
    points = tuple(ContactPoint(key, kind, consent) for key, kind in kinds)
    return Party(person_id, role, zones or (SHANGHAI,), points, ceased)


def situation(now: datetime = CN_NOON, *, days: int = 10, zone: str = SHANGHAI) -> Situation:
    """A loan `days` past due at `now`, whose borrower lives in the lender's zone and agreed to everything."""
    due = now.astimezone(UTC).date() - timedelta(days=days)
    return Situation(
        case=Case(CaseId("case-L-1-1"), LOAN, 1, now - timedelta(days=days), Stage.REMINDER),
        account=Account(arrears(due)),
        facts_seen=FactId(1),
        lender_zone=zone,
        currency="CNY",
        parties=(borrower(zone),),
        locate_basis="consent",
    )


def contact(channel: Channel = Channel.CALL) -> ContactEffect:
    point = {Channel.EMAIL: MAIL, Channel.VISIT: HOME, Channel.LETTER: HOME}.get(channel, PHONE)
    return ContactEffect(channel, BORROWER, point)


def attempt(
    at: datetime,
    outcome: AttemptOutcome = AttemptOutcome.CONNECTED,
    channel: Channel = Channel.CALL,
    *,
    loan: LoanId = LOAN,
    person: PersonId = BORROWER,
    point: ContactPointId = PHONE,
    inbound: bool = False,
) -> Attempt:
    return Attempt(at, channel, outcome, loan, person, point, inbound)


def record(step_id: str, outcome: StepOutcome, at: datetime, by: str | None = None) -> StepRecord:
    return StepRecord(step_id, outcome, at, by=by)


def promise(made_at: datetime, due_on: date, amount: int = 352017) -> Promise:
    return Promise("PR-1", made_at, amount, due_on, PromiseState.OPEN)


def with_steps(s: Situation, *records: StepRecord) -> Situation:
    return replace(s, steps=(*s.steps, *records))


def with_attempts(s: Situation, *attempts: Attempt) -> Situation:
    return replace(s, attempts=(*s.attempts, *attempts))


def _source(title: str) -> Source:
    return Source(title, Mark.GENERAL)


def pack(
    name: str, opens: time = time(8), closes: time = time(22), *, limit: int = 100, days: int | None = None
) -> LawPack:
    """A made-up jurisdiction: hours and one cap on calls a person."""
    return LawPack(
        id=name,
        version="1",
        title=name,
        regions=(name,),
        hours=(
            PermittedHours(
                code=f"{name}_hours",
                source=_source(f"{name} hours"),
                channels=ALL_CHANNELS,
                opens=opens,
                closes=closes,
            ),
        ),
        caps=(
            Cap(
                code=f"{name}_cap",
                source=_source(f"{name} cap"),
                channels=frozenset({Channel.CALL}),
                counts=Counts.ATTEMPT,
                per=Per.PERSON,
                limit=limit,
                window_days=days,
            ),
        ),
        parties=(
            PartyRule(
                code=f"{name}_parties",
                source=_source(f"{name} parties"),
                roles=frozenset({PartyRole.BORROWER}),
            ),
        ),
        locate_basis=(BasisRule(code=f"{name}_basis", source=_source(f"{name} basis")),),
        handover=(ApprovalRule(code=f"{name}_handover", source=_source(f"{name} handover")),),
    )


def ladder(*steps: Step, promise_rule: PromiseRule | None = None, **course: Any) -> Strategy:
    """course: segments, triggers and stops."""
    buckets = BucketScheme((Bucket("early", 0), Bucket("late", 31)))
    return Strategy("test", "1", "CN", buckets, promise_rule or PromiseRule(), steps, **course)


def remind(step_id: str, day: int, channel: Channel = Channel.SMS, *, until: int | None = None) -> Step:
    return Step(
        step_id,
        StepKind.REMIND,
        Stage.REMINDER,
        day,
        until=until,
        channel=channel,
        template="reminder_friendly",
    )


def task(step_id: str, day: int, stage: Stage = Stage.AGENT) -> Step:
    return Step(step_id, StepKind.TASK, stage, day, task=step_id, team="agents")


def rules(strategy: Strategy, *packs: LawPack) -> Rules:
    laws: Packs = packs or (CN,)
    return Rules(strategy, laws)
