"""What a step stores: equal situations give equal bytes, in this process and in every other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.ids import FactId
from recourse.domain.situation import Channel, Situation
from recourse.packs.record import (
    plain,
    rules_digest,
    situation_digest,
    situation_from_json,
    situation_to_json,
)
from tests.examples import examples
from tests.unit.domain.builders import CN, CN_LADDER, US, rules, situation
from tests.unit.domain.generated import any_case


@examples(30)
@given(any_case(CN_LADDER))
def test_a_situation_comes_back_from_json_as_it_was(made: tuple[Situation, object]) -> None:
    stored = situation_to_json(made[0])
    assert situation_from_json(stored) == made[0]
    assert situation_digest(situation_from_json(stored)) == situation_digest(made[0])


@examples(25)
@given(any_case(CN_LADDER), any_case(CN_LADDER))
def test_two_situations_share_a_digest_only_when_they_are_equal(
    one: tuple[Situation, object], other: tuple[Situation, object]
) -> None:
    assert (situation_digest(one[0]) == situation_digest(other[0])) is (one[0] == other[0])


def test_every_number_of_the_rules_is_in_their_digest() -> None:
    original = rules_digest(rules(CN_LADDER, CN))
    stricter = replace(CN, caps=(replace(CN.caps[0], limit=2), *CN.caps[1:]))
    sooner = replace(CN_LADDER, steps=(replace(CN_LADDER.steps[0], day=2), *CN_LADDER.steps[1:]))
    others = [rules(CN_LADDER, stricter), rules(sooner, CN), rules(CN_LADDER, CN, US), rules(CN_LADDER, US)]
    assert len({original, *map(rules_digest, others)}) == 5


def test_the_facts_seen_are_part_of_the_situation() -> None:
    s = situation()
    assert situation_digest(s) != situation_digest(replace(s, facts_seen=FactId(2)))


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_a_value_that_is_no_domain_value_is_refused_and_not_stored_by_its_address(value: object) -> None:
    with pytest.raises(TypeError, match="not a value of the domain"):
        plain(value)


@given(st.frozensets(st.sampled_from(Channel)))
@examples(30)
def test_sets_are_stored_in_one_order(channels: frozenset[Channel]) -> None:
    assert plain(channels) == sorted(channel.value for channel in channels)
