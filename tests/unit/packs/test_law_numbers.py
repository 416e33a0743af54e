"""The numbers of the law as they were read in its sources, so that no edit of a pack changes one unseen."""

from __future__ import annotations

from datetime import time

from recourse.domain.law.rules import Cap, Counts, Disclosure, LawPack, Move, Per
from recourse.domain.situation import Action, Channel, HoldReason, PartyRole
from recourse.packs.loader import load_packs

CN = load_packs().laws["CN"]
US = load_packs().laws["US"]
MA = load_packs().laws["US-MA"]
LAWS = load_packs().laws.values()
WHOLE = [law for law in LAWS if law.holds]
"""Packs that are no layers."""


def cap(law: LawPack, code: str) -> Cap:
    return next(c for c in law.caps if c.code == code)


def test_china_permits_contact_from_eight_to_ten_in_the_evening_on_every_channel() -> None:
    """GB/T 45251-2025: no collection from 22:00 to 08:00."""
    assert [(r.opens, r.closes, r.channels) for r in CN.hours] == [(time(8), time(22), frozenset(Channel))]


def test_the_us_permits_contact_from_eight_to_nine_in_the_evening_on_every_channel() -> None:
    """12 CFR 1006.6(b)(1)."""
    assert [(r.opens, r.closes, r.channels) for r in US.hours] == [(time(8), time(21), frozenset(Channel))]


def test_china_counts_three_connected_calls_a_person_and_six_dials_a_contact_point_a_day() -> None:
    connected, dials = cap(CN, "cn_connected_calls_per_day"), cap(CN, "cn_dials_per_day")
    assert (connected.limit, connected.counts, connected.per) == (3, Counts.CONNECTED, Per.PERSON)
    assert (dials.limit, dials.counts, dials.per) == (6, Counts.ATTEMPT, Per.CONTACT_POINT)
    assert connected.window_days is dials.window_days is None
    assert connected.channels == dials.channels == {Channel.CALL}


def test_the_us_counts_seven_calls_in_seven_days_a_person_and_debt_and_waits_seven_days_after_a_talk() -> (
    None
):
    """12 CFR 1006.14(b)(2)."""
    calls = cap(US, "us_calls_7_in_7")
    assert (calls.limit, calls.window_days, calls.counts) == (7, 7, Counts.ATTEMPT)
    assert (calls.per, calls.channels) == (Per.PERSON_AND_DEBT, frozenset({Channel.CALL}))
    assert [wait.days for wait in US.conversation_waits] == [7]
    assert CN.conversation_waits == ()


def test_massachusetts_counts_two_calls_or_texts_in_seven_days_and_one_visit_in_thirty() -> None:
    """940 CMR 7.04."""
    contacts, visits = cap(MA, "ma_contacts_2_in_7"), cap(MA, "ma_visits_1_in_30")
    assert (contacts.limit, contacts.window_days, contacts.per) == (2, 7, Per.PERSON_AND_DEBT)
    assert contacts.channels == {Channel.CALL, Channel.SMS}
    assert (visits.limit, visits.window_days, visits.channels) == (1, 30, frozenset({Channel.VISIT}))


def test_massachusetts_counts_two_calls_or_texts_in_thirty_days_elsewhere() -> None:
    """940 CMR 7.04(1)(f)."""
    elsewhere = cap(MA, "ma_contacts_elsewhere_2_in_30")
    assert (elsewhere.limit, elsewhere.window_days, elsewhere.elsewhere) == (2, 30, True)
    assert [rule.code for rule in MA.caps if rule.elsewhere] == [elsewhere.code]


def test_regulation_f_presumes_and_leaves_out_what_was_asked_for_within_seven_days() -> None:
    """12 CFR 1006.14(b)(2), (3)(i)."""
    caps = {rule.code: (rule.presumption, rule.asked_days) for law in LAWS for rule in law.caps}
    assert caps.pop("us_calls_7_in_7") == (True, 7)
    assert set(caps.values()) == {(False, None)}
    waits = [(law.id, wait.presumption, wait.asked_days) for law in LAWS for wait in law.conversation_waits]
    assert waits == [("US", True, 7)]


def test_a_fifth_of_the_price_of_an_instalment_sale_and_three_failed_contacts_in_china() -> None:
    """民法典 634; CBA guideline."""
    [fifth] = CN.least_unpaid
    assert fifth.percent == 20
    assert fifth.before == {Move.ACCELERATION}
    assert fifth.scope.products == {"instalment_sale"}
    [others] = [rule for rule in CN.parties if rule.only_if_unreachable]
    assert others.unreachable.failed_in_a_row == 3


def test_one_notice_in_twelve_months_is_enough_in_colorado_and_nowhere_by_a_states_own_rule() -> None:
    once = {(law.id, n.template): n.once_in_months for law in LAWS for n in law.notices if n.once_in_months}
    assert once == {("US-CO", "cure_notice"): 12, ("US", "cure_notice"): 12}


def test_india_ends_at_seven_in_the_evening() -> None:
    """RBI circular of 2022-08-12."""
    india = load_packs().laws["IN"]
    assert [(r.opens, r.closes, r.channels) for r in india.hours] == [(time(8), time(19), frozenset(Channel))]


def test_the_days_to_cure_are_those_of_each_state_and_of_the_uk() -> None:
    """Colorado 20, Massachusetts 21 after 10 late, Wisconsin 15; Consumer Credit Act 1974 s. 88: 14."""
    found = {
        (law.id, notice.template): (notice.wait_days, notice.earliest_dpd)
        for law in load_packs().laws.values()
        for notice in law.notices
        if Move.ACCELERATION in notice.before and law.id in {"US-CO", "US-MA", "US-WI", "UK"}
    }
    assert found == {
        ("US-CO", "cure_notice"): (20, 10),
        ("US-MA", "cure_notice"): (21, 10),
        ("US-WI", "cure_notice"): (15, 0),
        ("UK", "uk_default_notice"): (14, 0),
    }


def test_breathing_space_in_the_uk_lasts_sixty_days() -> None:
    holds = {rule.reason: rule.days for rule in load_packs().laws["UK"].holds}
    assert holds[HoldReason.BREATHING_SPACE] == 60


def test_only_those_who_owe_and_who_speak_for_them_may_be_told_of_the_debt() -> None:
    for law in WHOLE:
        told = {role for rule in law.parties if Disclosure.DEBT in rule.may_be_told for role in rule.roles}
        assert told == set(PartyRole) - {PartyRole.REFERENCE}


def test_each_pack_says_what_every_hold_stops_and_a_bankruptcy_stops_everything() -> None:
    for law in WHOLE:
        stops = {rule.reason: rule.stops for rule in law.holds}
        assert set(stops) == set(HoldReason)
        assert stops[HoldReason.BANKRUPTCY] == set(Action)
        assert {Action.LOCATE, Action.LEGAL} <= stops[HoldReason.MILITARY_SERVICE]


def test_electronic_messages_need_consent() -> None:
    for law in WHOLE:
        assert {channel for rule in law.consent for channel in rule.channels} >= {Channel.EMAIL, Channel.SMS}


def test_every_rule_names_its_source() -> None:
    for law in LAWS:
        assert all(rule.source.title and rule.code for rule in law.rules())


def test_no_ladder_goes_to_the_lawyers_before_its_notice_has_had_its_days() -> None:
    """Right to cure: 20 days (US default); formal demand: 15 days (China)."""
    for ladder, notice, days in (("us_auto", "cure_notice", 20), ("cn_auto", "formal_demand", 15)):
        strategy = next(s for s in load_packs().strategies.values() if s.id == ladder)
        proposal, handover = strategy.step("propose_legal"), strategy.step("handover")
        assert proposal.requires == (notice,)
        assert proposal.wait_days >= days
        assert set(handover.requires) == {notice, "approve_legal"}
        assert (handover.proposal, handover.approval) == ("propose_legal", "approve_legal")
