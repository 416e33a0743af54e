"""One loan through the window: what falls due, who pays, and what the strategy makes of it.

Driven by events: between two of them nothing is computed, however many days lie there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Close, Closing, Decision, DoStep, Wait
from recourse.domain.delinquency import Arrears, Installment, allocate
from recourse.domain.fold import Payment
from recourse.domain.ids import TaskId
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.situation import Case, Situation, Stage
from recourse.domain.strategy.ladder import StepKind
from recourse.simulation import people_steps, system_steps
from recourse.simulation.agenda import (
    Agenda,
    Concludes,
    DueDay,
    Found,
    Happening,
    Lifts,
    Moves,
    Pays,
    Works,
)
from recourse.simulation.casefile import LoanFile
from recourse.simulation.doing import Allowed, Asked, Doing
from recourse.simulation.draws import Draws
from recourse.simulation.loans import Loan, due_from
from recourse.simulation.model import Borrower, Model
from recourse.simulation.tally import Figures, Tally
from recourse.simulation.trial import Trial, Window

TOLD_AT = timedelta(hours=6)
"""When the bank tells what fell due the day before."""
_MOST_AT_ONCE = 500
"""Decisions at one instant; more of them is a strategy that spins."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of a simulated case, for whoever looks on."""

    situation: Situation
    rules: Rules
    now: datetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Told of everything as it happens; nothing of it is kept by the simulation."""

    decided: Callable[[Decided], None] | None = None
    allowed: Allowed | None = None


@dataclass(slots=True)
class Life:
    """Run once. Adds to `tally`; `run` returns the loan's own figures."""

    loan: Loan
    trial: Trial
    model: Model
    window: Window
    seed: int
    tally: Tally
    onlooker: Onlooker = field(default_factory=Onlooker)
    figures: Figures = field(default_factory=Figures)
    _agenda: Agenda = field(default_factory=Agenda)
    _wake: datetime | None = None
    _borrower: Borrower = field(init=False)
    _file: LoanFile = field(init=False)
    _doing: Doing = field(init=False)

    def __post_init__(self) -> None:
        draws, behaviour = Draws(self.seed, self.loan.id), self.model.behaviour
        self._borrower = Borrower(self.model, draws)
        self._file = LoanFile(
            self.loan,
            behaviour.lender_zone,
            behaviour.currency,
            self._borrower.party(self.loan.id),
            "consent" if self._borrower.tracker() else None,
        )
        self._doing = Doing(
            self._file,
            self.model,
            self._borrower,
            draws,
            self._agenda,
            self.tally,
            self.figures,
            self.onlooker.allowed,
        )

    def run(self) -> Figures:
        zone = self._file.lender_zone
        end = self.window.ends(zone)
        self._begin(self.window.begins(zone) + TOLD_AT)
        while True:
            happens, wake = self._agenda.next_at(), self._wake
            now = min((at for at in (happens, wake) if at is not None), default=end)
            if now >= end:
                break
            if happens is not None and happens <= now:
                self._happens(self._agenda.take(), now)
            if self._file.case is not None:
                self._decide(now)
        self._finish()
        return self.figures

    def _begin(self, morning: datetime) -> None:
        loan = self.loan
        if loan.left:
            self._due_day(loan.next_number, 0)
        if (days := self._borrower.moves_after()) is not None:
            self._agenda.put(morning + timedelta(days=days), Moves(0))
        self.figures.fell_behind = loan.arrears.unpaid_minor
        if loan.arrears:
            self._fall_behind(loan.arrears.installments[0].number, morning)
            self._decide(morning)

    def _due_day(self, number: int, months: int) -> None:
        due = due_from(self.window.first, self.loan.due_day, months)
        zone = self._file.lender_zone
        self._agenda.put(start_of_day(due + timedelta(days=1), zone) + TOLD_AT, DueDay(number, due))

    def _happens(self, happening: Happening, now: datetime) -> None:
        match happening:
            case DueDay():
                self._fell_due(happening, now)
            case Pays(delinquency=delinquency, in_full=in_full):
                if self._file.arrears and delinquency == self._doing.delinquency:
                    items = self._file.arrears.installments
                    self._pay(sum(i.unpaid_minor for i in (items if in_full else items[:1])), now)
            case Works(task_id=task_id):
                self._work(task_id, now)
            case Lifts(hold_id=hold_id):
                self._file.holds = [hold for hold in self._file.holds if hold.id != hold_id]
            case Moves():
                self._move(now)
            case Found():
                self._borrower.dead = False
                ceased = self._file.party.ceased
                self._file.party = replace(self._borrower.party(self.loan.id), ceased=ceased)
            case Concludes(episode=episode):
                case = self._file.case
                self._file.legal_concluded = case is not None and case.episode == episode
            case _:
                assert_never(happening)

    def _fell_due(self, day: DueDay, now: datetime) -> None:
        loan, file = self.loan, self._file
        after = day.number + 1
        if after < loan.next_number + loan.left:
            self._due_day(after, after - loan.next_number)
        behind = bool(file.arrears)
        misses = self._borrower.misses(day.number, behind=behind)
        if not behind and not misses:
            return
        new = Installment(day.number, day.due, loan.installment_minor, loan.installment_minor)
        file.arrears = Arrears.of([*file.arrears.installments, new])
        self.figures.fell_behind += new.unpaid_minor
        if not misses:  # the money of this month goes to the oldest installment
            self._pay(loan.installment_minor, now)
        if not behind:
            self._fall_behind(day.number, now)

    def _fall_behind(self, number: int, now: datetime) -> None:
        """The bank tells of the first overdue installment: a case opens."""
        self._doing.begin(number)
        self._file.facts += 1
        self._file.open_case(now)
        self.tally.flow["", Stage.REMINDER] += 1
        if (days := self._borrower.pays_unasked_after(number)) is not None:
            self._doing.money_comes(days, "pays_unasked", now, (number, 0), in_full=True)

    def _pay(self, amount_minor: int, now: datetime) -> None:
        file = self._file
        file.arrears, allocation = allocate(file.arrears, amount_minor)
        paid = amount_minor - allocation.surplus_minor
        file.facts += 1
        on = local_date(now, file.lender_zone)
        file.payments.append(Payment(f"p-{file.facts}", paid, on, now))
        self.figures.paid += paid
        self.tally.paid_by_month[f"{on:%Y-%m}"] += paid

    def _work(self, task_id: TaskId, now: datetime) -> None:
        case, task = self._file.case, self._file.tasks.get(task_id)
        if case is not None and task is not None:
            rules = self._rules(now)
            asked = Asked(rules.strategy.step(task.step_id), self._file.situation(case, now), rules, now)
            people_steps.work(self._doing, task, asked)

    def _perform(self, asked: Asked) -> None:
        match asked.step.kind:
            case StepKind.REMIND:
                system_steps.remind(self._doing, asked)
            case StepKind.TASK:
                people_steps.open_task(self._doing, asked)
            case StepKind.LOCATE:
                system_steps.locate(self._doing, asked)
            case StepKind.HANDOVER:
                system_steps.hand_over(self._doing, asked)
            case _:
                assert_never(asked.step.kind)

    def _rules(self, now: datetime) -> Rules:
        return self.trial.rules(local_date(now, self._file.lender_zone))

    def _move(self, now: datetime) -> None:
        self._borrower.dead = True
        self._borrower.moved += 1
        found = now + timedelta(days=self._borrower.found_after())
        self._agenda.put(found, Found(self._borrower.moved))
        if (days := self._borrower.moves_after()) is not None:
            self._agenda.put(found + timedelta(days=days), Moves(self._borrower.moved))

    def _decide(self, now: datetime) -> None:
        """Decide and do until there is something to wait for, as the run of a case does."""
        for _ in range(_MOST_AT_ONCE):
            case = self._file.case
            if case is None:
                return
            situation = self._file.situation(case, now)
            rules = self._rules(now)
            decision = decide(situation, rules, now)
            self.tally.decisions += 1
            if self.onlooker.decided is not None:
                self.onlooker.decided(Decided(situation, rules, now, decision))
            if self._carried_on(case, decision, situation, rules, now):
                return
        raise RuntimeError(
            f"{self.trial.strategy.name}: {_MOST_AT_ONCE} decisions at one instant for loan {self.loan.id}; "
            "a step that never ends"
        )

    def _carried_on(
        self, case: Case, decision: Decision, situation: Situation, rules: Rules, now: datetime
    ) -> bool:
        """Whether nothing is left to do now."""
        self._reach(case, decision.stage)
        for verdict in decision.promises:
            self.tally.promises[verdict.state.value] += 1
        again = self._file.follow(decision, now)
        match decision.plan:
            case Close(reason=reason):
                self._close(reason)
                return True
            case _ if again:
                return False
            case Wait(until=until):
                self._wake = until
                return True
            case DoStep(due_at=due_at) if due_at > now:
                self._wake = due_at
                return True
            case DoStep(step_id=step_id):
                self._perform(Asked(rules.strategy.step(step_id), situation, rules, now))
                return False
            case _:
                assert_never(decision.plan)

    def _reach(self, case: Case, stage: Stage) -> None:
        if stage is not case.stage:
            self.tally.flow[case.stage, stage] += 1
            self._file.case = replace(case, stage=stage)

    def _close(self, reason: Closing) -> None:
        self._wake = None
        self.tally.closed[reason] += 1
        self.figures.cured += reason is Closing.CURED
        self._file.drop_case()
        if reason is not Closing.CURED:  # the loan leaves the book: nothing falls due any more
            self._agenda.clear()

    def _finish(self) -> None:
        file = self._file
        if file.case is not None:
            self.tally.open_at_end[file.case.stage] += 1
        self.figures.unpaid_at_end = file.arrears.unpaid_minor
        dpd = file.arrears.dpd(self.window.last)
        self.tally.buckets_at_end[self.trial.strategy.buckets.classify(dpd)] += 1
        self.tally.loan_days += self.window.days
        self.tally.take(self.figures)
