"""One case, one durable run: wait for the planned step's time or for a nudge, perform, again.

The run holds only what it needs to wait. Facts, rules and outcomes live in PostgreSQL; a lost, doubled or
late signal is harmless, because every decision reads all facts and every plan carries its number.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from recourse.contracts import search
    from recourse.contracts.messages import CaseEnd, CaseStart, Nudge, PlanData, TaskAnswer, TaskReceipt
    from recourse.contracts.names import ANSWER_UPDATE, CASE_WORKFLOW, FACTS_SIGNAL, Queues
    from workflows import diary, steps
    from workflows.waiting import ASK_AGAIN, Alarm

RENEWS_WHEN_MOVED = "2026-11-27-renew-when-moved"
"""A patch (ADR 6): before it, a case that moved to another ladder was found under the old one for long."""


@workflow.defn(name=CASE_WORKFLOW)
class CollectionCase:
    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        # Handlers may run before the first line of `run`: after signal-with-start and continue-as-new.
        self._start = start
        self._calendar = start.calendar
        self._alarm = Alarm(start.calendar)
        self._plan: PlanData | None = start.plan
        self._highest_fact = start.highest_fact
        self._covered = start.plan.facts_seen if start.plan else 0
        self._diary = list(start.diary)
        self._began_in = start.plan.stage if start.plan else ""
        self._moved = False

    @workflow.run
    async def run(self, start: CaseStart) -> CaseEnd:
        if self._plan is None:
            await self._decide()
        while True:
            if self._unseen():
                await self._decide()
            plan = self._in_force()
            self._show(plan)
            if plan.kind == "close":
                await workflow.wait_condition(workflow.all_handlers_finished)
                if self._unseen():
                    continue
                return CaseEnd(start.case_id, plan.reason)
            if self._should_renew(plan):
                await self._renew()
            news = partial(self._stale, plan)
            if await self._alarm.wait(plan.due_at, news, self._summary(plan)):
                continue
            await self._perform(plan)
            if self._in_force().number == plan.number:
                await workflow.sleep(ASK_AGAIN)

    @workflow.signal(name=FACTS_SIGNAL)
    def facts(self, nudge: Nudge) -> None:
        """Synchronous on purpose: there is something to read, and perhaps what was decided on it."""
        fresh = nudge.highest_fact > self._highest_fact or not self._diary  # a start brings its own signal
        if nudge.kinds and fresh:
            self._note(diary.news_line(self._business_now(), nudge.kinds))
        self._highest_fact = max(self._highest_fact, nudge.highest_fact)
        if nudge.plan is not None:
            self._take(nudge.plan)

    @workflow.update(name=ANSWER_UPDATE)
    async def answer_task(self, answer: TaskAnswer) -> TaskReceipt:
        """A person claims or completes a task. A refusal comes back as a receipt with its code."""
        result = await steps.answer(answer)
        self._note(diary.answer_line(self._business_now(), answer, result.receipt))
        if result.plan is not None:
            self._take(result.plan)
        return result.receipt

    @answer_task.validator
    def _may_answer(self, answer: TaskAnswer) -> None:
        """Refuses what can never be answered, before it costs an event."""
        if self._plan is not None and self._plan.kind == "close":
            raise ValueError("case_closed: the case is over; its tasks were cancelled")
        if not answer.task_id or not answer.actor or not answer.request_id:
            raise ValueError("task_id, actor and request_id: all three are required")
        if answer.action == "complete" and not answer.outcome:
            raise ValueError("outcome: say what came of the task; `recourse tasks list` shows the codes")

    async def _perform(self, plan: PlanData) -> None:
        if plan.kind == "wait":
            await self._decide()
            return
        start = self._start
        patience = timedelta(seconds=start.patience_seconds)
        result = await steps.perform(start.case_id, plan, Queues(start.queue_prefix), patience)
        self._note(diary.step_line(self._business_now(), plan, result))
        self._take(result.plan)

    async def _decide(self) -> None:
        """Whatever was known when we asked is covered by the answer, even if its number says less: a case
        whose database was restored from a backup must not ask for ever."""
        asked_at = self._highest_fact
        self._take(await steps.decide(self._start.case_id))
        self._covered = max(self._covered, asked_at)

    def _take(self, plan: PlanData) -> None:
        """The highest number wins, whoever asked: an older answer may arrive later. Of one number, the one
        that has seen more."""
        held = self._plan
        if held is None or (plan.number, plan.facts_seen) >= (held.number, held.facts_seen):
            self._moved = self._moved or _moves(held, plan)
            self._plan = plan

    def _in_force(self) -> PlanData:
        assert self._plan is not None  # noqa: S101 - run decides before it looks
        return self._plan

    def _unseen(self) -> bool:
        return self._highest_fact > max(self._covered, self._in_force().facts_seen)

    def _stale(self, waiting_on: PlanData) -> bool:
        """News: a fact not yet decided on, or a plan that says something else than the one waited on."""
        plan = self._in_force()
        changed = (plan.kind, plan.step_id, plan.due_at) != (
            waiting_on.kind,
            waiting_on.step_id,
            waiting_on.due_at,
        )
        return changed or self._moved or self._unseen()

    def _show(self, plan: PlanData) -> None:
        """Live text is free. Search attributes cost an action each time, so they are set with the first plan
        and handed on with each new run; a closed case keeps the stage it was closed in."""
        workflow.set_current_details(diary.details(plan, self._diary))
        if self._began_in:
            return
        self._began_in = plan.stage
        workflow.upsert_search_attributes([pair.key.value_set(pair.value) for pair in search.of_plan(plan)])

    def _summary(self, plan: PlanData) -> str:
        return f"day {plan.dpd}: next {plan.step_id or plan.reason}"

    def _note(self, entry: str) -> None:
        self._diary = [*self._diary, entry][-diary.KEEP :]

    def _business_now(self) -> datetime:
        return self._calendar.calendar().business(workflow.now())

    def _should_renew(self, plan: PlanData) -> bool:
        """At a stage change, so that a case that lives for months comes to run on today's code; and when it
        has moved to another ladder, so that it is found under that one."""
        if self._moved or plan.stage != self._began_in:
            return True
        return workflow.info().is_continue_as_new_suggested()

    async def _renew(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        plan = self._in_force()
        workflow.continue_as_new(
            CaseStart(
                case_id=self._start.case_id,
                calendar=self._calendar,
                queue_prefix=self._start.queue_prefix,
                patience_seconds=self._start.patience_seconds,
                plan=plan,
                highest_fact=self._highest_fact,
                diary=tuple(self._diary),
            ),
            search_attributes=_carried_over(plan),
        )


def _moves(held: PlanData | None, plan: PlanData) -> bool:
    """Asked of the server only where the ladder is another one, so that no other run bears its marker."""
    return held is not None and plan.strategy != held.strategy and workflow.patched(RENEWS_WHEN_MOVED)


def _carried_over(plan: PlanData) -> TypedSearchAttributes:
    """The region as it was, all else anew: a plan without a time must not keep the last one's."""
    kept = [pair for pair in workflow.info().typed_search_attributes if pair.key.name == search.REGION.name]
    return TypedSearchAttributes([*kept, *search.of_plan(plan)])
