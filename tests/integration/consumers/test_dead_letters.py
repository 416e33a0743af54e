"""Dead letters are listed, retried and dropped, and what was decided stays on record."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumers.quarantine import NotRetryable, Resolution, select
from recourse.contracts.events import encode_binary
from tests.events import overdue
from tests.integration.conftest import World
from tests.integration.consumers.conftest import Line, until

AT = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)


async def test_a_letter_retried_after_the_mending_arrives_and_is_closed(line: Line, world: World) -> None:
    """Mended here: the record is from a source that our settings did not know at first."""
    world.set_now(AT)
    key, value, headers = encode_binary(overdue("L-1", at=AT))
    strange = [(k, b"/bank/new") if k == "ce_source" else (k, v) for k, v in headers]
    await line.raw(value, key, strange)
    member = await line.join(world.delivery)
    await line.caught_up()
    quarantine = line.quarantine()
    (letter,) = await quarantine.letters()
    assert letter.code == "unacceptable"
    await member.stop()
    lenders = dict(world.services.lenders) | {"/bank/new": world.services.lenders["/demo/cn"]}
    object.__setattr__(world.services, "lenders", lenders)
    await quarantine.retry([letter], "operator-1")
    await line.join(world.delivery)
    await line.caught_up()
    assert await world.scalar("SELECT count(*) FROM collection_case") == 1
    assert [one.resolution for one in await quarantine.letters()] == [Resolution.RETRIED]


async def test_a_letter_refused_again_is_a_new_letter_that_counts_its_tries(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.raw(b"poison", b"L-1", encode_binary(overdue("L-1", at=AT))[2])
    await line.join(world.delivery)
    await line.caught_up()
    quarantine = line.quarantine()
    for tries in (1, 2):
        (letter,) = select(await quarantine.letters(), [], every=True)
        assert letter.attempts == tries
        await quarantine.retry([letter], "operator-1")

        async def refused_again(closed: str = letter.id) -> bool:
            left = select(await quarantine.letters(), [], every=True)
            return [one.id for one in left] != [closed] and len(left) == 1

        await until(refused_again, "the retried letter is refused again")
    last = select(await quarantine.letters(), [], every=True)[0]
    assert last.attempts == 3
    assert not any(name.startswith("recourse-") for name, _ in last.headers)


async def test_a_dropped_letter_is_closed_and_cannot_be_named_again(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.raw(b"poison", b"L-1")
    await line.join(world.delivery)
    await line.caught_up()
    quarantine = line.quarantine()
    letters = await quarantine.letters()
    await quarantine.drop(letters, "operator-1", "sent by a test system")
    after = await quarantine.letters()
    assert [one.resolution for one in after] == [Resolution.DROPPED]
    with pytest.raises(LookupError, match="no open dead letter"):
        select(after, [letters[0].id])


async def test_a_letter_that_was_cut_is_not_sent_again(line: Line, world: World) -> None:
    world.set_now(AT)
    await line.raw(b"7" * 2_000_000, b"L-1")
    await line.join(world.delivery)
    await line.caught_up()
    quarantine = line.quarantine()
    with pytest.raises(NotRetryable, match="send it again at its source"):
        await quarantine.retry(await quarantine.letters(), "operator-1")
    assert select(await quarantine.letters(), [], every=True)


async def test_a_header_without_a_value_is_kept_as_it_came_and_stops_nobody(line: Line, world: World) -> None:
    """Kafka allows it for any header, those of a letter that was sent again among them."""
    world.set_now(AT)
    key, value, headers = encode_binary(overdue("L-1", at=AT))
    odd: list[tuple[str, bytes]] = [("trace", None), ("recourse-retry-of-attempt", None)]  # type: ignore[list-item]
    await line.raw(b"poison", key, [*headers, *odd, ("recourse-dlq-attempts", None)])  # type: ignore[list-item]
    await line.raw(value, key, [*headers, *odd])
    await line.join(world.delivery)
    await line.caught_up()
    quarantine = line.quarantine()
    (letter,) = await quarantine.letters()
    assert letter.attempts == 1
    assert letter.headers == (*headers, ("trace", None))
    assert await world.scalar("SELECT count(*) FROM fact") == 1
    await quarantine.retry([letter], "operator-1")
    await line.caught_up()
