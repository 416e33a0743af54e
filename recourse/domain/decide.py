"""`decide`: from the situation and the rules to the one next step and its time. Pure and total."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recourse.domain import keeping
from recourse.domain.alarms import alarms, look_again, opened, waited_tasks
from recourse.domain.decision import (
    Close,
    Closing,
    Decision,
    DoStep,
    Plan,
    PromiseVerdict,
    Wait,
    WaitReason,
)
from recourse.domain.judging import judge_agreements, judge_promises, waited_for
from recourse.domain.keeping import AgreementVerdict
from recourse.domain.law import hours
from recourse.domain.law.gate import Packs
from recourse.domain.law.notices import Standing, standings, too_little_unpaid
from recourse.domain.situation import (
    STAGE_ORDER,
    OpenTask,
    Situation,
    Stage,
    StepOutcome,
)
from recourse.domain.strategy import timing
from recourse.domain.strategy.address import notices_given, target
from recourse.domain.strategy.course import Course, course_of
from recourse.domain.strategy.ladder import Step, Strategy
from recourse.domain.strategy.progress import Progress, progress


@dataclass(frozen=True, slots=True)
class Rules:
    """What a decision is made by: the case's pinned strategy and every law pack that applies to it."""

    strategy: Strategy
    packs: Packs


def decide(situation: Situation, rules: Rules, now: datetime) -> Decision:
    """The next plan as of `now` (business UTC). The same arguments give the same answer for ever."""
    judgement = keeping.judge(situation, rules.strategy, now) if situation.agreements else None
    shared = judgement.promised if judgement else None
    end = closing(situation)
    verdicts = tuple(judge_promises(situation, rules.strategy.promise, now, shared, end))
    agreed = tuple(judge_agreements(situation, judgement, end))
    expired = tuple(t.id for t in situation.tasks if t.expires_at is not None and t.expires_at <= now)
    after = _after(situation, verdicts, agreed, expired, now)
    today = hours.local_date(now, situation.lender_zone)
    dpd = situation.account.arrears.dpd(today)
    chosen = _plan(after, rules, now)
    over = isinstance(chosen.plan, Close)
    known = () if over else tuple(alarms(after, rules.strategy, rules.packs, judgement))
    return Decision(
        plan=look_again(chosen.plan, known, now),
        stage=Stage.CLOSED if over else _stage(after, rules.strategy),
        dpd=dpd,
        bucket=rules.strategy.buckets.classify(dpd),
        promises=verdicts,
        expired_tasks=expired,
        skipped=chosen.skipped,
        moved=chosen.moved,
        agreements=agreed,
        alarms=tuple(alarm for alarm in known if alarm.at <= now and not opened(alarm, after)),
    )


def closing(situation: Situation) -> Closing | None:
    """Why the case is over, or None. A cured account closes it whatever else is going on."""
    if situation.case.closed_reason is not None:
        return Closing(situation.case.closed_reason)
    if situation.account.ended is not None:
        return Closing(situation.account.ended.value)
    if situation.account.cured:
        return Closing.CURED
    return Closing.LEGAL_CONCLUDED if situation.legal_concluded else None


def _after(
    s: Situation,
    verdicts: tuple[PromiseVerdict, ...],
    agreed: tuple[AgreementVerdict, ...],
    expired: tuple[str, ...],
    now: datetime,
) -> Situation:
    """The situation once this decision's own consequences are written."""
    judged = {v.promise_id: v.state for v in verdicts}
    promises = tuple(replace(p, state=judged.get(p.id, p.state)) for p in s.promises)
    gone = {t.step_id for t in s.tasks if t.id in expired}
    steps = tuple(
        replace(r, outcome=StepOutcome.UNABLE, at=now)
        if r.step_id in gone and r.outcome is StepOutcome.OPEN
        else r
        for r in s.steps
    )
    tasks = tuple(t for t in s.tasks if t.id not in expired)
    states = {v.agreement_id: v.state for v in agreed}
    agreements = tuple(replace(a, state=states.get(a.id, a.state)) for a in s.agreements)
    return replace(s, promises=promises, steps=steps, tasks=tasks, agreements=agreements)


def _stage(s: Situation, strategy: Strategy) -> Stage:
    """The furthest stage any step has reached; a stage never goes back within an episode."""
    reached = {step.id: step.stage for step in strategy.steps}
    touched = {StepOutcome.OPEN, StepOutcome.DONE, StepOutcome.RETRY, StepOutcome.DECLINED}
    stages = [reached[r.step_id] for r in s.steps if r.outcome in touched and r.step_id in reached]
    return max([s.case.stage, *stages], key=STAGE_ORDER.index)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The plan, and what became of the other steps, as `Decision` has it."""

    plan: Plan
    skipped: tuple[tuple[str, str], ...] = ()
    moved: tuple[tuple[str, str], ...] = ()


def _plan(s: Situation, rules: Rules, now: datetime) -> _Chosen:
    over = closing(s)
    if over is not None:
        return _Chosen(Close(over))
    blocked = _blocked(s, rules, now)
    return _Chosen(blocked) if blocked is not None else _ladder(s, rules, now)


def _blocked(s: Situation, rules: Rules, now: datetime) -> Wait | None:
    """What stops the whole ladder, whichever step would be next."""
    if not s.account.certain:
        return Wait(WaitReason.ARREARS_UNCERTAIN, None)
    if not rules.packs:
        return Wait(WaitReason.NO_LAW_PACK, None)
    if s.borrower() is None:
        return Wait(WaitReason.MASTER_DATA_MISSING, None)
    today = hours.local_date(now, s.lender_zone)
    if not s.account.arrears.overdue(today):
        oldest = s.account.arrears.oldest_due or today
        return Wait(WaitReason.NOTHING_OVERDUE, hours.start_of_day(oldest + timedelta(days=1), s.lender_zone))
    return waited_for(s, rules.strategy, now)


@dataclass(frozen=True, slots=True)
class _Walk:
    """A case on its ladder at one moment."""

    s: Situation
    rules: Rules
    done: Progress
    course: Course
    now: datetime

    @property
    def dpd(self) -> int:
        return self.s.account.arrears.dpd(hours.local_date(self.now, self.s.lender_zone))


def _ladder(s: Situation, rules: Rules, now: datetime) -> _Chosen:
    """The earliest step that may still run; equal times are taken in the order of the ladder."""
    walk = _Walk(s, rules, progress(s, rules.strategy), course_of(s, rules.strategy), now)
    skipped, moved = list[tuple[str, str]](), list[tuple[str, str]]()
    candidates: list[DoStep] = []
    waits: list[Wait] = [
        Wait(WaitReason.TASK, t.expires_at) for t in s.tasks if t.expires_at is not None
    ] or [Wait(WaitReason.TASK, None) for _ in waited_tasks(s)[:1]]
    for step in map(walk.course.step, rules.strategy.steps):
        why_not = _unavailable(step, walk)
        if why_not in {"finished", "open"}:
            continue
        if why_not is not None:
            skipped.append((step.id, why_not))
            continue
        if (why_moved := walk.course.moved(step)) is not None:
            moved.append((step.id, why_moved))
        answer = _when(step, walk)
        if isinstance(answer, DoStep):
            candidates.append(answer)
        else:
            waits.append(answer)
    return _Chosen(_first(candidates, waits, s.tasks), tuple(skipped), tuple(moved))


def _first(candidates: list[DoStep], waits: list[Wait], tasks: tuple[OpenTask, ...]) -> Plan:
    if candidates:
        return _or_earlier_task(min(candidates, key=lambda plan: plan.due_at), tasks)
    timed = [(wait.until, wait) for wait in waits if wait.until is not None]
    if timed:
        return min(timed, key=lambda pair: pair[0])[1]
    return waits[0] if waits else Wait(WaitReason.LADDER_DONE, None)


def _or_earlier_task(plan: DoStep, tasks: tuple[OpenTask, ...]) -> Plan:
    """An open task that expires before the next step is looked at first, so that it never hangs."""
    expiries = [t.expires_at for t in tasks if t.expires_at is not None and t.expires_at < plan.due_at]
    return Wait(WaitReason.TASK, min(expiries)) if expiries else plan


def _unavailable(step: Step, walk: _Walk) -> str | None:
    """Why the step cannot be planned: "finished", "open", or the reason it is passed over."""
    done, strategy = walk.done, walk.rules.strategy
    if done.finished(step):
        return "finished"
    if done.state(step.id).outcome is StepOutcome.OPEN:
        return "open"
    if step.errand is not None:
        # Of no ladder, so no day, segment or stop of one is about it.
        return step.errand.shut or _waits_for_its_original(step, walk)
    excluded = walk.course.excluded(step, walk.s, walk.dpd)
    if excluded is not None:
        return excluded
    if (original := _waits_for_its_original(step, walk)) is not None:
        return original
    for required in step.requires:
        if done.done_at(required) is None:
            stands = (required, *done.fallbacks.get(required, ()))
            ended = all(done.finished(strategy.step(step_id)) for step_id in stands)
            return f"{required} was not done" if ended else f"waits for {required}"
    if step.until is not None and walk.dpd > step.until:
        return f"only until day {step.until}"
    missing = (f"no notice: {n.rule.template} ({n.rule.code})" for n in _notices(step, walk) if not n.opens)
    return next(missing, None) or _too_little_unpaid(step, walk)


def _waits_for_its_original(step: Step, walk: _Walk) -> str | None:
    if step.fallback_for is None or walk.done.failed(walk.rules.strategy.step(step.fallback_for)):
        return None
    return f"only if {step.fallback_for} cannot be done"


def _too_little_unpaid(step: Step, walk: _Walk) -> str | None:
    if step.begins is None:
        return None
    today = hours.local_date(walk.now, walk.s.lender_zone)
    rules = too_little_unpaid(step.begins, walk.s, walk.rules.packs, today)
    return next((f"{why} is unpaid ({rule.code})" for _, rule, why in rules if why), None)


def _notices(step: Step, walk: _Walk) -> list[Standing]:
    """What the law says of a step that begins something a notice must come before."""
    if step.begins is None:
        return []
    given = notices_given(walk.s, walk.done)
    return list(standings(step.begins, given, walk.rules.packs, walk.s.lender_zone, walk.now))


def _when(step: Step, walk: _Walk) -> DoStep | Wait:
    s, packs, now = walk.s, walk.rules.packs, walk.now
    held, until = timing.hold_until(step, s, packs, now)
    if held and until is None:
        return Wait(WaitReason.HOLD, None)
    bounds = [until, walk.course.not_before(step), *(notice.opens for notice in _notices(step, walk))]
    not_before = max(
        timing.earliest(step, s, walk.done, packs), *(at for at in bounds if at is not None), timing.EARLIEST
    )
    party = target(step, s)
    due = timing.due(step, party, not_before, s, packs)
    if due is None or due < now:  # late: do it now if now is lawful, else at the next opening
        due = timing.due_late(step, party, max(now, not_before), s, packs)
    return DoStep(step.id, due) if due is not None else Wait(WaitReason.NO_LAW_PACK, None)
