"""The linter: each thing it rejects, by a ladder with just this one fault; what is shipped has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from recourse.app.linting import house, lint_at, regions_of
from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import ContentRule, LawPack, Move, NoticeRule
from recourse.domain.situation import Channel, PartyRole, Stage
from recourse.domain.strategy.condition import Condition, Range
from recourse.domain.strategy.ladder import PullForward, Segment, Step, StepKind, Strategy, Triggers
from recourse.domain.strategy.lint import Code, Finding, Level, lint
from recourse.packs.loader import PackBook, load_packs
from recourse.packs.strategies import load_strategy_file
from tests.unit.domain.builders import CN, US, ladder, remind

ON = date(2026, 11, 27)
BOOK = load_packs()
MA = BOOK.laws["US-MA"]
Fault = Callable[[Any], Any]

FIRST = remind("first", 2, Channel.EMAIL, until=9)
CALL = Step(
    "call", StepKind.TASK, Stage.AGENT, 5, channel=Channel.CALL, task="call", team="agents", expires_days=3
)
NOTICE = Step(
    "notice", StepKind.REMIND, Stage.AGENT, 20, channel=Channel.EMAIL, template="cure_notice"
)  # fmt: skip
BY_SMS = replace(NOTICE, id="notice_sms", channel=Channel.SMS, fallback_for="notice")
PROPOSE = Step(
    "propose", StepKind.TASK, Stage.LEGAL, 50, task="propose_legal", team="legal",
    requires=("notice",), wait_days=21, positive=("propose",),
)  # fmt: skip
APPROVE = Step(
    "approve", StepKind.TASK, Stage.LEGAL, 50, task="approve_legal", team="lead",
    requires=("propose",), positive=("approve",),
)  # fmt: skip
HANDOVER = Step(
    "handover", StepKind.HANDOVER, Stage.LEGAL, 50,
    requires=("approve",), proposal="propose", approval="approve",
)  # fmt: skip
SOUND = (FIRST, CALL, NOTICE, BY_SMS, PROPOSE, APPROVE, HANDOVER)


def found(*steps: Step, law: tuple[LawPack, ...] = (US,), **course: Any) -> tuple[Finding, ...]:
    return lint(ladder(*steps, **course), [("somewhere", law)], house())


def changed(step_id: str, **values: Any) -> tuple[Step, ...]:
    """The sound ladder with one step changed."""
    return tuple(replace(step, **values) if step.id == step_id else step for step in SOUND)


def only(findings: tuple[Finding, ...], code: Code, step: str) -> Finding:
    assert [(f.code, f.step) for f in findings] == [(code, step)]
    assert findings[0].what
    assert findings[0].remedy
    return findings[0]


def test_a_sound_ladder_has_no_findings_and_each_test_below_changes_one_thing_of_it() -> None:
    assert found(*SOUND) == ()
    assert found(*SOUND, law=(US, MA)) == ()


@pytest.mark.parametrize("strategy", BOOK.strategies_for_new_cases(), ids=lambda s: s.id)
def test_a_shipped_ladder_is_sound_wherever_it_is_used(strategy: Strategy) -> None:
    regions = regions_of(strategy, BOOK)
    assert regions == {"CN": ["CN"], "US": ["US", "US-CO", "US-MA", "US-WI"]}[strategy.region]
    assert lint_at(strategy, BOOK, regions, ON) == ()


def test_the_ladder_that_was_shipped_before_gave_a_day_too_few_in_massachusetts() -> None:
    before = BOOK.strategy("us_auto@2026-11-01")
    short = [f for f in lint_at(before, BOOK, ["US-MA"], ON) if f.code is Code.NOTICE_TOO_SHORT]
    assert [(f.step, f.rule) for f in short] == [("handover", "ma_right_to_cure")]


REJECTED: Mapping[str, set[tuple[Code, str]]] = {
    "first_letter": {(Code.UNKNOWN_TASK, "")},
    "second_letter": {(Code.UNKNOWN_TASK, ""), (Code.NEVER_REACHED, "")},
    "workplace": {(Code.CONVERSATION_WAIT, "us_wait_after_conversation")},
    "references": {(Code.MAY_NOT_BE_TOLD, "us_location_information")},
    "social_search": {(Code.UNKNOWN_TASK, "")},
}


def test_the_ladder_that_a_lender_asked_for_is_rejected_with_the_reasons() -> None:
    """Loan-Tracker #38: parts of it break Regulation F, parts contradict themselves."""
    asked_for = load_strategy_file(Path(__file__).parent / "ladders" / "loan_tracker_38.yaml")
    findings = lint_at(asked_for, BOOK, ["US"], ON)
    reasons = {step: {(f.code, f.rule) for f in findings if f.step == step} for step in REJECTED}
    assert reasons == REJECTED
    assert {f.step for f in findings} == set(REJECTED)
    assert all(f.pack == US.name and f.source for f in findings if f.rule)
    in_china = {(f.step, f.rule) for f in lint_at(asked_for, BOOK, ["CN"], ON) if f.rule}
    assert in_china == {("references", "cn_others_when_unreachable")}


@pytest.mark.parametrize(
    ("party", "law", "code", "rule"),
    [
        (PartyRole.REFERENCE, US, Code.MAY_NOT_BE_TOLD, "us_location_information"),
        (PartyRole.REFERENCE, CN, Code.MAY_NOT_BE_TOLD, "cn_others_when_unreachable"),
        (PartyRole.REFERENCE, BOOK.laws["UK"], Code.PARTY_NOT_PERMITTED, "uk_debtors"),
    ],
)
def test_who_may_not_be_contacted_is_named_with_rule_and_source(
    party: PartyRole, law: LawPack, code: Code, rule: str
) -> None:
    finding = only(found(replace(CALL, party=party), law=(law,)), code, "call")
    assert (finding.rule, finding.pack) == (rule, law.name)
    assert finding.source.endswith(("(primary)", "(second_hand)"))


def test_a_guarantor_may_be_told() -> None:
    assert found(replace(CALL, party=PartyRole.GUARANTOR)) == ()


def test_a_channel_that_two_laws_leave_no_hour_for_is_never_used() -> None:
    evening = replace(
        US,
        hours=(replace(US.hours[0], opens=CN.hours[0].closes, closes=CN.hours[0].closes.replace(hour=23)),),
    )
    finding = only(found(CALL, law=(evening, CN)), Code.NO_PERMITTED_HOUR, "call")
    assert finding.rule == "cn_hours"
    assert found(CALL, law=(US, CN)) == ()


@pytest.mark.parametrize(
    ("tries", "every", "until", "day", "level"),
    [
        (3, 2, 12, 13, Level.ERROR),
        (3, 2, 13, None, None),
        (2, 2, 12, None, None),
        (4, 7, 27, None, None),
        (3, 3, 12, 14, Level.ERROR),
        (3, 3, 14, None, None),
    ],
)
def test_a_try_that_no_day_before_the_end_has_room_for_is_found(
    tries: int, every: int, until: int, day: int | None, level: Level | None
) -> None:
    """Massachusetts: two calls or texts in seven days. A text on day 4 and a call on day 6 leave no room
    before day 11, and then none before day 13."""
    call = replace(CALL, tries=tries, every_days=every, until=until, day=6)
    law = (replace(US, conversation_waits=(), caps=()), replace(MA, notices=()))
    findings = found(remind("text", 4, Channel.SMS, until=5), call, law=law)
    assert [f.level for f in findings] == ([level] if level else [])
    if findings:
        finding = only(findings, Code.CAP_TOO_SMALL, "call")
        assert f"it would come on day {day}" in finding.what
        assert finding.rule == "ma_contacts_2_in_7"


def test_tries_that_only_others_leave_no_room_for_are_a_warning() -> None:
    texts = [remind(f"text_{n}", 4 + n, Channel.SMS, until=4 + n) for n in range(2)]
    law = (replace(US, caps=()), MA)
    finding = only(found(*texts, replace(CALL, day=6, until=10), law=law), Code.CAP_TOO_SMALL, "call")
    assert finding.level is Level.WARNING
    assert found(*texts, replace(CALL, day=6, until=11), law=law) == ()


def test_what_stands_in_for_another_takes_no_slot_beside_it() -> None:
    texts = [remind("text", 4, Channel.SMS, until=4), remind("other", 5, Channel.SMS, until=5)]
    instead = replace(remind("instead", 5, Channel.SMS, until=5), fallback_for="other")
    assert found(*texts, instead, law=(replace(US, caps=()), MA)) == ()


def test_a_try_after_the_last_day_of_its_step_is_found() -> None:
    finding = only(found(replace(CALL, tries=3, every_days=8, until=20)), Code.TRY_AFTER_END, "call")
    assert "day 21" in finding.what
    assert found(replace(CALL, tries=3, every_days=8, until=21)) == ()


def test_too_many_tries_on_one_day_are_found_without_an_end() -> None:
    finding = only(found(replace(CALL, tries=8, every_days=0)), Code.CAP_TOO_SMALL, "call")
    assert finding.rule == "us_calls_7_in_7"
    assert found(replace(CALL, tries=7, every_days=0)) == ()


def test_a_call_back_that_the_wait_after_a_conversation_swallows_is_found() -> None:
    call = replace(CALL, tries=2, every_days=2)
    finding = only(found(replace(call, until=11)), Code.CONVERSATION_WAIT, "call")
    assert finding.rule == "us_wait_after_conversation"
    assert found(replace(call, until=12)) == ()
    assert found(replace(call, until=11), law=(CN,)) == ()


def test_a_move_without_its_notice_names_the_law_and_the_remedy() -> None:
    without = tuple(
        replace(s, requires=tuple(r for r in s.requires if r != "notice"))
        for s in SOUND
        if "notice" not in s.id
    )
    finding = only(found(*without), Code.NOTICE_MISSING, "handover")
    assert finding.rule == "us_house_cure_notice"
    assert "cure_notice" in finding.what
    assert "day 10" in finding.remedy


def test_a_notice_that_nothing_waits_for_does_not_count() -> None:
    only(found(*changed("propose", requires=())), Code.NOTICE_NOT_ENSURED, "handover")


def test_a_fallback_that_is_no_notice_opens_a_way_without_one() -> None:
    only(found(*changed("notice_sms", template="reminder_firm")), Code.NOTICE_NOT_ENSURED, "handover")


def test_a_wait_shorter_than_the_law_gives_is_found_and_one_of_its_length_is_not() -> None:
    short = found(*changed("propose", wait_days=20), law=(US, MA))
    assert only(short, Code.NOTICE_TOO_SHORT, "handover").rule == "ma_right_to_cure"
    assert found(*changed("propose", wait_days=20)) == ()


def test_waits_along_the_way_add_up() -> None:
    assert (
        found(*(replace(s, wait_days=7) if s.id in {"propose", "approve", "handover"} else s for s in SOUND))
        == ()
    )


def test_a_notice_before_its_day_is_found_also_where_a_trigger_brings_it_there() -> None:
    early = found(*(replace(s, day=9) if "notice" in s.id else s for s in SOUND))
    assert {(f.code, f.step) for f in early} == {
        (Code.NOTICE_TOO_EARLY, "notice"),
        (Code.NOTICE_TOO_EARLY, "notice_sms"),
    }
    dead = Condition(number_dead=True)
    for day, expected in ((9, [Code.NOTICE_TOO_EARLY]), (10, [])):
        pulled = Triggers(forward=(PullForward("t", dead, day, ("notice",)),))
        assert [f.code for f in found(*SOUND, triggers=pulled)] == expected


@pytest.mark.parametrize("move", [Move.ACCELERATION, Move.RECOVERY])
def test_acceleration_and_recovery_need_their_notice_as_well(move: Move) -> None:
    review = Step(
        "review", StepKind.TASK, Stage.AGENT, 45, task="acceleration_review", team="legal", move=move
    )
    only(found(*SOUND, review), Code.NOTICE_NOT_ENSURED, "review")
    assert found(*SOUND, replace(review, requires=("notice",), wait_days=20)) == ()
    assert found(*SOUND, replace(review, move=Move.SALE)) == ()


def test_a_text_without_a_passage_that_the_law_wants_is_named_by_its_file() -> None:
    rule = ContentRule(
        code="says_by_when",
        source=Source("a made-up act", Mark.PRIMARY),
        channels=frozenset({Channel.EMAIL}),
        contains=("amount", "deadline"),
    )
    law = replace(US, contents=(*US.contents, rule))
    findings = found(*SOUND, law=(law,))
    assert {(f.code, f.step, f.rule) for f in findings} == {(Code.PASSAGE_MISSING, "first", "says_by_when")}
    assert {f.what for f in findings} == {
        f"reminder_friendly/{language}.email.txt lacks deadline" for language in ("en", "zh")
    }


def test_a_notice_without_a_passage_that_its_rule_wants_is_found() -> None:
    [rule] = US.notices
    wants: NoticeRule = replace(rule, contains=("sender", "due_date", "telephone"))
    findings = found(*SOUND, law=(replace(US, notices=(wants,)),))
    assert {f.code for f in findings} == {Code.PASSAGE_MISSING}
    assert {f.step for f in findings} == {"notice", "notice_sms"}
    assert all("telephone" in f.what for f in findings)


def test_a_step_that_ends_before_what_it_needs_can_be_there_is_never_reached() -> None:
    ends = replace(PROPOSE, until=40, day=30, requires=("notice",), wait_days=21)
    rest = (FIRST, CALL, replace(NOTICE, until=19), replace(BY_SMS, until=18))
    never = [f for f in found(*rest, ends) if f.step == "propose"]
    assert [f.code for f in never] == [Code.NEVER_REACHED]
    assert "day 41" in never[0].what


def test_what_is_required_without_an_end_may_come_too_late() -> None:
    finding = only(found(NOTICE, replace(PROPOSE, until=90)), Code.MAY_COME_TOO_LATE, "propose")
    assert finding.level is Level.WARNING
    assert found(replace(NOTICE, until=69), replace(PROPOSE, until=90)) == ()


def test_a_step_before_the_one_it_requires_contradicts_it() -> None:
    propose = replace(PROPOSE, stage=Stage.AGENT)
    only(found(NOTICE, replace(propose, day=19)), Code.BEFORE_ITS_REQUIREMENT, "propose")
    assert found(NOTICE, replace(propose, day=20)) == ()


def test_a_later_stage_that_begins_first_is_found() -> None:
    only(found(replace(CALL, day=1), FIRST), Code.STAGE_OUT_OF_ORDER, "call")
    assert found(replace(CALL, day=2), FIRST) == ()


SMALL, BIG = (
    Segment(n, Condition(amount_minor=r)) for n, r in (("small", Range(max=9)), ("big", Range(min=10)))
)


@pytest.mark.parametrize(
    "steps",
    [
        (replace(FIRST, only=("small",), unless=("small",)),),
        (replace(FIRST, only=("small",), gate=Condition(amount_minor=Range(min=10))),),
        (replace(FIRST, gate=Condition(amount_minor=Range(5, 9)), unless=("small",)),),
    ],
    ids=["in and not in", "gate against segment", "gate within what is left out"],
)
def test_a_step_for_no_case_is_found(steps: tuple[Step, ...]) -> None:
    only(found(*steps, segments=(SMALL, BIG)), Code.SEGMENTS_EXCLUDE, "first")


def test_steps_of_segments_that_exclude_each_other_cannot_need_or_replace_each_other() -> None:
    small, big = replace(FIRST, only=("small",)), replace(remind("second", 4), only=("big",))
    both = (SMALL, BIG)
    only(found(small, replace(big, requires=("first",)), segments=both), Code.SEGMENTS_EXCLUDE, "second")
    only(found(small, replace(big, fallback_for="first"), segments=both), Code.SEGMENTS_EXCLUDE, "second")
    assert found(small, big, segments=both) == ()
    assert found(small, replace(big, requires=("first",), only=("big", "small")), segments=both) == ()


def test_a_fallback_of_what_cannot_fail_is_found() -> None:
    sure = Step("review", StepKind.TASK, Stage.REMINDER, 3, task="review_case", team="lead")
    instead = replace(remind("instead", 3), fallback_for="review")
    only(found(sure, instead), Code.CANNOT_FAIL, "instead")
    assert found(replace(sure, expires_days=5), instead) == ()
    assert (
        found(replace(CALL, expires_days=None), replace(instead, stage=Stage.AGENT, fallback_for="call"))
        == ()
    )


def test_a_handover_is_not_tried_before_its_approval() -> None:
    only(found(*changed("handover", requires=("propose",))), Code.APPROVAL_NOT_REQUIRED, "handover")
    only(
        found(*changed("approve", requires=("notice",), wait_days=21)), Code.APPROVAL_NOT_REQUIRED, "approve"
    )


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"team": "bailiffs"}, Code.UNKNOWN_TEAM),
        ({"task": "social_search"}, Code.UNKNOWN_TASK),
        ({"task": "visit"}, Code.WRONG_CHANNEL),
        ({"channel": None}, Code.WRONG_CHANNEL),
        ({"positive": ("paid",)}, Code.UNKNOWN_OUTCOME),
    ],
)
def test_what_nobody_here_does_is_found(values: dict[str, Any], code: Code) -> None:
    only(found(replace(CALL, **values)), code, "call")


def test_a_message_that_no_gateway_sends_is_found() -> None:
    letter = replace(FIRST, channel=Channel.LETTER)
    assert Code.NOBODY_SENDS in {f.code for f in found(letter)}


def test_a_place_without_law_permits_nothing() -> None:
    finding = only(lint(ladder(FIRST), [("FR", ())], house()), Code.NO_LAW_PACK, "")
    assert "FR" in finding.what


def test_a_rule_that_holds_in_several_places_is_told_once() -> None:
    reference = replace(CALL, party=PartyRole.REFERENCE)
    strategy = replace(ladder(reference), region="US")
    book = PackBook(BOOK.laws, {})
    assert len(lint_at(strategy, book, regions_of(strategy, book), ON)) == 1


def test_every_code_is_found_by_a_test_of_this_file() -> None:
    told = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in Code if f"Code.{code.name}" not in told] == []
