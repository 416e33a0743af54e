"""A person claims or completes a task. Answered once per request id, whatever is repeated.

Claiming a call takes a slot of the caps through the gate, before anyone dials; completing it says what
became of the slot. What the person learned (a promise, a dispute, a wrong number) becomes facts here.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import rfc8785
from pydantic import TypeAdapter

from recourse.contracts.messages import AnswerResult, PlanData, TaskAnswer, TaskReceipt
from recourse.domain.decide import target
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.law.gate import gate
from recourse.domain.law.hours import local_date
from recourse.domain.law.verdict import ContactEffect, RefusalCode, Refused
from recourse.domain.situation import AttemptOutcome, Channel
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate, locked, settle
from recourse.service.dispositions import DISPOSITIONS, allowed_outcomes, problem_with
from recourse.service.outcomes import apply_outcome, note_told
from recourse.service.reminding import choose_point
from recourse.storage import attempts, tasks
from recourse.storage.attempts import NewAttempt, attempt_id
from recourse.storage.persons import persons_of
from recourse.storage.tasks import TaskRow

CLAIM_LASTS = timedelta(hours=4)
"""A claim that is not completed by then opens the task again (the agent went home)."""
CALLS = {"call": Channel.CALL, "hardship_screening": Channel.CALL, "visit": Channel.VISIT}
"""Task kinds that contact a person, and how."""
ROLES = {
    "agents": {"agent", "lead"},
    "lead": {"lead"},
    "field": {"vehicle", "lead"},
    "legal": {"legal"},
}
_RECEIPT: TypeAdapter[TaskReceipt] = TypeAdapter(TaskReceipt)


async def answer_task(unit: Unit, answer: TaskAnswer) -> AnswerResult:
    """The receipt says accepted, or refused with a code and what to do; and what happens next."""
    digest = _digest(answer)
    task = await tasks.get(unit.tx, TaskId(answer.task_id))
    if task is None:
        return AnswerResult(TaskReceipt(answer.task_id, False, "no_such_task"))
    gathered = await locked(unit, task.case_id, contacting=answer.action == "claim")
    before = await tasks.answer(unit.tx, answer.request_id)
    if before is not None:
        same = before[0] == digest
        receipt = _RECEIPT.validate_python(before[1])
        return AnswerResult(receipt if same else _no(answer, "request_id_reused"))
    task = await _as_his(unit, await tasks.get(unit.tx, TaskId(answer.task_id)) or task, answer.actor)
    d = deliberate(unit, gathered)
    refusal = _refusal(unit, d, task, answer)
    if refusal is not None:
        return AnswerResult(refusal)
    complete = _complete if task.state in tasks.ACTIVE else _tell
    act = _claim if answer.action == "claim" else complete
    receipt, plan = await act(unit, d, task, answer)
    if plan is not None:
        receipt = replace(receipt, next_step=plan.step_id or plan.reason, next_at=plan.due_at)
    if receipt.accepted:
        stored = _RECEIPT.dump_python(receipt, mode="json")
        await tasks.keep_answer(unit.tx, answer.request_id, task.id, digest, stored)
    return AnswerResult(receipt, plan)


async def _as_his(unit: Unit, task: TaskRow, actor: str) -> TaskRow:
    """A person may have several tokens, and a claim made under one of them is his under each."""
    who = await persons_of(unit.tx, (actor, task.claimed_by))
    same = task.claimed_by is not None and who[task.claimed_by] == who[actor]
    return replace(task, claimed_by=actor) if same else task


def _no(answer: TaskAnswer, code: str, **values: Any) -> TaskReceipt:
    return TaskReceipt(answer.task_id, False, code, **values)


def _digest(answer: TaskAnswer) -> str:
    body = TypeAdapter(TaskAnswer).dump_python(answer, mode="json")
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


def _refusal(unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer) -> TaskReceipt | None:
    """Why the task cannot be answered by this person in this way now."""
    if not (ROLES.get(task.team, set()) | {"admin"}) & set(answer.roles):
        return _no(answer, "role_not_permitted")
    if task.state not in tasks.ACTIVE and not _may_tell(d, task, answer):
        return _no(answer, f"task_{task.state}")
    held_by_other = task.claimed_now(unit.now) and task.claimed_by != answer.actor
    if held_by_other:
        return _no(answer, "claimed_by_another", opens_at=task.claim_until)
    if answer.action == "complete":
        if task.claimed_by != answer.actor:
            return _no(answer, "claim_first")
        today = local_date(unit.now, d.gathered.loan.zone)
        problem = problem_with(task.kind, answer, today, d.rules.strategy.promise.max_days_ahead)
        if problem is not None:
            return _no(answer, problem, source=", ".join(allowed_outcomes(task.kind)))
    return None


def _may_tell(d: Deliberation, task: TaskRow, answer: TaskAnswer) -> bool:
    """Whether this is what the person said to whoever held a task when it ended. A promise needs a case that
    waits for it; all else is about the person or the debt."""
    disposition = DISPOSITIONS.get(answer.outcome)
    if task.state not in tasks.ENDED or task.completed_by is not None or disposition is None:
        return False
    open_enough = d.gathered.case.closed_at is None or not disposition.promise
    mine = answer.action == "complete" and task.claimed_by == answer.actor
    return mine and disposition.tells and open_enough


async def _claim(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer
) -> tuple[TaskReceipt, PlanData | None]:
    key, channel = task.attempt_id, CALLS.get(task.kind)
    if channel is not None and not (task.claimed_by == answer.actor and task.claimed_now(unit.now)):
        if key is not None:
            # An earlier claim ran out: whether that agent dialled is not known, so it counts as made.
            await attempts.finish(unit.tx, key, AttemptOutcome.UNKNOWN)
        taken = await _take_slot(unit, d, task, answer, channel)
        if isinstance(taken, Refused):
            refused = _no(answer, taken.code.value, source=taken.source, opens_at=taken.opens_at)
            return refused, None
        key = taken
    await tasks.claim(unit.tx, task.id, answer.actor, unit.now + CLAIM_LASTS, key)
    return TaskReceipt(task.id, True, next_step="complete", next_at=unit.now + CLAIM_LASTS), None


async def _take_slot(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer, channel: Channel
) -> str | Refused:
    party = target(d.rules.strategy.step(task.step_id), d.gathered.situation)
    point = choose_point(party, channel)
    if party is None or point is None:
        return Refused(RefusalCode.NO_CONTACT_POINT, "house rule")
    effect = ContactEffect(channel, party.person_id, point.id)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    if isinstance(verdict, Refused):
        return verdict
    key = attempt_id(CaseId(task.case_id), f"{task.id}/{answer.request_id}", channel, 0)
    case = d.gathered.case
    await attempts.claim(
        unit.tx,
        NewAttempt(
            id=key,
            loan_id=case.loan_id,
            case_id=case.id,
            step_id=task.step_id,
            decision=case.decision,
            channel=channel,
            person_id=party.person_id,
            contact_point_id=point.id,
            at=unit.now,
            actor=answer.actor,
        ),
    )
    return key


async def _complete(
    unit: Unit, d: Deliberation, task: TaskRow, answer: TaskAnswer
) -> tuple[TaskReceipt, PlanData | None]:
    disposition = DISPOSITIONS[answer.outcome]
    if task.kind == "approve_legal":
        approver = (await persons_of(unit.tx, [answer.actor]))[answer.actor]
        if _proposed_by(d, task) == approver:
            return _no(answer, "approver_is_requester"), None
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
