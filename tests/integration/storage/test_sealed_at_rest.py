"""A stolen database without its keys says nothing of anybody; with the keys it says it in its place only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from recourse.contracts.events import BankEvent, parse_line, to_line
from recourse.contracts.wrapping import KeysUnavailable, NotOpened
from recourse.delivery import Delivery
from recourse.domain.ids import LoanId, PersonId
from recourse.service.replying import Reply, take_reply
from recourse.storage import people, points
from recourse.storage.dossier import dossier_document
from tests import opened
from tests.events import overdue, payment, snapshot
from tests.integration.conftest import World
from tests.keys import with_ring
from tests.plain import found_in_plain

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
NAME, MOBILE, EMAIL, PLATE, DEVICE = (
    "测试人",
    "+8613800000001",
    "borrower@example.com",
    "沪A00000",
    "DEMO-CN-1",
)
ID_NUMBER, EMPLOYER, VIN, SAID = "31010119900101991X", "某某公司", "LSVAA00000A000001", "我明天去柜台还款"
WORDS = (NAME, MOBILE[3:], EMAIL, PLATE, DEVICE, "home of", ID_NUMBER, EMPLOYER, VIN, SAID)


def _whole(loan: str) -> BankEvent:
    """With everything that a bank may say of somebody."""
    line: dict[str, Any] = json.loads(to_line(snapshot(loan, at=NOON)))
    line["data"]["borrower"] |= {"national_id": ID_NUMBER, "employer": EMPLOYER}
    line["data"]["vehicle"] |= {"vin": VIN}
    return parse_line(json.dumps(line))


@pytest.fixture
async def written(world: World) -> World:
    world.set_now(NOON)
    await world.delivery.accept([_whole("L-1"), overdue("L-1", at=NOON)])
    reply = partial(take_reply, reply=Reply(MOBILE[1:], SAID, "r-1"))
    await world.services.run(reply)
    return world


async def test_no_table_says_who_it_is_about_how_he_is_reached_or_what_was_said(written: World) -> None:
    assert await found_in_plain(written, WORDS) == {}
    # The scan itself finds what is there.
    await written.execute(f"UPDATE party SET name = '{NAME}'")
    assert await found_in_plain(written, WORDS) == {NAME: ["party"]}


async def test_with_the_keys_all_of_it_is_in_the_dossier(written: World) -> None:
    async with written.services.database.reading() as tx:
        document = await dossier_document(tx, LoanId("L-1"))
    shown = json.dumps(document, ensure_ascii=False)
    assert [word for word in WORDS if word not in shown] == []
    assert "_sealed" not in shown


async def test_a_value_that_was_copied_to_another_person_is_not_taken_for_his(written: World) -> None:
    await written.delivery.accept([snapshot("L-2", at=NOON, name="另一个人")])
    await written.execute(
        "UPDATE party SET name_sealed = (SELECT name_sealed FROM party WHERE id = 'C-L-1') WHERE id = 'C-L-2'"
    )
    with pytest.raises(NotOpened, match=r"party\.name of C-L-2"):
        await opened.name_of(written, "C-L-2")


async def test_a_key_that_was_copied_to_another_person_does_not_open(written: World) -> None:
    await written.delivery.accept([snapshot("L-2", at=NOON)])
    await written.execute(
        "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE subject = 'person:C-L-1') "
        "WHERE subject = 'person:C-L-2'"
    )
    await written.execute(
        "UPDATE data_key SET id = 'dk-anew' WHERE subject = 'person:C-L-2'"  # not remembered by anybody
    )
    with pytest.raises(NotOpened):
        await opened.name_of(written, "C-L-2")


async def test_without_keys_the_error_names_the_setting(written: World) -> None:
    with pytest.raises(KeysUnavailable, match="RECOURSE_PRIVACY_KEYS_FILE"):
        async with with_ring(written.services, None).database.reading() as tx:
            await people.name_of(tx, PersonId("C-L-1"))


@pytest.mark.parametrize("as_written", ["8613800000001", "+8613800000001", "13800000001", "008613800000001"])
async def test_a_number_is_found_by_its_blind_index_however_a_network_writes_it(
    written: World, as_written: str
) -> None:
    async with written.services.database.reading() as tx:
        assert [person for person, _ in await points.on_number(tx, as_written)] == ["C-L-1"]
        assert await points.on_number(tx, "13800000002") == []


async def test_a_decision_opens_nothing_and_needs_no_keys(written: World) -> None:
    """Without keys a payment still closes a case: what stops contacts must not wait for a key service."""
    without = Delivery(with_ring(written.services, None), written.runs)
    await without.accept([payment("L-1", at=NOON, sequence=9)])
    assert await written.scalar("SELECT closed_at IS NOT NULL FROM collection_case")
    with pytest.raises(KeysUnavailable):
        await without.accept([snapshot("L-1", at=NOON, sequence=10)])


async def test_two_who_share_a_number_have_a_copy_each_and_one_contact_point(written: World) -> None:
    await written.delivery.accept([snapshot("L-2", at=NOON, email=None)])
    shared = [row for row in await opened.contact_points(written) if row["value"] == MOBILE]
    assert [row["person_id"] for row in shared] == ["C-L-1", "C-L-2"]
    assert len({row["id"] for row in shared}) == 1
    copies = await written.rows(
        "SELECT value_sealed FROM person_contact_point WHERE contact_point_id = :p", p=shared[0]["id"]
    )
    assert len({row["value_sealed"] for row in copies}) == 2


async def test_the_statements_of_a_database_that_was_dumped_bring_no_word_back(written: World) -> None:
    """Neither indexes nor statistics hold what the tables do not."""
    async with written.services.database.engine.connect() as connection:
        await connection.execute(text("ANALYZE party, contact_point, person_contact_point, vehicle"))
        stats = (await connection.execute(text("SELECT s::text FROM pg_stats s"))).scalars().all()
    assert [word for word in WORDS if any(word in row for row in stats)] == []
