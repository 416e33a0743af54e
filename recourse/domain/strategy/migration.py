"""Moving a running case from its ladder to another one: what would change, before anything does.

An id means one step. Where the new ladder calls a step otherwise, the move names both, and what was recorded
under the old id counts for the new one from then on. So no done step is done again under another name.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Decision
from recourse.domain.explain import Explanation, explain
from recourse.domain.law.gate import Packs
from recourse.domain.law.rule import Collector
from recourse.domain.situation import OpenTask, Situation, StepOutcome
from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.domain.strategy.progress import progress


class Obstacle(StrEnum):
    """Why a case stays where it is."""

    OTHER_LAW = "other_law"
    """The new ladder is made for another country's law."""
    OTHER_COLLECTOR = "other_collector"
    """The new ladder is not for who collects there."""
    STEP_REUSED = "step_reused"
    """A step of the new ladder has an id that means another step in this case's diary."""
    IN_DOUBT = "in_doubt"
    """A person was asked whether a message or a file arrived, and the new ladder lacks its step."""
    UNDER_WAY = "under_way"
    """An effect was claimed and has no outcome yet."""
    NOT_THERE = "not_there"
    """The case is not pinned to the old ladder, or is closed."""
    CHANGED = "changed"
    """The answer is no longer the one that was shown."""


@dataclass(frozen=True, slots=True)
class Move:
    """renamed: (old step id, new step id) of each step that the new ladder calls otherwise."""

    source: Strategy
    target: Strategy
    renamed: tuple[tuple[str, str], ...] = ()

    def new_id(self, step_id: str) -> str:
        return dict(self.renamed).get(step_id, step_id)

    def problems(self) -> tuple[str, ...]:
        """What makes the move impossible for any case; each names the step and the remedy."""
        old, new = ({step.id: step for step in ladder.steps} for ladder in (self.source, self.target))
        found = []
        for was, now in self.renamed:
            if was not in old or now not in new:
                ladder, step_id = (self.source, was) if was not in old else (self.target, now)
                found.append(f"{was}={now}: {ladder.name} has no step {step_id}; check its spelling")
            elif was in new or now in old:
                found.append(
                    f"{was}={now}: both ladders have one of them; a renamed step is one they differ in"
                )
        ids = [step_id for pair in self.renamed for step_id in pair]
        found += [
            f"{i}: stands in two pairs; give each step one" for i in sorted(set(ids)) if ids.count(i) > 1
        ]
        pairs = [(old[i], new[self.new_id(i)]) for i in old if self.new_id(i) in new]
        found += [_unlike(one, other) for one, other in pairs if _deed(one) != _deed(other)]
        behind = {i for ladder in (self.source, self.target) for step in ladder.steps for i in step.requires}
        found += [
            f"{new_.id}: stands on day {old_.day} and would count as given on day {new_.day}; "
            "give the new step an id of its own"
            for old_, new_ in pairs
            if new_.template is not None and new_.day > old_.day and {old_.id, new_.id} & behind
        ]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Counted:
    """A step of the new ladder that begins with what was recorded before."""

    step_id: str
    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class Change:
    """before, after: the decisions by each ladder as of the same instant; after also says what the gate would
    say of its step. passed: steps of the new ladder whose last day lies behind. ended: tasks whose step the
    new ladder lacks."""

    before: Decision
    after: Explanation
    counted: tuple[Counted, ...]
    passed: tuple[str, ...]
    ended: tuple[OpenTask, ...]


def carry_over(situation: Situation, move: Move, now: datetime) -> Situation:
    """The situation as the new ladder finds it: records and tasks under the new ids, and no task whose step
    is gone."""
    gone = {task.id for task in ended_tasks(situation, move)}
    steps = tuple(replace(record, step_id=move.new_id(record.step_id)) for record in situation.steps)
    tasks = tuple(replace(t, step_id=move.new_id(t.step_id)) for t in situation.tasks if t.id not in gone)
    return replace(situation, steps=steps, tasks=tasks)


def ended_tasks(situation: Situation, move: Move) -> tuple[OpenTask, ...]:
    known = {step.id for step in move.target.steps}
    return tuple(task for task in situation.tasks if move.new_id(task.step_id) not in known)


def obstacle(
    situation: Situation,
    move: Move,
    made_for: Container[str],
    retired: frozenset[str] = frozenset(),
    collector: Collector | None = None,
) -> Obstacle | None:
    """Why this case cannot be moved. made_for: the regions whose ladders are for the loan's place. retired:
    step ids that earlier moves of the case have renamed. collector: who collects; None where nobody knows."""
    if move.target.region not in made_for:
        return Obstacle.OTHER_LAW
    if not move.target.is_for(collector):
        return Obstacle.OTHER_COLLECTOR
    recorded = {record.step_id for record in situation.steps}
    given = {new for _, new in move.renamed}
    if recorded & given or retired & {step.id for step in move.target.steps}:
        return Obstacle.STEP_REUSED
    tasks = {step.id for step in move.source.steps if step.kind is StepKind.TASK}
    if any(task.step_id not in tasks for task in ended_tasks(situation, move)):
        return Obstacle.IN_DOUBT
    return None


def foresee(situation: Situation, move: Move, packs: Packs, now: datetime) -> Change:
    """What the move would change now. It writes nothing; the same law stands on both sides."""
    after = carry_over(situation, move, now)
    explained = explain(after, Rules(move.target, packs), now)
    done = progress(after, move.target)
    states = [(step, done.state(step.id).outcome) for step in move.target.steps]
    return Change(
        before=decide(situation, Rules(move.source, packs), now),
        after=explained,
        counted=tuple(Counted(step.id, outcome) for step, outcome in states if outcome is not None),
        passed=tuple(
            step.id
            for step, outcome in states
            if step.until is not None
            and explained.decision.dpd > step.until
            and not done.finished(step)
            and outcome is not StepOutcome.OPEN
        ),
        ended=ended_tasks(situation, move),
    )


def _deed(step: Step) -> tuple[str, ...]:
    """What a record of the step testifies to: a reminder that was sent must never stand for a notice."""
    parts = (step.kind, step.task, step.template, step.channel, step.party)
    return tuple(part for part in parts if part is not None)


def _unlike(old: Step, new: Step) -> str:
    was, now = (" ".join(_deed(step)) for step in (old, new))
    return f"{new.id}: was {was}, is {now}; give the new step an id of its own"
