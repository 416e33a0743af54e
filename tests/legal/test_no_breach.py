"""Moves in any order, on any day, with any papers: what is allowed no lawyer would forbid, and the other
way."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.legal.action import Asked, LegalAction, NotMade, after, may
from recourse.packs.loader import load_packs
from tests.examples import FEW, examples
from tests.legal import naive
from tests.legal.table import sale

BEGINS = date(2026, 1, 5)
parts = st.sampled_from([None, Fraction(1, 4), Fraction(1, 3), Fraction(1, 2)])
gaps = st.sampled_from([-3, 0, 1, 1, 15, 15, 15, 16, 16, 31, 730, 731, 732, 2192, 2193])


@pytest.mark.parametrize("place", sorted(naive.AFTER))
def test_no_sequence_of_moves_skips_a_paper_a_day_or_a_step(place: str) -> None:
    procedure, allowed = load_packs().procedures[place], Counter[str]()

    @examples(150)
    @given(data=st.data())
    def tried(data: st.DataObject) -> None:
        action, past, on = LegalAction(), list[tuple[date, str]](), BEGINS
        planned: tuple[str, date] | None = None
        for _ in range(data.draw(st.integers(6, 14))):
            day = on + timedelta(days=data.draw(gaps))
            paid = data.draw(parts)
            if planned is not None and data.draw(st.booleans()):
                day = planned[1] + timedelta(days=data.draw(st.sampled_from([-1, 0, 0, 0, 1])))
            against = partial(_against, place, past, day, paid=paid, planned=planned)
            open_ = [m for m in naive.moves(place) if not against(m)]
            going_on = [m for m in open_ if m not in naive.ENDS]
            in_order = [m for m in naive.moves(place) if set(against(m)) <= naive.OF_TIME]
            # Mostly what goes on: a move at random is out of order nearly always, or the end.
            choices = data.draw(st.sampled_from([going_on, going_on, in_order, open_, naive.moves(place)]))
            move = data.draw(st.sampled_from(choices or naive.moves(place)))
            wanted = sorted(naive.papers(place, move))
            lost = data.draw(st.sampled_from([None] * 9 + wanted))
            has = frozenset(wanted) - {lost}
            plan = (data.draw(st.sampled_from(["public", "private"])), day + timedelta(days=20))
            terms = sale(*plan) if move == "sale_planned" else None
            found = may(procedure, action, Asked(move, day, day, has, paid, terms))
            reasons = naive.forbidden(place, past, day, move, has, paid, planned)
            assert isinstance(found, NotMade) == bool(reasons), (past, day, move, found, reasons)
            if not isinstance(found, NotMade):
                action = after(procedure, action, found, day, terms)
                planned = plan if terms is not None else planned
                past.append((day, move))
                allowed[move] += 1
                on = max(on, day)

    tried()
    assert FEW or len(allowed) > len(naive.moves(place)) // 2, allowed


def _against(
    place: str,
    past: list[tuple[date, str]],
    day: date,
    move: str,
    *,
    paid: Fraction | None,
    planned: tuple[str, date] | None,
) -> list[str]:
    return naive.forbidden(place, past, day, move, naive.papers(place, move), paid, planned)


@examples(100)
@given(data=st.data())
def test_a_deadline_is_met_by_the_first_move_that_ends_it_and_never_moves(data: st.DataObject) -> None:
    procedure, action, on = load_packs().procedures["CN"], LegalAction(), BEGINS
    for _ in range(data.draw(st.integers(1, 10))):
        on += timedelta(days=data.draw(st.sampled_from([1, 16, 20, 40])))
        asked = [Asked(m.code, on, on, m.documents) for m in procedure.moves]
        open_ = [m for one in asked if not isinstance(m := may(procedure, action, one), NotMade)]
        if not open_:
            return
        move = data.draw(st.sampled_from(open_))
        before, action = action, after(procedure, action, move, on)
        for was, now in zip(before.deadlines, action.deadlines, strict=False):
            assert (was.code, was.number, was.ends_on) == (now.code, now.number, now.ends_on)
            assert was.met_on in (None, now.met_on)
            assert now.met_on in (was.met_on, on)
        assert [one.on for one in action.moves] == sorted(one.on for one in action.moves)
