"""Consent by channel and contact point: what was listed, what is proved, and what was taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.consents import CEASE, NOT_STATED, Consent, Way, agreed, overtaken
from recourse.domain.law.gate import gate
from recourse.domain.law.verdict import ContactEffect, Refused
from recourse.domain.situation import Channel, ContactPoint
from recourse.domain.strategy.address import choose_point
from tests.unit.domain.builders import CN, borrower, situation
from tests.unit.domain.builders import shanghai as at

DAY = datetime(2026, 11, 6, tzinfo=UTC)
HOURS = st.integers(0, 48).map(lambda n: DAY + timedelta(hours=n))
CHANNELS = st.frozensets(st.sampled_from(Channel))
CONSENTS = st.builds(
    Consent,
    channel=st.sampled_from(Channel),
    given_at=st.one_of(st.none(), HOURS),
    withdrawn_at=st.one_of(st.none(), HOURS),
    withdrawn_way=st.sampled_from([*Way, CEASE, NOT_STATED]),
)
KNOWN = st.lists(CONSENTS, max_size=6)


@given(listed=CHANNELS, known=KNOWN, channel=st.sampled_from(Channel))
def test_a_channel_is_agreed_to_where_a_proof_stands_or_a_list_that_nobody_took_back(
    listed: frozenset[Channel], known: list[Consent], channel: Channel
) -> None:
    """Counted by hand, one channel at a time."""
    proof = taken = False
    for one in known:
        if one.channel == channel and one.given_at is not None and one.withdrawn_at is None:
            proof = True
        if one.channel == channel and one.withdrawn_at is not None and one.withdrawn_way != "not_stated":
            taken = True
    found = agreed(listed, known)
    assert (channel in found.proved) is proof
    assert (channel in found.channels) is (proof or (channel in listed and not taken))


@given(listed=CHANNELS, known=KNOWN, when=HOURS, channel=st.sampled_from(Channel))
def test_no_list_of_the_bank_brings_back_what_was_taken_back(
    listed: frozenset[Channel], known: list[Consent], when: datetime, channel: Channel
) -> None:
    open_ = [
        replace(one, withdrawn_at=when, withdrawn_way="letter") for one in known if one.channel == channel
    ]
    rest = [one for one in known if one.channel != channel]
    back = Consent(channel, None, when, "call")
    assert channel not in agreed(listed | {channel}, [*rest, *open_, back]).channels


@given(given_at=HOURS, stops=st.lists(HOURS, max_size=4))
def test_only_a_consent_after_the_last_stop_stands(given_at: datetime, stops: list[datetime]) -> None:
    found = overtaken(given_at, stops)
    assert (found is None) is all(stop < given_at for stop in stops)
    assert found is None or found == max(stops)


NOON = at("2026-11-06T12:00")
STOPPED = borrower(ceased=frozenset({Channel.SMS}))


def test_a_proof_frees_its_channel_on_its_point_and_nothing_else() -> None:
    mail, phone, home = (
        replace(point, proved=frozenset({Channel.SMS})) if point.kind == "mobile" else point
        for point in borrower().contact_points
    )
    stopped = replace(borrower(ceased=frozenset(Channel)), contact_points=(mail, phone, home))
    s = replace(situation(NOON, days=5), parties=(stopped,))

    def said(channel: Channel, point: ContactPoint) -> str:
        verdict = gate(ContactEffect(channel, stopped.person_id, point.id), s, (CN,), NOON)
        return verdict.code.value if isinstance(verdict, Refused) else "allowed"

    assert said(Channel.SMS, phone) == "allowed"
    assert said(Channel.SMS, mail) == said(Channel.CALL, phone) == said(Channel.EMAIL, mail) == "ceased"


def test_of_two_numbers_the_one_that_was_freed_is_chosen() -> None:
    mobile = next(p for p in STOPPED.contact_points if p.kind == "mobile")
    freed = replace(mobile, id="cp-zz", proved=frozenset({Channel.SMS}))  # type: ignore[arg-type]
    party = replace(STOPPED, contact_points=(mobile, freed))
    assert choose_point(party, Channel.SMS) == freed
    assert choose_point(replace(party, ceased=frozenset()), Channel.SMS) == mobile
