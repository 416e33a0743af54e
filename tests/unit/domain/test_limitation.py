"""The limitation clock: where it begins, which proofs start it anew, and who is told before it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.decide import decide
from recourse.domain.decision import Wait, WaitReason
from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.fold import Account, Payment
from recourse.domain.law.limitation import Clock, clocks, years_after
from recourse.domain.law.rules import LawPack
from recourse.domain.proofs import Proof, ProofKind
from recourse.domain.situation import Hold, HoldReason, Situation, StepOutcome
from recourse.packs.loader import load_packs
from tests.examples import examples
from tests.unit.domain.builders import CN, US, ladder, record, remind, rules, shanghai, situation

LAWS = load_packs().laws
DUE = date(2026, 10, 5)
NOON = shanghai("2026-11-06T12:00")


def owed(*proofs: Proof, due: date = DUE, last: date | None = None) -> Situation:
    s = situation(NOON)
    account = Account(Arrears((Installment(7, due, 352017, 352017),)))
    return replace(s, account=account, proofs=proofs, last_due_on=last)


def proof(kind: ProofKind, at: datetime, ref: str = "att-1") -> Proof:
    return Proof(kind, at, ref)


def clock(s: Situation, law: LawPack = CN) -> Clock:
    [found] = clocks(s, (law,))
    return found


def test_in_china_an_instalment_debt_runs_out_three_years_after_its_last_installment() -> None:
    found = clock(owed(last=date(2029, 4, 5)))
    assert (found.began_on, found.ends_on, found.restarts) == (date(2029, 4, 5), date(2032, 4, 5), ())
    assert found.days_left(date(2032, 4, 5)) == 0
    assert found.days_left(date(2032, 4, 6)) == -1


def test_without_a_schedule_the_last_due_date_that_is_known_counts() -> None:
    assert clock(owed()).began_on == DUE


@pytest.mark.parametrize(
    ("pack", "ends"),
    [
        ("CN", date(2029, 10, 5)),
        ("IN", date(2029, 10, 5)),
        ("UK", date(2032, 10, 5)),
        ("DE", date(2029, 12, 31)),
    ],
)
def test_each_law_has_its_own_years_and_beginning(pack: str, ends: date) -> None:
    assert clock(owed(), LAWS[pack]).ends_on == ends


@pytest.mark.parametrize("pack", ["US", "US-MA", "US-CO", "US-WI"])
def test_where_no_rule_is_known_nothing_is_guessed(pack: str) -> None:
    assert clocks(owed(last=date(2029, 4, 5)), (LAWS[pack],)) == ()


def test_a_demand_that_arrived_starts_the_years_anew_on_its_day_at_the_lenders_place() -> None:
    late_evening = datetime(2027, 3, 1, 17, 0, tzinfo=UTC)
    found = clock(owed(proof(ProofKind.MESSAGE_DELIVERED, late_evening)))
    assert (found.runs_from, found.ends_on) == (date(2027, 3, 2), date(2030, 3, 2))
    assert found.restarts[-1].proof.ref == "att-1"


@pytest.mark.parametrize(
    ("kind", "restarts"),
    [
        (ProofKind.ACKNOWLEDGED, ("CN", "IN", "UK", "DE")),
        (ProofKind.SUIT, ("CN", "IN", "UK")),
        (ProofKind.MESSAGE_DELIVERED, ("CN",)),
    ],
)
def test_only_what_the_law_names_starts_the_years_anew(kind: ProofKind, restarts: tuple[str, ...]) -> None:
    """In the first days of 2027, after each of the clocks has begun."""
    s = owed(proof(kind, shanghai("2027-01-05T12:00")))
    found = {pack for pack in ("CN", "IN", "UK", "DE") if clock(s, LAWS[pack]).restarts}
    assert found == set(restarts)


def test_a_payment_restarts_until_it_is_reversed() -> None:
    day = shanghai("2027-05-05T12:00")
    payment = Payment("P-1", 100, day.date(), day)
    s = owed()
    paid = replace(s, account=replace(s.account, payments=(payment,)))
    assert clock(paid).restarts[-1].proof == Proof(ProofKind.PART_PAYMENT, day, "P-1")
    gone = replace(s, account=replace(s.account, payments=(replace(payment, reversed=True),)))
    assert clock(gone).restarts == ()


def test_a_proof_on_the_last_day_counts_and_one_a_day_later_revives_nothing() -> None:
    in_time = clock(owed(proof(ProofKind.ACKNOWLEDGED, shanghai("2029-10-05T23:59"))))
    late = clock(owed(proof(ProofKind.ACKNOWLEDGED, shanghai("2029-10-06T00:00"))))
    assert (in_time.ends_on, late.ends_on) == (date(2032, 10, 5), date(2029, 10, 5))


def test_a_proof_from_before_the_clock_began_changes_nothing() -> None:
    s = owed(proof(ProofKind.ACKNOWLEDGED, shanghai("2026-11-01T12:00")), last=date(2029, 4, 5))
    assert clock(s).ends_on == date(2032, 4, 5)


def test_of_several_laws_the_first_end_comes_first() -> None:
    assert [found.pack.partition("@")[0] for found in clocks(owed(), (LAWS["UK"], CN))] == ["CN", "UK"]


def test_a_leap_day_ends_on_the_last_of_february() -> None:
    assert years_after(date(2028, 2, 29), 3) == date(2031, 2, 28)
    assert years_after(date(2028, 2, 29), 4) == date(2032, 2, 29)


WARNED = shanghai("2029-04-08T00:00")
"""A hundred and eighty days before 5 October 2029."""


def held() -> Situation:
    """Nothing else would ever wake this case."""
    return replace(owed(), holds=(Hold("H-1", HoldReason.DISPUTE, NOON, None),))


def test_a_case_that_waits_for_ever_wakes_up_to_warn_the_legal_team_once() -> None:
    made = rules(ladder(remind("first", 1)))
    assert decide(held(), made, NOON).plan == Wait(WaitReason.HOLD, WARNED)
    assert decide(held(), made, WARNED - timedelta(seconds=1)).alarms == ()
    decision = decide(held(), made, WARNED)
    [alarm] = decision.alarms
    assert (alarm.task, alarm.team, alarm.step_id) == (
        "limitation_warning",
        "legal",
        "limitation_warning-cn_limitation-2029-10-05",
    )
    assert decision.plan == Wait(WaitReason.HOLD, None)
    told = replace(held(), steps=(record(alarm.step_id, StepOutcome.OPEN, WARNED),))
    assert decide(told, made, WARNED + timedelta(days=1)).alarms == ()


def test_after_a_restart_there_is_another_warning_before_the_new_end() -> None:
    made = rules(ladder(remind("first", 1)))
    warned = record("limitation_warning-cn_limitation-2029-10-05", StepOutcome.DONE, WARNED)
    proved = proof(ProofKind.MESSAGE_DELIVERED, shanghai("2029-05-01T12:00"))
    s = replace(held(), steps=(warned,), proofs=(proved,))
    later = shanghai("2029-05-02T12:00")
    assert decide(s, made, later).plan == Wait(WaitReason.HOLD, shanghai("2031-11-03T00:00"))
    [alarm] = decide(s, made, shanghai("2031-11-03T00:00")).alarms
    assert alarm.step_id == "limitation_warning-cn_limitation-2032-05-01"


def test_where_the_law_is_not_known_nobody_is_warned() -> None:
    made = rules(ladder(remind("first", 1)), US)
    assert decide(held(), made, NOON).plan == Wait(WaitReason.HOLD, None)


@examples(100)
@given(
    st.lists(
        st.tuples(st.sampled_from(ProofKind), st.integers(-400, 4000)).map(
            lambda one: Proof(one[0], NOON + timedelta(days=one[1]), f"r-{one[1]}")
        ),
        max_size=6,
    ),
)
def test_the_end_is_found_by_hand_and_whatever_the_order(proofs: list[Proof]) -> None:
    end = date(2029, 10, 5)
    for one in sorted(proofs, key=lambda p: p.at):
        day = (one.at + timedelta(hours=8)).date()
        # Chinese law names every kind but the letter that came back.
        if DUE <= day <= end and one.kind is not ProofKind.DEMAND_RETURNED:
            end = max(
                end,
                day.replace(year=day.year + 3)
                if (day.month, day.day) != (2, 29)
                else date(day.year + 3, 2, 28),
            )
    assert clock(owed(*proofs)).ends_on == end
    assert clock(owed(*reversed(proofs))).ends_on == end
