"""Tasks: people take them in office hours, talk to the borrower through the gate, and say what came of it.

As many people as it takes; their hours are counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from recourse.domain.dispositions import DISPOSITIONS, step_outcome
from recourse.domain.ids import TaskId
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.verdict import ContactEffect, Refused
from recourse.domain.situation import (
    AttemptOutcome,
    Channel,
    Hold,
    OpenTask,
    Promise,
    PromiseState,
    StepOutcome,
)
from recourse.domain.strategy.ladder import ACCELERATION_REVIEW
from recourse.domain.strategy.progress import next_opening
from recourse.domain.strategy.timing import OFFICE_OPENS
from recourse.simulation.agenda import Lifts, Works
from recourse.simulation.doing import Asked, Doing

OFFICE_CLOSES = timedelta(hours=18)
SPOKEN = frozenset({Channel.CALL, Channel.VISIT})
"""Channels on which the borrower can answer."""


def open_task(doing: Doing, asked: Asked) -> None:
    step, now, file = asked.step, asked.now, doing.file
    task_id = TaskId(f"task-{asked.situation.case.id}-{step.id}-{len(file.steps)}")
    expires = None if step.expires_days is None else now + timedelta(days=step.expires_days)
    file.tasks[task_id] = OpenTask(task_id, step.id, expires)
    doing.record(asked, StepOutcome.OPEN, step.task or "")
    drawn = doing.draws.uniform(f"pickup {step.task}", *doing.number(f"task {step.task}"))
    hours = drawn * doing.model.behaviour.delays.pickup_hours.value
    doing.agenda.put(_in_office(now, file.lender_zone) + timedelta(hours=hours), Works(task_id))


def work(doing: Doing, task: OpenTask, asked: Asked) -> None:
    """Somebody takes the task. Refused, it is taken again when the gate opens, until it expires."""
    if asked.step.channel is None:
        _answer_desk(doing, task, asked)
        return
    effect = doing.ask(asked, once=task.id)
    if isinstance(effect, Refused):
        _take_again(doing, task, asked, effect)
    elif isinstance(effect, ContactEffect):
        _contact(doing, task, asked, effect)
    else:
        raise TypeError(f"step {asked.step.id}: a task with a channel contacts somebody")


def _take_again(doing: Doing, task: OpenTask, asked: Asked, refused: Refused) -> None:
    opens = next_opening(refused, asked.now)
    if opens is not None and (task.expires_at is None or opens < task.expires_at):
        doing.agenda.put(_in_office(opens, doing.file.lender_zone), Works(task.id))


def _in_office(at: datetime, zone: str) -> datetime:
    """At once, or when the lender's office opens next."""
    today = local_date(at, zone)
    midnight = start_of_day(today, zone)
    if at < midnight + OFFICE_OPENS:
        return midnight + OFFICE_OPENS
    if at < midnight + OFFICE_CLOSES:
        return at
    return start_of_day(today + timedelta(days=1), zone) + OFFICE_OPENS


def _answer_desk(doing: Doing, task: OpenTask, asked: Asked) -> None:
    kind, positive = asked.step.task or "", asked.step.positive
    chance = doing.model.desk.get(kind, 1.0)
    if doing.draws.happens(chance, f"desk {kind}", *doing.number(f"desk {kind}")):
        # As production does: the gate is asked when the debt is called due.
        said = doing.ask(asked, once=task.id) if kind == ACCELERATION_REVIEW else None
        if isinstance(said, Refused):
            _take_again(doing, task, asked, said)
            return
        _complete(doing, task, asked, StepOutcome.DONE, positive[0] if positive else "done")
    else:
        _complete(doing, task, asked, StepOutcome.DECLINED if positive else StepOutcome.DONE, "no")
    doing.worked(kind)


def _complete(doing: Doing, task: OpenTask, asked: Asked, outcome: StepOutcome, said: str) -> None:
    del doing.file.tasks[task.id]
    doing.record(asked, outcome, said)
    doing.tally.tasks[asked.step.task or "", said] += 1


def _contact(doing: Doing, task: OpenTask, asked: Asked, effect: ContactEffect) -> None:
    kind, positive = asked.step.task or "", asked.step.positive
    at = doing.number(effect.channel)
    if effect.channel not in SPOKEN:
        doing.contact(effect, AttemptOutcome.SENT, "sent", asked.now)
        _complete(doing, task, asked, StepOutcome.DONE, "done")
        doing.worked(kind)
        return
    said = doing.borrower.answer(effect.channel, at)
    made = DISPOSITIONS[said].attempt
    doing.contact(effect, made, said, asked.now)
    _complete(doing, task, asked, step_outcome(said, positive), said)
    unanswered = effect.channel is Channel.CALL and made is AttemptOutcome.NOT_CONNECTED
    doing.worked("no_answer" if unanswered else kind)
    _learn(doing, task, asked, effect, said, at)


def _learn(
    doing: Doing, task: OpenTask, asked: Asked, effect: ContactEffect, said: str, at: tuple[int, int]
) -> None:
    """As `service.outcomes` writes it: promise, hold, cease or dead number."""
    disposition, now = DISPOSITIONS[said], asked.now
    if disposition.promise:
        _promise(doing, task, asked, at)
    if disposition.hold is not None:
        days = disposition.hold_days
        until = None if days is None else now + timedelta(days=days)
        _hold(doing, Hold(f"hold-{task.id}", disposition.hold, now, until))
    if disposition.cease:
        doing.file.cease(*Channel)
    if disposition.unusable:
        doing.file.mark_unusable(effect.contact_point_id)
    if said == "already_paid":
        doing.money_comes(1, said, now, at, in_full=True)


def _promise(doing: Doing, task: OpenTask, asked: Asked, at: tuple[int, int]) -> None:
    now, file = asked.now, doing.file
    days = doing.borrower.promised_in(asked.rules.strategy.promise.max_days_ahead, at)
    due_on = local_date(now, file.lender_zone) + timedelta(days=days)
    amount = file.arrears.unpaid_minor
    file.promises.append(Promise(f"ptp-{task.id}", now, amount, due_on, PromiseState.OPEN))
    doing.tally.promises["made"] += 1
    if doing.borrower.keeps(at):
        doing.money_comes(days, "keeps", now, at, in_full=True)


def _hold(doing: Doing, hold: Hold) -> None:
    doing.file.holds.append(hold)
    doing.tally.holds[hold.reason.value] += 1
    days = doing.model.lifted_after.get(hold.reason.value)
    if hold.until is None and days is not None:
        doing.agenda.put(hold.since + timedelta(days=days), Lifts(hold.id))
