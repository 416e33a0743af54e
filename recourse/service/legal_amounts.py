"""Costs of a legal action and what it brought: lines with a proof each, never changed; a mistake is reversed
by another line."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date

from recourse.contracts.messages import Nudge
from recourse.domain.ids import CaseId
from recourse.domain.law.hours import local_date
from recourse.domain.legal.amounts import RECOVERED, EntryKind
from recourse.domain.money import Money
from recourse.service.context import Unit
from recourse.service.deciding import locked
from recourse.service.noting import Pointless, RequestReused, Unknown, own_id
from recourse.service.proving import FIRST_DAY
from recourse.service.pursuing import take_note
from recourse.storage import cases, legal_entries, outbox, steps
from recourse.storage.legal_entries import EntryRow
from recourse.storage.steps import StepRow

NOTED = "legal_amount"
"""Event of the diary."""
LARGEST = 10**15
"""Minor units; more is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """amount_minor: above 0, in the loan's currency. on: a day at the lender's place. proof: the opaque id of
    the paper. reverses: an entry of the same case that was a mistake, whose kind and amount are repeated."""

    case_id: str
    kind: EntryKind
    amount_minor: int
    on: date
    proof: str
    actor: str
    request_id: str = ""
    reverses: str | None = None


async def note_amount(unit: Unit, new: NewEntry) -> tuple[EntryRow, tuple[Nudge, ...]]:
    """Safe to repeat with the same request id. Raises Unknown for a case or an entry there is none of,
    Pointless for what cannot be meant, RequestReused for the id of another line."""
    if await cases.get(unit.tx, CaseId(new.case_id)) is None:
        raise Unknown("case: there is none of this id; list them with `recourse cases list`")
    gathered = await locked(unit, new.case_id)
    case, loan = gathered.case, gathered.loan
    row = EntryRow(
        id=f"legal-entry-{new.request_id or uuid.uuid4().hex}",
        loan_id=loan.id,
        case_id=case.id,
        kind=new.kind.value,
        amount_minor=new.amount_minor,
        currency=loan.currency,
        on=new.on,
        proof=new.proof,
        reverses=new.reverses,
        noted_by=new.actor,
        noted_at=unit.now,
    )
    before = await legal_entries.get(unit.tx, row.id)
    if before is not None:
        if replace(before, noted_at=row.noted_at) != row:
            raise RequestReused("request_id: it stands for another amount; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, [loan.id]))
    if not 0 < new.amount_minor <= LARGEST:
        raise Pointless("amount_minor: above 0, in minor units; which way it goes is said by the kind")
    if not FIRST_DAY <= new.on <= local_date(unit.now, loan.zone):
        raise Pointless("on: lies ahead, or before 1990; the day on which it was paid, at the lender's place")
    if new.reverses is not None:
        await _check_reversal(unit, row)
    await legal_entries.add(unit.tx, row)
    return row, await _tell(unit, gathered.case, row)


async def _check_reversal(unit: Unit, row: EntryRow) -> None:
    first = await legal_entries.get(unit.tx, row.reverses or "")
    if first is None or first.case_id != row.case_id:
        raise Unknown("reverses: the case has no such entry; see `recourse legal show CASE`")
    if first.reverses is not None or await legal_entries.is_reversed(unit.tx, first.id):
        raise Pointless("reverses: that entry counts for nothing already; record the right one anew")
    if (first.kind, first.amount_minor) != (row.kind, row.amount_minor):
        raise Pointless("reverses: repeat kind and amount of the entry that was a mistake")


async def _tell(unit: Unit, case: cases.CaseRow, row: EntryRow) -> tuple[Nudge, ...]:
    side = "recovered" if row.kind in RECOVERED else "cost"
    undone = f", reverses {row.reverses}" if row.reverses else ""
    reason = f"{side} {row.kind} {Money(row.amount_minor, row.currency)} on {row.on}{undone}"
    line = StepRow(case.loan_id, case.id, case.decision, NOTED, unit.now, reason, case.strategy)
    await steps.append(unit.tx, replace(line, code=row.kind, source=row.proof, actor=row.noted_by))
    about = {"loan_id": case.loan_id, "episode": case.episode, "entry_id": row.id, "kind": row.kind}
    amount = {"amount_minor": row.amount_minor, "currency": row.currency}
    told = about | {"amount": amount, "on": row.on.isoformat(), "proof": row.proof}
    await outbox.put(
        unit.tx, case.loan_id, "recourse.legal.amount.v1", unit.now, told | {"reverses": row.reverses}
    )
    payload = {"entry": row.id, "reason": row.kind, "by": row.noted_by}
    return await take_note(unit, case, own_id(row.id, "noted"), NOTED, payload)
