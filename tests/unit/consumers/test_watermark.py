"""What may be committed never passes what is unfinished, and reaches the end once all is finished."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.watermark import Watermark


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True).map(sorted),
    st.randoms(use_true_random=False),
)
def test_the_position_is_the_lowest_unfinished_offset_whatever_the_order(offsets, random) -> None:  # type: ignore[no-untyped-def]
    mark, open_ = Watermark(), set(offsets)
    for offset in offsets:
        mark.begin(offset)
    order = list(offsets)
    random.shuffle(order)
    for offset in order:
        assert mark.position() == min(open_)
        mark.finish(offset)
        open_.discard(offset)
    assert mark.position() == max(offsets) + 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=60))
def test_offsets_that_begin_while_others_finish_are_never_passed(moves: list[tuple[bool, int]]) -> None:
    mark, following = Watermark(), 0
    open_: list[int] = []
    for begin, pick in moves:
        if begin or not open_:
            following += 1 + pick  # gaps, as compaction leaves them
            mark.begin(following)
            open_.append(following)
        else:
            mark.finish(open_.pop(pick % len(open_)))
        assert mark.position() == (min(open_) if open_ else following + 1)


def test_a_position_is_told_until_it_was_committed() -> None:
    mark = Watermark()
    assert mark.advance() is None
    mark.begin(4)
    mark.finish(4)
    assert (mark.advance(), mark.advance()) == (5, 5)
    mark.committed(5)
    assert mark.advance() is None


def test_finishing_an_offset_twice_changes_nothing() -> None:
    mark = Watermark()
    mark.begin(1)
    mark.begin(2)
    mark.finish(2)
    mark.finish(2)
    assert mark.position() == 1
