"""Days past due come from the oldest unpaid due date, and money goes to the oldest installment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.delinquency import Arrears, Bucket, BucketScheme, Installment, allocate, restore
from tests.examples import examples
from tests.unit.domain.builders import CN_LADDER, US_LADDER

TODAY = date(2026, 11, 6)


@st.composite
def installments(draw: st.DrawFn) -> list[Installment]:
    """Some unpaid, some part-paid, some paid; in no order."""
    numbers = draw(st.lists(st.integers(1, 60), unique=True, max_size=6))
    result = []
    for number in numbers:
        due = draw(st.integers(1, 500_000))
        day = TODAY + timedelta(days=draw(st.integers(-400, 60)))
        result.append(Installment(number, day, due, draw(st.integers(0, due))))
    return result


@examples(80)
@given(installments())
def test_dpd_is_the_age_of_the_oldest_due_date_with_something_unpaid(items: list[Installment]) -> None:
    ages = [(TODAY - i.due_date).days for i in items if i.unpaid_minor > 0]
    assert Arrears.of(items).dpd(TODAY) == max([0, *ages])


@pytest.mark.parametrize(("days_ago", "dpd"), [(-1, 0), (0, 0), (1, 1), (30, 30), (366, 366)])
def test_the_due_day_itself_is_not_past_due(days_ago: int, dpd: int) -> None:
    arrears = Arrears((Installment(1, TODAY - timedelta(days=days_ago), 100, 100),))
    assert arrears.dpd(TODAY) == dpd
    assert bool(arrears.overdue(TODAY)) is (dpd > 0)


def test_a_paid_older_installment_does_not_count_and_a_part_paid_one_does() -> None:
    paid = Installment(1, TODAY - timedelta(days=60), 100, 0)
    part = Installment(2, TODAY - timedelta(days=30), 100, 1)
    assert Arrears.of([part, paid]).dpd(TODAY) == 30
    assert Arrears.of([paid]).dpd(TODAY) == 0


def _bucket_by_table(table: list[tuple[int, str]], dpd: int) -> str:
    return [name for start, name in table if start <= dpd][-1]


CN_TABLE = [(0, "M0"), (1, "M1"), (31, "M2"), (61, "M3"), (91, "M4"), (121, "M5"), (151, "M6"), (181, "M7")]
US_TABLE = [(0, "current"), (1, "1-29"), (30, "30-59"), (60, "60-89"), (90, "90-119"), (120, "120+")]


@pytest.mark.parametrize(
    ("scheme", "table"), [(CN_LADDER.buckets, CN_TABLE), (US_LADDER.buckets, US_TABLE)], ids=["CN", "US"]
)
def test_each_bucket_begins_on_its_first_day_and_ends_the_day_before_the_next(
    scheme: BucketScheme, table: list[tuple[int, str]]
) -> None:
    for dpd in range(400):
        assert scheme.classify(dpd) == _bucket_by_table(table, dpd)


@pytest.mark.parametrize("starts", [[], [1], [0, 0], [0, 30, 30], [0, 60, 30], [-1, 0]])
def test_buckets_start_at_zero_and_rise(starts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^buckets:"):
        BucketScheme(tuple(Bucket(f"b{n}", start) for n, start in enumerate(starts)))


@examples(80)
@given(installments(), st.integers(0, 2_000_000))
def test_no_minor_unit_is_lost_or_made_when_money_is_applied(items: list[Installment], amount: int) -> None:
    before = Arrears.of(items)
    after, allocation = allocate(before, amount)
    assert before.unpaid_minor - after.unpaid_minor + allocation.surplus_minor == amount
    assert min([0, *(i.unpaid_minor for i in after.installments)]) == 0


@examples(80)
@given(installments(), st.integers(0, 2_000_000))
def test_a_younger_installment_gets_nothing_while_an_older_one_is_open(
    items: list[Installment], amount: int
) -> None:
    before = Arrears.of(items)
    after, allocation = allocate(before, amount)
    touched = {item.number for item, _ in allocation.taken}
    ages = [(i.due_date, i.number) for i in before.installments]
    assert [i.number in touched for i in before.installments] == sorted(
        (i.number in touched for i in before.installments), reverse=True
    )
    assert ages == sorted(ages)
    still_open = {i.number for i in after.installments}
    assert len(touched & still_open) <= 1


@examples(80)
@given(installments(), st.integers(0, 2_000_000))
def test_putting_back_what_was_taken_gives_the_arrears_before(items: list[Installment], amount: int) -> None:
    before = Arrears.of(items)
    after, allocation = allocate(before, amount)
    assert restore(after, allocation) == before
