"""The closed language of conditions: what has happened to a debt, as bounds on a few named measures.

A condition never looks at the clock. What comes true by time alone (days past due, days since a payment) has
fields of its own on steps and triggers, because a plan must know when to look again; a condition that turned
true between two facts would be noticed by nobody. Since it is only bounds that must all hold, whether two
conditions can hold together is arithmetic, and the linter needs no guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Literal

from recourse.domain.law.reach import number_dead, unreachable
from recourse.domain.situation import PromiseState, Situation

DARK = frozenset({"no_fix", "stale", "invalid", "carried_over"})
"""Answers of a tracker that say nothing of where the car is now."""
LOCATED = "fresh"


@dataclass(frozen=True, slots=True)
class Range:
    """Both bounds inclusive; None for no bound."""

    min: int | None = None
    max: int | None = None

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min lies above max")

    def holds(self, value: int) -> bool:
        return (self.min is None or self.min <= value) and (self.max is None or value <= self.max)


@dataclass(frozen=True, slots=True)
class Episodes(Range):
    """days: count only those opened within so many days before the present one; None for all there were."""

    days: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything that is said must hold; None is not asked.

    amount_minor: unpaid, in minor units of the loan's currency. installments: how many are unpaid.
    episodes: times overdue, the present one included. broken_promises, kept_promises: of this episode.
    first_payment_default: the very first installment is unpaid. number_dead: no phone number of the borrower
    is usable any more. unreachable: nor has he been reached of late (`recourse.domain.law.reach`).
    tracker_dark: the last answer of the tracker was no present position.
    """

    amount_minor: Range | None = None
    installments: Range | None = None
    episodes: Episodes | None = None
    broken_promises: Range | None = None
    kept_promises: Range | None = None
    first_payment_default: bool | None = None
    number_dead: bool | None = None
    unreachable: bool | None = None
    tracker_dark: bool | None = None

    def __post_init__(self) -> None:
        if not self.said():
            raise ValueError(f"says nothing; use one of {', '.join(_MEASURES)}")

    def said(self) -> dict[str, Range | bool]:
        """What is asked, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def unmet(condition: Condition, s: Situation) -> str | None:
    """The first measure that says no, with its value; None when the condition holds."""
    for name, wanted in condition.said().items():
        value = _MEASURES[name](s, wanted)
        meets = wanted.holds(value) if isinstance(wanted, Range) else wanted == value
        if not meets:
            return f"{name} is {str(value).lower()}"
    return None


def together(one: Condition | None, other: Condition | None) -> Condition | Literal[False] | None:
    """The condition that says both; None where neither says anything; False where they exclude each other."""
    if one is None or other is None:
        return one or other
    merged: dict[str, Range | bool] = one.said()
    for name, wanted in other.said().items():
        both = _merge(merged[name], wanted) if name in merged else wanted
        if both is None:
            return False
        merged[name] = both
    values: dict[str, Any] = merged
    return Condition(**values)


def implies(narrow: Condition | None, wide: Condition) -> bool:
    """Whether whatever meets the first meets the second too."""
    said = narrow.said() if narrow is not None else {}
    return all(name in said and _within(said[name], wanted) for name, wanted in wide.said().items())


def _within(narrow: Range | bool, wide: Range | bool) -> bool:
    return not _apart(narrow, wide) and _merge(narrow, wide) == narrow


def _apart(one: Range | bool, other: Range | bool) -> bool:
    """Episodes counted over different spans say nothing of each other."""
    return isinstance(one, Episodes) and isinstance(other, Episodes) and one.days != other.days


def _merge(one: Range | bool, other: Range | bool) -> Range | bool | None:
    """None where nothing meets both. Of two that say nothing of each other, the first: wider than both."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one if one == other else None
    if _apart(one, other):
        return one
    low = max((bound.min for bound in (one, other) if bound.min is not None), default=None)
    high = min((bound.max for bound in (one, other) if bound.max is not None), default=None)
    if low is not None and high is not None and low > high:
        return None
    return Episodes(low, high, one.days) if isinstance(one, Episodes) else Range(low, high)


def _episodes(s: Situation, wanted: Any) -> int:
    """Counted back from the day the present one was opened, so that the answer does not change by waiting."""
    since = None if wanted.days is None else s.case.opened_at - timedelta(days=wanted.days)
    return 1 + sum(1 for opened in s.earlier_episodes if since is None or opened >= since)


def _promises(state: PromiseState) -> Callable[[Situation, Any], int]:
    return lambda s, _: sum(1 for promise in s.promises if promise.state is state)


def _first_payment_default(s: Situation, _: Any) -> bool:
    unpaid = s.account.arrears.installments
    return bool(unpaid) and unpaid[0].number == 1


def _tracker_dark(s: Situation, _: Any) -> bool:
    answers = [record.code for record in s.steps if record.code in DARK or record.code == LOCATED]
    return bool(answers) and answers[-1] in DARK


_MEASURES: Mapping[str, Callable[[Situation, Any], int]] = {
    "amount_minor": lambda s, _: s.account.arrears.unpaid_minor,
    "installments": lambda s, _: len(s.account.arrears.installments),
    "episodes": _episodes,
    "broken_promises": _promises(PromiseState.BROKEN),
    "kept_promises": _promises(PromiseState.KEPT),
    "first_payment_default": _first_payment_default,
    "number_dead": lambda s, _: number_dead(s),
    "unreachable": lambda s, _: unreachable(s),
    "tracker_dark": _tracker_dark,
}
