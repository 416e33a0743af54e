"""What every step of one loan shares: asking the gate, keeping records, counting work and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recourse.domain.decide import Rules
from recourse.domain.law.gate import examine, gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.verdict import ContactEffect, Effect, RefusalCode, Refused
from recourse.domain.situation import Attempt, AttemptOutcome, Situation, StepOutcome, StepRecord
from recourse.domain.strategy.address import effect_of
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.progress import next_opening, progress
from recourse.simulation.agenda import Agenda, Pays
from recourse.simulation.casefile import LoanFile
from recourse.simulation.draws import Draws
from recourse.simulation.model import Borrower, Model
from recourse.simulation.tally import Figures, Tally

Allowed = Callable[[Effect, Situation, Rules, datetime], None]
"""Told of each effect that the gate allowed, with what it was asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that is due, or a task that is taken, at `now`: what the gate is asked with."""

    step: Step
    situation: Situation
    rules: Rules
    now: datetime


@dataclass(slots=True)
class Doing:
    """delinquency: number of the installment that the present arrears began with. allowed: an onlooker."""

    file: LoanFile
    model: Model
    borrower: Borrower
    draws: Draws
    agenda: Agenda
    tally: Tally
    figures: Figures
    allowed: Allowed | None = None
    delinquency: int = 0
    _done: dict[str, int] = field(default_factory=dict)

    def begin(self, delinquency: int) -> None:
        self.delinquency = delinquency
        self._done.clear()

    def number(self, what: str) -> tuple[int, int]:
        """Of the next draw about it: the delinquency, and how often it was done in it before."""
        before = self._done.get(what, 0)
        self._done[what] = before + 1
        return self.delinquency, before

    def ask(self, asked: Asked, once: str = "") -> Effect | Refused:
        """The effect if the gate allows it. once: count a refusal of this, for the same reason, only once."""
        step, s, rules, now = asked.step, asked.situation, asked.rules, asked.now
        effect = effect_of(step, s, progress(s, rules.strategy))
        if effect is None:
            refusal, rule, pack = Refused(RefusalCode.NO_CONTACT_POINT, HOUSE), "house_contact_point", ""
        else:
            verdict = gate(effect, s, rules.packs, now)
            if not isinstance(verdict, Refused):
                if self.allowed is not None:
                    self.allowed(effect, s, rules, now)
                return effect
            refusal = verdict
            said = (check for check in examine(effect, s, rules.packs, now) if check.refusal == verdict)
            rule, pack = next(((check.rule, check.pack) for check in said), ("", ""))
        if not once or self.number(f"refused {once} {refusal.code}")[1] == 0:
            self.tally.refusals[refusal.code.value, rule, pack, refusal.source] += 1
            self.figures.refused += 1
        return refusal

    def record(self, asked: Asked, outcome: StepOutcome, code: str) -> None:
        """Each task is done by a person of its own, so that two stand behind a handover."""
        step = asked.step
        by = f"person-{step.id}" if step.kind is StepKind.TASK else None
        self.file.steps.append(StepRecord(step.id, outcome, asked.now, code=code, by=by))

    def record_refused(self, asked: Asked, refusal: Refused) -> None:
        opens = next_opening(refusal, asked.now)
        self.file.steps.append(
            StepRecord(asked.step.id, StepOutcome.REFUSED, asked.now, code=refusal.code.value, opens_at=opens)
        )

    def contact(self, effect: ContactEffect, made: AttemptOutcome, told: str, now: datetime) -> None:
        loan_id = self.file.loan.id
        self.file.attempts.append(
            Attempt(
                now,
                effect.channel,
                made,
                loan_id,
                effect.person_id,
                effect.contact_point_id,
                asked_back=told == "callback",
            )
        )
        self.tally.contacts[effect.channel.value, told] += 1
        self.figures.contacts += 1
        self.pay_for(effect.channel.value)

    def pay_for(self, what: str, seconds: int = 3600) -> None:
        """seconds: of an hour, for what is paid by the hour."""
        cost = self.model.cost_milli[what] * seconds // 3600
        self.tally.cost_milli[what] += cost
        self.figures.cost_milli += cost

    def worked(self, kind: str) -> None:
        seconds = self.model.work(kind)
        self.tally.work_seconds[kind] += seconds
        self.figures.work_seconds += seconds
        self.pay_for("agent_hour", seconds)

    def money_comes(self, days: int, why: str, now: datetime, at: tuple[int, int], *, in_full: bool) -> None:
        """Some days from today, if the arrears are still the same ones by then."""
        zone = self.file.lender_zone
        day = start_of_day(local_date(now, zone) + timedelta(days=days), zone)
        self.agenda.put(day + self.borrower.hour(why, at), Pays(self.delinquency, in_full))
