"""Permits, who asked for them, and recalls that nobody has acknowledged yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from recourse.domain.ids import CaseId, LoanId, TaskId
from recourse.domain.permits import PermitKind, PermitState, Standing
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import agent_task, permit, permit_check
from recourse.storage.tasks import ACTIVE


@dataclass(frozen=True, slots=True)
class PermitRow:
    """Instants are business time; `ended_at` is empty while something may happen under it, or is owed."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    step_id: str | None
    kind: PermitKind
    state: PermitState
    purpose: str
    basis: str
    proposed_by: str | None
    approved_by: str | None
    assigned_to: str | None
    rules_digest: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    answer: str | None
    recall_code: str | None
    recalled_by: str | None
    recalled_at: datetime | None
    recall_tries: int
    recall_answer: str | None
    task_id: TaskId | None
    ended_at: datetime | None

    @property
    def standing(self) -> Standing:
        return Standing(self.kind, self.state, self.expires_at, self.step_id)

    @property
    def owed(self) -> bool:
        """The other side has yet to acknowledge the recall."""
        return self.state is PermitState.RECALLED and self.ended_at is None

    @property
    def in_force(self) -> bool:
        return self.state in (PermitState.ISSUED, PermitState.USED) and self.ended_at is None


COLUMNS = [permit.c[name] for name in PermitRow.__dataclass_fields__]
_IN_FORCE = (
    select(*COLUMNS)
    .where(
        among_given(permit.c.case_id, "cases"),
        permit.c.ended_at.is_(None),
        permit.c.state.in_([PermitState.ISSUED, PermitState.USED]),
    )
    .order_by(permit.c.issued_at, permit.c.id)
)
OWED: ColumnElement[bool] = and_(permit.c.state == PermitState.RECALLED, permit.c.ended_at.is_(None))


def row_of(mapping: Any) -> PermitRow:
    values = dict(mapping)
    return PermitRow(**values | {"kind": PermitKind(values["kind"]), "state": PermitState(values["state"])})


async def get(tx: Tx | ReadTx, key: str) -> PermitRow | None:
    found = (await tx.execute(select(*COLUMNS).where(permit.c.id == key))).mappings().first()
    return row_of(found) if found else None


async def in_force(tx: Tx | ReadTx, case_ids: Iterable[CaseId]) -> dict[CaseId, list[PermitRow]]:
    """Those under which something may happen or has happened, and which have not ended."""
    rows = await tx.execute(_IN_FORCE, {"cases": list(case_ids)})
    found: dict[CaseId, list[PermitRow]] = defaultdict(list)
    for mapping in rows.mappings():
        row = row_of(mapping)
        found[row.case_id].append(row)
    return found


async def of_case(tx: Tx | ReadTx, case_id: CaseId) -> list[PermitRow]:
    """Oldest first."""
    mine = select(*COLUMNS).where(permit.c.case_id == case_id)
    rows = await tx.execute(mine.order_by(permit.c.recorded_at, permit.c.id))
    return [row_of(mapping) for mapping in rows.mappings()]


async def last_of(tx: Tx | ReadTx, case_id: CaseId, kind: PermitKind) -> PermitRow | None:
    """The newest of its kind, in whatever state."""
    rows = await tx.execute(
        select(*COLUMNS)
        .where(permit.c.case_id == case_id, permit.c.kind == kind)
        .order_by(permit.c.recorded_at.desc(), permit.c.id)
        .limit(1)
    )
    found = rows.mappings().first()
    return row_of(found) if found else None


async def of_task(tx: Tx | ReadTx, task: TaskId) -> PermitRow | None:
    """The permit whose recall a person is asked about."""
    found = (await tx.execute(select(*COLUMNS).where(permit.c.task_id == task))).mappings().first()
    return row_of(found) if found else None


async def add(tx: Tx, row: PermitRow) -> None:
    await tx.execute(
        insert(permit).values({name: getattr(row, name) for name in PermitRow.__dataclass_fields__})
    )


async def change(tx: Tx, key: str, **values: Any) -> None:
    await tx.execute(update(permit).where(permit.c.id == key).values(**values))


async def rename_steps(tx: Tx, case_id: CaseId, names: Mapping[str, str]) -> None:
    """The case has moved to a ladder that calls the steps of its permits otherwise."""
    for old, new in names.items():
        mine = (permit.c.case_id == case_id) & (permit.c.step_id == old)
        await tx.execute(update(permit).where(mine).values(step_id=new))


async def note_check(
    tx: Tx,
    key: str,
    *,
    actor: str,
    answer: str,
    code: str,
    at: datetime,
    step_number: int,
    good_until: datetime | None,
) -> None:
    """Somebody asked whether it holds, and was told so or not. step_number: of the row with the inputs."""
    values = {"actor": actor, "answer": answer, "code": code, "at": at, "good_until": good_until}
    await tx.execute(insert(permit_check).values(permit_id=key, step_number=step_number, **values))


async def to_be_told(tx: Tx, limit: int) -> list[str]:
    """Recalls that the desk has to be asked for now, those waiting longest first."""
    c = permit.c
    rows = await tx.execute(
        select(c.id)
        .where(OWED, c.kind == PermitKind.LEGAL, c.recall_next_at <= func.clock_timestamp())
        .order_by(c.recall_next_at, c.id)
        .limit(limit)
    )
    return list(rows.scalars())


async def overdue(tx: Tx, within: timedelta, limit: int) -> list[str]:
    """Recalls that the other side has been silent about for longer, and that no person is asked about."""
    c = permit.c
    unasked = or_(c.task_id.is_(None), agent_task.c.state.not_in(ACTIVE))
    rows = await tx.execute(
        select(c.id)
        .outerjoin(agent_task, agent_task.c.id == c.task_id)
        .where(OWED, c.recall_since < func.clock_timestamp() - within, unasked)
        .order_by(c.recall_since, c.id)
        .limit(limit)
    )
    return list(rows.scalars())


async def called_within(tx: Tx, key: str, time: timedelta) -> bool:
    """Whether a call under it may still be on its way."""
    recent = permit.c.called_at > func.clock_timestamp() - time
    return (await tx.execute(select(permit.c.id).where(permit.c.id == key, recent))).first() is not None


async def expire(tx: Tx, now: datetime) -> int:
    """End what ran out. A file that the desk has, or may have, does not. Returns how many."""
    c = permit.c
    unused = or_(c.state == PermitState.ISSUED, and_(c.state == PermitState.USED, c.kind != PermitKind.LEGAL))
    result = await tx.execute(
        update(permit)
        .where(c.ended_at.is_(None), c.expires_at <= now, unused)
        .values(state=PermitState.EXPIRED, ended_at=now)
        .returning(c.id)
    )
    return len(result.all())


async def assigned(tx: ReadTx, actors: Sequence[str]) -> list[PermitRow]:
    """What an agency has: in force, or recalled and not acknowledged."""
    rows = await tx.execute(
        select(*COLUMNS)
        .where(among(permit.c.assigned_to, actors), permit.c.ended_at.is_(None))
        .order_by(permit.c.issued_at, permit.c.id)
    )
    return [row_of(mapping) for mapping in rows.mappings()]
