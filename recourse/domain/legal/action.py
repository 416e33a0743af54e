"""A legal action as the moves that were made: where it stands, what may follow, and what runs out when.

Pure. Days are days at the lender's place. A day that a notice or a law gives is whole: a move that waits
fourteen days is open on the fifteenth, and the last day of a deadline is still in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from recourse.domain.calendar import months_before
from recourse.domain.legal.procedure import (
    ANY,
    ENDED,
    START,
    LegalDeadline,
    LegalMove,
    Meaning,
    Procedure,
    Whose,
)
from recourse.domain.legal.terms import SaleTerms


@dataclass(frozen=True, slots=True)
class Made:
    """A move as it was made. to: the state it led to, kept as it was then. gives: the kind of notice it
    was. terms: what was told with it."""

    code: str
    track: str
    to: str
    on: date
    gives: str | None = None
    terms: SaleTerms | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A deadline that a move started. number: of that move in the action, from 1. ends_on: the last day.
    met_on: the day of the move that ended it; None while none has."""

    code: str
    number: int
    whose: Whose
    ends_on: date
    warn_on: date
    ended_by: frozenset[str]
    met_on: date | None = None

    @property
    def kept(self) -> bool:
        return self.met_on is not None and self.met_on <= self.ends_on


@dataclass(frozen=True, slots=True)
class LegalAction:
    """Of one case, in the order the moves were made."""

    moves: tuple[Made, ...] = ()
    deadlines: tuple[Running, ...] = ()

    def state(self, track: str) -> str:
        return next((made.to for made in reversed(self.moves) if made.track == track), START)

    def states(self) -> dict[str, str]:
        """Of each track on which something was done."""
        return {made.track: made.to for made in self.moves}

    def last(self, code: str) -> Made | None:
        return next((made for made in reversed(self.moves) if made.code == code), None)

    def last_on(self, track: str) -> date | None:
        return next((made.on for made in reversed(self.moves) if made.track == track), None)


class MoveRefusal(StrEnum):
    """Why a move cannot be made. What the gate says is told in its own codes."""

    UNKNOWN_MOVE = "unknown_move"
    LIES_AHEAD = "lies_ahead"
    BEFORE_THE_LAST = "before_the_last"
    OUT_OF_ORDER = "out_of_order"
    MOVE_MISSING = "move_missing"
    DOCUMENTS_MISSING = "documents_missing"
    TERMS_MISSING = "terms_missing"
    TERMS_UNWANTED = "terms_unwanted"
    NOT_AS_PLANNED = "not_as_planned"
    TOO_SOON = "too_soon"
    WAITING = "waiting"
    DEADLINE_PASSED = "deadline_passed"
    COURT_ORDER_NEEDED = "court_order_needed"
    PERMIT_MISSING = "permit_missing"


@dataclass(frozen=True, slots=True)
class NotMade:
    """rule, source: what says so; empty for what needs no law. missing: papers, moves or states. opens_on:
    the first day on which time alone lets it happen. passed_on: the last day that there was."""

    code: str
    rule: str = ""
    source: str = ""
    missing: tuple[str, ...] = ()
    opens_on: date | None = None
    passed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A move that somebody wants to record. on: the day it happened. documents: the kinds of papers that he
    names. paid: the part of the whole price that was paid; None where nobody has told it. terms: what he
    tells with it."""

    code: str
    on: date
    today: date
    documents: frozenset[str] = frozenset()
    paid: Fraction | None = None
    terms: SaleTerms | None = None


def may(procedure: Procedure, action: LegalAction, asked: Asked) -> LegalMove | NotMade:
    """The move, or the first thing that is against it. The gate and the permits are asked elsewhere."""
    move = procedure.move(asked.code, asked.on)
    if move is None:
        known = sorted({one.code for one in procedure.moves if one.in_force(asked.on)})
        return NotMade(MoveRefusal.UNKNOWN_MOVE, missing=tuple(known))
    return next(_against(move, action, asked), move)


def _against(move: LegalMove, action: LegalAction, asked: Asked) -> Iterator[NotMade]:
    def no(code: MoveRefusal, missing: Iterable[str] = (), **days: date) -> NotMade:
        return NotMade(code, move.code, move.source.title, tuple(sorted(missing)), **days)

    last = action.last_on(move.track)
    if asked.on > asked.today:
        yield no(MoveRefusal.LIES_AHEAD)
    if last is not None and asked.on < last:
        yield no(MoveRefusal.BEFORE_THE_LAST, opens_on=last)
    if not follows(move, action):
        yield no(MoveRefusal.OUT_OF_ORDER, move.after)
    made = {one.code for one in action.moves}
    if lacking := move.needs - made:
        yield no(MoveRefusal.MOVE_MISSING, lacking)
    if lacking := move.documents - asked.documents:
        yield no(MoveRefusal.DOCUMENTS_MISSING, lacking)
    if move.terms is not None and asked.terms is None:
        yield no(MoveRefusal.TERMS_MISSING, [move.terms])
    if move.terms is None and asked.terms is not None:
        yield no(MoveRefusal.TERMS_UNWANTED)
    yield from _not_as_planned(move, action, asked)
    for waiting in move.waits:
        since = action.last(waiting.after)
        if since is None:
            yield no(MoveRefusal.MOVE_MISSING, [waiting.after])
        elif asked.on <= since.on + timedelta(days=waiting.days):
            yield no(MoveRefusal.WAITING, [waiting.after], opens_on=_opens(since.on, waiting.days))
    yield from _passed(move, action, asked)
    if move.once_paid is not None and not move.once_paid.needs & made:
        part = Fraction(move.once_paid.numerator, move.once_paid.denominator)
        if asked.paid is None or asked.paid >= part:
            yield no(MoveRefusal.COURT_ORDER_NEEDED, move.once_paid.needs)


def follows(move: LegalMove, action: LegalAction) -> bool:
    """Whether the state of its track lets it be the next."""
    state = action.state(move.track)
    return state in move.after or (ANY in move.after and state != ENDED)


def _not_as_planned(move: LegalMove, action: LegalAction, asked: Asked) -> Iterator[NotMade]:
    """What was announced binds: on another day it would be another sale, of which nobody was told."""
    if move.as_planned is None:
        return
    plan = action.last(move.as_planned)
    if plan is None or plan.terms is None:
        refusal = MoveRefusal.MOVE_MISSING
        yield NotMade(refusal, move.code, move.source.title, (move.as_planned,))
        return
    opens, ends = plan.terms.opens_on, plan.terms.ends_on
    if asked.on < opens or (ends is not None and asked.on > ends):
        refusal, early = MoveRefusal.NOT_AS_PLANNED, opens if asked.on < opens else None
        passed = None if asked.on < opens else ends
        yield NotMade(refusal, move.code, move.source.title, (move.as_planned,), early, passed)


def _opens(since: date, days: int) -> date:
    return since + timedelta(days=days + 1)


def _passed(move: LegalMove, action: LegalAction, asked: Asked) -> Iterator[NotMade]:
    for code in sorted(move.within):
        running = next((d for d in reversed(action.deadlines) if d.code == code), None)
        if running is not None and running.met_on is None and running.ends_on < asked.on:
            refusal = MoveRefusal.DEADLINE_PASSED
            yield NotMade(refusal, code, move.source.title, (move.code,), passed_on=running.ends_on)


def after(
    procedure: Procedure, action: LegalAction, move: LegalMove, on: date, terms: SaleTerms | None = None
) -> LegalAction:
    """The action once the move is made: deadlines that it ends, and those that it starts. What concludes the
    whole ends each of them."""
    over = move.means is Meaning.CONCLUDED
    deadlines = [
        replace(d, met_on=on) if d.met_on is None and (over or move.code in d.ended_by) else d
        for d in action.deadlines
    ]
    number = len(action.moves) + 1
    if not over:
        deadlines += [_started(rule, number, on) for rule in procedure.started_by(move.code, on)]
    made = Made(move.code, move.track, move.to, on, move.gives, terms)
    return LegalAction((*action.moves, made), tuple(deadlines))


def _started(rule: LegalDeadline, number: int, on: date) -> Running:
    ends_on = last_day(rule, on)
    warn_on = max(on, ends_on - timedelta(days=rule.warn_days))
    return Running(rule.code, number, rule.whose, ends_on, warn_on, rule.ended_by)


def last_day(rule: LegalDeadline, on: date) -> date:
    """The day of the same number where the law counts in months or years, the last one of a shorter month."""
    return months_before(on, -rule.months) + timedelta(days=rule.days)
