"""The shape of a strategy. Values come from `recourse/packs/strategies/`, pinned per case by version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recourse.domain.delinquency import BucketScheme
from recourse.domain.ids import PersonId
from recourse.domain.law.rule import Collector
from recourse.domain.law.rules import Move
from recourse.domain.situation import Action, Channel, PartyRole, Stage
from recourse.domain.strategy.condition import Condition


class StepKind(StrEnum):
    REMIND = "remind"
    """A message by e-mail or SMS, or a letter on paper, sent by the system."""
    TASK = "task"
    """Something a person does."""
    LOCATE = "locate"
    HANDOVER = "handover"


ACCELERATION_REVIEW = "acceleration_review"
"""The kind of the task in which a person calls the whole debt due."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What makes a step one of a single case: its legal action asks for it, and no ladder has it.

    number: of the move that asks. person: whom it addresses. stops: what a hold would call it besides. shut:
    why it may not be taken now; empty for it may.
    """

    number: int
    asked_by: str
    person: PersonId | None = None
    stops: Action | None = None
    shut: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung.

    day: earliest DPD. until: last DPD at which it still makes sense; None for no end.
    requires: steps that must be DONE before; wait_days: days that must pass after the last of them.
    fallback_for: this step is tried only after that one turned out UNABLE.
    tries, every_days: how often it is repeated when nobody was reached, and how far apart.
    expires_days: a task nobody answered in time is UNABLE; None for never.
    positive: task outcomes that count as DONE and let dependents go on; any other answer DECLINES.
    proposal, approval: for a handover, the task steps whose two different actors stand behind it.
    only, unless: names of segments; the step is for cases in any of the first and in none of the second.
    letter: of an e-mail; the letter of the same template goes along as a PDF.
    gate: a condition of the step's own. move: what the step begins, before which the law may want a notice.
    errand: of a step that is on no ladder.
    """

    id: str
    kind: StepKind
    stage: Stage
    day: int
    until: int | None = None
    channel: Channel | None = None
    template: str | None = None
    party: PartyRole = PartyRole.BORROWER
    team: str | None = None
    task: str | None = None
    purpose: str | None = None
    requires: tuple[str, ...] = ()
    wait_days: int = 0
    fallback_for: str | None = None
    tries: int = 1
    every_days: int = 1
    expires_days: int | None = None
    positive: tuple[str, ...] = ()
    proposal: str | None = None
    approval: str | None = None
    only: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    gate: Condition | None = None
    move: Move | None = None
    letter: bool = False
    errand: Errand | None = None

    @property
    def begins(self) -> Move | None:
        """The move before which notices must stand. A handover always begins legal action, and a review of an
        acceleration the acceleration, whether or not the ladder says so."""
        if self.kind is StepKind.HANDOVER:
            return Move.LEGAL
        return Move.ACCELERATION if self.task == ACCELERATION_REVIEW else self.move


@dataclass(frozen=True, slots=True)
class PromiseRule:
    """A promise is kept when at least `min_percent` of it was received by its date plus grace days."""

    min_percent: int = 95
    grace_days: int = 1
    max_days_ahead: int = 30


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """A part of a plan or a settlement is kept when at least `min_percent` of it was received by its date
    plus grace days. booking_days: how long the bank has to book what it was told of."""

    min_percent: int = 95
    grace_days: int = 3
    booking_days: int = 10


@dataclass(frozen=True, slots=True)
class Segment:
    """Cases that have something in common."""

    id: str
    when: Condition


@dataclass(frozen=True, slots=True)
class PullForward:
    """While `when` holds, the steps and stages named come sooner: the first of them on day `to_day`, the
    others as far behind it as the ladder has them."""

    id: str
    when: Condition
    to_day: int
    steps: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset()


class Event(StrEnum):
    """What may give the borrower time."""

    PAYMENT = "payment"
    PROMISE_KEPT = "promise_kept"


@dataclass(frozen=True, slots=True)
class PullBack:
    """For `days` after the event the steps and stages named wait. min_percent: a payment of less, of what was
    unpaid before it, gives no time."""

    id: str
    after: Event
    days: int
    min_percent: int = 0
    steps: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset()


@dataclass(frozen=True, slots=True)
class Triggers:
    forward: tuple[PullForward, ...] = ()
    back: tuple[PullBack, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """While `when` holds, from the day of the step `hand_to` on, that step is all that is left: a person
    decides what becomes of the case. The step is for nothing else."""

    id: str
    when: Condition
    hand_to: str


@dataclass(frozen=True, slots=True)
class Strategy:
    """A ladder at one version. Steps are in the order in which equal days are taken.

    region: the country, or the law pack, whose places it is for. collectors: by whom it may be used, empty
    for by anybody. languages: those that each of its texts is there in.
    """

    id: str
    version: str
    region: str
    buckets: BucketScheme
    promise: PromiseRule
    steps: tuple[Step, ...]
    segments: tuple[Segment, ...] = ()
    triggers: Triggers = Triggers()
    stop: tuple[Stop, ...] = ()
    agreement: AgreementRule = AgreementRule()
    collectors: frozenset[Collector] = frozenset()
    languages: tuple[str, ...] = ("en", "zh")

    def is_for(self, collector: Collector | None) -> bool:
        """Who collects may use it; also where that is not known."""
        return collector is None or not self.collectors or collector in self.collectors

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def stand_ins(self) -> dict[str, tuple[str, ...]]:
        """Of each step that has some: those that may stand in for it, and in turn for these, in the ladder's
        order."""
        original = {step.id: step.fallback_for for step in self.steps}
        found: dict[str, tuple[str, ...]] = {}
        for step in self.steps:
            stands_for = step.fallback_for
            while stands_for is not None:
                found[stands_for] = (*found.get(stands_for, ()), step.id)
                stands_for = original[stands_for]
        return found

    def step(self, step_id: str) -> Step:
        """Raises KeyError for a step this version does not have."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
