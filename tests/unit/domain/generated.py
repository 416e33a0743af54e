"""Situations nobody thought of: any mixture of debts, people, holds, promises, records and tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from recourse.domain.decide import Rules
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.facts import LoanEnd
from recourse.domain.fold import Account, Payment
from recourse.domain.ids import CaseId, FactId, TaskId
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.situation import (
    Action,
    Case,
    Hold,
    HoldReason,
    OpenTask,
    Promise,
    PromiseState,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)
from recourse.domain.strategy.ladder import Strategy
from tests.unit.domain import wallclock
from tests.unit.domain.builders import CN, CN_LADDER, LOAN, US, US_LADDER, borrower

LENDER_ZONES = ["Asia/Shanghai", "America/New_York", "Africa/Cairo", "America/Havana", "Pacific/Easter"]
HOURS = st.integers(-24 * 40, 24 * 40).map(lambda n: timedelta(hours=n))

rules = st.builds(
    Rules, st.sampled_from([CN_LADDER, US_LADDER]), st.sampled_from([(CN,), (US,), (CN, US), ()])
)
lawful_rules = st.builds(
    Rules, st.sampled_from([CN_LADDER, US_LADDER]), st.sampled_from([(CN,), (US,), (CN, US)])
)


def _around(draw: st.DrawFn, now: datetime) -> datetime:
    return now + draw(HOURS)


def _arrears(draw: st.DrawFn, today: date, dpd: int) -> Arrears:
    """One or two installments, the older `dpd` days past due."""
    ages = [dpd, dpd - 30][: draw(st.integers(1, 2))]
    return Arrears.of(
        Installment(n, today - timedelta(days=ago), 100_000, draw(st.integers(1, 100_000)))
        for n, ago in enumerate(ages)
    )


def _account(draw: st.DrawFn, now: datetime, zone: str, dpd: int) -> Account:
    today = now.astimezone(ZoneInfo(zone)).date()
    payments = tuple(
        Payment(f"P-{n}", draw(st.integers(1, 200_000)), today, _around(draw, now), draw(st.booleans()))
        for n in range(draw(st.integers(0, 2)))
    )
    return Account(_arrears(draw, today, dpd), payments)


def _promises(draw: st.DrawFn, now: datetime) -> tuple[Promise, ...]:
    return tuple(
        Promise(
            f"PR-{n}",
            _around(draw, now),
            draw(st.integers(1, 200_000)),
            _around(draw, now).date(),
            draw(st.sampled_from(PromiseState)),
        )
        for n in range(draw(st.integers(0, 1)))
    )


def _holds(draw: st.DrawFn, now: datetime) -> tuple[Hold, ...]:
    return tuple(
        Hold(
            f"H-{n}",
            draw(st.sampled_from(HoldReason)),
            _around(draw, now),
            _around(draw, now) if draw(st.booleans()) else None,
            draw(st.frozensets(st.sampled_from(Action), max_size=2)),
        )
        for n in range(draw(st.integers(0, 1)))
    )


OUTCOMES = [StepOutcome.DONE] * 6 + list(StepOutcome)


def _steps(draw: st.DrawFn, now: datetime, strategy: Strategy, behind: int) -> tuple[StepRecord, ...]:
    """Records of the first `behind` steps, most of them done."""
    made = []
    for step in strategy.steps[:behind]:
        outcome = draw(st.sampled_from(OUTCOMES))
        refused = outcome is StepOutcome.REFUSED
        code = draw(st.sampled_from(RefusalCode)).value if refused else None
        opens = _around(draw, now) if refused and draw(st.booleans()) else None
        if step.fallback_for is None or draw(st.booleans()):
            made.append(StepRecord(step.id, outcome, now - abs(draw(HOURS)), code, opens, "someone"))
    return tuple(made)


def _tasks(draw: st.DrawFn, now: datetime, steps: tuple[StepRecord, ...]) -> tuple[OpenTask, ...]:
    last = {r.step_id: r.outcome for r in steps}
    return tuple(
        OpenTask(TaskId(f"T-{step_id}"), step_id, _around(draw, now) if draw(st.booleans()) else None)
        for step_id, outcome in last.items()
        if outcome is StepOutcome.OPEN
    )


@st.composite
def live(draw: st.DrawFn, made_for: Strategy) -> tuple[Situation, datetime]:
    """An open case somewhere on its ladder, and an instant to decide it at."""
    zone = draw(st.sampled_from(LENDER_ZONES))
    now = draw(wallclock.instants(zone))
    places = draw(st.lists(wallclock.zones, min_size=1, max_size=2))
    behind = draw(st.integers(0, len(made_for.steps) - 1))
    dpd = max(1, made_for.steps[behind].day + draw(st.integers(-3, 9)))
    steps = _steps(draw, now, made_for, behind)
    stage = draw(st.sampled_from([Stage.REMINDER, Stage.AGENT, Stage.FIELD, Stage.LEGAL]))
    return Situation(
        case=Case(CaseId("case-L-1-1"), LOAN, 1, now - abs(draw(HOURS)), stage),
        account=_account(draw, now, zone, dpd),
        facts_seen=FactId(1),
        lender_zone=zone,
        currency="CNY",
        parties=(borrower(*places),),
        holds=_holds(draw, now),
        promises=_promises(draw, now),
        steps=steps,
        tasks=_tasks(draw, now, steps),
    ), now


@st.composite
def any_case(draw: st.DrawFn, made_for: Strategy) -> tuple[Situation, datetime]:
    """Also cases that are over, doubtful, cured, not yet due or nobody's."""
    situation, now = draw(live(made_for))
    account = situation.account
    today = now.astimezone(ZoneInfo(situation.lender_zone)).date()
    not_due = Arrears((Installment(1, today + timedelta(days=draw(st.integers(0, 3))), 1000, 1000),))
    return draw(
        st.sampled_from(
            [
                situation,
                replace(situation, account=replace(account, arrears=Arrears())),
                replace(situation, account=replace(account, arrears=Arrears(), certain=False)),
                replace(situation, account=replace(account, arrears=not_due)),
                replace(situation, account=replace(account, certain=False)),
                replace(situation, account=replace(account, ended=draw(st.sampled_from(LoanEnd)))),
                replace(situation, case=replace(situation.case, closed_reason="cured")),
                replace(situation, legal_concluded=True),
                replace(situation, parties=()),
            ]
        )
    ), now
