"""When somebody may go: periods by hand, and what holds him whatever they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.law.rule import Mark
from recourse.domain.privacy.retention import (
    ERASED,
    Blocker,
    ClockStart,
    LoanFacts,
    NoRule,
    RetentionClass,
    RetentionRule,
    standing,
)

ENDED, LAST = date(2020, 3, 1), date(2020, 1, 15)
LOAN = LoanFacts("L-1", frozenset({"US", "US-CA"}), ENDED, LAST)


def rule(
    code: str,
    region: str,
    years: int,
    kept: RetentionClass = RetentionClass.CONTACT,
    clock: ClockStart = ClockStart.LAST_ACTIVITY,
) -> RetentionRule:
    return RetentionRule(code, region, kept, clock, years, "a source", Mark.HOUSE)


HOUSE = [rule(f"house-{kept}", "", 1, kept, ClockStart.LOAN_ENDED) for kept in ERASED]


def test_the_longest_of_the_laws_periods_counts_and_the_house_only_where_there_is_none() -> None:
    rules = [*HOUSE, rule("us", "US", 3), rule("ca", "US-CA", 4), rule("cn", "CN", 9)]
    found = standing([LOAN], rules, date(2024, 1, 14))
    days = {one.kept: (one.rule, one.on) for one in found.due}
    assert days[RetentionClass.CONTACT] == ("ca", date(2024, 1, 15))
    assert days[RetentionClass.MASTER] == ("house-master", date(2021, 3, 1))
    assert [(one.why, one.until) for one in found.holds] == [(Blocker.PERIOD_RUNS, date(2024, 1, 15))]
    assert found.due_on == date(2024, 1, 15)
    assert standing([LOAN], rules, date(2024, 1, 15)).may_go


def test_a_rule_counts_on_its_days_only() -> None:
    ended = replace(rule("old", "US", 9), effective_to=date(2022, 12, 31))
    assert standing([LOAN], [*HOUSE, ended], date(2023, 1, 1)).may_go
    assert not standing([LOAN], [*HOUSE, ended], date(2022, 12, 31)).may_go


def test_a_period_of_29_february_ends_on_1_march() -> None:
    loan = replace(LOAN, ended_on=date(2020, 2, 29))
    assert not standing([loan], HOUSE, date(2021, 2, 28)).may_go
    assert standing([loan], HOUSE, date(2021, 3, 1)).may_go


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ended_on": None}, Blocker.LOAN_NOT_ENDED),
        ({"open_case": True}, Blocker.CASE_OPEN),
        ({"open_legal_action": True}, Blocker.LEGAL_ACTION_OPEN),
        ({"open_dispute": True}, Blocker.DISPUTE_OPEN),
        ({"hold_in_force": True}, Blocker.HOLD_IN_FORCE),
        ({"permit_out": True}, Blocker.PERMIT_OUT),
        ({"unpaid": True, "limitation_ends_on": date(2030, 1, 1)}, Blocker.LIMITATION_RUNS),
        ({"unpaid": True, "limitation_known": False}, Blocker.LIMITATION_RUNS),
    ],
)
def test_what_holds_him_holds_him_long_after_every_period(changed: dict[str, object], why: Blocker) -> None:
    long_after = date(2029, 12, 31)
    assert standing([LOAN], HOUSE, long_after).may_go
    held = standing([replace(LOAN, **changed)], HOUSE, long_after)  # type: ignore[arg-type]
    assert not held.may_go
    assert held.holds[0].why is why
    # On one of his loans is enough.
    both = standing([LOAN, replace(LOAN, loan_id="L-2", **changed)], HOUSE, long_after)  # type: ignore[arg-type]
    assert {one.loan_id for one in both.holds} == {"L-2"}


def test_a_claim_is_kept_through_the_last_day_on_which_it_can_be_enforced() -> None:
    loan = replace(LOAN, unpaid=True, limitation_ends_on=date(2025, 6, 30))
    assert not standing([loan], HOUSE, date(2025, 6, 30)).may_go
    assert standing([loan], HOUSE, date(2025, 7, 1)).may_go


def test_nothing_goes_where_no_rule_says_how_long() -> None:
    with pytest.raises(NoRule, match="position"):
        standing([LOAN], [one for one in HOUSE if one.kept is not RetentionClass.POSITION], date(2040, 1, 1))


@given(st.integers(0, 20), st.integers(0, 8000), st.integers(0, 8000))
def test_a_longer_period_or_an_earlier_day_never_frees_anybody(years: int, day: int, more: int) -> None:
    at = ENDED + timedelta(days=day)
    shorter, longer = rule("us", "US", years), rule("us", "US", years + 1)
    free = standing([LOAN], [*HOUSE, shorter], at).may_go
    assert free or not standing([LOAN], [*HOUSE, longer], at).may_go
    assert not free or standing([LOAN], [*HOUSE, shorter], at + timedelta(days=more)).may_go
