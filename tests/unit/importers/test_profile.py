"""Which month says what; the expectations are written out by hand from the CRRG's rules."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from recourse.importers.metro2.profile import Month, Standing, history

AS_OF = date(2019, 1, 31)


def told(months: tuple[Month, ...]) -> list[tuple[str, str, int]]:
    return [(m.end.isoformat(), m.standing.value, m.bucket) for m in months]


def test_the_status_is_the_newest_month_and_the_profile_the_ones_before() -> None:
    assert told(history("78", "", "10".ljust(24, "B"), AS_OF)) == [
        ("2018-11-30", "current", 0),
        ("2018-12-31", "delinquent", 1),
        ("2019-01-31", "delinquent", 2),
    ]


def test_a_full_profile_tells_25_months_without_gaps() -> None:
    months = history("11", "", "0" * 24, AS_OF)
    assert len(months) == 25
    assert months[0].start == date(2016, 12, 31)
    assert all(a.end == b.start for a, b in itertools.pairwise(months))


@pytest.mark.parametrize(
    ("status", "bucket"), [("71", 1), ("78", 2), ("80", 3), ("82", 4), ("83", 5), ("84", 6)]
)
def test_each_delinquent_status_is_a_bucket(status: str, bucket: int) -> None:
    assert history(status, "", "B" * 24, AS_OF)[-1].bucket == bucket


def test_the_rating_of_a_closed_account_is_a_month_of_its_own() -> None:
    rated, closed = history("13", "2", "B" * 24, date(2019, 1, 11))
    assert (rated.standing, rated.bucket, rated.end) == (Standing.DELINQUENT, 2, date(2019, 1, 11))
    assert (closed.standing, closed.start, closed.end) == (Standing.CLOSED, rated.end, rated.end)
    assert len(history("13", "0", "0" + "B" * 23, AS_OF)) == 2


def test_months_before_the_first_that_tells_days_are_left_out() -> None:
    assert [m.standing for m in history("71", "", "DDDLLLLLLLLLLLLLLLLLLLLL", AS_OF)] == [Standing.DELINQUENT]
    assert history("97", "", "L" * 24, AS_OF) == ()


def test_a_charge_off_that_is_taken_back_was_none() -> None:
    profile = "10LL0".ljust(24, "B")
    assert [m.standing for m in history("71", "", profile, AS_OF)] == [
        Standing.CURRENT,
        Standing.UNREPORTED,
        Standing.UNREPORTED,
        Standing.CURRENT,
        Standing.DELINQUENT,
        Standing.DELINQUENT,
    ]


def test_what_follows_a_repossession_unreported_goes_on_as_it_was() -> None:
    standings = [m.standing for m in history("96", "", "DDK3".ljust(24, "B"), AS_OF)]
    assert standings == [Standing.DELINQUENT, *[Standing.DEROGATORY] * 4]
