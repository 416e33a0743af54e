"""Costs of a legal action and what it brought: a line with a proof each, told to the bank, reversed and never
changed."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.legal.amounts import EntryKind
from recourse.service import legal_amounts
from recourse.service.legal_amounts import NewEntry
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.storage import legal_entries
from recourse.storage.dossier import dossier_document
from recourse.storage.legal_entries import EntryRow
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, open_case

ON = date(2026, 11, 5)


@pytest.fixture
async def case(world: World) -> OpenCase:
    return await open_case(world)


async def note(
    world: World, case: OpenCase, kind: str = "court_fee", minor: int = 5_000, **values: Any
) -> EntryRow:
    given: dict[str, Any] = {"on": ON, "proof": "invoice-1", "actor": "legal-1"} | values
    new = NewEntry(case.id, EntryKind(kind), minor, **given)
    return (await world.services.run(partial(legal_amounts.note_amount, new=new)))[0]


async def test_a_line_has_its_proof_and_the_bank_is_told(world: World, case: OpenCase) -> None:
    rows = [await note(world, case, request_id="r-1") for _ in range(2)]
    assert rows[0] == rows[1]
    [told] = await world.rows("SELECT data FROM outbox WHERE type = 'recourse.legal.amount.v1'")
    assert told["data"] == {
        "loan_id": "L-1",
        "episode": 1,
        "entry_id": "legal-entry-r-1",
        "kind": "court_fee",
        "amount": {"amount_minor": 5_000, "currency": "CNY"},
        "on": "2026-11-05",
        "proof": "invoice-1",
        "reverses": None,
    }
    assert await world.rows("SELECT code, source FROM step WHERE event = 'legal_amount'") == [
        {"code": "court_fee", "source": "invoice-1"}
    ]


async def test_the_dossier_shows_the_lines_and_what_is_left_of_them(world: World, case: OpenCase) -> None:
    await note(world, case, "sale_proceeds", 900_000, proof="statement-1")
    wrong = await note(world, case, "lawyer_fee", 90_000)
    await note(world, case, "lawyer_fee", 90_000, reverses=wrong.id)
    await note(world, case, "lawyer_fee", 9_000)
    async with world.services.database.reading() as tx:
        legal = (await dossier_document(tx, LoanId("L-1")))["legal"]
        rows = await legal_entries.of_case(tx, CaseId(case.id))
    assert legal["totals"] == {
        "costs_minor": 9_000,
        "recovered_minor": 900_000,
        "net_minor": 891_000,
        "currency": "CNY",
    }
    assert [line["id"] for line in legal["amounts"]] == [row.id for row in rows]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"minor": 0}, "amount_minor"),
        ({"minor": 10**16}, "amount_minor"),
        ({"on": date(2026, 11, 7)}, "on:"),
        ({"on": date(1989, 12, 31)}, "on:"),
    ],
)
async def test_what_cannot_be_meant_names_the_field(
    world: World, case: OpenCase, values: dict[str, Any], named: str
) -> None:
    with pytest.raises(Pointless, match=named):
        await note(world, case, **values)
    assert await world.scalar("SELECT count(*) FROM legal_entry") == 0


async def test_a_reversal_repeats_what_it_reverses_once(world: World, case: OpenCase) -> None:
    first = await note(world, case)
    with pytest.raises(Unknown, match="reverses"):
        await note(world, case, reverses="legal-entry-none")
    with pytest.raises(Pointless, match="kind and amount"):
        await note(world, case, minor=4_999, reverses=first.id)
    undone = await note(world, case, reverses=first.id)
    for gone in (first, undone):
        with pytest.raises(Pointless, match="counts for nothing"):
            await note(world, case, reverses=gone.id)


async def test_an_id_stands_for_one_line(world: World, case: OpenCase) -> None:
    await note(world, case, request_id="r-1")
    with pytest.raises(RequestReused):
        await note(world, case, minor=1, request_id="r-1")
