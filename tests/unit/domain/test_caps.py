"""How often is too often: the exact edges of each count, and who and what is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.law.caps import Ledger
from recourse.domain.law.gate import Packs, gate
from recourse.domain.law.rules import LawPack
from recourse.domain.law.verdict import Allowed, ContactEffect, RefusalCode, Refused
from recourse.domain.situation import Attempt, AttemptOutcome, Channel
from tests.examples import examples
from tests.unit.domain.builders import (
    CN,
    CN_NOON,
    MAIL,
    NEW_YORK,
    PHONE,
    SHANGHAI,
    US,
    US_NOON,
    attempt,
    borrower,
    contact,
    pack,
    shanghai,
    situation,
    with_attempts,
)

TICK = timedelta(microseconds=1)
DIAL = AttemptOutcome.NOT_CONNECTED
MADE = [o for o in AttemptOutcome if o is not AttemptOutcome.NOT_SENT]


def ask(
    now: datetime,
    *attempts: Attempt,
    law: Packs = (CN,),
    zones: tuple[str, ...] = (SHANGHAI,),
    effect: ContactEffect | None = None,
) -> Refused | None:
    """The caps' answer alone: everything else about the contact is permitted."""
    s = replace(situation(now, zone=zones[0]), parties=(borrower(*zones),))
    verdict = gate(effect or contact(), with_attempts(s, *attempts), law, now)
    if isinstance(verdict, Allowed):
        return None
    assert verdict.code in {RefusalCode.CAP_REACHED, RefusalCode.CONVERSATION_WAIT}
    return verdict


def detail(refusal: Refused | None) -> str | None:
    return refusal.detail if refusal else None


@pytest.mark.parametrize(("made", "refused"), [(2, False), (3, True), (4, True)])
def test_china_permits_three_connected_calls_a_day(made: int, refused: bool) -> None:
    calls = [attempt(CN_NOON - timedelta(minutes=n), point=ContactPointId(f"P-{n}")) for n in range(made)]
    assert detail(ask(CN_NOON, *calls)) == ("cn_connected_calls_per_day" if refused else None)


@pytest.mark.parametrize(("made", "refused"), [(5, False), (6, True), (7, True)])
def test_china_permits_six_dials_a_day_on_one_contact_point(made: int, refused: bool) -> None:
    dials = [attempt(CN_NOON - timedelta(minutes=n), DIAL) for n in range(made)]
    assert detail(ask(CN_NOON, *dials)) == ("cn_dials_per_day" if refused else None)
    assert ask(CN_NOON, *(replace(a, contact_point_id=ContactPointId("P-other")) for a in dials)) is None


@pytest.mark.parametrize(
    ("outcome", "made"), [(AttemptOutcome.CONNECTED, 3), (DIAL, 6)], ids=["connected", "dials"]
)
def test_a_chinese_day_ends_at_local_midnight_exactly(outcome: AttemptOutcome, made: int) -> None:
    now = shanghai("2026-11-06T09:00")
    midnight = shanghai("2026-11-06T00:00")
    rest = [attempt(now - timedelta(minutes=n), outcome) for n in range(made - 1)]
    assert ask(now, *rest, attempt(midnight - TICK, outcome)) is None
    refusal = ask(now, *rest, attempt(midnight, outcome))
    assert refusal is not None
    assert refusal.opens_at == shanghai("2026-11-07T00:00")


@pytest.mark.parametrize(("made", "refused"), [(1, False), (2, True)])
def test_two_messages_a_day_are_the_most_whatever_their_channel(made: int, refused: bool) -> None:
    sent = [
        attempt(CN_NOON, AttemptOutcome.SENT, Channel.EMAIL, point=MAIL),
        attempt(CN_NOON, AttemptOutcome.SENT, Channel.SMS),
    ][:made]
    assert detail(ask(CN_NOON, *sent, effect=contact(Channel.SMS))) == (
        "house_messages_per_day" if refused else None
    )
    assert ask(CN_NOON, *sent) is None, "a call is not a message"


def week_of_dials(now: datetime, oldest: timedelta) -> list[Attempt]:
    return [attempt(now - timedelta(hours=n + 1), DIAL) for n in range(6)] + [attempt(now - oldest, DIAL)]


@pytest.mark.parametrize(
    ("oldest", "refused"),
    [
        (timedelta(days=7) - TICK, True),
        (timedelta(days=7), False),
        (timedelta(days=7) + TICK, False),
    ],
)
def test_the_us_permits_seven_calls_in_seven_days_and_the_far_edge_is_out(
    oldest: timedelta, refused: bool
) -> None:
    dials = week_of_dials(US_NOON, oldest)
    refusal = ask(US_NOON, *dials, law=(US,), zones=(NEW_YORK,))
    assert detail(refusal) == ("us_calls_7_in_7 (presumption)" if refused else None)
    if refusal is not None:
        assert refusal.opens_at == US_NOON - oldest + timedelta(days=7)
        assert ask(refusal.opens_at, *dials, law=(US,), zones=(NEW_YORK,)) is None


def test_the_us_counts_calls_a_person_and_debt() -> None:
    dials = week_of_dials(US_NOON, timedelta(days=6))
    for stranger in (
        [replace(a, loan_id=LoanId("L-2")) for a in dials],
        [replace(a, person_id=PersonId("C-2")) for a in dials],
    ):
        assert ask(US_NOON, *stranger, law=(US,), zones=(NEW_YORK,)) is None
    elsewhere = [replace(a, contact_point_id=ContactPointId("P-2")) for a in dials]
    assert ask(US_NOON, *elsewhere, law=(US,), zones=(NEW_YORK,)) is not None


@pytest.mark.parametrize(
    ("talked", "inbound"),
    [("2026-10-08T23:30", False), ("2026-10-08T00:00", False), ("2026-10-08T12:00", True)],
)
def test_after_a_conversation_the_us_waits_seven_days_of_which_the_conversations_is_the_first(
    talked: str, inbound: bool
) -> None:
    def new_york(text: str) -> datetime:
        return (datetime.fromisoformat(text) + timedelta(hours=4)).replace(tzinfo=UTC)

    talk = attempt(new_york(talked), inbound=inbound)
    last = ask(new_york("2026-10-14T20:57"), talk, law=(US,), zones=(NEW_YORK,))
    assert last is not None
    assert (last.code, last.opens_at) == (RefusalCode.CONVERSATION_WAIT, new_york("2026-10-15T00:00"))
    assert ask(new_york("2026-10-15T08:00"), talk, law=(US,), zones=(NEW_YORK,)) is None


@pytest.mark.parametrize("outcome", [AttemptOutcome.UNKNOWN, AttemptOutcome.CLAIMED])
def test_a_call_that_may_have_been_a_conversation_is_waited_for_like_one(outcome: AttemptOutcome) -> None:
    refusal = ask(US_NOON, attempt(US_NOON - timedelta(days=2), outcome), law=(US,), zones=(NEW_YORK,))
    assert refusal is not None
    assert refusal.code is RefusalCode.CONVERSATION_WAIT


def test_the_wait_after_a_conversation_is_for_calls_about_the_same_debt() -> None:
    talk = attempt(US_NOON - timedelta(hours=1))
    assert ask(US_NOON, talk, law=(US,), zones=(NEW_YORK,), effect=contact(Channel.SMS)) is None
    for other in (
        replace(talk, loan_id=LoanId("L-2")),
        replace(talk, person_id=PersonId("C-2")),
        replace(talk, outcome=DIAL),
        replace(talk, channel=Channel.VISIT),
    ):
        assert ask(US_NOON, other, law=(US,), zones=(NEW_YORK,)) is None


@pytest.mark.parametrize(("outcome", "counts"), [(o, o in MADE) for o in AttemptOutcome])
def test_an_attempt_counts_unless_it_certainly_never_left(outcome: AttemptOutcome, counts: bool) -> None:
    sent = [attempt(CN_NOON, outcome, Channel.SMS)] * 2
    assert (ask(CN_NOON, *sent, effect=contact(Channel.SMS)) is not None) is counts


@pytest.mark.parametrize("outcome", [AttemptOutcome.CLAIMED, AttemptOutcome.UNKNOWN])
def test_a_call_that_may_have_connected_counts_as_connected(outcome: AttemptOutcome) -> None:
    calls = [attempt(CN_NOON, outcome, point=ContactPointId(f"P-{n}")) for n in range(3)]
    assert detail(ask(CN_NOON, *calls)) == "cn_connected_calls_per_day"


def test_what_the_borrower_began_takes_no_slot() -> None:
    calls = [attempt(CN_NOON, DIAL, inbound=True)] * 20
    assert ask(CN_NOON, *calls, law=(CN,)) is None
    assert ask(US_NOON, *calls, law=(US,), zones=(NEW_YORK,)) is None


def test_a_slot_taken_by_a_clock_slightly_ahead_is_taken_all_the_same() -> None:
    ahead = timedelta(milliseconds=5)
    assert ask(CN_NOON, *[attempt(CN_NOON + ahead)] * 3) is not None
    dials = [attempt(US_NOON + ahead, DIAL)] * 7
    assert ask(US_NOON, *dials, law=(US,), zones=(NEW_YORK,)) is not None
    assert ask(US_NOON, attempt(US_NOON + ahead), law=(US,), zones=(NEW_YORK,)) is not None


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_laws_the_stricter_answer_stands(order: int) -> None:
    loose, strict = pack("loose", limit=5), pack("strict", limit=2)
    made = [attempt(CN_NOON, DIAL)] * 2
    assert ask(CN_NOON, *made, law=(loose,)) is None
    both = ask(CN_NOON, *made, law=(loose, strict)[::order])
    assert detail(both) == "strict_cap"


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_reached_caps_the_one_that_stays_shut_longest_is_the_answer(order: int) -> None:
    day, week = pack("day", limit=1), pack("week", limit=1, days=7)
    refusal = ask(CN_NOON, attempt(CN_NOON, DIAL), law=(day, week)[::order])
    assert refusal is not None
    assert (refusal.detail, refusal.opens_at) == ("week_cap", CN_NOON + timedelta(days=7))


def test_the_packs_of_both_places_bind_a_borrower_abroad() -> None:
    talk = attempt(shanghai("2026-11-05T12:00"))
    assert ask(CN_NOON, talk, law=(CN,)) is None
    refusal = ask(CN_NOON, talk, law=(CN, US))
    assert refusal is not None
    assert refusal.code is RefusalCode.CONVERSATION_WAIT


def test_a_day_is_over_only_when_it_is_over_in_every_place_the_person_may_be() -> None:
    places = (SHANGHAI, "Europe/Berlin")
    now = shanghai("2026-11-06T16:00")  # nine in the morning in Berlin
    calls = [attempt(now)] * 3
    refusal = ask(now, *calls, zones=places)
    assert refusal is not None
    assert refusal.opens_at == datetime(2026, 11, 6, 23, 0, tzinfo=UTC), "midnight in Berlin"


def test_a_call_is_made_only_when_it_is_day_in_both_places() -> None:
    s = replace(situation(), parties=(borrower(SHANGHAI, "Europe/Berlin"),))
    for hour in range(24):
        now = datetime(2026, 11, 6, hour, 30, tzinfo=UTC)
        in_both = all(8 <= (hour + offset) % 24 < 22 for offset in (8, 1))
        assert isinstance(gate(contact(), s, (CN,), now), Allowed) is in_both, hour


attempts_of_a_week = st.lists(
    st.builds(
        Attempt,
        at=st.integers(0, 9 * 24 * 4).map(lambda n: US_NOON - timedelta(minutes=15 * n)),
        channel=st.sampled_from([Channel.CALL, Channel.SMS]),
        outcome=st.sampled_from([DIAL, AttemptOutcome.UNKNOWN, AttemptOutcome.NOT_SENT]),
        loan_id=st.sampled_from([LoanId("L-1"), LoanId("L-2")]),
        person_id=st.just(PersonId("C-1")),
        contact_point_id=st.sampled_from([PHONE, ContactPointId("P-2")]),
        inbound=st.sampled_from([False, False, False, True]),
    ),
    max_size=30,
)


@examples(80)
@given(attempts_of_a_week)
def test_seven_in_seven_agrees_with_counting_by_hand(made: list[Attempt]) -> None:
    """Without calls that nobody knows the outcome of: those may have been conversations."""
    made = [replace(a, outcome=DIAL) if a.outcome is AttemptOutcome.UNKNOWN else a for a in made]
    counted = 0
    for a in made:
        outgoing = a.channel is Channel.CALL and not a.inbound and a.outcome is not AttemptOutcome.NOT_SENT
        if outgoing and a.loan_id == "L-1" and US_NOON - a.at < timedelta(days=7):
            counted += 1
    assert (ask(US_NOON, *made, law=(US,), zones=(NEW_YORK,)) is not None) is (counted >= 7)


@examples(80)
@given(attempts_of_a_week)
def test_a_chinese_day_agrees_with_counting_by_hand(made: list[Attempt]) -> None:
    now = shanghai("2026-11-06T20:00")
    dials = talks = 0
    moved = [replace(a, at=a.at - US_NOON + now) for a in made]
    for a in moved:
        outgoing = a.channel is Channel.CALL and not a.inbound and a.outcome is not AttemptOutcome.NOT_SENT
        if outgoing and a.at >= shanghai("2026-11-06T00:00"):
            dials += a.contact_point_id == PHONE
            talks += a.outcome is AttemptOutcome.UNKNOWN
    assert (ask(now, *moved) is not None) is (dials >= 6 or talks >= 3)


@examples(100)
@given(
    ago=st.lists(st.integers(0, 60 * 24 * 9), max_size=9),
    outcome=st.sampled_from(list(AttemptOutcome)),
    law=st.sampled_from([CN, US]),
)
def test_what_is_shown_as_used_shuts_a_cap_exactly_where_it_reaches_the_limit(
    ago: list[int], outcome: AttemptOutcome, law: LawPack
) -> None:
    made = tuple(attempt(CN_NOON - timedelta(minutes=n), outcome) for n in ago)
    ledger = Ledger(made, made[0].loan_id if made else LoanId("L-1"), (SHANGHAI, NEW_YORK), CN_NOON)
    for cap in law.caps:
        assert (ledger.used(cap, contact()) >= cap.limit) is (
            ledger.reopening(cap, contact()) is not None
        ) or Channel.CALL not in cap.channels


def test_two_calls_today_and_one_of_yesterday_are_two_of_three() -> None:
    made = tuple(attempt(CN_NOON - timedelta(hours=n)) for n in (1, 3, 24))
    ledger = Ledger(made, made[0].loan_id, (SHANGHAI,), CN_NOON)
    daily = next(cap for cap in CN.caps if cap.code == "cn_connected_calls_per_day")
    assert (ledger.used(daily, contact()), daily.limit) == (2, 3)
