"""The shape of a strategy. Values come from `recourse/packs/strategies/`, pinned per case by version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recourse.domain.delinquency import BucketScheme
from recourse.domain.situation import Channel, PartyRole, Stage


class StepKind(StrEnum):
    REMIND = "remind"
    """A message by e-mail or SMS, sent by the system."""
    TASK = "task"
    """Something a person does."""
    LOCATE = "locate"
    HANDOVER = "handover"


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


@dataclass(frozen=True, slots=True)
class PromiseRule:
    """A promise is kept when at least `min_percent` of it was received by its date plus grace days."""

    min_percent: int = 95
    grace_days: int = 1
    max_days_ahead: int = 30


@dataclass(frozen=True, slots=True)
class Strategy:
    """A ladder at one version. Steps are in the order in which equal days are taken."""

    id: str
    version: str
    region: str
    buckets: BucketScheme
    promise: PromiseRule
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def step(self, step_id: str) -> Step:
        """Raises KeyError for a step this version does not have."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
