"""Whatever was done before, by whomever, whenever it is: what the gate allows breaks no number of the law."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import Allowed, ContactEffect, RefusalCode, Refused
from recourse.domain.restrictions import Whereabouts
from recourse.domain.situation import Attempt, AttemptOutcome, Channel, Situation
from recourse.packs.loader import Place, load_packs
from tests.examples import examples
from tests.law.naive import bad_times, breaches
from tests.law.table import LawCase, situation

ZONES = {
    "CN": ["Asia/Shanghai", "Asia/Urumqi"],
    "US": ["America/New_York", "America/Los_Angeles"],
    "US-MA": ["America/New_York"],
    "UK": ["Europe/London"],
    "IN": ["Asia/Kolkata"],
    "DE": ["Europe/Berlin"],
}
NUMBERS = {
    RefusalCode.OUTSIDE_HOURS,
    RefusalCode.REST_DAY,
    RefusalCode.CAP_REACHED,
    RefusalCode.CONVERSATION_WAIT,
}
NOW = datetime(2026, 11, 6, tzinfo=UTC)

moments = (st.integers(0, 10 * 288) | st.integers(0, 34 * 288)).map(lambda n: timedelta(minutes=5 * n))
attempts = st.builds(
    Attempt,
    at=moments.map(lambda ago: NOW - ago),
    channel=st.sampled_from([Channel.CALL, Channel.CALL, Channel.SMS, Channel.EMAIL, Channel.VISIT]),
    outcome=st.sampled_from(AttemptOutcome),
    loan_id=st.sampled_from([LoanId("L-1"), LoanId("L-1"), LoanId("L-2")]),
    person_id=st.sampled_from([PersonId("borrower"), PersonId("borrower"), PersonId("guarantor")]),
    contact_point_id=st.sampled_from([ContactPointId("borrower-1"), ContactPointId("borrower-2")]),
    inbound=st.booleans(),
    asked_back=st.booleans(),
)


HOMES = {place: ZONES[place] for place in ("CN", "DE", "IN", "UK", "US")}
TIMES = {RefusalCode.OUTSIDE_HOURS, RefusalCode.REST_DAY, RefusalCode.INCONVENIENT_TIME}
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
clocks = st.integers(0, 47).map(lambda n: f"{n // 2:02d}:{n % 2 * 30:02d}")
told = st.tuples(st.sampled_from(["Mon", "Wed", "Fri", "Sat", "Sun"]), clocks, clocks)


@pytest.mark.parametrize("place", sorted(HOMES))
@examples(160)
@given(data=st.data())
def test_no_contact_begins_when_its_place_rests_or_the_person_said_not_to(
    place: str, data: st.DataObject
) -> None:
    zones = data.draw(st.lists(st.sampled_from(HOMES[place]), min_size=1, max_size=2, unique=True))
    named = data.draw(st.lists(told, max_size=3))
    now = OCTOBER + data.draw(st.integers(0, 91 * 288).map(lambda n: timedelta(minutes=5 * n)))
    channel = data.draw(st.sampled_from([Channel.CALL, Channel.VISIT, Channel.SMS]))
    packs = load_packs().packs_for(Place(place, place), now.date())
    inconvenient = [f"{day.lower()} {begins}-{ends}" for day, begins, ends in named]
    line = LawCase(
        says="", at=f"{now:%Y-%m-%d %H:%M}", do=channel.value, zones=zones, inconvenient=inconvenient
    )
    effect = ContactEffect(channel, PersonId("borrower"), ContactPointId("borrower-1"))
    verdict = gate(effect, situation(line, zones[0]), packs, now)
    broken = bad_times(place, channel.value, zones, named, now)
    if not broken:
        assert isinstance(verdict, Allowed), verdict
        return
    assert isinstance(verdict, Refused), broken
    assert verdict.code in TIMES
    if verdict.opens_at is not None:
        assert bad_times(place, channel.value, zones, named, verdict.opens_at) == []


def _asked(
    channel: Channel, zones: list[str], history: list[Attempt], now: datetime, where: Whereabouts | None
) -> Situation:
    case = LawCase(says="", at=f"{now:%Y-%m-%d %H:%M}", do=channel.value, zones=zones, reached_at=where)
    return replace(situation(case, zones[0]), attempts=tuple(history))


@pytest.mark.parametrize("place", sorted(ZONES))
@examples(75)
@given(data=st.data())
def test_the_gate_allows_no_breach_and_refuses_for_none_that_is_not_there(
    place: str, data: st.DataObject
) -> None:
    zones = data.draw(st.lists(st.sampled_from(ZONES[place]), min_size=1, max_size=2, unique=True))
    history = data.draw(st.lists(attempts, max_size=14))
    now = NOW + data.draw(st.integers(0, 288).map(lambda n: timedelta(minutes=5 * n)))
    channel = data.draw(st.sampled_from([Channel.CALL, Channel.SMS, Channel.EMAIL, Channel.VISIT]))
    number = ContactPointId("borrower-1")
    packs = load_packs().packs_for(Place(place, place), now.date())
    effect = ContactEffect(channel, PersonId("borrower"), number)
    where = data.draw(st.sampled_from([None, Whereabouts.HOME, Whereabouts.WORK]))
    asked = _asked(channel, zones, history, now, where)
    verdict = gate(effect, asked, packs, now)
    away = frozenset({"borrower-1", "borrower-2"}) if where is Whereabouts.WORK else frozenset[str]()
    broken = breaches(place, channel.value, number, zones, history, now, away)
    broken += bad_times(place, channel.value, zones, (), now)
    if broken:
        assert isinstance(verdict, Refused), broken
        assert verdict.code in NUMBERS
    else:
        assert isinstance(verdict, Allowed), verdict
