"""What holds stop at the gate, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from recourse.domain.law.gate import gate
from recourse.domain.law.rules import LawPack
from recourse.domain.law.verdict import (
    Allowed,
    Effect,
    RefusalCode,
    Refused,
    action_of,
)
from recourse.domain.situation import (
    Action,
    Channel,
    Hold,
    HoldReason,
)
from tests.unit.domain.builders import (
    CN,
    CN_NOON,
    NEW_YORK,
    US,
    US_NOON,
    borrower,
    contact,
    situation,
)
from tests.unit.domain.test_gate import HANDOVER, LOCATE, YESTERDAY, approved, hold


@pytest.mark.parametrize("law", [CN, US], ids=["CN", "US"])
@pytest.mark.parametrize("reason", list(HoldReason))
def test_a_hold_stops_exactly_what_its_law_names(law: LawPack, reason: HoldReason) -> None:
    touching = {Action.MESSAGE, Action.CALL, Action.VISIT}
    named = {
        HoldReason.MILITARY_SERVICE: {Action.VISIT, Action.LOCATE, Action.LEGAL},
        HoldReason.COMPLAINT: touching,
    }.get(reason, set(Action))
    s = replace(approved(situation(US_NOON, zone=NEW_YORK)), holds=(hold(reason),))
    s = replace(s, parties=(borrower("Asia/Shanghai" if law is CN else NEW_YORK),))
    effects: list[Effect] = [contact(channel) for channel in Channel]
    for effect in [*effects, LOCATE, HANDOVER]:
        verdict = gate(effect, s, (law,), CN_NOON if law is CN else US_NOON)
        stopped = isinstance(verdict, Refused) and verdict.code is RefusalCode.HOLD
        assert stopped is (action_of(effect) in named), effect


def test_a_hold_may_stop_more_than_the_law_asks_but_never_less() -> None:
    s = replace(situation(), holds=(hold(HoldReason.MILITARY_SERVICE, Action.MESSAGE),))
    for channel in (Channel.SMS, Channel.VISIT):
        verdict = gate(contact(channel), s, (CN,), CN_NOON)
        assert isinstance(verdict, Refused)
        assert verdict.code is RefusalCode.HOLD
    assert isinstance(gate(contact(Channel.CALL), s, (CN,), CN_NOON), Allowed)


def test_a_hold_counts_until_just_before_its_end_also_for_a_clock_that_was_read_before_it() -> None:
    start, end, tick = CN_NOON, CN_NOON + timedelta(hours=2), timedelta(microseconds=1)
    s = replace(situation(), holds=(Hold("H-1", HoldReason.DISPUTE, start, end),))
    allowed = [
        isinstance(gate(contact(), s, (CN,), at), Allowed) for at in (start - tick, start, end - tick, end)
    ]
    assert allowed == [False, False, False, True]


def test_of_two_holds_the_one_that_binds_longest_names_the_opening() -> None:
    short = Hold("H-1", HoldReason.HARDSHIP, YESTERDAY, CN_NOON + timedelta(days=1))
    long = Hold("H-2", HoldReason.DISPUTE, YESTERDAY, CN_NOON + timedelta(days=9))
    timed = gate(contact(), replace(situation(), holds=(short, long)), (CN,), CN_NOON)
    assert isinstance(timed, Refused)
    assert (timed.opens_at, timed.detail) == (CN_NOON + timedelta(days=9), "dispute")
    endless = gate(contact(), replace(situation(), holds=(short, long, hold())), (CN,), CN_NOON)
    assert isinstance(endless, Refused)
    assert endless.opens_at is None
