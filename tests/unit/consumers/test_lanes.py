"""A case's nudges keep their order, one at a time; others go side by side up to the limit."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from consumers.lanes import Lanes, fold
from recourse.contracts.messages import Nudge, PlanData


class Recorder:
    def __init__(self) -> None:
        self.told: dict[str, list[int]] = defaultdict(list)
        self.now: set[str] = set()
        self.most = 0

    async def __call__(self, nudge: Nudge) -> None:
        assert nudge.case_id not in self.now, "two deliveries of one case at a time"
        self.now.add(nudge.case_id)
        self.most = max(self.most, len(self.now))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.told[nudge.case_id].append(nudge.highest_fact)
        self.now.discard(nudge.case_id)


def nudge(case: str, number: int, *kinds: str) -> Nudge:
    return Nudge(case, number, kinds, "CN")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=40))
def test_every_nudge_is_covered_in_order_and_called_done_exactly_once(moves: list[tuple[str, bool]]) -> None:
    async def scenario() -> None:
        recorder, done = Recorder(), []
        lanes = Lanes(recorder, side_by_side=2)
        for number, (case, breathe) in enumerate(moves, 1):
            lanes.put(nudge(case, number), lambda number=number: done.append(number))  # type: ignore[misc]
            if breathe:
                await asyncio.sleep(0)
        assert await lanes.drain(5)
        assert sorted(done) == list(range(1, len(moves) + 1))
        assert lanes.load == 0
        assert recorder.most <= 2
        for case, told in recorder.told.items():
            assert told == sorted(set(told))
            assert told[-1] == max(n for n, (c, _) in enumerate(moves, 1) if c == case)

    asyncio.run(scenario())


async def test_what_comes_while_a_case_is_told_is_folded_into_one_more() -> None:
    recorder = Recorder()
    lanes = Lanes(recorder)
    lanes.put(nudge("a", 1), lambda: None)
    await asyncio.sleep(0)
    for number in range(2, 50):
        lanes.put(nudge("a", number), lambda: None)
    assert await lanes.drain(5)
    assert recorder.told["a"] == [1, 49]


async def test_drain_gives_up_at_its_bound_and_cancels_nothing() -> None:
    release = asyncio.Event()

    async def slow(_: Nudge) -> None:
        await release.wait()

    done: list[int] = []
    lanes = Lanes(slow)
    lanes.put(nudge("a", 1), lambda: done.append(1))
    assert not await lanes.drain(0.05)
    release.set()
    assert await lanes.drain(5)
    assert done == [1]


async def test_an_abandoned_lane_never_says_done() -> None:
    async def never(_: Nudge) -> None:
        await asyncio.Event().wait()

    done: list[int] = []
    lanes = Lanes(never)
    lanes.put(nudge("a", 1), lambda: done.append(1))
    await asyncio.sleep(0)
    await lanes.abandon()
    assert (done, lanes.load) == ([], 0)


@given(st.tuples(*[st.tuples(st.integers(0, 9), st.sets(st.sampled_from(["x", "y", "z"])))] * 3))
def test_folding_is_associative_and_loses_no_kind(parts: tuple[tuple[int, set[str]], ...]) -> None:
    a, b, c = (nudge("a", number, *sorted(kinds)) for number, kinds in parts)
    assert fold(fold(a, b), c) == fold(a, fold(b, c))
    assert set(fold(fold(a, b), c).kinds) == set().union(*(kinds for _, kinds in parts))
    assert fold(fold(a, b), c).highest_fact == max(number for number, _ in parts)


def test_of_two_plans_the_one_decided_later_is_told() -> None:
    plans = [PlanData(number=n, kind="wait", facts_seen=seen) for n, seen in ((4, 7), (4, 9), (5, 8))]
    for order in permutations(plans):
        first, second, third = (Nudge("a", plan.facts_seen, plan=plan) for plan in order)
        assert fold(fold(first, second), third).plan == plans[2]
        assert fold(first, Nudge("a", 10)).plan == first.plan
