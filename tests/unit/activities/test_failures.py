"""When a provider is asked again: sooner at first, never in a spin, and never before it wants to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.failures import try_later
from recourse.contracts.patience import PATIENCE, pause_after
from recourse.ports import NotHandedOver


def _delay(attempt: int, wish: timedelta | None) -> timedelta | None:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    return environment.run(lambda: try_later(NotHandedOver("away", wish)).next_retry_delay)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 5), (3, 8), (4, 16), (7, 120), (500, 120)])
def test_the_few_seconds_a_provider_asks_for_grow_with_the_tries(attempt: int, seconds: int) -> None:
    assert _delay(attempt, timedelta(seconds=5)) == timedelta(seconds=seconds)


def test_a_long_wish_is_respected_however_often_it_was_tried() -> None:
    assert [_delay(n, timedelta(minutes=10)) for n in (1, 9)] == [timedelta(minutes=10)] * 2


def test_without_a_wish_the_retry_policy_decides() -> None:
    assert _delay(3, None) is None


def test_half_an_hour_holds_a_score_of_tries_and_no_spin() -> None:
    """With what an SMS centre asks for, five seconds."""
    waited, tries = timedelta(), 1
    while waited <= PATIENCE:
        waited += max(timedelta(seconds=5), pause_after(tries))
        tries += 1
    assert 15 < tries < 25
