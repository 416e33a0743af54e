"""A dispute stops what the law packs say from the moment it is opened, and is answered with a paper.

Its last day and the rule behind it are kept with it, as they were when it came in. From that day on the
decision of the case has a task for it (`recourse.domain.alarms`); the answer ends the task. The hold may end
before, where the packs name its days; the question stays open.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from recourse.contracts.messages import Nudge
from recourse.domain.alarms import dispute_alarm
from recourse.domain.disputes import (
    ANSWERED_BY_PAPER,
    DisputeAnswer,
    DisputeKind,
    DisputeReason,
)
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law import answers
from recourse.domain.law.answers import AnswerTerm
from recourse.domain.situation import StepOutcome
from recourse.service import noting
from recourse.service.applying import laws_of
from recourse.service.context import Unit
from recourse.service.noting import HoldRequest, Pointless, RequestReused, Unknown, own_id
from recourse.storage import cases, disputes, steps, tasks
from recourse.storage.cases import CaseRow
from recourse.storage.disputes import DisputeRow
from recourse.storage.steps import StepRow


@dataclass(frozen=True, slots=True)
class NewDispute:
    """about: the id of what is disputed, for example of an installment, a payment, or the number of a
    decision. evidence: the id of the letter, recording or file. person_id: whom the hold protects on every
    loan of his; None for this loan alone."""

    loan_id: LoanId
    reason: DisputeReason
    actor: str
    about: str | None = None
    evidence: str | None = None
    request_id: str = ""
    kind: DisputeKind = DisputeKind.DEBT
    person_id: PersonId | None = None


async def open_dispute(unit: Unit, new: NewDispute) -> tuple[DisputeRow, tuple[Nudge, ...]]:
    """In force when this returns, with a task for who answers where the loan has an open case. Raises
    Unknown, RequestReused."""
    request = new.request_id or uuid.uuid4().hex
    key = f"dsp-{request}"
    await unit.lock_loans([new.loan_id])
    before = await disputes.get(unit.tx, key)
    if before is not None:
        same = (before.loan_id, before.kind, before.reason, before.about, before.evidence, before.opened_by)
        if same != (new.loan_id, new.kind, new.reason, new.about, new.evidence, new.actor):
            raise RequestReused("request_id: it stands for another dispute; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, [new.loan_id]))
    asked = HoldRequest(
        new.kind.holds,
        new.actor,
        key,
        person_id=new.person_id,
        loan_id=None if new.person_id is not None else new.loan_id,
        request_id=f"dispute-{request}",
    )
    placed, held = await noting.place_hold(unit, asked)
    row = _row(unit, new, key, placed.id, *await _terms(unit, new))
    await disputes.add(unit.tx, row)
    payload = {"dispute": key, "reason": new.kind.value, "by": new.actor}
    event = own_id(key, "opened")
    told = await noting.record(unit, event, "dispute_opened", payload, [new.loan_id], None, new.actor)
    return row, _together(held, told)


async def answer_days(unit: Unit, loan: LoanId) -> dict[str, date]:
    """Of each kind the last day of the answer, for a dispute of this loan that came in now."""
    [(row, packs)] = await laws_of(unit, [loan])
    return {kind.value: answers.term(kind, packs, unit.now, row.zone).answer_by for kind in DisputeKind}


async def _terms(unit: Unit, new: NewDispute) -> tuple[AnswerTerm, AnswerTerm | None]:
    """By when it is to be answered, and acknowledged."""
    [(loan, packs)] = await laws_of(unit, [new.loan_id])
    answered = answers.term(new.kind, packs, unit.now, loan.zone)
    return answered, answers.acknowledgement(new.kind, packs, unit.now, loan.zone)


def _row(
    unit: Unit, new: NewDispute, key: str, hold_id: str, term: AnswerTerm, told: AnswerTerm | None
) -> DisputeRow:
    return DisputeRow(
        id=key,
        loan_id=new.loan_id,
        hold_id=hold_id,
        kind=new.kind.value,
        reason=new.reason.value,
        about=new.about,
        evidence=new.evidence,
        opened_at=unit.now,
        opened_by=new.actor,
        answer_by=term.answer_by,
        ends_at=term.ends_at,
        rule=f"{term.pack} {term.rule}".strip(),
        rule_source=term.source.title,
        rule_mark=term.source.mark.value,
        told_by=told.answer_by if told else None,
        told_until=told.ends_at if told else None,
        told_rule=f"{told.pack} {told.rule}" if told else None,
        told_source=told.source.title if told else None,
        told_mark=told.source.mark.value if told else None,
    )


@dataclass(frozen=True, slots=True)
class DisputeRuling:
    """evidence: the id of the answer as it was given to who disputes."""

    dispute_id: str
    answer: DisputeAnswer
    evidence: str
    actor: str
    request_id: str = ""


async def answer_dispute(unit: Unit, ruling: DisputeRuling) -> tuple[DisputeRow, tuple[Nudge, ...]]:
    """Its tasks end, whoever has claimed them, and its hold is lifted; unless a law pack keeps it after such
    an answer. Raises Unknown, and Pointless for what was answered."""
    found = await disputes.get(unit.tx, ruling.dispute_id)
    if found is None:
        raise Unknown(f"dispute {ruling.dispute_id}: there is none; see `recourse disputes list`")
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
    await end_tasks(unit, row, ANSWERED_BY_PAPER, ruling.answer.value, ruling.actor)
    late = row.ends_at is not None and unit.now >= row.ends_at
    payload = {"dispute": row.id, "reason": ruling.answer.value, "by": ruling.actor, "late": late}
    event = own_id(row.id, "answered")
    told = await noting.record(unit, event, "dispute_answered", payload, [row.loan_id], None, ruling.actor)
    lifted: tuple[Nudge, ...] = ()
    if not await _keeps_hold(unit, row, ruling):
        lifted = await noting.lift_hold(unit, row.hold_id, ruling.actor)
    return await disputes.get(unit.tx, row.id) or row, _together(told, lifted)


async def _keeps_hold(unit: Unit, row: DisputeRow, ruling: DisputeRuling) -> bool:
    [(_, packs)] = await laws_of(unit, [row.loan_id])
    return answers.keeps_hold(DisputeKind(row.kind), ruling.answer, packs)


async def end_tasks(unit: Unit, row: DisputeRow, kinds: Collection[str], answer: str, actor: str) -> None:
    """In whichever case of the loan they were opened."""
    names = {dispute_alarm(task, row.id) for task in kinds}
    active = await tasks.active_named(unit.tx, row.loan_id, names)
    for task in active:
        await tasks.complete(unit.tx, task.id, actor, answer, unit.now)
    of_case = await cases.by_ids(unit.tx, {task.case_id for task in active})
    lines = [_line(unit, of_case[task.case_id], task.step_id, answer, actor) for task in active]
    await steps.append(unit.tx, *lines)


def _line(unit: Unit, case: CaseRow, step_id: str, answer: str, actor: str) -> StepRow:
    base = StepRow(
        case.loan_id, case.id, case.decision, "outcome", unit.now, f"answered: {answer}", case.strategy
    )
    return replace(base, step_id=step_id, outcome=StepOutcome.DONE, code=answer, actor=actor)


def _together(*groups: Sequence[Nudge]) -> tuple[Nudge, ...]:
    """The last of each case, which knows of all before it."""
    last = {nudge.case_id: nudge for group in groups for nudge in group}
    return tuple(last.values())
