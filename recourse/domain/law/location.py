"""For which purposes a vehicle may be located, how precisely at which stage, how long positions are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from recourse.domain.law.rule import Rule
from recourse.domain.positions import LocationPurpose, Precision
from recourse.domain.situation import STAGE_ORDER, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRule(Rule):
    """Why a vehicle may be located at all. consent: it takes the consent of who owns it; where it does not,
    the rule itself is the basis."""

    consent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationRule(Rule):
    """What positions may be read for.

    exact_from: the stage from which the exact place may be known; None for never. cell_km: how large the
    cells are that a coarse place is told by. lasts_days: how long one request may run. keep_days: business
    days from the reading after which a position is deleted.
    """

    purposes: frozenset[LocationPurpose]
    cell_km: int
    lasts_days: int
    keep_days: int
    exact_from: Stage | None = None


class HasLocation(Protocol):
    """A law pack, as far as positions go."""

    @property
    def location(self) -> tuple[LocationRule, ...]: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """The strictest of all rules for one purpose at one stage."""

    precision: Precision
    cell_km: int
    lasts_days: int
    keep_days: int


HOUSE_TERMS = Terms(Precision.COARSE, cell_km=5, lasts_days=1, keep_days=30)
"""Where no pack says anything."""


def terms_for(purpose: str, stage: Stage, packs: Sequence[HasLocation]) -> Terms:
    """House terms where no pack has a rule. Whether the purpose is permitted at all, the gate is asked."""
    rules = [rule for pack in packs for rule in permitting(purpose, pack)]
    if not rules:
        return HOUSE_TERMS
    exact = all(_reached(rule, stage) for rule in rules)
    return Terms(
        Precision.EXACT if exact else Precision.COARSE,
        cell_km=max(rule.cell_km for rule in rules),
        lasts_days=min(rule.lasts_days for rule in rules),
        keep_days=min(rule.keep_days for rule in rules),
    )


def permitting(purpose: str, pack: HasLocation) -> Iterator[LocationRule]:
    """The pack's rules for the purpose."""
    return (rule for rule in pack.location if purpose in rule.purposes)


def _reached(rule: LocationRule, stage: Stage) -> bool:
    return rule.exact_from is not None and STAGE_ORDER.index(stage) >= STAGE_ORDER.index(rule.exact_from)
