"""What must stand before acceleration, recovery, legal action or sale: notices with the days they give,
and how much must be unpaid.

A notice that gives days names the last of them, by the lender's business date; the move is open from the
first moment after that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from recourse.domain.calendar import months_before
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rules import LawPack, LeastUnpaid, Move, NoticeRule
from recourse.domain.situation import Notice, Situation

__all__ = ["FirstDay", "Notice", "Standing", "first_day", "last_day", "standings", "too_little_unpaid"]


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
    move: Move, given: Iterable[Notice], packs: tuple[LawPack, ...], zone: str, now: datetime
) -> Iterator[Standing]:
    """zone: the lender's. The first valid notice counts; one given too early in the default is none, and one
    of an earlier default only where, and for as long as, the rule says so."""
    notices = list(given)
    for pack in packs:
        for rule in pack.notices:
            if move in rule.before:
                valid = [_given(n, rule) for n in notices if _counts(n, rule, zone, now)]
                yield Standing(pack, rule, _opens(rule, min(valid), zone) if valid else None)


@dataclass(frozen=True, slots=True)
class FirstDay:
    """The first day on which a move is open, and the rule that says so."""

    day: date
    rule: NoticeRule


def first_day(
    move: Move, packs: Iterable[LawPack], zone: str, now: datetime, *, by_post: bool
) -> FirstDay | None:
    """If every notice that the packs want before it were given now. None where they want none. zone: the
    lender's."""
    found = []
    for rule in (rule for pack in packs for rule in pack.notices if move in rule.before):
        given = Notice(rule.template, now, rule.earliest_dpd, by_post=by_post)
        opens = _opens(rule, _given(given, rule), zone)
        found.append(FirstDay(local_date(opens, zone), rule))
    return max(found, key=lambda one: one.day, default=None)


def _given(notice: Notice, rule: NoticeRule) -> datetime:
    """What was posted is not read on the same day."""
    return notice.at + timedelta(days=rule.post_days) if notice.by_post else notice.at


def _counts(notice: Notice, rule: NoticeRule, zone: str, now: datetime) -> bool:
    if notice.template != rule.template or notice.dpd < rule.earliest_dpd:
        return False
    if not notice.earlier:
        return True
    months = rule.once_in_months
    return months is not None and local_date(notice.at, zone) > months_before(local_date(now, zone), months)


def _opens(rule: NoticeRule, given: datetime, zone: str) -> datetime:
    if rule.wait_days == 0:
        return given
    return start_of_day(last_day(given, rule.wait_days, zone) + timedelta(days=1), zone)


def too_little_unpaid(
    move: Move, s: Situation, packs: Iterable[LawPack], today: date
) -> Iterator[tuple[LawPack, LeastUnpaid, str | None]]:
    """Each rule, with why it says no. A price that is not known is never a fifth unpaid."""
    overdue = s.account.arrears.overdue(today).unpaid_minor
    for pack in packs:
        for rule in pack.least_unpaid:
            if move not in rule.before:
                continue
            if s.price_minor is None:
                yield pack, rule, "no known part of the price"
            elif overdue * 100 < rule.percent * s.price_minor:
                yield pack, rule, f"less than {rule.percent} % of the price"
            else:
                yield pack, rule, None
