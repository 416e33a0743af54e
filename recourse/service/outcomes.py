"""Writing what a completed task taught us: the step's outcome, and promise, hold, cease or dead number."""

from __future__ import annotations

from datetime import date, timedelta

from recourse.contracts.messages import TaskAnswer
from recourse.domain.dispositions import DISPOSITIONS, step_outcome
from recourse.domain.disputes import DisputeKind, DisputeReason
from recourse.domain.ids import PersonId, TaskId
from recourse.domain.situation import Channel, HoldReason, StepOutcome
from recourse.service import accelerating, doubt, handing_over, recalling, reminding
from recourse.service.ceasing import cease_of_person
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.service.disputing import NewDispute, open_dispute
from recourse.service.noting import HoldRequest, place_hold
from recourse.storage import agreements, outbox, people, steps, tasks
from recourse.storage.attempts import point_of
from recourse.storage.tasks import TaskRow

_ANSWERED = {HoldReason.DISPUTE: DisputeKind.DEBT, HoldReason.COMPLAINT: DisputeKind.COMPLAINT}


async def apply_outcome(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer) -> None:
    row = d.row(
        "outcome",
        unit.now,
        f"{task.kind}: {answer.outcome}",
        step_id=task.step_id,
        outcome=_step_outcome(d, task, answer.outcome),
        code=answer.outcome,
        actor=answer.actor,
    )
    await steps.append(unit.tx, row)
    if task.kind == doubt.TASK and answer.outcome == "delivered":
        await _delivered(unit, d, task)
    if task.kind == recalling.TASK:
        await recalling.answered_by_person(unit, task, answer.outcome, answer.actor)
    if task.kind == accelerating.TASK:
        await accelerating.tell(unit, d, task, answer.outcome)
    await _said(unit, d, task, answer)


async def _delivered(unit: Unit, d: Deliberation, task: TaskRow) -> None:
    """The bank learns of it now; it was not told of what nobody knew."""
    if doubt.concerns_handover(d, task.step_id):
        return await handing_over.found_at_the_desk(unit, d)
    channel = d.rules.strategy.step(task.step_id).channel
    if channel is not None:
        await reminding.tell_made(unit, d, task.step_id, channel)


async def note_told(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer) -> None:
    """The same for a task that had ended: no outcome of the step, which has one."""
    row = d.row(
        "told",
        unit.now,
        f"{task.kind}: {answer.outcome}, told after the task was {task.state}",
        step_id=task.step_id,
        code=answer.outcome,
        actor=answer.actor,
    )
    await steps.append(unit.tx, row)
    await _said(unit, d, task, answer)


async def _said(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer) -> None:
    disposition = DISPOSITIONS[answer.outcome]
    if disposition.promise:
        await _promise(unit, d, task, answer)
    if disposition.hold is not None:
        await _hold(unit, d, task, answer, disposition.hold, disposition.hold_days)
    if disposition.task is not None:
        await _ask(unit, d, task, disposition.task)
    speaker = await _speaker(unit, d, task)
    if disposition.cease and speaker is not None:
        await cease_of_person(unit, speaker, Channel, answer.actor, f"task {task.id}")
    if disposition.unusable and task.attempt_id is not None:
        person_id, point_id = await point_of(unit.tx, task.attempt_id)
        await people.mark_unusable(unit.tx, person_id, point_id, answer.outcome)


async def _ask(unit: Unit, d: Deliberation, task: TaskRow, kind: str) -> None:
    """What follows is for a lead to do: once, however often it is asked for while the task is open."""
    case = d.gathered.case
    if case.closed_at is not None or any(t.step_id == kind for t in d.gathered.situation.tasks):
        return
    await tasks.open_task(
        unit.tx,
        TaskId(f"{task.id}-{kind}"),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=kind,
        kind=kind,
        team="lead",
        at=unit.now,
        expires_at=None,
    )


async def _speaker(unit: Unit, d: Deliberation, task: TaskRow) -> PersonId | None:
    """Who was on the phone or at the door: what he asked for is about him, on whichever side of the debt."""
    if task.attempt_id is not None:
        return (await point_of(unit.tx, task.attempt_id))[0]
    borrower = d.gathered.situation.borrower()
    return borrower.person_id if borrower else None


def _step_outcome(d: Deliberation, task: TaskRow, outcome: str) -> StepOutcome:
    if task.kind == doubt.TASK:
        return doubt.outcome(d, task.step_id, outcome)
    if task.kind == recalling.TASK:
        return StepOutcome.DECLINED if outcome == "recalled" else StepOutcome.DONE
    positive = next((s.positive for s in d.rules.strategy.steps if s.id == task.step_id), ())
    return step_outcome(outcome, positive)


async def _promise(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer) -> None:
    case, key = d.gathered.case, f"ptp-{task.id}"
    await agreements.add_promise(
        unit.tx,
        key,
        loan_id=case.loan_id,
        case_id=case.id,
        made_at=unit.now,
        amount_minor=answer.promise_minor or 0,
        due_on=date.fromisoformat(answer.promise_on or ""),
        taken_by=answer.actor,
    )
    data = {
        "loan_id": case.loan_id,
        "episode": case.episode,
        "promise_id": key,
        "amount": {"amount_minor": answer.promise_minor, "currency": d.gathered.loan.currency},
        "due_on": answer.promise_on,
    }
    await outbox.put(unit.tx, case.loan_id, "recourse.promise.made.v1", unit.now, data)


async def _hold(
    unit: Unit,
    d: Deliberation,
    task: TaskRow,
    answer: TaskAnswer,
    reason: HoldReason,
    days: int | None,
) -> None:
    """A dispute concerns the loan; hardship, death and complaints concern the person and all his loans. What
    has to be answered is opened as a dispute, so that somebody has it to answer."""
    loan, person = d.gathered.case.loan_id, await _speaker(unit, d, task)
    if reason in _ANSWERED:
        said = NewDispute(
            loan,
            DisputeReason.OTHER,
            answer.actor,
            evidence=task.id,
            request_id=task.id,
            kind=_ANSWERED[reason],
            person_id=person if reason is HoldReason.COMPLAINT else None,
        )
        await open_dispute(unit, said)
        return
    request = HoldRequest(
        reason=reason,
        actor=answer.actor,
        source=f"task {task.id}",
        until=None if days is None else unit.now + timedelta(days=days),
        person_id=person,
        loan_id=None if person else loan,
        request_id=task.id,
    )
    await place_hold(unit, request)
