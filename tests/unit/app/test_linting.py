"""The linter: each thing it rejects, by a ladder with just this one fault; what is shipped has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recourse.app.linting import house, lint_at, regions_of
from recourse.domain.situation import Channel, PartyRole, Stage
from recourse.domain.strategy.condition import Condition, Range
from recourse.domain.strategy.ladder import Segment, Step, StepKind, Strategy
from recourse.domain.strategy.lint import Code, Level, lint
from recourse.packs.loader import PackBook
from recourse.packs.strategies import load_strategy_file
from tests.unit.app.linted import (
    BOOK,
    BY_SMS,
    CALL,
    FIRST,
    MA,
    NOTICE,
    ON,
    PROPOSE,
    SOUND,
    changed,
    found,
    only,
)
from tests.unit.domain.builders import US, ladder, remind


def test_a_sound_ladder_has_no_findings_and_each_test_below_changes_one_thing_of_it() -> None:
    assert found(*SOUND) == ()
    assert found(*SOUND, law=(US, MA)) == ()


WHERE = {
    "CN": ["CN"],
    "US": ["US", "US-CO", "US-MA", "US-WI"],
    "UK": ["UK"],
    "IN": ["IN"],
    "EU": ["DE"],
    "AU": ["AU"],
}


@pytest.mark.parametrize("strategy", BOOK.strategies_for_new_cases(), ids=lambda s: s.id)
def test_a_shipped_ladder_is_sound_wherever_it_is_used(strategy: Strategy) -> None:
    regions = regions_of(strategy, BOOK)
    assert regions == WHERE[strategy.region]
    assert lint_at(strategy, BOOK, regions, ON) == ()


def test_the_ladder_that_was_shipped_before_gave_a_day_too_few_in_massachusetts() -> None:
    before = BOOK.strategy("us_auto@2026-11-01")
    short = [f for f in lint_at(before, BOOK, ["US-MA"], ON) if f.code is Code.NOTICE_TOO_SHORT]
    assert [(f.step, f.rule) for f in short] == [("handover", "ma_right_to_cure")]


REJECTED: Mapping[str, set[tuple[Code, str]]] = {
    "first_letter": {(Code.UNKNOWN_TASK, "")},
    "second_letter": {(Code.UNKNOWN_TASK, ""), (Code.NEVER_REACHED, "")},
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
    visit = replace(FIRST, channel=Channel.VISIT)
    assert Code.NOBODY_SENDS in {f.code for f in found(visit)}


def test_a_place_without_law_permits_nothing() -> None:
    finding = only(lint(ladder(FIRST), [("FR", ())], house()), Code.NO_LAW_PACK, "")
    assert "FR" in finding.what


def test_a_rule_that_holds_in_several_places_is_told_once() -> None:
    reference = replace(CALL, party=PartyRole.REFERENCE)
    strategy = replace(ladder(reference), region="US")
    book = PackBook(BOOK.laws, {})
    assert len(lint_at(strategy, book, regions_of(strategy, book), ON)) == 1


def test_every_code_is_found_by_a_test_of_the_linter() -> None:
    told = "".join(
        file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_linting*.py")
    )
    assert [code for code in Code if f"Code.{code.name}" not in told] == []
