"""A person claims or completes a task. Answered once per request id, whatever is repeated.

Claiming a call takes a slot of the caps through the gate, before anyone dials, and says by when to begin;
completing it says what became of the slot. What the person learned (a promise, a dispute, a wrong number)
becomes facts here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recourse.contracts.messages import AnswerResult, PlanData, TaskAnswer, TaskReceipt
from recourse.domain.dispositions import DISPOSITIONS
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import ContactEffect, RefusalCode, Refused
from recourse.domain.situation import AttemptOutcome, Channel
from recourse.domain.strategy.address import contact_effect
from recourse.service import accelerating, contacting
from recourse.service.asking import note_refused, note_reserved
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked, settle
from recourse.service.outcomes import apply_outcome, note_told
from recourse.service.permitting import Terms, answered_before, as_his, keep, no, refusal
from recourse.storage import attempts, tasks
from recourse.storage.attempts import NewAttempt, attempt_id
from recourse.storage.persons import persons_of
from recourse.storage.tasks import TaskRow

CLAIM_LASTS = timedelta(hours=4)
"""A claim that is not completed by then opens the task again (the agent went home)."""
CALLS = {"call": Channel.CALL, "hardship_screening": Channel.CALL, "visit": Channel.VISIT}
"""Task kinds that contact a person, and how."""


async def answer_task(unit: Unit, answer: TaskAnswer) -> AnswerResult:
    """The receipt says accepted, or refused with a code and what to do; and what happens next."""
    task = await tasks.get(unit.tx, TaskId(answer.task_id))
    if task is None:
        return AnswerResult(TaskReceipt(answer.task_id, False, "no_such_task"))
    gathered = await locked(unit, task.case_id, contacting=answer.action == "claim")
    before = await answered_before(unit.tx, answer)
    if before is not None:
        return AnswerResult(before)
    task = await as_his(unit.tx, await tasks.get(unit.tx, TaskId(answer.task_id)) or task, answer.actor)
    d = deliberate(unit, gathered)
    case, rule = gathered.case, d.rules.strategy.promise
    terms = Terms(gathered.loan.zone, rule.max_days_ahead, case.closed_at is None)
    refused = refusal(answer, task, terms, unit.now)
    if refused is not None:
        return AnswerResult(refused)
    complete = _complete if task.state in tasks.ACTIVE else _tell
    act = _claim if answer.action == "claim" else complete
    receipt, plan = await act(unit, d, task, answer)
    if plan is not None:
        receipt = replace(receipt, next_step=plan.step_id or plan.reason, next_at=plan.due_at)
    if receipt.accepted:
        await keep(unit.tx, answer, receipt)
    return AnswerResult(receipt, plan)


async def _claim(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer
) -> tuple[TaskReceipt, PlanData | None]:
    channel, until = CALLS.get(task.kind), unit.now + CLAIM_LASTS
    receipt = TaskReceipt(task.id, True, next_step="complete", next_at=until)
    if channel is None:
        await tasks.claim(unit.tx, task.id, answer.actor, until, task.attempt_id)
        return receipt, None
    slot = await _slot(unit, d, task, answer, channel)
    if isinstance(slot, Refused):
        return no(answer, slot.code.value, source=slot.source, opens_at=slot.opens_at), None
    await tasks.claim(unit.tx, task.id, answer.actor, until, slot.key)
    return replace(receipt, begin_by=slot.begin_by), None


@dataclass(frozen=True, slots=True)
class _Slot:
    key: str
    begin_by: datetime


async def _slot(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer, channel: Channel
) -> _Slot | Refused:
    """Taken through the gate. A holder who asks again says that he has not begun: he keeps his slot while it
    is time to, and then has another in its place. Whether one who says nothing has dialled is not known."""
    effect = contact_effect(d.rules.strategy.step(task.step_id), channel, d.gathered.situation)
    within, mine, until = contacting.by_people(channel), None, unit.now
    if task.claimed_by == answer.actor and task.claimed_now(unit.now):
        mine = await contacting.unused(unit, task.attempt_id)
    elif task.attempt_id is not None:
        await attempts.finish(unit.tx, task.attempt_id, AttemptOutcome.UNKNOWN)
    if mine is not None:
        d = deliberate(unit, contacting.without(d.gathered, mine))
        held = ContactEffect(channel, mine.person_id, mine.contact_point_id)
        until = contacting.begin_by(d, held, mine.at, within)
        effect = held if unit.now < until else effect
    if effect is None:
        return Refused(RefusalCode.NO_CONTACT_POINT, HOUSE)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        await note_refused(unit, d, effect, verdict, answer.actor, step_id=task.step_id)
        return verdict
    if task.attempt_id is not None and mine is not None:
        if unit.now < until:
            return _Slot(task.attempt_id, until)
        await contacting.give_back(unit, task.attempt_id)
    key = await _take(unit, d, task, answer, effect)
    return _Slot(key, contacting.begin_by(d, effect, unit.now, within))


async def _take(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer, effect: ContactEffect) -> str:
    key = attempt_id(CaseId(task.case_id), f"{task.id}/{answer.request_id}", effect.channel, 0)
    case = d.gathered.case
    await attempts.claim(
        unit.tx,
        NewAttempt(
            id=key,
            loan_id=case.loan_id,
            case_id=case.id,
            step_id=task.step_id,
            decision=case.decision,
            channel=effect.channel,
            person_id=effect.person_id,
            contact_point_id=effect.contact_point_id,
            at=unit.now,
            actor=answer.actor,
        ),
    )
    await note_reserved(unit, d, effect, key, answer.actor, step_id=task.step_id)
    return key


async def _complete(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer
) -> tuple[TaskReceipt, PlanData | None]:
    disposition = DISPOSITIONS[answer.outcome]
    if task.kind == "approve_legal":
        approver = (await persons_of(unit.tx, [answer.actor]))[answer.actor]
        if _proposed_by(d, task) == approver:
            return no(answer, "approver_is_requester"), None
    if answer.outcome == accelerating.ACCELERATE:
        refused = await accelerating.refused(unit, d, task, answer.actor)
        if refused is not None:
            code = refused.code.value
            return no(answer, code, source=refused.source, opens_at=refused.opens_at), None
    if task.attempt_id is not None:
        await attempts.finish(unit.tx, task.attempt_id, disposition.attempt, disposition=answer.outcome)
    await tasks.complete(unit.tx, task.id, answer.actor, answer.outcome, unit.now)
    await apply_outcome(unit, d, task, answer)
    plan = await settle(unit, deliberate(unit, await locked(unit, task.case_id)))
    return TaskReceipt(task.id, True), plan


async def _tell(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer
) -> tuple[TaskReceipt, PlanData | None]:
    """The task ended under its holder's hands and its step has an outcome: only what was said is written."""
    await tasks.note_told(unit.tx, task.id, answer.actor, answer.outcome, unit.now)
    await note_told(unit, d, task, answer)
    plan = await settle(unit, deliberate(unit, await locked(unit, task.case_id)))
    return TaskReceipt(task.id, True), plan


def _proposed_by(d: Deliberation, task: TaskRow) -> str | None:
    """The person who proposed what this approval is about."""
    strategy = d.rules.strategy
    proposals = {s.proposal for s in strategy.steps if s.approval == task.step_id}
    done = [r for r in d.gathered.situation.steps if r.step_id in proposals and r.by is not None]
    return done[-1].done_by if done else None
