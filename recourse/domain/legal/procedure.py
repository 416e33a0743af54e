"""The shape of a procedure: the moves of a legal action in one country, and the deadlines that they start.

Values come from `recourse/packs/legal/*.yaml`; each move and each deadline is a rule with its source, its
mark and its period. A move stands on a track: the claim before a court and the vehicle go their ways side by
side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import Move
from recourse.domain.legal.terms import Terms

START = "start"
"""Where every track begins."""
ANY = "any"
"""In `after`: whatever the state of the track, except one that has ended."""
ENDED = "ended"
"""The state of a track on which nothing more can be done."""


class Meaning(StrEnum):
    """What a move is to the rest of the house."""

    SUIT = "suit"
    """A court was asked: the limitation period begins anew where a law pack says so."""
    CONCLUDED = "concluded"
    """Nothing is left to collect: the case closes."""
    CALLED_OFF = "called_off"
    """What was planned is planned no more. The system makes the move itself when the case closes."""


class Whose(StrEnum):
    """Who has to act before a deadline runs out."""

    OURS = "ours"
    COURT = "court"
    DEBTOR = "debtor"


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many whole days after the last move of a kind."""

    after: str
    days: int


@dataclass(frozen=True, slots=True)
class OncePaid:
    """From this part of the whole price paid on, one of these moves must have been made before. A price that
    nobody has told counts as paid so far: what is not known is never to the lender's good."""

    numerator: int
    denominator: int
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A letter that the system sends by itself while the track stands in the state `when`, to everybody who
    owes; once each of them was sent, it makes the move. document, proof: the kinds of papers that the letter
    and its contact are among those of the move."""

    template: str
    when: str
    document: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalMove(Rule):
    """code: names the move. title_en, title_zh: for people.

    after: states of its track in which it may be made. to: the state that follows. needs: moves that must
    have been made, on any track. documents: kinds of papers it takes, each with its id. waits: days that must
    be over. within: deadlines that must not have passed. begins: what the gate or an open permit must allow
    at that moment. gives: the kind of notice that it is, for the law packs. statuses: under which names the
    legal desk reports it, besides its code. terms: what has to be told with it. as_planned: the move whose
    terms say on which days this one may happen, and before which no notice counts. letter: by which the
    system makes it itself.
    """

    title_en: str
    title_zh: str
    after: frozenset[str]
    to: str
    track: str = "claim"
    needs: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    waits: tuple[Waiting, ...] = ()
    within: frozenset[str] = frozenset()
    once_paid: OncePaid | None = None
    begins: Move | None = None
    gives: str | None = None
    means: Meaning | None = None
    statuses: frozenset[str] = frozenset()
    terms: Terms | None = None
    as_planned: str | None = None
    letter: SentLetter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalDeadline(Rule):
    """Starts with the day of a move; its last day is so many days, months or years later. One of the moves of
    `ended_by` has to be made by then, by whose turn it is. warn_days: so many days before the end of one of
    ours the legal team is told; of others it is told when they are over."""

    title_en: str
    title_zh: str
    starts: frozenset[str]
    ended_by: frozenset[str]
    whose: Whose = Whose.OURS
    days: int = 0
    months: int = 0
    warn_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Of one country at one version. regions: as the bank names places; empty for where no other is. noted:
    statuses of the desk that move nothing."""

    id: str
    version: str
    title: str
    regions: tuple[str, ...] = ()
    noted: frozenset[str] = frozenset()
    moves: tuple[LegalMove, ...] = ()
    deadlines: tuple[LegalDeadline, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def move(self, code: str, on: date) -> LegalMove | None:
        """As it was in force on a day."""
        return next((move for move in self.moves if move.code == code and move.in_force(on)), None)

    def reported(self, status: str, on: date) -> LegalMove | None:
        """The move that the desk means by a status."""
        named = (move for move in self.moves if move.in_force(on))
        return next((move for move in named if status == move.code or status in move.statuses), None)

    def started_by(self, code: str, on: date) -> tuple[LegalDeadline, ...]:
        return tuple(d for d in self.deadlines if code in d.starts and d.in_force(on))
