"""A legal action in tests: moves with all their papers, and what became of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from recourse.domain.ids import CaseId
from recourse.domain.legal.action import NotMade
from recourse.domain.permits import PermitKind, PermitState
from recourse.packs.loader import load_packs
from recourse.service import pursuing
from recourse.service.legal_moves import NewMove
from recourse.storage import permits
from recourse.storage.legal_actions import MoveRow
from recourse.storage.permits import PermitRow
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase


async def move(
    world: World, case: OpenCase, code: str, on: date, *, procedure: str = "CN", **values: Any
) -> MoveRow | NotMade:
    """By legal-1, with every paper that it takes unless `documents` says otherwise."""
    known = load_packs().procedures[procedure].move(code, on)
    papers = {kind: f"paper-{kind}" for kind in known.documents} if known is not None else {}
    new = NewMove(case.id, code, on, **{"documents": papers, "actor": "legal-1"} | values)
    made, _ = await world.services.run(partial(pursuing.make_move, new=new))
    return made


async def made(world: World, case: OpenCase, code: str, on: date, **values: Any) -> MoveRow:
    row = await move(world, case, code, on, **values)
    assert isinstance(row, MoveRow), row
    return row


async def today(world: World) -> date:
    """In China."""
    async with world.services.database.reading() as tx:
        return (await world.services.database.now(tx) + timedelta(hours=8)).date()


async def permitted(world: World, case: OpenCase, kind: PermitKind, expires_at: datetime) -> None:
    """A permit as it stands once whoever has it was told that he may act."""

    async def add(unit: Any) -> None:
        await permits.add(
            unit.tx,
            PermitRow(
                id=f"permit-{kind}",
                loan_id=case.id.removeprefix("case-").removesuffix("-1"),  # type: ignore[arg-type]
                case_id=CaseId(case.id),
                step_id=None,
                kind=kind,
                state=PermitState.USED,
                purpose="test",
                basis="test",
                proposed_by="legal-1",
                approved_by="lead-1",
                assigned_to="agency-1",
                rules_digest=None,
                issued_at=unit.now,
                expires_at=expires_at,
                used_at=unit.now,
                answer=None,
                recall_code=None,
                recalled_by=None,
                recalled_at=None,
                recall_tries=0,
                recall_answer=None,
                task_id=None,
                ended_at=None,
            ),
        )

    await world.services.run(add)
