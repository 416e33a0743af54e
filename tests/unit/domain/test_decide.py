"""What is true of every decision, whatever the situation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import Rules, closing, decide
from recourse.domain.decision import Close, DoStep, Wait, WaitReason
from recourse.domain.law.hours import rules_for
from recourse.domain.situation import (
    STAGE_ORDER,
    Action,
    Hold,
    HoldReason,
    PromiseState,
    Stage,
    StepOutcome,
)
from recourse.domain.strategy.ladder import StepKind
from recourse.packs.record import situation_from_json, situation_to_json
from tests.examples import examples
from tests.unit.domain.generated import any_case, lawful_rules, live, rules
from tests.unit.domain.wallclock import on_the_wall

many = examples(100)
some = examples(30)


@many
@given(st.data(), rules)
def test_a_plan_never_lies_in_the_past(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(any_case(made.strategy))
    plan = decide(situation, made, now).plan
    match plan:
        case DoStep(due_at=due_at):
            assert due_at >= now
        case Wait(until=until):
            assert until is None or until > now
        case Close():
            pass


@many
@given(st.data(), lawful_rules)
def test_a_reminder_is_never_planned_outside_permitted_hours(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(live(made.strategy))
    plan = decide(situation, made, now).plan
    if isinstance(plan, DoStep):
        step = made.strategy.step(plan.step_id)
        if step.kind is StepKind.REMIND and step.channel is not None:
            places = situation.parties[0].zones
            assert on_the_wall(rules_for(made.packs, step.channel), places, plan.due_at)


@many
@given(st.data(), rules)
def test_what_is_over_is_closed_and_nothing_else_is(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(any_case(made.strategy))
    account = situation.account
    unpaid = sum(i.unpaid_minor for i in account.arrears.installments)
    over = (
        situation.case.closed_reason is not None
        or account.ended is not None
        or (unpaid == 0 and account.certain)
        or situation.legal_concluded
    )
    decision = decide(situation, made, now)
    assert isinstance(decision.plan, Close) is over
    assert (decision.stage is Stage.CLOSED) is over
    assert (closing(situation) is not None) is over


@some
@given(st.data(), rules)
def test_the_same_arguments_give_the_same_answer_also_after_being_stored(
    data: st.DataObject, made: Rules
) -> None:
    situation, now = data.draw(any_case(made.strategy))
    first = decide(situation, made, now)
    assert decide(situation, made, now) == first
    stored = situation_from_json(situation_to_json(situation))
    assert stored == situation
    assert decide(stored, made, now) == first


@some
@given(st.data(), lawful_rules)
def test_an_open_promise_pauses_every_step(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(live(made.strategy))
    decision = decide(situation, made, now)
    judged = {v.promise_id for v in decision.promises}
    pending = [p for p in situation.promises if p.state is PromiseState.OPEN and p.id not in judged]
    if pending:
        assert not isinstance(decision.plan, DoStep)
    if isinstance(decision.plan, Wait) and decision.plan.reason is WaitReason.PROMISE:
        assert pending


@some
@given(st.data(), lawful_rules)
def test_under_a_hold_on_everything_nobody_outside_is_touched(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(live(made.strategy))
    hold = Hold("H-all", HoldReason.OPERATOR, now, None, frozenset(Action))
    plan = decide(replace(situation, holds=(hold,)), made, now).plan
    if isinstance(plan, DoStep):
        step = made.strategy.step(plan.step_id)
        assert (step.kind, step.channel) == (StepKind.TASK, None)
        assert step.stage is not Stage.LEGAL


@some
@given(st.data(), lawful_rules, st.integers(1, 20))
def test_a_hold_with_an_end_moves_the_step_to_its_end_or_later(
    data: st.DataObject, made: Rules, days: int
) -> None:
    situation, now = data.draw(live(made.strategy))
    until = now + timedelta(days=days)
    hold = Hold("H-all", HoldReason.OPERATOR, now, until, frozenset(Action))
    plan = decide(replace(situation, holds=(hold,)), made, now).plan
    if isinstance(plan, DoStep) and made.strategy.step(plan.step_id).channel is not None:
        assert plan.due_at >= until


@some
@given(st.data(), rules)
def test_the_stage_never_goes_back(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(any_case(made.strategy))
    stage = decide(situation, made, now).stage
    assert STAGE_ORDER.index(stage) >= STAGE_ORDER.index(situation.case.stage)


@some
@given(st.data(), rules)
def test_days_past_due_are_counted_from_the_oldest_due_date_in_the_lenders_zone(
    data: st.DataObject, made: Rules
) -> None:
    situation, now = data.draw(any_case(made.strategy))
    today = now.astimezone(ZoneInfo(situation.lender_zone)).date()
    ages = [(today - i.due_date).days for i in situation.account.arrears.installments]
    decision = decide(situation, made, now)
    assert decision.dpd == max([0, *ages])
    assert decision.bucket == made.strategy.buckets.classify(decision.dpd)


@some
@given(st.data(), rules)
def test_no_step_is_planned_while_the_debt_is_doubtful_not_due_or_nobodys(
    data: st.DataObject, made: Rules
) -> None:
    situation, now = data.draw(any_case(made.strategy))
    decision = decide(situation, made, now)
    if isinstance(decision.plan, DoStep):
        assert situation.account.certain
        assert decision.dpd > 0
        assert situation.parties
        assert made.packs


@some
@given(st.data(), rules)
def test_a_step_that_is_finished_or_with_a_person_is_never_planned(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(live(made.strategy))
    decision = decide(situation, made, now)
    if isinstance(decision.plan, DoStep):
        last = {r.step_id: r.outcome for r in situation.steps}.get(decision.plan.step_id)
        assert last in {None, StepOutcome.RETRY, StepOutcome.REFUSED, StepOutcome.NOT_SENT}


@some
@given(st.data(), rules)
def test_exactly_the_tasks_whose_time_has_passed_expire(data: st.DataObject, made: Rules) -> None:
    situation, now = data.draw(live(made.strategy))
    passed = {t.id for t in situation.tasks if t.expires_at is not None and t.expires_at <= now}
    assert set(decide(situation, made, now).expired_tasks) == passed


@some
@given(st.data(), lawful_rules)
def test_a_plan_stands_until_its_time_while_nothing_happens(data: st.DataObject, made: Rules) -> None:
    """Asked again halfway, the answer is the same, so a pending timer may stay."""
    situation, now = data.draw(live(made.strategy))
    situation = replace(situation, holds=())
    plan = decide(situation, made, now).plan
    if isinstance(plan, DoStep) and plan.due_at > now:
        halfway = now + (plan.due_at - now) / 2
        again = decide(situation, made, halfway)
        if again.dpd == decide(situation, made, now).dpd:
            assert again.plan == plan
