"""Segments, gates, triggers, stops and notices: what becomes of the next step, and that it is told why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from recourse.domain.decide import decide
from recourse.domain.decision import Decision, DoStep, Wait, WaitReason
from recourse.domain.fold import Payment
from recourse.domain.ids import ContactPointId
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import Move, NoticeRule
from recourse.domain.situation import (
    Channel,
    ContactPoint,
    PromiseState,
    Situation,
    Stage,
    StepOutcome,
    StepRecord,
)
from recourse.domain.strategy.condition import Condition, Episodes, Range
from recourse.domain.strategy.deadline import HOUSE_DAYS, days_to_answer
from recourse.domain.strategy.ladder import (
    Event,
    PullBack,
    PullForward,
    Segment,
    Step,
    StepKind,
    Stop,
    Triggers,
)
from tests.unit.domain.builders import (
    ALL_CHANNELS,
    CN,
    CN_LADDER,
    CN_NOON,
    UNLIMITED,
    US,
    US_LADDER,
    borrower,
    ladder,
    pack,
    promise,
    record,
    remind,
    rules,
    shanghai,
    situation,
    task,
    with_steps,
)

REPEATED = Segment("repeated", Condition(episodes=Episodes(min=2)))
BROKE_TWO = Segment("broke_two", Condition(broken_promises=Range(min=2)))


def plan(s: Situation, *steps: Step, now: datetime = CN_NOON, **course: Any) -> Decision:
    return decide(s, rules(ladder(*steps, **course), UNLIMITED), now)


def step_of(decision: Decision) -> str | None:
    return decision.plan.step_id if isinstance(decision.plan, DoStep) else None


def second_time(s: Situation) -> Situation:
    return replace(s, earlier_episodes=(s.case.opened_at - timedelta(days=90),))


def with_promises(s: Situation, *states: PromiseState) -> Situation:
    made = promise(CN_NOON - timedelta(days=5), date(2026, 11, 3))
    return replace(s, promises=tuple(replace(made, state=state) for state in states))


def test_a_step_for_a_segment_is_taken_only_for_its_cases_and_says_why_not() -> None:
    step = replace(remind("harsh", 5), only=("repeated",))
    other = plan(situation(), step, segments=(REPEATED,))
    assert other.plan == Wait(WaitReason.LADDER_DONE, None)
    assert other.skipped == (("harsh", "not in repeated: episodes is 1"),)
    assert step_of(plan(second_time(situation()), step, segments=(REPEATED,))) == "harsh"


def test_any_of_several_segments_is_enough() -> None:
    step = replace(remind("harsh", 5), only=("repeated", "broke_two"))
    broken = with_promises(situation(), PromiseState.BROKEN, PromiseState.BROKEN)
    assert step_of(plan(broken, step, segments=(REPEATED, BROKE_TWO))) == "harsh"


def test_a_segment_can_be_left_out() -> None:
    step = replace(remind("mild", 5), unless=("repeated",))
    assert step_of(plan(situation(), step, segments=(REPEATED,))) == "mild"
    left_out = plan(second_time(situation()), step, segments=(REPEATED,))
    assert left_out.skipped == (("mild", "not for repeated"),)


def test_a_gate_of_its_own_opens_and_shuts_a_step() -> None:
    step = replace(remind("big", 5), gate=Condition(amount_minor=Range(min=352017)))
    assert step_of(plan(situation(), step)) == "big"
    small = replace(step, gate=Condition(amount_minor=Range(max=352016)))
    assert plan(situation(), small).skipped == (("big", "its gate is shut: amount_minor is 352017"),)


FIELD = (task("drive", 40, Stage.FIELD), task("visit", 45, Stage.FIELD))
NO_NUMBER = PullForward("lost", Condition(number_dead=True), to_day=12, stages=frozenset({Stage.FIELD}))


def lost(s: Situation) -> Situation:
    dead = (ContactPoint(ContactPointId("CP-phone"), "mobile", ALL_CHANNELS, usable=False),)
    return replace(s, parties=(replace(borrower(), contact_points=dead),))


def test_a_trigger_brings_a_stage_forward_and_its_steps_keep_their_distances() -> None:
    forward = Triggers(forward=(NO_NUMBER,))
    unmoved = plan(situation(), *FIELD, triggers=forward)
    assert unmoved.plan == DoStep("drive", shanghai("2026-12-06T09:00"))  # due 27 October, day 40
    assert unmoved.moved == ()
    moved = plan(lost(situation()), *FIELD, triggers=forward)
    assert moved.plan == DoStep("drive", shanghai("2026-11-08T09:00"))  # day 12
    assert moved.moved == (
        ("drive", "brought forward to day 12 by lost"),
        ("visit", "brought forward to day 17 by lost"),
    )
    done = with_steps(lost(situation()), record("drive", StepOutcome.DONE, CN_NOON))
    assert plan(done, *FIELD, triggers=forward).plan == DoStep("visit", shanghai("2026-11-13T09:00"))


def test_a_trigger_never_puts_a_step_off() -> None:
    late = Triggers(forward=(replace(NO_NUMBER, to_day=60),))
    assert plan(lost(situation()), *FIELD, triggers=late).moved == ()


def test_of_two_triggers_the_earlier_day_wins() -> None:
    both = Triggers(forward=(NO_NUMBER, replace(NO_NUMBER, id="sooner", to_day=11)))
    assert plan(lost(situation()), *FIELD, triggers=both).moved[0][1] == "brought forward to day 11 by sooner"


def paid(s: Situation, at: datetime, amount: int, *, reversed: bool = False) -> Situation:
    payment = Payment("P", amount, at.date(), at, reversed)
    return replace(s, account=replace(s.account, payments=(*s.account.payments, payment)))


PAUSE = PullBack("paid_some", Event.PAYMENT, days=7, min_percent=25, steps=("drive",))
DRIVE = task("drive", 5, Stage.FIELD)
YESTERDAY = CN_NOON - timedelta(days=1)


@pytest.mark.parametrize(
    ("amount", "at", "waits"),
    [
        (117_339, YESTERDAY, True),  # a quarter of 352017 + 117339
        (117_338, YESTERDAY, False),
        (117_339, CN_NOON - timedelta(days=8), False),
    ],
)
def test_a_payment_of_some_weight_puts_steps_off_for_some_days(
    amount: int, at: datetime, waits: bool
) -> None:
    decision = plan(paid(situation(), at, amount), DRIVE, triggers=Triggers(back=(PAUSE,)))
    due = at + timedelta(days=7) if waits else CN_NOON
    assert decision.plan == DoStep("drive", due)


def test_a_payment_before_the_case_was_opened_gives_no_time() -> None:
    long = Triggers(back=(replace(PAUSE, days=20),))
    opened = situation().case.opened_at
    for at, due in ((opened, opened + timedelta(days=20)), (opened - timedelta(seconds=1), CN_NOON)):
        assert plan(paid(situation(), at, 352017), DRIVE, triggers=long).plan == DoStep("drive", due)


def test_a_step_that_waits_says_for_what_and_until_when() -> None:
    decision = plan(paid(situation(), YESTERDAY, 352017), DRIVE, triggers=Triggers(back=(PAUSE,)))
    assert decision.moved == (("drive", "put off to 2026-11-12 04:00 UTC by paid_some"),)


def test_a_payment_that_was_reversed_gives_no_time() -> None:
    s = paid(situation(), YESTERDAY, 352017, reversed=True)
    assert plan(s, DRIVE, triggers=Triggers(back=(PAUSE,))).plan == DoStep("drive", CN_NOON)


def test_a_kept_promise_gives_time_from_the_payment_that_kept_it() -> None:
    kept = replace(PAUSE, after=Event.PROMISE_KEPT, min_percent=0)
    s = paid(situation(), YESTERDAY, 1000)
    assert plan(s, DRIVE, triggers=Triggers(back=(kept,))).moved == ()
    promised = with_promises(s, PromiseState.KEPT)
    assert plan(promised, DRIVE, triggers=Triggers(back=(kept,))).plan == DoStep(
        "drive", YESTERDAY + timedelta(days=7)
    )


REVIEW = task("review", 12)
SMALL = Stop("small", Condition(amount_minor=Range(max=400_000)), hand_to="review")


def test_a_stopped_ladder_leaves_only_the_step_that_hands_the_case_to_a_person() -> None:
    on_day_12 = situation(days=12)
    decision = plan(on_day_12, remind("more", 5), REVIEW, stop=(SMALL,))
    assert step_of(decision) == "review"
    assert decision.skipped == (("more", "the ladder has stopped: small"),)
    reviewed = with_steps(on_day_12, record("review", StepOutcome.DONE, CN_NOON))
    assert plan(reviewed, remind("more", 5), REVIEW, stop=(SMALL,)).plan == Wait(WaitReason.LADDER_DONE, None)


def test_before_the_day_of_that_step_the_ladder_runs_and_the_stop_is_awaited() -> None:
    early = situation(days=10)
    assert step_of(plan(early, remind("more", 5), REVIEW, stop=(SMALL,))) == "more"
    done = with_steps(early, record("more", StepOutcome.DONE, CN_NOON))
    assert plan(done, remind("more", 5), REVIEW, stop=(SMALL,)).plan == DoStep(
        "review", shanghai("2026-11-08T09:00")
    )


def test_where_nothing_stops_the_ladder_nobody_is_handed_the_case() -> None:
    big = replace(SMALL, when=Condition(amount_minor=Range(max=100)))
    decision = plan(situation(days=12), remind("more", 5), REVIEW, stop=(big,))
    assert step_of(decision) == "more"
    assert decision.skipped == (("review", "only when the ladder stops: small"),)


def with_notice(days: int, *, earliest: int = 0, before: Move = Move.ACCELERATION) -> Any:
    rule = NoticeRule(
        code="notice_first",
        source=Source("a made-up act", Mark.PRIMARY),
        before=frozenset({before}),
        template="cure_notice",
        wait_days=days,
        earliest_dpd=earliest,
    )
    return replace(pack("somewhere"), notices=(rule,))


NOTICE = replace(remind("notice", 5), template="cure_notice")
ACCELERATE = Step("accelerate", StepKind.TASK, Stage.FIELD, 6, task="t", team="legal", move=Move.ACCELERATION)


def with_law(s: Situation, law: Any, *steps: Step) -> Decision:
    return decide(s, rules(ladder(*steps), law), CN_NOON)


def given(at: datetime) -> Situation:
    return with_steps(situation(), record("notice", StepOutcome.DONE, at))


def test_a_move_that_needs_a_notice_is_not_planned_without_it() -> None:
    decision = with_law(situation(), with_notice(10), ACCELERATE)
    assert decision.plan == Wait(WaitReason.LADDER_DONE, None)
    assert decision.skipped == (("accelerate", "no notice: cure_notice (notice_first)"),)


def test_it_is_planned_for_the_moment_after_the_last_day_of_the_notice() -> None:
    s = given(shanghai("2026-11-06T10:00"))
    assert with_law(s, with_notice(10), NOTICE, ACCELERATE).plan == DoStep(
        "accelerate", shanghai("2026-11-17T00:00")
    )


def test_a_notice_without_days_opens_the_move_at_once() -> None:
    s = given(shanghai("2026-11-06T10:00"))
    assert with_law(s, with_notice(0), NOTICE, ACCELERATE).plan == DoStep("accelerate", CN_NOON)


def test_a_notice_that_was_given_too_early_in_the_default_is_none() -> None:
    s = given(shanghai("2026-11-01T10:00"))  # on day 5
    too_early = with_law(s, with_notice(0, earliest=6), NOTICE, ACCELERATE)
    assert too_early.skipped == (("accelerate", "no notice: cure_notice (notice_first)"),)
    assert step_of(with_law(s, with_notice(0, earliest=5), NOTICE, ACCELERATE)) == "accelerate"


def test_a_notice_stands_when_a_payment_has_since_moved_the_oldest_due_date() -> None:
    s = given(shanghai("2026-11-01T10:00"))
    later = replace(s, account=situation(days=7).account)
    assert step_of(with_law(later, with_notice(0, earliest=5), NOTICE, ACCELERATE)) == "accelerate"


def test_a_notice_for_another_move_is_not_asked_for() -> None:
    assert step_of(with_law(situation(), with_notice(10, before=Move.SALE), ACCELERATE)) == "accelerate"


def test_a_message_that_is_no_such_notice_does_not_count() -> None:
    other = replace(NOTICE, template="reminder_firm")
    decision = with_law(given(shanghai("2026-11-06T10:00")), with_notice(0), other, ACCELERATE)
    assert step_of(decision) is None


@pytest.mark.parametrize(
    ("made", "law", "notice", "first"),
    [(CN_LADDER, CN, "formal_demand", 31), (US_LADDER, US, "cure_notice", 20)],
    ids=["CN", "US"],
)
def test_repeated_default_opens_the_review_of_an_acceleration_after_the_notice_and_its_days(
    made: Any, law: Any, notice: str, first: int
) -> None:
    """Whoever is overdue for the third time in a year, or has broken three promises; nobody else."""
    s = situation(days=58)
    named = CN_NOON - timedelta(days=58 - first)
    done = [
        r.id for r in made.steps if r.id not in {"acceleration_review", notice} and r.stage is not Stage.LEGAL
    ]
    s = with_steps(s, *(record(step, StepOutcome.DONE, CN_NOON) for step in done))
    opened = s.case.opened_at
    thrice = replace(s, earlier_episodes=(opened - timedelta(days=300), opened - timedelta(days=100)))
    broken = with_promises(s, *[PromiseState.BROKEN] * 3)
    twice = replace(s, earlier_episodes=(opened - timedelta(days=100),))
    for case, expected in ((thrice, True), (broken, True), (twice, False)):
        noticed = with_steps(case, record(notice, StepOutcome.DONE, named))
        assert (step_of(decide(noticed, rules(made, law), CN_NOON)) == "acceleration_review") is expected
    unnoticed = with_steps(thrice, StepRecord(notice, StepOutcome.UNABLE, named))
    for stands_in in (f"{notice}_sms", f"{notice}_letter"):
        unnoticed = with_steps(unnoticed, StepRecord(stands_in, StepOutcome.UNABLE, named))
    assert dict(decide(unnoticed, rules(made, law), CN_NOON).skipped)["acceleration_review"] == (
        f"{notice} was not done"
    )


def test_a_notice_gives_the_longer_of_what_the_law_and_the_ladder_wait() -> None:
    behind = replace(task("after", 40), requires=("notice",), wait_days=12)
    stands_in = replace(NOTICE, id="by_sms", fallback_for="notice")
    made = ladder(NOTICE, stands_in, behind)
    for law, expected in ((with_notice(10), 12), (with_notice(15), 15), (pack("quiet"), 12)):
        assert days_to_answer(NOTICE, made, (law,)) == expected
        assert days_to_answer(stands_in, made, (law,)) == expected


def test_a_notice_on_paper_gives_the_days_in_the_post_besides_those_of_the_law() -> None:
    behind = replace(task("after", 40), requires=("notice",), wait_days=12)
    by_sms = replace(NOTICE, id="by_sms", channel=Channel.SMS, fallback_for="notice")
    by_post = replace(NOTICE, id="by_post", channel=Channel.LETTER, fallback_for="by_sms")
    made = ladder(NOTICE, by_sms, by_post, behind)
    for law, expected in ((with_notice(10), 15), (with_notice(15), 20), (pack("quiet"), 12)):
        assert days_to_answer(by_post, made, (law,)) == expected


def test_what_stands_in_for_a_stand_in_stands_for_both() -> None:
    behind = replace(task("after", 40), requires=("notice",), wait_days=12)
    by_sms = replace(NOTICE, id="by_sms", channel=Channel.SMS, fallback_for="notice")
    by_post = replace(NOTICE, id="by_post", channel=Channel.LETTER, fallback_for="by_sms")
    made = ladder(NOTICE, by_sms, by_post, behind)
    assert made.stand_ins() == {"notice": ("by_sms", "by_post"), "by_sms": ("by_post",)}
    unable = (StepRecord(one, StepOutcome.UNABLE, CN_NOON) for one in ("notice", "by_sms"))
    s = with_steps(situation(days=60), *unable)
    assert step_of(decide(s, rules(made), CN_NOON)) == "by_post"
    posted = with_steps(s, record("by_post", StepOutcome.DONE, CN_NOON - timedelta(days=20)))
    assert step_of(decide(posted, rules(made), CN_NOON)) == "after"
    late = with_steps(s, record("by_post", StepOutcome.DONE, CN_NOON - timedelta(days=5)))
    plan = decide(late, rules(made), CN_NOON).plan
    assert isinstance(plan, DoStep)
    assert plan.due_at >= CN_NOON + timedelta(days=6)
    assert days_to_answer(remind("x", 1), made, ()) == HOUSE_DAYS
