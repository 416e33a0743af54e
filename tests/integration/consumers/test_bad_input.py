"""Bad input is dead-lettered with its reason; its neighbours arrive; nothing is lost."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from recourse.contracts.events import MAX_BYTES, encode_binary
from tests.events import overdue
from tests.integration.conftest import World
from tests.integration.consumers.conftest import Line

AT = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)
Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]


def good() -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    return encode_binary(overdue("L-1", at=AT))


def with_data(**changes: Any) -> Record:
    key, value, headers = good()
    return key, json.dumps(json.loads(value) | changes).encode(), headers


def with_header(name: str, value: bytes | None) -> Record:
    key, body, headers = good()
    kept = [(k, v) for k, v in headers if k != name]
    return key, body, kept if value is None else [*kept, (name, value)]


def with_key(key: bytes | None) -> Record:
    _, value, headers = good()
    return key, value, headers


def item(**changes: Any) -> list[dict[str, Any]]:
    whole = {"number": 7, "due_date": "2026-11-05", "amount_due_minor": 5, "amount_unpaid_minor": 5}
    return [whole | changes]


BAD: dict[str, tuple[Record, str]] = {
    "undecodable bytes": ((b"L-1", b"\xff\xfe\x00\x9f", good()[2]), "not_utf8"),
    "not JSON": ((b"L-1", b"{", good()[2]), "not_json"),
    "a tombstone": ((b"L-1", None, good()[2]), "no_value"),
    "wrong type": (with_data(arrears=item(number="seven")), "invalid_data"),
    "a float for money": (with_data(arrears=item(amount_unpaid_minor=4.5)), "invalid_data"),
    "negative amount": (with_data(arrears=item(amount_unpaid_minor=-5)), "invalid_data"),
    "absurd amount": (with_data(arrears=item(amount_due_minor=10**18)), "invalid_data"),
    "missing field": (with_data(arrears=None), "invalid_data"),
    "unknown type": (with_header("ce_type", b"bank.weather.v1"), "unknown_type"),
    "unknown version": (with_header("ce_type", b"bank.installment.overdue.v2"), "unknown_version"),
    "missing id": (with_header("ce_id", None), "missing_attribute"),
    "missing key": (with_key(None), "missing_key"),
    "key that differs from the subject": (with_key(b"L-9"), "key_not_subject"),
    "time without offset": (with_header("ce_time", b"2026-11-06T02:00:00"), "bad_attribute"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_record_is_dead_lettered_and_its_neighbours_arrive(
    line: Line, world: World, name: str
) -> None:
    (key, value, headers), code = BAD[name]
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT, sequence=1, event_id="before"))
    await line.raw(value, key, headers)
    await line.send(overdue("L-1", at=AT, sequence=2, event_id="after"))
    await line.join(world.delivery)
    await line.caught_up()
    letters = await line.quarantine().letters()
    assert [(letter.code, letter.key, letter.value) for letter in letters] == [(code, key, value)]
    assert letters[0].message
    assert letters[0].field
    known = await world.rows("SELECT event_id FROM fact ORDER BY 1")
    assert [row["event_id"] for row in known] == ["after", "before"]


async def test_five_megabytes_are_refused_by_size_and_kept_by_their_beginning_and_hash(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    huge = b"[" + b"7," * 2_600_000 + b"7]"
    key, _, headers = good()
    await line.raw(huge, key, headers)
    await line.send(overdue("L-1", at=AT))
    await line.join(world.delivery)
    await line.caught_up()
    (letter,) = await line.quarantine().letters()
    assert (letter.code, letter.cut) == ("too_large", True)
    assert letter.value is not None
    assert huge.startswith(letter.value)
    assert len(letter.value) < 2**20
    assert await world.scalar("SELECT count(*) FROM fact") == 1
    assert letter.sha256 == hashlib.sha256(huge).hexdigest()


async def test_a_thousand_poison_records_in_a_row_hold_nobody_up(line: Line, world: World) -> None:
    world.set_now(AT)
    for n in range(1_000):
        await line.raw(b"poison %d" % n, b"L-1", good()[2])
    await line.send(overdue("L-1", at=AT), overdue("L-2", at=AT))
    await line.join(world.delivery)
    await line.caught_up(60)
    letters = await line.quarantine().letters()
    assert {letter.value for letter in letters} == {b"poison %d" % n for n in range(1_000)}
    assert await world.scalar("SELECT count(*) FROM collection_case") == 2


async def test_an_event_that_contradicts_what_is_stored_is_refused_alone(line: Line, world: World) -> None:
    """Another currency: well-formed, but it can never belong to this loan."""
    from tests.events import payment

    world.set_now(AT)
    await line.send(
        overdue("L-1", at=AT, sequence=1), payment("L-1", at=AT, sequence=2, currency="USD", payment_id="P-X")
    )
    await line.join(world.delivery)
    await line.caught_up()
    await line.send(payment("L-1", at=AT, sequence=3, cured=False, amount=100))
    await line.caught_up()
    letters = await line.quarantine().letters()
    assert [(one.code, one.topic) for one in letters] == [("unacceptable", line.topics.payments)]
    assert await world.scalar("SELECT count(*) FROM payment") == 1


async def test_a_refused_record_of_the_largest_size_that_may_be_read_is_kept_whole(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    _, value, headers = good()
    largest = value + b" " * (MAX_BYTES - len(value))
    await line.raw(largest, b"L-2", headers)
    await line.join(world.delivery)
    await line.caught_up()
    (letter,) = await line.quarantine().letters()
    assert (letter.code, letter.cut, letter.value) == ("key_not_subject", False, largest)


LARGE: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "a key of a megabyte": (b"L-1" * 350_000, []),
    "a header of a megabyte": (b"L-1", [("trace", b"t" * 1_050_000), ("after", b"small")]),
    "ten thousand headers": (b"L-1", [(f"h{n}", b"") for n in range(10_000)]),
    "all at once": (
        b"L-1" * 350_000,
        [("trace", b"t" * 1_050_000), *((f"h{n}", b"x" * 99) for n in range(9_999))],
    ),
}


@pytest.mark.parametrize("name", LARGE)
async def test_a_letter_fits_what_a_broker_takes_whatever_was_large_about_the_record(
    line: Line, world: World, name: str
) -> None:
    key, more = LARGE[name]
    await line.create(line.topics.dead_letters(line.topics.overdue), {"max.message.bytes": str(2**20)})
    world.set_now(AT)
    _, _, headers = good()
    largest = b"{" + b" " * (MAX_BYTES - 1)
    await line.raw(largest, key, [*headers, *more])
    await line.send(overdue("L-2", at=AT))
    await line.join(world.delivery)
    await line.caught_up()
    (letter,) = await line.quarantine().letters()
    assert letter.key is not None
    assert (letter.cut, letter.sha256, letter.value) == (True, None, largest)
    assert key.startswith(letter.key)
    assert letter.key_sha256 == (hashlib.sha256(key).hexdigest() if letter.key != key else None)
    every = b"".join(n.encode() + b": " + raw + b"\n" for n, raw in [*headers, *more])
    kept = set(letter.headers)
    assert letter.headers_sha256 == (hashlib.sha256(every).hexdigest() if len(more) else None)
    assert set(headers) <= kept <= {*headers, *more}
    assert (("after", b"small") in kept) is (("after", b"small") in more)
    assert await world.scalar("SELECT count(*) FROM fact") == 1


async def test_an_event_from_more_than_a_day_ahead_is_refused_by_the_consumers_clock(
    line: Line, world: World
) -> None:
    world.set_now(AT)
    await line.send(overdue("L-1", at=AT + timedelta(hours=23)), overdue("L-2", at=AT + timedelta(hours=25)))
    await line.join(world.delivery, clock=lambda: AT)
    await line.caught_up()
    (letter,) = await line.quarantine().letters()
    assert (letter.key, letter.field) == (b"L-2", "ce_time")
    assert await world.scalar("SELECT count(*) FROM fact") == 1


async def test_a_record_that_nobody_foresaw_is_found_in_its_batch_and_buried_alone(
    line: Line, world: World
) -> None:
    """Here: the loan's row came to name a zone that this machine does not know."""
    world.set_now(AT)
    await world.delivery.accept([overdue("L-0", at=AT)])
    await world.execute("UPDATE loan SET zone = 'Beijing'")
    loans = [f"L-{n}" for n in range(9)]
    await line.send(*[overdue(loan, at=AT, sequence=3, event_id=f"of-{loan}") for loan in loans])
    with capture_logs() as lines:
        member = await line.join(world.delivery)
        await line.caught_up()
    assert not member.task.done()
    (letter,) = await line.quarantine().letters()
    assert (letter.code, letter.key) == ("unacceptable", b"L-0")
    assert "ZoneInfoNotFoundError" in letter.message
    taken = await world.rows("SELECT loan_id FROM fact WHERE event_id LIKE 'of-%' ORDER BY 1")
    assert [row["loan_id"] for row in taken] == loans[1:]
    told = next(line for line in lines if line["event"].startswith("accepting failed"))
    assert any(frame.startswith("accepting.py:") for frame in told["where"])
    assert "Beijing" not in str(told)
