"""Asking the legal desk for a file back: one try after the other under one key, until it has answered.

It is the sweep's work and not the case's: what is recalled most is the file of a debt that is paid, and then
the case's run has ended.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func

from recourse.contracts.patience import FIRST_PAUSE
from recourse.ports import Recall, RecallAnswer
from recourse.service import recalling
from recourse.service.context import Unit
from recourse.service.noting import own_id, record
from recourse.service.recalling import ACKNOWLEDGED_WITHIN, IN_FLIGHT
from recourse.storage import cases, legal, permits
from recourse.storage.permits import PermitRow

LONGEST_PAUSE = timedelta(hours=1)
"""Real time, for a desk that is down for days or takes its time."""
THE_DESK = "legal_desk"


async def due(unit: Unit, limit: int) -> list[str]:
    return await permits.to_be_told(unit.tx, limit)


async def begin(unit: Unit, permit_id: str) -> Recall | None:
    """What to ask the desk now; None when it has answered meanwhile. The next try is set before this one
    begins, so that a crash repeats it and never forgets it."""
    row = await _locked(unit, permit_id)
    if row is None or not row.owed:
        return None
    action = await legal.of_case(unit.tx, row.case_id)
    if action is None:  # claimed and called in one breath: there is always one
        raise LookupError(f"permit {permit_id}: no file was fixed under it")
    pause = min(FIRST_PAUSE * (1 << min(row.recall_tries, 16)), LONGEST_PAUSE)
    values = {"recall_tries": row.recall_tries + 1, "recall_next_at": func.clock_timestamp() + pause}
    await permits.change(unit.tx, row.id, **values)
    return Recall(f"recall-{row.id}", action.id, action.reference, row.recall_code or "")


async def heard(unit: Unit, permit_id: str, answer: RecallAnswer) -> None:
    """What the desk said. Of a file that it acknowledged once, "unknown" is no answer but a matter for
    people; of one that may still be on its way to it, the same is asked again."""
    row = await _locked(unit, permit_id)
    if row is None or not row.owed:
        return
    match answer:
        case RecallAnswer.ACKNOWLEDGED:
            await _end(unit, row, answer.value)
        case RecallAnswer.PENDING:
            await permits.change(unit.tx, row.id, recall_answer=answer.value)
        case RecallAnswer.TOO_LATE:
            await refused(unit, permit_id, answer.value)
        case RecallAnswer.UNKNOWN:
            action = await legal.of_case(unit.tx, row.case_id)
            if action is not None and action.reference is not None:
                await refused(unit, permit_id, answer.value)
            elif await permits.called_within(unit.tx, row.id, IN_FLIGHT):
                await permits.change(unit.tx, row.id, recall_answer=answer.value)
            else:
                await _end(unit, row, answer.value)


async def refused(unit: Unit, permit_id: str, code: str) -> None:
    """The desk's no, under its own code."""
    row = await _locked(unit, permit_id)
    if row is not None and await recalling.failed(unit, row, code, THE_DESK):
        await _tell_case(unit, row, code)


async def _end(unit: Unit, row: PermitRow, answer: str) -> None:
    if await recalling.acknowledged(unit, row, answer, THE_DESK):
        await _tell_case(unit, row, answer)


async def _tell_case(unit: Unit, row: PermitRow, answer: str) -> None:
    """A fact, so that an open case decides on it and its run hears of it."""
    if row.loan_id in await cases.open_of(unit.tx, [row.loan_id]):
        payload = {"permit": row.id, "reason": answer}
        event = own_id(row.id, "answered", str(row.recall_tries))
        await record(unit, event, "recall_answered", payload, [row.loan_id], None, THE_DESK)


async def silent(unit: Unit, limit: int) -> list[str]:
    """Recalls that were acknowledged by nobody in time, the desk's and the agencies'."""
    return await permits.overdue(unit.tx, ACKNOWLEDGED_WITHIN, limit)


async def ask_people(unit: Unit, permit_id: str) -> None:
    row = await _locked(unit, permit_id)
    if row is not None and row.owed:
        await recalling.open_question(unit, row)


async def expire(unit: Unit) -> int:
    return await permits.expire(unit.tx, unit.now)


async def _locked(unit: Unit, permit_id: str) -> PermitRow | None:
    """The permit under its case's locks, read after they are held."""
    known = await permits.get(unit.tx, permit_id)
    if known is None:
        return None
    await unit.lock_loans([known.loan_id])
    return await permits.get(unit.tx, permit_id)
