"""A dispute stops what the law packs say from the moment it is opened, and is answered with a paper.

Answering it lifts its hold. The hold may end before, where the packs name its days; the question stays open.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from recourse.contracts.messages import Nudge
from recourse.domain.ids import LoanId
from recourse.domain.situation import HoldReason
from recourse.service import noting
from recourse.service.context import Unit
from recourse.service.noting import HoldRequest, Pointless, RequestReused, Unknown, own_id
from recourse.storage import cases, disputes
from recourse.storage.disputes import DisputeRow


class DisputeReason(StrEnum):
    NOT_MINE = "not_mine"
    AMOUNT = "amount"
    PAID = "paid"
    FEES = "fees"
    VEHICLE = "vehicle"
    OTHER = "other"


class DisputeAnswer(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class NewDispute:
    """about: the id of what is disputed, for example of an installment or a payment. evidence: the id of the
    letter, recording or file."""

    loan_id: LoanId
    reason: DisputeReason
    actor: str
    about: str | None = None
    evidence: str | None = None
    request_id: str = ""


async def open_dispute(unit: Unit, new: NewDispute) -> tuple[DisputeRow, tuple[Nudge, ...]]:
    """In force when this returns. Raises Unknown, RequestReused."""
    request = new.request_id or uuid.uuid4().hex
    key = f"dsp-{request}"
    await unit.lock_loans([new.loan_id])
    before = await disputes.get(unit.tx, key)
    if before is not None:
        same = (before.loan_id, before.reason, before.about, before.evidence, before.opened_by)
        if same != (new.loan_id, new.reason, new.about, new.evidence, new.actor):
            raise RequestReused("request_id: it stands for another dispute; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, [new.loan_id]))
    asked = HoldRequest(
        HoldReason.DISPUTE, new.actor, key, loan_id=new.loan_id, request_id=f"dispute-{request}"
    )
    placed, nudges = await noting.place_hold(unit, asked)
    row = DisputeRow(
        key, new.loan_id, placed.id, new.reason.value, new.about, new.evidence, unit.now, new.actor
    )
    await disputes.add(unit.tx, row)
    return row, nudges


@dataclass(frozen=True, slots=True)
class DisputeRuling:
    """evidence: the id of the answer as it was given to who disputes."""

    dispute_id: str
    answer: DisputeAnswer
    evidence: str
    actor: str
    request_id: str = ""


async def answer_dispute(unit: Unit, ruling: DisputeRuling) -> tuple[DisputeRow, tuple[Nudge, ...]]:
    """The hold is lifted, whatever the answer is. Raises Unknown, and Pointless for what was answered."""
    found = await disputes.get(unit.tx, ruling.dispute_id)
    if found is None:
        raise Unknown(f"dispute {ruling.dispute_id}: there is none; see `recourse cases show CASE`")
    await unit.lock_loans([found.loan_id])
    row = await disputes.get(unit.tx, found.id) or found
    if row.answer is not None:
        same = (row.answer, row.answer_evidence, row.answered_by, row.answer_request)
        if same == (ruling.answer, ruling.evidence, ruling.actor, ruling.request_id):
            return row, tuple(await cases.undelivered_of(unit.tx, [row.loan_id]))
        raise Pointless(f"dispute: was answered already ({row.answer})")
    await disputes.answer(
        unit.tx,
        row.id,
        text=ruling.answer.value,
        evidence=ruling.evidence,
        by=ruling.actor,
        at=unit.now,
        request=ruling.request_id,
    )
    payload = {"dispute": row.id, "reason": ruling.answer.value, "by": ruling.actor}
    event = own_id(row.id, "answered")
    told = await noting.record(unit, event, "dispute_answered", payload, [row.loan_id], None, ruling.actor)
    lifted = await noting.lift_hold(unit, row.hold_id, ruling.actor)
    return await disputes.get(unit.tx, row.id) or row, lifted or told
