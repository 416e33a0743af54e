"""Notices that must stand before acceleration, recovery, legal action or sale, and the days they give.

A notice that gives days names the last of them, by the lender's business date; the move is open from the
first moment after that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rules import LawPack, Move, NoticeRule


@dataclass(frozen=True, slots=True)
class Notice:
    """One that was given: the kind of template, when, and how many days past due the debt was at least."""

    template: str
    at: datetime
    dpd: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What one rule says of a move. opens: from when on it may be made; None while no notice was given."""

    pack: LawPack
    rule: NoticeRule
    opens: datetime | None


def last_day(given: datetime, days: int, zone: str) -> date:
    """The last day on which the borrower may still answer a notice that gives so many days."""
    return local_date(given, zone) + timedelta(days=days)


def standings(
    move: Move, given: Iterable[Notice], packs: tuple[LawPack, ...], zone: str
) -> Iterator[Standing]:
    """zone: the lender's. The first valid notice counts; one given too early in the default is none."""
    notices = list(given)
    for pack in packs:
        for rule in pack.notices:
            if move in rule.before:
                valid = [n.at for n in notices if n.template == rule.template and n.dpd >= rule.earliest_dpd]
                yield Standing(pack, rule, _opens(rule, min(valid), zone) if valid else None)


def _opens(rule: NoticeRule, given: datetime, zone: str) -> datetime:
    if rule.wait_days == 0:
        return given
    return start_of_day(last_day(given, rule.wait_days, zone) + timedelta(days=1), zone)
