"""How far a case has come on its ladder, read from the records of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from recourse.domain.law.verdict import RefusalCode, Refused
from recourse.domain.situation import Situation, StepOutcome, StepRecord
from recourse.domain.strategy.ladder import Step, Strategy

FINAL_REFUSALS = frozenset(
    {
        RefusalCode.PARTY_NOT_PERMITTED,
        RefusalCode.MAY_NOT_BE_TOLD,
        RefusalCode.CEASED,
        RefusalCode.REPRESENTED,
        RefusalCode.INCONVENIENT_PLACE,
        RefusalCode.NO_CONTACT_POINT,
        RefusalCode.NO_CONSENT,
        RefusalCode.NO_LAWFUL_BASIS,
        RefusalCode.PURPOSE_NOT_PERMITTED,
        RefusalCode.LOCATION_NOT_REQUESTED,
        RefusalCode.LOCATION_REQUEST_ENDED,
        RefusalCode.APPROVER_IS_REQUESTER,
        RefusalCode.NOT_APPROVED,
        RefusalCode.STEP_MISSING,
        RefusalCode.NOTICE_MISSING,
    }
)
"""Refusals that time alone does not lift: the step is UNABLE and its fallback takes over."""

_ASKED_AGAIN = timedelta(days=1)
"""A refusal that names no opening is asked again a day later, so that a step can never spin."""


def next_opening(refusal: Refused, now: datetime) -> datetime | None:
    """When the refused step is tried again; None when time alone will not open it."""
    if refusal.opens_at is None and refusal.code not in FINAL_REFUSALS:
        return now + _ASKED_AGAIN
    return refusal.opens_at


@dataclass(frozen=True, slots=True)
class StepState:
    """outcome: None while untouched. tries: finished tries that count against `Step.tries`."""

    outcome: StepOutcome | None
    at: datetime | None
    opens_at: datetime | None
    tries: int


_UNTOUCHED = StepState(None, None, None, 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """fallbacks: the steps that stand in for a step that could not be done, as `Strategy.stand_ins`."""

    strategy: Strategy
    states: dict[str, StepState]
    fallbacks: dict[str, tuple[str, ...]]

    def state(self, step_id: str) -> StepState:
        return self.states.get(step_id, _UNTOUCHED)

    def done_at(self, step_id: str) -> datetime | None:
        """When the step, or one that stood in for it, was done."""
        state = self.state(self.standing_for(step_id))
        return state.at if state.outcome is StepOutcome.DONE else None

    def standing_for(self, step_id: str) -> str:
        """The step itself, or the fallback that was done in its place, or in that one's."""
        for candidate in (step_id, *self.fallbacks.get(step_id, ())):
            if self.state(candidate).outcome is StepOutcome.DONE:
                return candidate
        return step_id

    def finished(self, step: Step) -> bool:
        """Nothing more will come of the step."""
        state = self.state(step.id)
        final = {StepOutcome.DONE, StepOutcome.DECLINED, StepOutcome.UNABLE}
        return state.outcome in final or (state.outcome is StepOutcome.RETRY and state.tries >= step.tries)

    def failed(self, step: Step) -> bool:
        """It ended without having been done, so its fallback takes over."""
        return self.finished(step) and self.state(step.id).outcome is not StepOutcome.DONE


def progress(situation: Situation, strategy: Strategy) -> Progress:
    """Fold the step records, oldest first; the last record of a step tells its state."""
    states: dict[str, StepState] = {}
    known = {step.id for step in strategy.steps}
    for record in situation.steps:
        if record.step_id in known:
            before = states.get(record.step_id)
            states[record.step_id] = _after(record, before.tries if before else 0)
    return Progress(strategy, states, strategy.stand_ins())


def _after(record: StepRecord, tries: int) -> StepState:
    outcome = record.outcome
    if outcome is StepOutcome.REFUSED and record.code in FINAL_REFUSALS:
        outcome = StepOutcome.UNABLE
    if outcome in {StepOutcome.DONE, StepOutcome.RETRY, StepOutcome.DECLINED}:
        tries += 1
    return StepState(outcome, record.at, record.opens_at, tries)
