"""New keys and rows from before there were any: while all runs, and whenever it is killed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from recourse.contracts.wrapping import KeysUnavailable
from recourse.domain.privacy.key_ring import INDEX, WRAP, KeyRing
from recourse.service import keeping_keys
from recourse.service.context import Services
from recourse.storage import backfill, points, rekeying
from recourse.storage.database import ReadTx, Tx
from tests import opened
from tests.events import snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON
from tests.integration.service.test_sealing import look, seal
from tests.keys import with_ring
from tests.plain import found_in_plain

NAME, MOBILE = "测试人", "+8613800000001"
WORDS = (NAME, MOBILE, "borrower@example.com", "沪A00000", "DEMO-CN-1", "home of")
FIRST = KeyRing.new("first")


def _by(world: World, ring: KeyRing) -> World:
    services = with_ring(world.services, ring)
    return replace(world, services=services, delivery=type(world.delivery)(services, world.runs))


@pytest.fixture
async def known(world: World) -> World:
    """Five people with a number each, the first two with the same, by the first ring."""
    world.set_now(NOON)
    by_first = _by(world, FIRST)
    numbers = [MOBILE, MOBILE, *(f"+861380000000{n}" for n in range(3, 6))]
    events = [snapshot(f"L-{n}", at=NOON, mobile=number) for n, number in enumerate(numbers, 1)]
    await by_first.delivery.accept(events)
    return by_first


async def _all(services: Services, passes: Sequence[keeping_keys.Pass]) -> dict[str, int]:
    counted = dict.fromkeys((one.name for one in passes), 0)
    async for name, number in keeping_keys.run(services, passes):
        counted[name] += number
    return counted


async def _on_number(world: World) -> list[str]:
    async with world.services.database.reading() as tx:
        return [person for person, _ in await points.on_number(tx, MOBILE[1:])]


async def test_after_a_rotation_the_new_key_opens_everything_and_the_old_one_nothing(known: World) -> None:
    both = FIRST.with_new("second", WRAP, in_use=True)
    done = await _all(_by(known, both).services, keeping_keys.rotating())
    assert done == {"data keys": 10, "blind indexes": 0}
    second = _by(known, replace(both, wrapping=both.wrapping[1:]))
    assert await opened.name_of(second, "C-L-3") == NAME
    with pytest.raises(KeysUnavailable, match="no second"):
        await opened.name_of(_by(known, FIRST), "C-L-3")


async def test_while_a_rotation_is_under_way_both_kinds_of_rows_are_read_and_written(known: World) -> None:
    """Killed after its first batch: what is left is done the next time, and nothing twice."""
    both = FIRST.with_new("second", WRAP, in_use=True).with_new("second", INDEX, in_use=True)
    during = _by(known, both)

    async def few(tx: Tx, after: str) -> tuple[int, str | None]:
        return await rekeying.wrap_anew(tx, after, limit=3)

    killed = keeping_keys.run(during.services, [keeping_keys.Pass("data keys", rekeying.left_to_wrap, few)])
    async with aclosing(killed):
        assert await anext(killed) == ("data keys", 3)
    assert await known.rows("SELECT wrapped_by, count(*) AS n FROM data_key GROUP BY 1 ORDER BY 1") == [
        {"wrapped_by": "first", "n": 7},
        {"wrapped_by": "second", "n": 3},
    ]
    assert [await opened.name_of(during, f"C-L-{n}") for n in range(1, 6)] == [NAME] * 5
    await during.delivery.accept([snapshot("L-6", at=NOON)])
    assert await _on_number(during) == ["C-L-1", "C-L-2", "C-L-6"]
    assert (await _all(during.services, keeping_keys.rotating()))["data keys"] == 7
    assert (await keeping_keys.left(during.services, keeping_keys.rotating())) == {
        "data keys": 0,
        "blind indexes": 0,
    }


async def test_blind_indexes_are_made_anew_and_a_number_is_found_before_during_and_after(
    known: World,
) -> None:
    both = FIRST.with_new("second", INDEX, in_use=True)
    during = _by(known, both)
    assert await _on_number(during) == ["C-L-1", "C-L-2"]
    shared = await known.scalar("SELECT count(*) FROM contact_point")
    # Who comes in between finds the row under the old key, and makes no second one.
    await during.delivery.accept([snapshot("L-1", at=NOON, sequence=2)])
    assert await known.scalar("SELECT count(*) FROM contact_point") == shared
    await _all(during.services, keeping_keys.rotating())
    after = _by(known, replace(both, index=both.index[1:]))
    assert await _on_number(after) == ["C-L-1", "C-L-2"]
    assert await _on_number(_by(known, FIRST)) == []


@pytest.fixture
async def from_before(known: World) -> World:
    """The same rows as a release before there were keys has left them, and a letter."""
    found = {row["id"]: row["value"] for row in await opened.contact_points(known)}
    for point, value in found.items():
        await known.execute(
            f"UPDATE contact_point SET value = '{value}', digest = NULL, number_digest = NULL "
            f"WHERE id = '{point}'"
        )
    for statement in (
        "UPDATE person_contact_point SET value_sealed = NULL",
        f"UPDATE party SET name = '{NAME}', name_sealed = NULL, details_sealed = NULL, "
        """details = '{"addresses": [{"text": "home of him"}]}'""",
        "UPDATE vehicle SET details_sealed = NULL, gps_device_sealed = NULL, gps_device_id = 'DEMO-CN-1', "
        """details = '{"plate": "沪A00000"}'""",
        "DELETE FROM data_key",
        "INSERT INTO collection_case (id, loan_id, episode, opened_at, strategy, stage, bucket, dpd, "
        "facts_due, closed_at) VALUES ('case-L-1-1', 'L-1', 1, now(), 's', 'legal', 'b', 1, 0, now())",
        "INSERT INTO contact_attempt (id, loan_id, case_id, channel, person_id, contact_point_id, state, at, "
        "actor, subject, content) SELECT 'att-1', 'L-1', 'case-L-1-1', 'letter', 'C-L-1', id, 'sent', now(), "
        f"'a', 'to {NAME}', 'Dear {NAME}' FROM contact_point WHERE kind = 'mobile' LIMIT 1",
        "INSERT INTO document (id, loan_id, case_id, step_id, attempt_id, kind, language, content, sha256, "
        "at) VALUES ('doc-1', 'L-1', 'case-L-1-1', 's', 'att-1', 'k', 'zh', convert_to('测试人', 'UTF8'), "
        "encode(sha256(convert_to('测试人', 'UTF8')), 'hex'), now())",
    ):
        await known.execute(statement)
    return known


async def test_rows_from_before_are_sealed_and_say_nothing_any_more(from_before: World) -> None:
    assert set(await found_in_plain(from_before, WORDS)) == set(WORDS)
    await _all(from_before.services, keeping_keys.sealing())
    assert await found_in_plain(from_before, WORDS) == {}
    assert await opened.name_of(from_before, "C-L-2") == NAME
    assert (await opened.vehicle_of(from_before, "L-1"))["details"]["plate"] == "沪A00000"
    [contact] = await opened.contacts(from_before)
    assert (contact["subject"], contact["content"]) == (f"to {NAME}", f"Dear {NAME}")
    assert await _on_number(from_before) == ["C-L-1", "C-L-2"]
    assert await _all(from_before.services, keeping_keys.sealing()) == dict.fromkeys(
        (one.table.name for one in backfill.PLAIN), 0
    )


async def test_rows_from_before_are_read_as_they_are_and_a_snapshot_makes_no_second_point(
    from_before: World,
) -> None:
    count = await from_before.scalar("SELECT count(*) FROM contact_point")
    assert await opened.name_of(from_before, "C-L-2") == NAME
    await from_before.delivery.accept([snapshot("L-1", at=NOON, sequence=2)])
    assert await from_before.scalar("SELECT count(*) FROM contact_point") == count
    assert await _on_number(from_before) == ["C-L-1", "C-L-2"]


async def test_killed_in_the_middle_it_begins_again_where_rows_are_plain(from_before: World) -> None:
    plain = next(one for one in backfill.PLAIN if one.table.name == "party")

    async def few(tx: Tx, after: str) -> tuple[int, str | None]:
        return await backfill.batch(tx, plain, after, limit=2)

    async def count(tx: ReadTx) -> int:
        return await backfill.count(tx, plain)

    killed = keeping_keys.run(from_before.services, [keeping_keys.Pass("party", count, few)])
    async with aclosing(killed):
        assert await anext(killed) == ("party", 2)
    async with from_before.services.database.reading() as tx:
        assert await backfill.count(tx, plain) == 3
    assert (await _all(from_before.services, keeping_keys.sealing()))["party"] == 3
    assert [await opened.name_of(from_before, f"C-L-{n}") for n in range(1, 6)] == [NAME] * 5


async def test_the_evidence_ledger_goes_on_to_verify_and_its_old_salts_are_gone(from_before: World) -> None:
    await seal(from_before)
    assert (await look(from_before)).findings == []
    await _all(from_before.services, keeping_keys.sealing())
    assert (await look(from_before)).findings == []
    await seal(from_before)
    assert (await look(from_before)).findings == []
    kept = await from_before.scalar(
        "SELECT count(*) FROM seal s JOIN seal_secret USING (index) "
        "WHERE s.kind = 'contact_attempt' AND s.commitments ? 'content' "
        "AND s.index < (SELECT max(index) FROM seal WHERE kind = 'contact_attempt')"
    )
    assert kept == 0
    await from_before.execute("UPDATE document SET language = 'en'")
    assert [(one.kind, one.detail) for one in (await look(from_before)).findings] != []
