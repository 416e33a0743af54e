"""What must stand before a debt is accelerated: a part of the price unpaid, and a notice, which may be one of
an earlier default."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.calendar import months_before
from recourse.domain.decide import Rules, decide
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import AccelerationEffect, Allowed, RefusalCode, Refused
from recourse.domain.situation import Notice, Situation, StepOutcome
from recourse.domain.strategy.address import effect_of
from recourse.domain.strategy.progress import progress
from recourse.packs.loader import load_packs
from tests.unit.domain.builders import CN, CN_LADDER, CN_NOON, record, situation, with_steps

UNPAID = 352_017
SALE = replace(CN, least_unpaid=load_packs().laws["CN"].least_unpaid)
"""China for who sells in installments."""
DEMANDED = CN_NOON - timedelta(days=30)


def _default(price: int | None) -> Situation:
    """The third in a year, fifty-eight days past due, with nothing left to do but to review the contract."""
    s = situation(days=58)
    done = [r.id for r in CN_LADDER.steps if r.id != "acceleration_review" and r.stage.value != "legal"]
    s = with_steps(s, *(record(step, StepOutcome.DONE, DEMANDED) for step in done))
    earlier = (CN_NOON - timedelta(days=300), CN_NOON - timedelta(days=150))
    return replace(s, earlier_episodes=earlier, price_minor=price)


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (UNPAID * 5, None),
        (UNPAID * 5 + 1, "less than 20 % of the price is unpaid (cn_fifth_of_the_price)"),
        (None, "no known part of the price is unpaid (cn_fifth_of_the_price)"),
    ],
)
def test_the_review_of_an_instalment_sale_waits_for_a_fifth_of_the_price(
    price: int | None, why: str | None
) -> None:
    skipped = dict(decide(_default(price), Rules(CN_LADDER, (SALE,)), CN_NOON).skipped)
    assert skipped.get("acceleration_review") == why
    assert "acceleration_review" not in dict(
        decide(_default(price), Rules(CN_LADDER, (CN,)), CN_NOON).skipped
    )


def test_the_gate_can_be_asked_about_a_review_and_says_the_same() -> None:
    s = _default(UNPAID * 5)
    review = CN_LADDER.step("acceleration_review")
    effect = effect_of(review, s, progress(s, CN_LADDER))
    assert isinstance(effect, AccelerationEffect)
    assert effect.requires == ("formal_demand",)
    assert isinstance(gate(effect, s, (SALE,), CN_NOON), Allowed)
    dearer = gate(effect, _default(UNPAID * 5 + 1), (SALE,), CN_NOON)
    assert isinstance(dearer, Refused)
    assert dearer.code is RefusalCode.TOO_LITTLE_UNPAID


def test_a_notice_of_an_earlier_default_is_among_those_the_gate_is_told() -> None:
    before = Notice("formal_demand", CN_NOON - timedelta(days=200), 31, earlier=True)
    s = replace(_default(None), earlier_notices=(before,))
    effect = effect_of(CN_LADDER.step("handover"), s, progress(s, CN_LADDER))
    assert before in getattr(effect, "notices", ())


@given(st.dates(date(1999, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_so_many_months_before_a_day_lies_in_that_month_and_never_on_a_later_day_of_it(
    day: date, months: int
) -> None:
    back = months_before(day, months)
    assert (day.year - back.year) * 12 + day.month - back.month == months
    assert back.day <= day.day
    assert back.day == day.day or (back + timedelta(days=1)).day == 1
