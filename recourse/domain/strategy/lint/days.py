"""When the steps of a ladder can come at all: first and last days, segments, and who can follow whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from recourse.domain.situation import STAGE_ORDER
from recourse.domain.strategy.condition import Condition, implies, together
from recourse.domain.strategy.course import first_day
from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.domain.strategy.lint.finding import Code, Finding, House, Level

NO_END = 10**6


@dataclass(frozen=True)
class Ladder:
    """A strategy, asked for what can happen on it. Days are days past due."""

    strategy: Strategy

    @cached_property
    def _segments(self) -> dict[str, Condition]:
        return {segment.id: segment.when for segment in self.strategy.segments}

    @cached_property
    def _stand_ins(self) -> dict[str, tuple[str, ...]]:
        return self.strategy.stand_ins()

    def standing_for(self, step_id: str) -> list[Step]:
        """The step, and those that may stand in for it, or for one of these."""
        known = (step_id, *self._stand_ins.get(step_id, ()))
        return [s for s in self.strategy.steps if s.id in known]

    def earliest(self, step: Step) -> int:
        """The first day on which the step can come: its own, or when what it requires can be behind it."""
        days = [first_day(self.strategy, step)]
        for required in step.requires:
            days.append(min(map(self.earliest, self.standing_for(required))) + step.wait_days)
        if step.fallback_for is not None:
            days.append(self.earliest(self.strategy.step(step.fallback_for)))
        return max(days)

    def latest(self, step_id: str) -> int:
        """The last day on which the step, or what stands in for it, can begin."""
        return max(NO_END if s.until is None else s.until for s in self.standing_for(step_id))

    def cases(self, step: Step) -> list[Condition | None]:
        """Each way in which a case can be one for the step; None for any case, and an empty list for none."""
        found: list[Condition | None] = []
        for name in step.only or (None,):
            both = together(self._segments[name] if name is not None else None, step.gate)
            if both is False or any(implies(both, self._segments[no]) for no in step.unless):
                continue
            found.append(both)
        return found

    def meet(self, one: Step, other: Step) -> bool:
        """Whether some case is one for both."""
        pairs = product(self.cases(one), self.cases(other))
        return any(together(a, b) is not False for a, b in pairs)


def findings(strategy: Strategy, house: House) -> Iterator[Finding]:
    ladder = Ladder(strategy)
    for step in strategy.steps:
        yield from _segments(ladder, step)
        yield from _reach(ladder, step)
        yield from _requirements(ladder, step)
        yield from _fallback(ladder, step, house)
        yield from _approval(step, strategy)
    yield from _stages(strategy)


def _segments(ladder: Ladder, step: Step) -> Iterator[Finding]:
    if not ladder.cases(step):
        yield Finding(
            Code.SEGMENTS_EXCLUDE,
            step.id,
            "no case is in its segments, passes its gate and is in none of `unless`",
            "mend `only`, `unless` or `gate`, or take the step out",
        )
    for required in step.requires:
        if ladder.cases(step) and not any(
            ladder.meet(step, other) for other in ladder.standing_for(required)
        ):
            yield Finding(
                Code.SEGMENTS_EXCLUDE,
                step.id,
                f"requires {required}, which no case of its own segments has",
                f"require a step that these cases have, or open {required} for them",
            )


def _reach(ladder: Ladder, step: Step) -> Iterator[Finding]:
    earliest = ladder.earliest(step)
    if step.until is not None and step.until < earliest:
        yield Finding(
            Code.NEVER_REACHED,
            step.id,
            f"ends on day {step.until}, and what it needs is there on day {earliest} at the earliest",
            f"let it last until day {earliest} or later, or bring what it needs forward",
        )
        return
    last_try = step.day + (step.tries - 1) * step.every_days
    if step.until is not None and step.until < last_try:
        yield Finding(
            Code.TRY_AFTER_END,
            step.id,
            f"ends on day {step.until}, and its try {step.tries} comes on day {last_try} at the earliest",
            f"let it last until day {last_try}, or try less often",
        )
    for required in step.requires:
        last = ladder.latest(required) + step.wait_days
        if step.until is not None and step.until < last:
            until = "without an end" if last >= NO_END else f"until day {last}, with the days to wait"
            yield Finding(
                Code.MAY_COME_TOO_LATE,
                step.id,
                f"ends on day {step.until}, and {required} can come {until}",
                f"end {required} sooner, or let this step last longer",
                Level.WARNING,
            )


def _requirements(ladder: Ladder, step: Step) -> Iterator[Finding]:
    for required in step.requires:
        day = min(s.day for s in ladder.standing_for(required))
        if step.day < day:
            yield Finding(
                Code.BEFORE_ITS_REQUIREMENT,
                step.id,
                f"stands on day {step.day}, before {required} on day {day}, which it requires",
                f"move it to day {day + step.wait_days} or later",
            )


def _fallback(ladder: Ladder, step: Step, house: House) -> Iterator[Finding]:
    if step.fallback_for is None:
        return
    original = ladder.strategy.step(step.fallback_for)
    if not can_fail(original, house):
        yield Finding(
            Code.CANNOT_FAIL,
            step.id,
            f"stands in for {original.id}, which waits for its answer for ever and takes any for done",
            f"give {original.id} `expires_days` or `positive`, or take this step out",
        )
    elif not ladder.meet(step, original):
        yield Finding(
            Code.SEGMENTS_EXCLUDE,
            step.id,
            f"stands in for {original.id}, which no case of its own segments has",
            "give both the same segments",
        )


def can_fail(step: Step, house: House) -> bool:
    """Messages, positions and handovers can always be refused; a task only ends undone where it says how."""
    if step.kind is not StepKind.TASK:
        return True
    repeats = house.repeated & set(house.outcomes.get(step.task or "", ()))
    return step.expires_days is not None or bool(step.positive) or bool(repeats)


def _approval(step: Step, strategy: Strategy) -> Iterator[Finding]:
    """A refusal for want of an approval is final, so the handover must not be tried before it."""
    if step.kind is not StepKind.HANDOVER or step.approval is None:
        return
    if step.approval not in step.requires:
        what, who, whom = f"does not require its approval {step.approval}", step.id, step.approval
    elif step.proposal is not None and step.proposal not in strategy.step(step.approval).requires:
        what, who, whom = f"does not require the proposal {step.proposal}", step.approval, step.proposal
    else:
        return
    yield Finding(Code.APPROVAL_NOT_REQUIRED, who, what, f"add {whom} to `requires`")


def _stages(strategy: Strategy) -> Iterator[Finding]:
    """A stage never goes back, so one that begins too soon swallows the one before it."""
    first: dict[str, int] = {}
    for stage in STAGE_ORDER:
        days = [step.day for step in strategy.steps if step.stage is stage]
        later = {name: day for name, day in first.items() if days and day > min(days)}
        for name, day in later.items():
            step = min((s for s in strategy.steps if s.stage is stage), key=lambda s: s.day)
            yield Finding(
                Code.STAGE_OUT_OF_ORDER,
                step.id,
                f"begins the stage {stage} on day {step.day}, before the stage {name} begins on day {day}",
                f"move it to day {day} or later, or give it an earlier stage",
            )
        if days:
            first[stage.value] = min(days)
