"""What the legal desk reports about a file: kept as it came, and made a move where the procedure knows it as
one.

What is unknown or out of order is recorded all the same, and a person of ours is asked; the next status is
not held up by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from recourse.contracts.messages import Nudge
from recourse.domain.ids import TaskId
from recourse.domain.law.hours import local_date
from recourse.domain.legal.action import MoveRefusal, NotMade
from recourse.domain.situation import StepOutcome
from recourse.service import pursuing, recalling
from recourse.service.context import Unit
from recourse.service.handing_over import known_by_its_status
from recourse.service.legal_moves import NewMove
from recourse.service.noting import LONGEST_HOLD, Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, legal, steps, tasks
from recourse.storage.legal import ActionRow
from recourse.storage.steps import StepRow

TASK = "check_legal_status"
_FIRST_DAY = datetime(1990, 1, 1, tzinfo=UTC)
"""Of what others say when something happened. They tell real time, so that a compressed calendar may be years
apart from it; but with a day in the year 9999 every later decision would fail."""
_OF_RECALLS = frozenset({recalling.STATUS_RECALLED, recalling.STATUS_REFUSED})


class Became(StrEnum):
    MOVED = "moved"
    NOTED = "noted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Status:
    """As the desk tells it. documents: kind of paper -> its id, where the desk says so."""

    reference: str
    status_id: str
    status: str
    at: datetime
    actor: str = "legal_desk"
    documents: Mapping[str, str] = field(default_factory=dict)


async def note_legal_status(unit: Unit, told: Status) -> tuple[Nudge, ...]:
    """A status of the legal desk for a handed-over case. Raises Unknown for a reference we never got, and
    RequestReused for an id that stands for another file or status: as a repetition it would be lost.

    actor: whose token told it, the desk's own or one of our lawyers'."""
    if not _FIRST_DAY <= told.at <= unit.now + LONGEST_HOLD:
        raise Pointless("occurred_at: lies more than ten years ahead, or before 1990")
    action = await legal.by_reference(unit.tx, told.reference)
    if action is None:
        raise Unknown("reference: no handover was acknowledged under it")
    await unit.lock_loans([action.loan_id])
    if action.reference is None:
        await known_by_its_status(unit, action)
    if await legal.has_status(unit.tx, told.status_id):
        if not await legal.is_recorded(unit.tx, told.status_id, action.id, told.status):
            raise RequestReused("status_id: it stands for another status; choose a new one")
        return tuple(await cases.undelivered_of(unit.tx, [action.loan_id]))
    await recalling.reported(unit, action.case_id, told.status, told.actor)
    became, why = await _move(unit, action, told)
    if not await legal.add_status(unit.tx, told.status_id, action.id, told.status, told.at, became):
        raise RequestReused("status_id: it stands for another status; choose a new one")
    if why is not None:
        await _ask(unit, action, told, why)
    payload = {
        "status": told.status,
        "reason": told.status,
        "status_id": told.status_id,
        "became": became.value,
    }
    event = own_id("legal", told.status_id)
    return await record(unit, event, "legal_status", payload, [action.loan_id], None, told.actor)


async def _move(unit: Unit, action: ActionRow, told: Status) -> tuple[Became, NotMade | None]:
    now_known = await pursuing.standing(unit, action.case_id)
    on = await _day(unit, now_known.gathered.loan.zone, action, told)
    if told.status in now_known.procedure.noted or told.status in _OF_RECALLS:
        return Became.NOTED, None
    move = now_known.procedure.reported(told.status, on)
    if move is None:
        return Became.REFUSED, NotMade(MoveRefusal.UNKNOWN_MOVE)
    new = NewMove(action.case_id, move.code, on, dict(told.documents), told.actor, status_id=told.status_id)
    made = await pursuing.apply(unit, now_known, new, f"status-{told.status_id}")
    return (Became.REFUSED, made) if isinstance(made, NotMade) else (Became.MOVED, None)


async def _day(unit: Unit, zone: str, action: ActionRow, told: Status) -> date:
    """At the lender's place; a desk whose clock is off never tells of a day before the file was its own, or
    of one to come."""
    today = local_date(unit.now, zone)
    return min(max(local_date(told.at, zone), local_date(action.at, zone)), today)


async def _ask(unit: Unit, action: ActionRow, told: Status, why: NotMade) -> None:
    """A person finds out: he records the move with its papers, or tells the desk."""
    case = await cases.get(unit.tx, action.case_id)
    if case is None:
        raise LookupError("case")
    missing = f" ({', '.join(why.missing)})" if why.missing and why.code != MoveRefusal.UNKNOWN_MOVE else ""
    digest = hashlib.sha256(f"{action.id}/{told.status_id}".encode()).hexdigest()[:20]
    about = f"{TASK}-{digest}"
    line = StepRow(
        case.loan_id,
        case.id,
        case.decision,
        "legal_status_refused",
        unit.now,
        f"{told.status}, reported as {told.status_id}, is no move: {why.code}{missing}",
        case.strategy,
        code=why.code,
        source=why.source or None,
        actor=told.actor,
    )
    await steps.append(unit.tx, line)
    await tasks.open_task(
        unit.tx,
        TaskId(f"task-{digest}"),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=about,
        kind=TASK,
        team="legal",
        at=unit.now,
        expires_at=None,
    )
    opened = f"{TASK} for legal"
    row = replace(line, event="outcome", reason=opened, step_id=about, outcome=StepOutcome.OPEN, code=TASK)
    await steps.append(unit.tx, replace(row, source=None, actor=None))
