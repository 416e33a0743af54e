"""What the lender knows of one loan: the mutable side of a `Situation`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from recourse.domain.decision import Decision
from recourse.domain.delinquency import Arrears
from recourse.domain.fold import Account, Payment
from recourse.domain.ids import CaseId, FactId, TaskId
from recourse.domain.law.caps import LEDGER_DAYS
from recourse.domain.situation import (
    Attempt,
    Case,
    Channel,
    Hold,
    OpenTask,
    Party,
    Promise,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)
from recourse.simulation.loans import Loan

LEDGER = timedelta(days=LEDGER_DAYS)


@dataclass(slots=True)
class LoanFile:
    """case and what hangs on it (payments, promises, steps, tasks) are of the open case; attempts and holds
    outlive it. locate_basis: as in `Situation`. opened: when each episode was, the open one last."""

    loan: Loan
    lender_zone: str
    currency: str
    party: Party
    locate_basis: str | None
    arrears: Arrears = field(init=False)
    episode: int = 0
    opened: list[datetime] = field(default_factory=list)
    facts: int = 0
    case: Case | None = None
    attempts: list[Attempt] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    tasks: dict[TaskId, OpenTask] = field(default_factory=dict)
    legal_concluded: bool = False

    def __post_init__(self) -> None:
        self.arrears = self.loan.arrears

    def open_case(self, now: datetime) -> None:
        self.episode += 1
        self.opened.append(now)
        key = CaseId(f"case-{self.loan.id}-{self.episode}")
        self.case = Case(key, self.loan.id, self.episode, now, Stage.REMINDER)

    def drop_case(self) -> None:
        self.case, self.legal_concluded = None, False
        for part in (self.payments, self.promises, self.steps, self.tasks):
            part.clear()

    def situation(self, case: Case, now: datetime) -> Situation:
        """As the storage gathers it: of the ledger of attempts, what caps can still see."""
        edge = now - LEDGER
        if self.attempts and self.attempts[0].at <= edge:
            self.attempts = [attempt for attempt in self.attempts if attempt.at > edge]
        self.holds = [hold for hold in self.holds if hold.until is None or hold.until > now]
        return Situation(
            case=case,
            account=Account(self.arrears, tuple(self.payments)),
            facts_seen=FactId(self.facts),
            lender_zone=self.lender_zone,
            currency=self.currency,
            parties=(self.party,),
            attempts=tuple(self.attempts),
            holds=tuple(self.holds),
            promises=tuple(self.promises),
            steps=tuple(self.steps),
            tasks=tuple(self.tasks.values()),
            locate_basis=self.locate_basis,
            legal_concluded=self.legal_concluded,
            earlier_episodes=tuple(self.opened[:-1]),
        )

    def follow(self, decision: Decision, now: datetime) -> bool:
        """Write what a decision says of promises and tasks. Whether there was anything: then the plan is made
        again from what stands now."""
        judged = {verdict.promise_id: verdict.state for verdict in decision.promises}
        self.promises = [replace(p, state=judged.get(p.id, p.state)) for p in self.promises]
        for task_id in decision.expired_tasks:
            task = self.tasks.pop(task_id)
            self.steps.append(StepRecord(task.step_id, StepOutcome.UNABLE, now, code="expired"))
        return bool(judged or decision.expired_tasks)

    def cease(self, *channels: Channel) -> None:
        self.party = replace(self.party, ceased=self.party.ceased | frozenset(channels))

    def mark_unusable(self, point_id: str) -> None:
        points = tuple(replace(p, usable=False) if p.id == point_id else p for p in self.party.contact_points)
        self.party = replace(self.party, contact_points=points)
