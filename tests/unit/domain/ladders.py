"""Other versions of a ladder: steps dropped, renamed, moved to other days, and new ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import Step, Strategy, Triggers
from recourse.domain.strategy.migration import Move
from tests.unit.domain.builders import remind


def _without(steps: list[Step], dropped: set[str]) -> list[Step]:
    """Steps that lean on a dropped one go too; requirements alone are just dropped."""
    while fallen := {
        s.id for s in steps if s.id not in dropped and {s.fallback_for, s.proposal, s.approval} & dropped
    }:
        dropped |= fallen
    return [
        replace(s, requires=tuple(r for r in s.requires if r not in dropped))
        for s in steps
        if s.id not in dropped
    ]


def _renamed(step: Step, names: dict[str, str]) -> Step:
    def new(step_id: str | None) -> str | None:
        return None if step_id is None else names.get(step_id, step_id)

    return replace(
        step,
        id=names.get(step.id, step.id),
        requires=tuple(names.get(r, r) for r in step.requires),
        fallback_for=new(step.fallback_for),
        proposal=new(step.proposal),
        approval=new(step.approval),
    )


def _course(ladder: Strategy, names: dict[str, str], kept: set[str]) -> Strategy:
    """Its triggers and stops, of the steps that are left."""

    def left(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new for new in (names.get(i, i) for i in ids) if new in kept)

    forward = tuple(replace(pull, steps=left(pull.steps)) for pull in ladder.triggers.forward)
    back = tuple(replace(pull, steps=left(pull.steps)) for pull in ladder.triggers.back)
    stop = tuple(replace(one, hand_to=new) for one in ladder.stop for new in left((one.hand_to,)))
    return replace(ladder, triggers=Triggers(forward, back), stop=stop)


@st.composite
def moves(draw: st.DrawFn, source: Strategy) -> Move:
    """A move to a version that differs in any of these ways, or in none."""
    ids = [step.id for step in source.steps]
    kept = _without(list(source.steps), set(draw(st.lists(st.sampled_from(ids), max_size=4))))
    chosen = draw(st.lists(st.sampled_from(ids), max_size=4))
    names = {step.id: f"{step.id}_anew" for step in kept if step.id in chosen}
    days = draw(st.lists(st.integers(-5, 5), min_size=len(kept), max_size=len(kept)))
    steps = [
        replace(
            _renamed(step, names),
            day=max(0, step.day + later),
            until=None if step.until is None else step.until + later,
        )
        for step, later in zip(kept, days, strict=True)
    ]
    steps += [
        remind(f"extra_{n}", draw(st.integers(0, 90)), Channel.EMAIL) for n in range(draw(st.integers(0, 2)))
    ]
    target = replace(_course(source, names, {s.id for s in steps}), version="next", steps=tuple(steps))
    return Move(source, target, tuple(sorted(names.items())))
