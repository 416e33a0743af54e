"""Letters that a legal action asks for are steps of the case, and of nobody's ladder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import DoStep
from recourse.domain.ids import PersonId
from recourse.domain.law.hours import local_date
from recourse.domain.legal.procedure import Procedure
from recourse.domain.pending import LegalStand
from recourse.domain.situation import Action, Hold, HoldReason, PartyRole, Situation, Stage, StepOutcome
from recourse.domain.strategy.condition import Condition, Range
from recourse.domain.strategy.course import course_of
from recourse.domain.strategy.errands import with_errands
from recourse.domain.strategy.ladder import PullForward, Strategy, Triggers
from recourse.packs.loader import load_packs
from recourse.packs.record import rules_from_json, rules_to_json, situation_from_json, situation_to_json
from recourse.packs.strategies import load_strategy
from recourse.packs.strict import PackError
from tests.unit.domain.builders import (
    NEW_YORK,
    US,
    US_LADDER,
    US_NOON,
    borrower,
    record,
    situation,
    with_steps,
)

PROCEDURE: Procedure = load_packs().procedures["US"]
TODAY = date(2026, 11, 6)
FAR = TODAY + timedelta(days=60)
LETTER = "presale_notice_given-2"


def _brought(*stands: LegalStand, days: int = 60) -> Situation:
    s = situation(US_NOON, days=days, zone=NEW_YORK)
    first = LegalStand(1, "vehicle_surrendered", "vehicle", "recovered", TODAY)
    return replace(s, legal_moves=(first, *stands))


def _plan(number: int = 2, day: date = FAR) -> LegalStand:
    return LegalStand(number, "sale_planned", "vehicle", "sale_planned", TODAY, day)


def _ladder(s: Situation) -> Strategy:
    return with_errands(US_LADDER, PROCEDURE, s, (US,), US_NOON)


def _errands(s: Situation) -> dict[str, str]:
    return {step.id: step.errand.shut for step in _ladder(s).steps if step.errand is not None}


def test_a_plan_asks_for_a_letter_and_a_person_where_it_cannot_go() -> None:
    assert _errands(_brought()) == {}
    assert _errands(_brought(_plan())) == {LETTER: "", f"{LETTER}-by_hand": ""}
    decided = decide(_brought(_plan()), Rules(_ladder(_brought(_plan())), (US,)), US_NOON)
    assert dict(decided.skipped)[f"{LETTER}-by_hand"] == f"only if {LETTER} cannot be done"


def test_each_who_owes_is_told_and_nobody_else() -> None:
    roles = (PartyRole.GUARANTOR, PartyRole.REFERENCE, PartyRole.JOINT, PartyRole.ATTORNEY)
    others = [borrower(NEW_YORK, role=role, person_id=PersonId(f"C-{role}")) for role in roles]
    s = replace(_brought(_plan()), parties=(borrower(NEW_YORK), *others))
    told = [step for step in _ladder(s).steps if step.errand is not None and step.channel is not None]
    assert [step.party for step in told] == [PartyRole.BORROWER, PartyRole.JOINT, PartyRole.GUARANTOR]
    assert len({step.id for step in told}) == 3


def test_two_guarantors_have_a_letter_each_and_keep_it_when_a_third_comes() -> None:
    def of(*names: str) -> dict[str, str]:
        people = [borrower(NEW_YORK, role=PartyRole.GUARANTOR, person_id=PersonId(name)) for name in names]
        s = replace(_brought(_plan()), parties=(borrower(NEW_YORK), *people))
        steps = [step for step in _ladder(s).steps if step.errand is not None and step.channel is not None]
        return {str(step.errand.person): step.id for step in steps if step.errand is not None}

    two, three = of("G-2", "G-3"), of("G-1", "G-2", "G-3")
    assert len(set(three.values())) == 4
    assert {name: three[name] for name in two} == two


@pytest.mark.parametrize("end", ["presale_notice_given", "sale_called_off", "redeemed"])
def test_what_comes_after_the_plan_shuts_its_letter(end: str) -> None:
    state = {"presale_notice_given": "notice_given", "sale_called_off": "recovered", "redeemed": "returned"}
    s = _brought(_plan(), LegalStand(3, end, "vehicle", state[end], TODAY))
    assert _errands(s)[LETTER] == "the legal action has gone on"


def test_another_track_shuts_nothing_and_a_second_plan_has_a_letter_of_its_own() -> None:
    other = LegalStand(3, "suit_filed", "claim", "suit_filed", TODAY)
    assert _errands(_brought(_plan(), other))[LETTER] == ""
    both = _errands(_brought(_plan(), _plan(3, FAR + timedelta(days=1))))
    assert (both[LETTER] != "", both["presale_notice_given-3"]) == (True, "")


@pytest.mark.parametrize(("days", "shut"), [(15, True), (16, False)])
def test_a_letter_that_comes_too_late_for_its_day_is_shut_and_people_plan_anew(days: int, shut: bool) -> None:
    """Five days of the post and ten whole ones."""
    found = _errands(_brought(_plan(day=TODAY + timedelta(days=days))))
    assert (found[LETTER] != "", "plan_anew-2" in found) == (shut, shut)


def test_a_letter_that_has_left_is_not_too_late() -> None:
    s = with_steps(_brought(_plan(day=TODAY)), record(LETTER, StepOutcome.DONE, US_NOON))
    assert _errands(s) == {LETTER: "", f"{LETTER}-by_hand": ""}


@pytest.mark.parametrize("stops", [Action.RECOVERY, Action.MESSAGE])
def test_what_stops_the_message_or_the_recovery_stops_the_letter_until_it_ends(stops: Action) -> None:
    until = US_NOON + timedelta(days=3)
    hold = Hold("h-1", HoldReason.OPERATOR, US_NOON, until, frozenset({stops}))
    free = replace(US, holds=())
    quiet = replace(US_LADDER, steps=())
    s = replace(_brought(_plan()), holds=(hold,))
    rules = Rules(with_errands(quiet, PROCEDURE, s, (free,), US_NOON), (free,))
    plan = decide(s, rules, US_NOON).plan
    assert isinstance(plan, DoStep)
    assert plan.due_at >= until


def test_no_trigger_of_the_ladder_moves_because_of_a_letter() -> None:
    """Triggers name stages; a letter on day 0 of the legal stage would drag the others of it along."""
    sooner = PullForward("large", Condition(amount_minor=Range(min=1)), 30, stages=frozenset({Stage.LEGAL}))
    ladder = replace(US_LADDER, triggers=Triggers(forward=(sooner,)))
    s = _brought(_plan(), days=10)
    with_it = course_of(s, with_errands(ladder, PROCEDURE, s, (US,), US_NOON))
    assert with_it.days == course_of(s, ladder).days
    assert with_it.days["propose_legal"] == (30, "large")


@given(st.lists(st.sampled_from(["plan", "notice", "off"]), max_size=6))
def test_at_most_the_last_plan_has_an_open_letter_and_all_of_it_can_be_stored(said: list[str]) -> None:
    kinds = {"notice": ("presale_notice_given", "notice_given"), "off": ("sale_called_off", "recovered")}
    stands = [
        _plan(n) if one == "plan" else LegalStand(n, kinds[one][0], "vehicle", kinds[one][1], TODAY)
        for n, one in enumerate(said, 2)
    ]
    s = _brought(*stands)
    open_ = [key for key, shut in _errands(s).items() if not shut and not key.endswith("by_hand")]
    assert open_ == ([f"presale_notice_given-{len(said) + 1}"] if said and said[-1] == "plan" else [])
    rules = Rules(_ladder(s), (US,))
    assert rules_from_json(rules_to_json(rules)) == rules
    assert situation_from_json(situation_to_json(s)) == s
    assert local_date(US_NOON, NEW_YORK) == TODAY


def test_no_ladder_may_have_an_errand() -> None:
    text = """
id: own
version: "1"
region: US
buckets: [{name: current, from_dpd: 0}]
promise: {min_percent: 95, grace_days: 1, max_days_ahead: 30}
steps:
  - {id: a, kind: task, stage: agent, day: 1, task: review_case, team: lead, errand: {number: 1, asked_by: x}}
"""
    with pytest.raises(PackError, match="errand: only a legal action"):
        load_strategy("own.yaml", text)
