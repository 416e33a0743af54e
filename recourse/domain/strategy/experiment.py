"""Champion and challenger: which ladder a person's cases are opened under, by a stable hash.

The place of a unit depends on salt and unit alone, so it is the same in every process. Which arm that place
belongs to depends on the shares; therefore the answer is stored when it is first used (`assignment`), and
changed shares move nobody who has one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

WHOLE = 10_000
"""Basis points."""


class UnitKind(StrEnum):
    """PERSON: all loans of a borrower stay in one arm; two ladders on one person would spoil both results and
    be no equal treatment. LOAN: each loan by itself; also for a borrower who is not known yet."""

    PERSON = "person"
    LOAN = "loan"


@dataclass(frozen=True, slots=True)
class Arm:
    """strategy: `id@version`. share: of the units, in basis points."""

    name: str
    strategy: str
    share: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """region: the one country whose law all arms are made for. effective_to: its last day, None for none.

    holdout: who is kept on the default strategy, for comparison. salt: another one deals the cards anew.
    """

    id: str
    region: str
    effective_from: date
    salt: str
    holdout: Arm
    arms: tuple[Arm, ...]
    effective_to: date | None = None
    unit: UnitKind = UnitKind.PERSON

    @property
    def all_arms(self) -> tuple[Arm, ...]:
        return (self.holdout, *self.arms)

    @property
    def shares(self) -> dict[str, int]:
        return {arm.name: arm.share for arm in self.all_arms}

    def runs(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def overlaps(self, other: Experiment) -> bool:
        """Both would want the same cases on some day."""
        ends = [one.effective_to or date.max for one in (self, other)]
        same_days = self.effective_from <= ends[1] and other.effective_from <= ends[0]
        return self.region == other.region and same_days


def place(salt: str, unit: str) -> int:
    """0 to 9,999, each equally often, of salt and unit alone."""
    digest = hashlib.sha256(f"{salt}/{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * WHOLE >> 64


def arm_of(experiment: Experiment, unit: str) -> Arm:
    """The arm whose share the unit's place lies in; the holdout has the first places."""
    left = place(experiment.salt, unit)
    for arm in experiment.all_arms:
        if left < arm.share:
            return arm
        left -= arm.share
    raise ValueError(f"experiment {experiment.id}: shares: must be {WHOLE} together")
