"""The ladder as it runs for one case: its segments, what comes sooner or waits, and whether it has stopped.

Everything here follows from the situation, so a decision made again takes the same course.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from recourse.domain.fold import Payment
from recourse.domain.situation import PromiseState, Situation, Stage
from recourse.domain.strategy.condition import unmet
from recourse.domain.strategy.ladder import Event, PullBack, PullForward, Step, Stop, Strategy


@dataclass(frozen=True, slots=True)
class Course:
    """not_in: the segments the case is not in, with why. days: step -> (its day here, the trigger). waits:
    step -> (not before, the trigger). stops: those whose condition holds, whatever the day."""

    strategy: Strategy
    not_in: Mapping[str, str]
    days: Mapping[str, tuple[int, str]]
    waits: Mapping[str, tuple[datetime, str]]
    stops: tuple[Stop, ...]

    def step(self, step: Step) -> Step:
        """The step with its day on this course."""
        moved = self.days.get(step.id)
        return step if moved is None else replace(step, day=moved[0])

    def not_before(self, step: Step) -> datetime | None:
        wait = self.waits.get(step.id)
        return wait[0] if wait is not None else None

    def excluded(self, step: Step, s: Situation, dpd: int) -> str | None:
        """Why the step is not for this case, or not now."""
        stopped = [stop for stop in self.stops if dpd >= self.strategy.step(stop.hand_to).day]
        if stopped and step.id not in {stop.hand_to for stop in stopped}:
            return f"the ladder has stopped: {stopped[0].id}"
        mine = [stop for stop in self.strategy.stop if stop.hand_to == step.id]
        if mine and not any(stop in self.stops for stop in mine):
            return f"only when the ladder stops: {', '.join(stop.id for stop in mine)}"
        if step.only and all(name in self.not_in for name in step.only):
            return "; ".join(f"not in {name}: {self.not_in[name]}" for name in step.only)
        inside = [name for name in step.unless if name not in self.not_in]
        if inside:
            return f"not for {inside[0]}"
        shut = unmet(step.gate, s) if step.gate is not None else None
        return f"its gate is shut: {shut}" if shut is not None else None

    def moved(self, step: Step) -> str | None:
        """What a trigger did to the step, in words that can be stored."""
        told = []
        if step.id in self.days:
            day, by = self.days[step.id]
            told.append(f"brought forward to day {day} by {by}")
        if step.id in self.waits:
            at, by = self.waits[step.id]
            told.append(f"put off to {at:%Y-%m-%d %H:%M} UTC by {by}")
        return ", ".join(told) or None


def course_of(s: Situation, strategy: Strategy) -> Course:
    days: dict[str, tuple[int, str]] = {}
    for trigger in strategy.triggers.forward:
        if unmet(trigger.when, s) is None:
            for step, day in brought_forward(strategy, trigger):
                if day < days.get(step.id, (step.day, ""))[0]:
                    days[step.id] = day, trigger.id
    waits: dict[str, tuple[datetime, str]] = {}
    for pull in strategy.triggers.back:
        happened = _happened(pull, s)
        if happened is not None:
            until = happened + timedelta(days=pull.days)
            for step in _named(strategy, pull.steps, pull.stages):
                if step.id not in waits or until > waits[step.id][0]:
                    waits[step.id] = until, pull.id
    reasons = {segment.id: unmet(segment.when, s) for segment in strategy.segments}
    not_in = {name: reason for name, reason in reasons.items() if reason is not None}
    stops = tuple(stop for stop in strategy.stop if unmet(stop.when, s) is None)
    return Course(strategy, not_in, days, waits, stops)


def brought_forward(strategy: Strategy, trigger: PullForward) -> Iterator[tuple[Step, int]]:
    """Each step with the day the trigger gives it, be it sooner or later; the distances between them stay."""
    steps = list(_named(strategy, trigger.steps, trigger.stages))
    sooner = min((step.day for step in steps), default=0) - trigger.to_day
    for step in steps:
        yield step, step.day - sooner


def first_day(strategy: Strategy, step: Step) -> int:
    """The earliest day that any course gives the step."""
    moved = (
        day for t in strategy.triggers.forward for one, day in brought_forward(strategy, t) if one is step
    )
    return min((step.day, *moved))


def _named(strategy: Strategy, ids: tuple[str, ...], stages: frozenset[Stage]) -> Iterator[Step]:
    ladder = (step for step in strategy.steps if step.errand is None)
    return (step for step in ladder if step.id in ids or step.stage in stages)


def _happened(pull: PullBack, s: Situation) -> datetime | None:
    """When the event last happened in this episode. A payment before it was opened gives no time."""
    payments = [p for p in s.account.payments if not p.reversed and p.occurred_at >= s.case.opened_at]
    match pull.after:
        case Event.PAYMENT:
            return _last([p for p in payments if p.amount_minor * 100 >= pull.min_percent * _before(p, s)])
        case Event.PROMISE_KEPT:
            made = [p.made_at for p in s.promises if p.state is PromiseState.KEPT]
            return _last([p for p in payments if p.occurred_at >= max(made)]) if made else None
        case _:
            assert_never(pull.after)


def _before(payment: Payment, s: Situation) -> int:
    """What was unpaid before it: what is unpaid now, and what has come in since."""
    since = (p for p in s.account.payments if not p.reversed and p.occurred_at >= payment.occurred_at)
    return s.account.arrears.unpaid_minor + sum(p.amount_minor for p in since)


def _last(payments: list[Payment]) -> datetime | None:
    return max((p.occurred_at for p in payments), default=None)
