"""Whether there is somebody to do what the ladder asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.domain.strategy.lint.finding import Code, Finding, House


def findings(strategy: Strategy, house: House) -> Iterator[Finding]:
    for step in strategy.steps:
        if step.kind is StepKind.TASK:
            yield from _task(step, house)
        elif step.kind is StepKind.REMIND and step.channel not in house.sent:
            yield Finding(
                Code.NOBODY_SENDS,
                step.id,
                f"nothing here sends a message by {step.channel}",
                f"use {_list(house.sent)}, or make it a task",
            )


def _task(step: Step, house: House) -> Iterator[Finding]:
    kind = step.task or ""
    if step.team not in house.teams:
        yield Finding(
            Code.UNKNOWN_TEAM,
            step.id,
            f"no role answers for the team {step.team}: nobody would ever see the task",
            f"use one of {_list(house.teams)}",
        )
    if kind not in house.outcomes:
        yield Finding(
            Code.UNKNOWN_TASK,
            step.id,
            f"there is no task of the kind {kind}",
            f"use one of {_list(house.outcomes)}",
        )
        return
    if step.channel is not house.contacts.get(kind):
        wanted = house.contacts.get(kind)
        yield Finding(
            Code.WRONG_CHANNEL,
            step.id,
            f"a {kind} goes by {wanted or 'no channel'}, and the step has {step.channel or 'none'}",
            f"set channel to {wanted}"
            if wanted
            else "leave channel out: no gate is asked for this kind of task",
        )
    for outcome in step.positive:
        if outcome not in house.outcomes[kind]:
            yield Finding(
                Code.UNKNOWN_OUTCOME,
                step.id,
                f"positive: a task of the kind {kind} never ends with {outcome}",
                f"use one of {_list(house.outcomes[kind])}",
            )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
