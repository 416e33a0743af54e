"""What is proved on paper: the limitation clock heeds it, the dossier shows it, a wrong one is withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest

from recourse.domain.ids import LoanId
from recourse.domain.proofs import BY_PEOPLE, ProofKind
from recourse.service import proving
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.proving import NewProof
from recourse.storage.dossier import dossier_document
from recourse.storage.proofs import ProofRow
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.test_limiting import DUE, clock

SIGNED = NewProof(
    LoanId("L-1"), ProofKind.DEMAND_SIGNED_FOR, date(2026, 11, 6), "receipt-9", "legal-1", "r-1"
)


async def _prove(world: World, new: NewProof) -> ProofRow:
    return (await world.services.run(partial(proving.prove, new=new)))[0]


async def _withdraw(world: World, key: str) -> ProofRow:
    take_back = partial(proving.withdraw, key=key, actor="lead-1", source="letter-3")
    return (await world.services.run(take_back))[0]


@pytest.fixture
async def case(world: World) -> OpenCase:
    """Its only installment was due on DUE, the fifth; it is the sixth at noon."""
    return await open_case(world)


# By hand from 诉讼时效规定 8: what reached the borrower starts the years anew, what came back does not.
RESTARTS = {kind: kind is not ProofKind.DEMAND_RETURNED for kind in BY_PEOPLE}


@pytest.mark.parametrize("kind", BY_PEOPLE)
async def test_a_paper_that_proves_a_demand_starts_the_years_anew(
    world: World, case: OpenCase, kind: ProofKind
) -> None:
    row = await _prove(world, replace(SIGNED, kind=kind))
    line = await clock(world)
    if RESTARTS[kind]:
        assert (line.runs_from, line.ends_on) == (date(2026, 11, 6), date(2029, 11, 6))
        assert line.restarted_by is not None
        assert (line.restarted_by["kind"], line.restarted_by["ref"]) == (kind, row.id)
    else:
        assert (line.runs_from, line.restarted_by) == (DUE, None)


async def test_the_case_hears_of_it_and_dossier_and_diary_show_paper_and_person(
    world: World, case: OpenCase
) -> None:
    row, nudges = await world.services.run(partial(proving.prove, new=SIGNED))
    assert [(nudge.case_id, nudge.kinds) for nudge in nudges] == [(case.id, ("proof_recorded",))]
    assert await world.rows("SELECT code, actor FROM step WHERE event = 'proof_recorded'") == [
        {"code": "demand_signed_for", "actor": "legal-1"}
    ]
    async with world.services.database.reading() as tx:
        [shown] = (await dossier_document(tx, LoanId("L-1")))["legal"]["proofs"]
    assert (shown["id"], shown["evidence"], shown["noted_by"]) == (row.id, "receipt-9", "legal-1")


async def test_one_that_was_recorded_wrongly_counts_no_more_and_stays_on_record(
    world: World, case: OpenCase
) -> None:
    row = await _prove(world, SIGNED)
    taken = [await _withdraw(world, row.id) for _ in range(2)]
    assert (await clock(world)).restarted_by is None
    assert [(one.withdrawn_by, one.withdrawn_source) for one in taken][1] == ("lead-1", "letter-3")
    assert await world.scalar("SELECT count(*) FROM fact WHERE kind = 'proof_withdrawn'") == 1


async def test_the_same_request_is_one_proof_and_another_one_is_refused(world: World, case: OpenCase) -> None:
    first, again = await _prove(world, SIGNED), await _prove(world, SIGNED)
    assert first == again
    others: list[dict[str, Any]] = [
        {"kind": ProofKind.NEWSPAPER_NOTICE},
        {"on": date(2026, 11, 5)},
        {"evidence": "receipt-8"},
        {"actor": "lead-1"},
    ]
    for other in others:
        with pytest.raises(RequestReused):
            await _prove(world, replace(SIGNED, **other))
    assert await world.scalar("SELECT count(*) FROM proof") == 1


async def test_what_cannot_be_meant_is_refused_by_its_field(world: World, case: OpenCase) -> None:
    for on in (date(2026, 11, 7), date(1989, 12, 31)):
        with pytest.raises(Pointless, match="on:"):
            await _prove(world, replace(SIGNED, on=on))
    with pytest.raises(Unknown, match="loan"):
        await _prove(world, replace(SIGNED, loan_id=LoanId("L-none")))
    with pytest.raises(Unknown, match="proof"):
        await _withdraw(world, "proof-none")


async def test_a_proof_after_the_case_is_closed_counts_for_the_loan(world: World, case: OpenCase) -> None:
    await world.delivery.accept([payment("L-1", at=NOON)])
    row = await _prove(world, SIGNED)
    assert await world.rows("SELECT loan_id, id FROM proof") == [{"loan_id": "L-1", "id": row.id}]
    assert await world.scalar("SELECT disposition FROM fact WHERE kind = 'proof_recorded'") == "no_open_case"
