"""A promise: how long it pauses the ladder, and what makes it kept or broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import decide
from recourse.domain.decision import Close, Closing, Decision, DoStep, PromiseVerdict, Wait, WaitReason
from recourse.domain.delinquency import Arrears
from recourse.domain.fold import Payment
from recourse.domain.situation import PromiseState, Situation
from recourse.domain.strategy.ladder import PromiseRule
from tests.examples import examples
from tests.unit.domain.builders import ladder, promise, remind, rules, shanghai, situation

MADE = shanghai("2026-11-06T12:00")
DUE = date(2026, 11, 10)
DEADLINE = shanghai("2026-11-12T00:00")
"""The day itself, one day of grace, and then the first instant of the next."""
TICK = timedelta(microseconds=1)
KEPT = (PromiseVerdict("PR-1", PromiseState.KEPT),)
BROKEN = (PromiseVerdict("PR-1", PromiseState.BROKEN),)


def paid(amount: int, at: datetime = MADE, *, reversed_: bool = False, number: int = 1) -> Payment:
    return Payment(f"P-{number}", amount, at.date(), at, reversed_)


def promised(*payments: Payment, amount: int = 10_000, due: date = DUE) -> Situation:
    s = situation(MADE, days=5)
    return replace(s, promises=(promise(MADE, due, amount),), account=replace(s.account, payments=payments))


def judge(s: Situation, now: datetime, rule: PromiseRule | None = None) -> Decision:
    return decide(s, rules(ladder(remind("first", 1), promise_rule=rule)), now)


def test_an_open_promise_pauses_the_ladder_until_its_deadline() -> None:
    decision = judge(promised(), MADE)
    assert decision.promises == ()
    assert decision.plan == Wait(WaitReason.PROMISE, DEADLINE)


def test_a_promise_is_broken_at_its_deadline_and_not_a_moment_before() -> None:
    assert judge(promised(), DEADLINE - TICK).promises == ()
    late = judge(promised(), DEADLINE)
    assert late.promises == BROKEN
    assert isinstance(late.plan, DoStep), "the ladder goes on at once"


@pytest.mark.parametrize(("grace", "deadline"), [(0, "2026-11-11"), (1, "2026-11-12"), (2, "2026-11-13")])
def test_grace_days_move_the_deadline_by_whole_days_in_the_lenders_zone(grace: int, deadline: str) -> None:
    rule = PromiseRule(grace_days=grace)
    expected = shanghai(f"{deadline}T00:00")
    assert judge(promised(), MADE, rule).plan == Wait(WaitReason.PROMISE, expected)
    assert judge(promised(), expected, rule).promises == BROKEN


def test_the_deadline_is_a_local_midnight_also_where_that_midnight_is_skipped() -> None:
    """In Cairo 24 April 2026 begins at 01:00 local time, which is 22:00 UTC."""
    s = replace(promised(due=date(2026, 4, 22)), lender_zone="Africa/Cairo")
    made = datetime(2026, 4, 20, 10, 0, tzinfo=UTC)
    s = replace(s, promises=(promise(made, date(2026, 4, 22)),), account=situation(made, days=5).account)
    assert judge(s, made).plan == Wait(WaitReason.PROMISE, datetime(2026, 4, 23, 22, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("amount", "payment", "verdict"),
    [
        (10_000, 10_000, KEPT),
        (10_000, 9_500, KEPT),
        (10_000, 9_499, BROKEN),
        (333, 317, KEPT),
        (333, 316, BROKEN),
        (1, 1, KEPT),
    ],
)
def test_ninety_five_percent_is_enough_and_one_unit_less_is_not(
    amount: int, payment: int, verdict: tuple[PromiseVerdict, ...]
) -> None:
    assert judge(promised(paid(payment), amount=amount), DEADLINE).promises == verdict


def test_a_promise_is_kept_as_soon_as_the_money_is_there() -> None:
    decision = judge(promised(paid(4_000), paid(5_500, MADE + timedelta(hours=1), number=2)), MADE)
    assert decision.promises == KEPT
    assert isinstance(decision.plan, DoStep)


@pytest.mark.parametrize(
    ("payment", "verdict"),
    [
        (paid(10_000, MADE), KEPT),
        (paid(10_000, MADE - TICK), BROKEN),
        (paid(10_000, DEADLINE - TICK), KEPT),
        (paid(10_000, DEADLINE), BROKEN),
        (paid(10_000, MADE, reversed_=True), BROKEN),
    ],
    ids=["when promised", "before it", "in the last moment", "at the deadline", "reversed"],
)
def test_only_money_between_promise_and_deadline_counts(
    payment: Payment, verdict: tuple[PromiseVerdict, ...]
) -> None:
    assert judge(promised(payment), DEADLINE + timedelta(days=1)).promises == verdict


@pytest.mark.parametrize("state", [PromiseState.KEPT, PromiseState.BROKEN])
def test_a_judged_promise_is_not_judged_again_and_pauses_nothing(state: PromiseState) -> None:
    s = replace(promised(), promises=(replace(promise(MADE, DUE), state=state),))
    decision = judge(s, MADE)
    assert decision.promises == ()
    assert isinstance(decision.plan, DoStep)


def test_of_two_promises_the_earlier_deadline_is_waited_for() -> None:
    later = replace(promise(MADE, DUE + timedelta(days=5)), id="PR-2")
    s = replace(promised(), promises=(later, promise(MADE, DUE)))
    assert judge(s, MADE).plan == Wait(WaitReason.PROMISE, DEADLINE)


@examples(100)
@given(
    amount=st.integers(1, 10**9),
    percent=st.integers(1, 100),
    parts=st.lists(st.integers(1, 10**8), max_size=4),
    missing=st.integers(-1, 1),
)
def test_kept_means_the_percentage_of_exact_arithmetic(
    amount: int, percent: int, parts: list[int], missing: int
) -> None:
    """missing: a last payment that just reaches the percentage, is one unit short of it, or one above."""
    needed = -(-amount * percent // 100) - missing - sum(parts)
    amounts = [*parts, *([needed] if needed > 0 else [])]
    payments = [paid(part, number=n) for n, part in enumerate(amounts)]
    kept = Fraction(sum(amounts), amount) >= Fraction(percent, 100)
    decision = judge(promised(*payments, amount=amount), DEADLINE, PromiseRule(min_percent=percent))
    assert decision.promises == (KEPT if kept else BROKEN)


@pytest.mark.parametrize(
    ("now", "verdict"), [(MADE, KEPT), (DEADLINE - TICK, KEPT), (DEADLINE, BROKEN)], ids=str
)
def test_a_promise_made_of_a_debt_that_was_paid_already_is_kept_when_the_case_closes(
    now: datetime, verdict: tuple[PromiseVerdict, ...]
) -> None:
    """The agent talks while the payment is on its way: it came first, and the case hears of both."""
    s = promised(paid(10_000, MADE - TICK))
    cured = replace(s, account=replace(s.account, arrears=Arrears()))
    decision = judge(cured, now)
    assert decision.plan == Close(Closing.CURED)
    assert decision.promises == verdict
