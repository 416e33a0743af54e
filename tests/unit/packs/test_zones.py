"""Where a person may be: what the bank states, else every place that address and numbers point to."""

from __future__ import annotations

import pytest

from recourse.packs.zones import zones_at
from recourse.service.master_data import zones_of

LENDER = "Europe/Paris"
NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"
NUMBER_OF_NEW_YORK, WITHOUT_AREA = "+12125550100", "+18005550100"
ALL_OF_THE_US = {
    NEW_YORK,
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    LOS_ANGELES,
    "America/Anchorage",
    "Pacific/Honolulu",
}


@pytest.mark.parametrize(
    ("stated", "region", "numbers", "expected"),
    [
        ("Asia/Urumqi", "US-CA", [NUMBER_OF_NEW_YORK], {"Asia/Urumqi"}),
        (None, "US-MA", [], {NEW_YORK}),
        (None, "US-TX", [], {"America/Chicago", "America/Denver"}),
        (None, "US-CA", [NUMBER_OF_NEW_YORK], {LOS_ANGELES, NEW_YORK}),
        (None, "CN-31", ["+8613800000001"], {"Asia/Shanghai"}),
        (None, "DE-BY", [], {"Europe/Berlin"}),
        (None, "US", [NUMBER_OF_NEW_YORK], {NEW_YORK}),
        (None, "US", [], ALL_OF_THE_US),
        (None, "US-ZZ", [], ALL_OF_THE_US),
        (None, None, [WITHOUT_AREA], ALL_OF_THE_US),
        (None, "US-MA", [WITHOUT_AREA], ALL_OF_THE_US),
        (None, None, [NUMBER_OF_NEW_YORK], {NEW_YORK}),
        (None, "FR", [], {LENDER}),
        (None, None, ["13800000001", "+0"], {LENDER}),
    ],
)
def test_every_candidate_counts(
    stated: str | None, region: str | None, numbers: list[str], expected: set[str]
) -> None:
    assert set(zones_of(stated, region, numbers, LENDER)) == expected


def test_every_state_of_the_union_is_known() -> None:
    states = "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ"
    more = "NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY"
    assert all(zones_at(f"US-{state}") != zones_at("US") for state in f"{states} {more}".split())
    assert len(f"{states} {more}".split()) == 51
