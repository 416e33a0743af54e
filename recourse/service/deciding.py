"""Decide a case under its locks and write what follows: promises, tasks, stage, plan, closing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from recourse.contracts.messages import PlanData
from recourse.domain.agreements import AgreementState
from recourse.domain.decide import Rules, decide
from recourse.domain.decision import Alarm, Close, Decision
from recourse.domain.ids import CaseId, TaskId
from recourse.domain.law.hours import local_date
from recourse.domain.situation import PromiseState, StepOutcome
from recourse.domain.strategy.errands import with_errands
from recourse.packs.loader import PackBook, Place
from recourse.packs.record import digest_of, rules_digest, rules_to_json
from recourse.packs.record import situation_to_json as to_json
from recourse.packs.strict import PackError
from recourse.service import legal_letters, location_requests, planning, recalling
from recourse.service.applying import place_at
from recourse.service.context import Lender, Unit
from recourse.storage import agreements, attempts, cases, money_agreements, outbox, steps, tasks
from recourse.storage.codec import plan_from_json
from recourse.storage.outbox import NewMessage
from recourse.storage.situation import Gathered, gather, gather_all
from recourse.storage.steps import Inputs, StepRow

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deliberation:
    """A gathered case, the rules that apply to it, and the decision as of the unit's now."""

    gathered: Gathered
    rules: Rules
    decision: Decision

    @property
    def inputs(self) -> Inputs:
        situation = to_json(self.gathered.situation)
        return Inputs(
            situation=situation,
            rules=rules_to_json(self.rules),
            situation_digest=digest_of(situation),
            rules_digest=rules_digest(self.rules),
            packs=", ".join(pack.name for pack in self.rules.packs),
        )

    def row(self, event: str, at: datetime, reason: str, **values: Any) -> StepRow:
        case = self.gathered.case
        base = StepRow(case.loan_id, case.id, case.decision, event, at, reason, case.strategy)
        return replace(base, **values)


async def locked(unit: Unit, key: str, *, contacting: bool = False) -> Gathered:
    """Take the case's locks and gather its situation. Raises LookupError for an unknown case.

    contacting: lock the contact points too, before the attempts on them are read. Two people may share a
    phone, and its cap belongs to both: read first, each would believe that the last slot is theirs.
    """
    case_id = CaseId(key)
    case = await cases.get(unit.tx, case_id)
    if case is None:
        raise LookupError(f"case {case_id}: there is none; list them with `recourse cases list`")
    await unit.lock_loans([case.loan_id])
    if contacting:
        await unit.lock_contact_points([case.loan_id])
    return await gather(unit.tx, case_id, unit.now, case.loan_id)


def deliberate(unit: Unit, gathered: Gathered) -> Deliberation:
    rules = rules_for(unit.book, unit.lenders, gathered, unit.now)
    return Deliberation(gathered, rules, decide(gathered.situation, rules, unit.now))


def rules_for(book: PackBook, lenders: Mapping[str, Lender], gathered: Gathered, now: datetime) -> Rules:
    """What the case is decided by now, with what its legal action asks for. Raises PackError for a strategy
    that is not installed."""
    on = local_date(now, gathered.loan.zone)
    rules = book.rules(gathered.case.strategy, place_of(lenders, gathered), on)
    if not gathered.situation.legal_moves:
        return rules
    procedure = book.procedure(gathered.borrower_region)
    asked = with_errands(rules.strategy, procedure, gathered.situation, rules.packs, now)
    return replace(rules, strategy=asked)


def place_of(lenders: Mapping[str, Lender], gathered: Gathered) -> Place:
    return place_at(lenders, gathered.loan, gathered.borrower_region)


async def decide_case(unit: Unit, case_id: str) -> PlanData:
    """The plan in force after everything known now. Repeating it writes nothing new."""
    return await settle(unit, deliberate(unit, await locked(unit, case_id)))


async def decide_all(unit: Unit, case_ids: Sequence[CaseId]) -> set[CaseId]:
    """The same for many cases at once, by whoever took facts for them and still holds their loans' locks.

    Returns the cases decided. One whose strategy is not installed any more is left to its run, which asks
    until it is: its facts must count all the same, and so must those of its neighbours.
    """
    if not case_ids:
        return set()
    gathered = await gather_all(unit.tx, case_ids, unit.now)
    deliberations = []
    for key in sorted(case_ids):
        try:
            deliberations.append(deliberate(unit, gathered[key]))
        except PackError as error:
            log.error("cannot decide", case_id=key, error=str(error))
    await settle_all(unit, deliberations)
    return {d.gathered.case.id for d in deliberations}


async def settle(unit: Unit, d: Deliberation) -> PlanData:
    """Write what the decision says, and the plan if it changed."""
    return (await settle_all(unit, [d]))[0]


async def settle_all(unit: Unit, deliberations: Sequence[Deliberation]) -> list[PlanData]:
    """The plans in force, in the order of the deliberations; a case may stand there once."""
    writing = _Writing(unit)
    plans = []
    for d in deliberations:
        await writing.judge_promises(d)
        await writing.judge_agreements(d)
        writing.expire_tasks(d)
        await writing.raise_alarms(d)
        writing.move_stage(d)
        plans.append(writing.keep_plan(d))
        if isinstance(d.decision.plan, Close) and d.gathered.case.closed_at is None:
            writing.close(d, d.decision.plan)
    await writing.flush()
    await recalling.follow(unit, deliberations)
    await location_requests.follow(unit, deliberations)
    await legal_letters.follow(unit, deliberations)
    return plans


class _Writing:
    """What follows from decisions, collected over all of them and written one statement a table; promises are
    rare and judged one by one."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._plans: dict[CaseId, PlanData] = {}
        self._rows: list[StepRow] = []
        self._messages: list[NewMessage] = []
        self._closed: dict[CaseId, str] = {}
        self._ended: dict[str, list[TaskId]] = {"expired": [], "cancelled": []}

    async def flush(self) -> None:
        for state, keys in self._ended.items():
            if keys:
                await attempts.leave_unknown(self._unit.tx, keys)
                await tasks.end(self._unit.tx, keys, state)
        await cases.close(self._unit.tx, self._closed, self._unit.now)
        await cases.save_plans(self._unit.tx, self._plans)
        await steps.append(self._unit.tx, *self._rows)
        await outbox.put_all(self._unit.tx, self._messages)

    async def judge_promises(self, d: Deliberation) -> None:
        now = self._unit.now
        for verdict in d.decision.promises:
            await agreements.judge_promise(self._unit.tx, verdict.promise_id, verdict.state, now)
            self._rows.append(d.row("promise", now, f"promise {verdict.state}", code=verdict.state.value))
            kind = "kept" if verdict.state is PromiseState.KEPT else "broken"
            self._tell(d, f"recourse.promise.{kind}.v1", promise_id=verdict.promise_id)

    async def judge_agreements(self, d: Deliberation) -> None:
        now = self._unit.now
        for verdict in d.decision.agreements:
            key, state, code = verdict.agreement_id, verdict.state, verdict.code
            await money_agreements.judge(self._unit.tx, key, state, now, code)
            why = f"agreement {state}" + (f": {code}" if code else "")
            self._rows.append(d.row("agreement", now, why, code=state.value, source=key))
            told = {"code": code} if state is AgreementState.CANCELLED else {}
            self._tell(d, f"recourse.agreement.{_TOLD[state]}.v1", agreement_id=key, **told)

    async def raise_alarms(self, d: Deliberation) -> None:
        for alarm in d.decision.alarms:
            await _open_alarm(self._unit, d, alarm)
            reason = f"{alarm.task} for {alarm.team}"
            opened = {"step_id": alarm.step_id, "outcome": StepOutcome.OPEN, "code": alarm.task}
            self._rows.append(d.row("outcome", self._unit.now, reason, **opened))

    def expire_tasks(self, d: Deliberation) -> None:
        expired = d.decision.expired_tasks
        self._ended["expired"] += expired
        for task in d.gathered.situation.tasks:
            if task.id in expired:
                row = d.row(
                    "outcome",
                    self._unit.now,
                    "nobody answered in time",
                    step_id=task.step_id,
                    outcome=StepOutcome.UNABLE,
                    code="expired",
                )
                self._rows.append(row)

    def move_stage(self, d: Deliberation) -> None:
        case, stage = d.gathered.case, d.decision.stage
        if stage.value == case.stage or isinstance(d.decision.plan, Close):
            return
        self._rows.append(d.row("stage", self._unit.now, f"{case.stage} → {stage}", code=stage.value))
        self._tell(d, "recourse.case.stage_changed.v1", stage=stage.value, was=case.stage)

    def keep_plan(self, d: Deliberation) -> PlanData:
        """Number and store the plan if it says something new; else keep it, with the facts seen now."""
        case, now = d.gathered.case, self._unit.now
        fresh = planning.plan_data(d, case.decision + 1)
        stored = plan_from_json(case.plan) if case.plan is not None else None
        if stored is not None and planning.same(stored, fresh, now):
            kept = planning.seen(stored, fresh)
            if kept != stored:
                self._plans[case.id] = kept
            return kept
        self._plans[case.id] = fresh
        row = d.row(
            "planned",
            now,
            fresh.reason,
            decision=fresh.number,
            step_id=fresh.step_id,
            code=fresh.kind,
            opens_at=fresh.due_at,
            inputs=d.inputs,
        )
        self._rows.append(row)
        return fresh

    def close(self, d: Deliberation, plan: Close) -> None:
        reason, now = plan.reason.value, self._unit.now
        self._closed[d.gathered.case.id] = reason
        self._ended["cancelled"] += [task.id for task in d.gathered.situation.tasks]
        self._rows.append(d.row("closed", now, reason, code=reason))
        self._tell(d, "recourse.case.closed.v1", reason=reason)

    def _tell(self, d: Deliberation, type_: str, **data: Any) -> None:
        case = d.gathered.case
        about = {"loan_id": case.loan_id, "episode": case.episode}
        self._messages.append(NewMessage(case.loan_id, type_, self._unit.now, about | data))


_TOLD = {
    AgreementState.APPROVED: "reopened",
    AgreementState.ACTIVE: "reopened",
    AgreementState.KEPT: "kept",
    AgreementState.BROKEN: "broken",
    AgreementState.CANCELLED: "cancelled",
}
"""How the bank is told of what facts decided; in force again is what a reversal makes of a kept one."""


async def _open_alarm(unit: Unit, d: Deliberation, alarm: Alarm) -> None:
    case = d.gathered.case
    digest = hashlib.sha256(f"{case.id}/{alarm.step_id}".encode()).hexdigest()
    await tasks.open_task(
        unit.tx,
        TaskId(f"task-{digest[:20]}"),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=alarm.step_id,
        kind=alarm.task,
        team=alarm.team,
        at=unit.now,
        expires_at=None,
        due_at=alarm.due_at,
    )
