"""The linter on notices before what the law wants them for, and on what messages must say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recourse.domain.law.rule import Mark, Source
from recourse.domain.law.rules import ContentRule, Move, NoticeRule
from recourse.domain.situation import Channel, Stage
from recourse.domain.strategy.condition import Condition
from recourse.domain.strategy.ladder import ACCELERATION_REVIEW, PullForward, Step, StepKind, Triggers
from recourse.domain.strategy.lint import Code
from tests.unit.app.linted import MA, NOTICE, SOUND, changed, found, only
from tests.unit.domain.builders import US


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


def test_a_review_of_an_acceleration_begins_it_though_the_ladder_does_not_say_so() -> None:
    review = Step(
        "review", StepKind.TASK, Stage.AGENT, 45, task=ACCELERATION_REVIEW, team="legal", expires_days=10
    )
    finding = only(found(*SOUND, review), Code.NOTICE_NOT_ENSURED, "review")
    assert "acceleration" in finding.what
    assert found(*SOUND, replace(review, requires=("notice",), wait_days=20)) == ()


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
    review = Step("review", StepKind.TASK, Stage.AGENT, 45, task="review_case", team="legal", move=move)
    only(found(*SOUND, review), Code.NOTICE_NOT_ENSURED, "review")
    assert found(*SOUND, replace(review, requires=("notice",), wait_days=20)) == ()


def test_a_sale_needs_the_notice_of_it() -> None:
    sale = Step("sale", StepKind.TASK, Stage.AGENT, 45, task="review_case", team="legal", move=Move.SALE)
    assert only(found(*SOUND, sale), Code.NOTICE_MISSING, "sale").rule == "us_pre_sale_notice"


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
        f"reminder_friendly/{language}.email.txt lacks deadline" for language in ("de", "en", "zh")
    }


def test_a_notice_without_a_passage_that_its_rule_wants_is_found() -> None:
    rule = US.notices[0]
    wants: NoticeRule = replace(rule, contains=("sender", "due_date", "telephone"))
    findings = found(*SOUND, law=(replace(US, notices=(wants,)),))
    assert {f.code for f in findings} == {Code.PASSAGE_MISSING}
    assert {f.step for f in findings} == {"notice", "notice_sms"}
    assert all("telephone" in f.what for f in findings)


BY_POST = replace(NOTICE, id="notice_post", channel=Channel.LETTER, fallback_for="notice_sms")


def test_a_letter_that_stands_in_for_what_stands_in_ensures_the_notice() -> None:
    assert found(*SOUND, BY_POST) == ()
    other = replace(BY_POST, template="reminder_firm")
    finding = only(found(*SOUND, other), Code.NOTICE_NOT_ENSURED, "handover")
    assert "cure_notice" in finding.what


def test_a_letter_is_asked_for_what_the_law_wants_of_letters() -> None:
    rule = replace(US.contents[0], channels=frozenset({Channel.LETTER}), contains=("sender", "seal"))
    findings = found(*SOUND, BY_POST, law=(replace(US, contents=(rule,)),))
    finding = only(tuple(dict.fromkeys(findings))[:1], Code.PASSAGE_MISSING, "notice_post")
    assert "cure_notice/en.letter.txt lacks seal" in finding.what
