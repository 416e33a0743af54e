"""What a snapshot may say: whatever later rules reckon with is refused where it comes in, by its field."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from recourse.contracts.events import BankEvent, LoanSnapshot, Refused, RefusedCode, parse_line, to_line
from tests.events import snapshot

AT = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> BankEvent:
    envelope = json.loads(to_line(snapshot("L-1", at=AT)))
    change(envelope["data"])
    return parse_line(json.dumps(envelope))


@pytest.mark.parametrize(
    "zone", ["Beijing", "", "Asia", "../x", "/etc/passwd", "localtime", "asia/shanghai", "Asia/Shanghai "]
)
def test_a_zone_that_is_none_is_refused_by_its_field_wherever_it_stands(zone: str) -> None:
    places: dict[str, Change] = {
        "data.zone": lambda d: d.update(zone=zone),
        "data.borrower.zone": lambda d: d["borrower"].update(zone=zone),
        "data.related_parties.0.zone": lambda d: d.update(
            related_parties=[{"id": "G-1", "role": "guarantor", "zone": zone}]
        ),
    }
    for field, change in places.items():
        with pytest.raises(Refused) as caught:
            changed(change)
        assert (caught.value.code, caught.value.field) == (RefusedCode.INVALID_DATA, field)
        assert "time zone" in caught.value.message


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+1"])
def test_a_zone_of_the_tz_database_passes_and_a_person_needs_none(zone: str) -> None:
    data = changed(lambda d: (d.update(zone=zone), d["borrower"].pop("zone"))).data
    assert isinstance(data, LoanSnapshot)
    assert (data.zone, data.borrower.zone) == (zone, None)


POINT = {"kind": "mobile", "value": "+8613800000001"}
LISTS: dict[str, tuple[str, Callable[[int], Change], int]] = {
    "addresses": (
        "data.borrower.addresses",
        lambda n: lambda d: d["borrower"].update(addresses=[{}] * n),
        20,
    ),
    "contact points": (
        "data.borrower.contact_points",
        lambda n: lambda d: d["borrower"].update(contact_points=[POINT] * n),
        50,
    ),
    "consents": (
        "data.borrower.contact_points.0.consent",
        lambda n: lambda d: d["borrower"]["contact_points"][0].update(consent=["sms"] * n),
        10,
    ),
    "an address": (
        "data.borrower.addresses.0.text",
        lambda n: lambda d: d["borrower"]["addresses"][0].update(text="路" * n),
        500,
    ),
    "a language": (
        "data.borrower.language",
        lambda n: lambda d: d["borrower"].update(language="zh-" + "x" * (n - 3)),
        35,
    ),
    "related parties": (
        "data.related_parties",
        lambda n: lambda d: d.update(related_parties=[{"id": f"G-{i}", "role": "joint"} for i in range(n)]),
        50,
    ),
}


@pytest.mark.parametrize(("field", "of", "most"), LISTS.values(), ids=LISTS.keys())
def test_what_may_be_long_has_an_end_so_that_every_event_can_be_stored(
    field: str, of: Callable[[int], Change], most: int
) -> None:
    changed(of(most))
    with pytest.raises(Refused) as caught:
        changed(of(most + 1))
    assert (caught.value.code, caught.value.field) == (RefusedCode.INVALID_DATA, field)
