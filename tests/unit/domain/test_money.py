"""Money is integer minor units of one currency, and never anything else."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.money import CurrencyMismatch, Money
from tests.examples import examples

minors = st.integers(-(10**15), 10**15)


@examples(60)
@given(minors, minors)
def test_adding_and_taking_away_are_exact_in_minor_units(left: int, right: int) -> None:
    assert Money(left, "CNY") + Money(right, "CNY") == Money(left + right, "CNY")
    assert Money(left, "CNY") - Money(right, "CNY") == Money(left - right, "CNY")


@examples(60)
@given(minors, minors)
def test_amounts_of_one_currency_are_ordered_like_their_minor_units(left: int, right: int) -> None:
    assert (Money(left, "USD") < Money(right, "USD")) is (left < right)
    assert (Money(left, "USD") <= Money(right, "USD")) is (left <= right)


@pytest.mark.parametrize(
    "operation", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge]
)
def test_two_currencies_never_meet(operation: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch, match=r"CNY.*USD|USD.*CNY"):
        operation(Money(1, "CNY"), Money(1, "USD"))


@examples(80)
@given(minors)
def test_the_plain_text_is_the_same_number_with_two_decimals(minor: int) -> None:
    text = Money(minor, "CNY").decimal_text()
    assert Decimal(text) == Decimal(minor) / 100
    assert len(text.partition(".")[2]) == 2


@pytest.mark.parametrize(
    ("minor", "currency", "plain", "shown"),
    [
        (352017, "CNY", "3520.17", "3,520.17 CNY"),
        (5, "USD", "0.05", "0.05 USD"),
        (-5, "USD", "-0.05", "-0.05 USD"),
        (-123456, "USD", "-1234.56", "-1,234.56 USD"),
        (1234567, "JPY", "1234567", "1,234,567 JPY"),
        (0, "JPY", "0", "0 JPY"),
        (1234567, "CLP", "1234567", "1,234,567 CLP"),
        (1234567, "KWD", "1234.567", "1,234.567 KWD"),
    ],
)
def test_an_amount_is_shown_with_the_digits_of_its_currency(
    minor: int, currency: str, plain: str, shown: str
) -> None:
    money = Money(minor, currency)
    assert (money.decimal_text(), str(money)) == (plain, shown)
