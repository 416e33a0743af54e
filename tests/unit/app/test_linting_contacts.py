"""The linter on whom the law lets be contacted, when and how often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Channel, PartyRole
from recourse.domain.strategy.lint import Code, Level
from tests.unit.app.linted import BOOK, CALL, MA, found, only
from tests.unit.domain.builders import CN, US, remind


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
    """Where the law lets nobody ask for a call."""
    call = replace(CALL, tries=2, every_days=2)
    waits = replace(US, conversation_waits=tuple(replace(w, asked_days=None) for w in US.conversation_waits))
    finding = only(found(replace(call, until=11), law=(waits,)), Code.CONVERSATION_WAIT, "call")
    assert finding.rule == "us_wait_after_conversation"
    assert found(replace(call, until=12), law=(waits,)) == ()
    assert found(replace(call, until=11)) == ()
    assert found(replace(call, until=11), law=(CN,)) == ()
