"""What every rule of a law pack has: its code, its source, its period and its scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from recourse.domain.situation import PartyRole


class Mark(StrEnum):
    """How sure the source is: text read, quoted by others, general knowledge still to be checked; or no law
    at all, but what this house decided."""

    PRIMARY = "primary"
    SECOND_HAND = "second_hand"
    GENERAL = "general_knowledge"
    HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    mark: Mark


class Collector(StrEnum):
    """In which role the debt is collected: many rules bind only who collects for another."""

    CREDITOR = "creditor"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a rule is; an empty set means for all. What is not known (None) is never out of scope."""

    collectors: frozenset[Collector] = frozenset()
    products: frozenset[str] = frozenset()
    parties: frozenset[PartyRole] = frozenset()

    def covers_debt(self, collector: Collector | None, product: str | None) -> bool:
        return _within(collector, self.collectors) and _within(product, self.products)

    def covers_party(self, role: PartyRole | None) -> bool:
        return _within(role, self.parties)


def _within(value: Any, allowed: frozenset[Any]) -> bool:
    return value is None or not allowed or value in allowed


EVERYBODY = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """code: names the rule in verdicts and explanations; two versions of one rule share it and follow each
    other. effective_from, effective_to: first and last day in force; None for always and for no end."""

    code: str
    source: Source
    effective_from: date | None = None
    effective_to: date | None = None
    scope: Scope = EVERYBODY

    def in_force(self, on: date) -> bool:
        begun = self.effective_from is None or self.effective_from <= on
        return begun and (self.effective_to is None or on <= self.effective_to)
