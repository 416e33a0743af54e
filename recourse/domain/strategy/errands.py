"""Letters that the moves of a legal action ask for, as steps of the one case's ladder.

A planned sale wants its notice. As a step it takes the way of every other letter: decided, gated, claimed,
pressed, kept, sent once, and doubted where nobody knows; a ladder that cases were pinned to long ago needs no
new version for it. Pure: the same moves ask for the same steps, so a decision can be made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from recourse.domain.law.hours import local_date
from recourse.domain.law.notices import first_day
from recourse.domain.law.rules import LawPack, Move
from recourse.domain.legal.procedure import LegalMove, Procedure, SentLetter
from recourse.domain.pending import LegalStand
from recourse.domain.situation import Action, Channel, Party, PartyRole, Situation, Stage, StepOutcome
from recourse.domain.strategy.ladder import Errand, Step, StepKind, Strategy
from recourse.domain.strategy.progress import progress

GIVE_BY_HAND = "give_notice_by_hand"
"""The task where a letter cannot be sent: a lawyer gives the notice, and records the move with its papers."""
PLAN_ANEW = "plan_anew"
"""The task where the day that was planned leaves the law no time any more."""
OWING = (PartyRole.BORROWER, PartyRole.JOINT, PartyRole.GUARANTOR)
"""Who is told: the debtor and whoever answers for him (UCC 9-611(c))."""


@dataclass(frozen=True, slots=True)
class AskedLetter:
    """stand: the move that asks. move: what the letter becomes once everybody of `people` was sent it. live:
    whether nothing has come after the move that asks."""

    stand: LegalStand
    move: LegalMove
    letter: SentLetter
    live: bool
    people: tuple[Party, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """Ids of the steps that send it."""
        return tuple(f"{self.move.code}-{self.stand.number}{_mark(person)}" for person in self.people)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Ids of the steps in which people help, over with any later move of the track."""
        return (*(f"{step}-by_hand" for step in self.letters), f"{PLAN_ANEW}-{self.stand.number}")


def letters_asked(procedure: Procedure, s: Situation, today: date) -> Iterator[AskedLetter]:
    """Each letter that the legal action has asked for, in the order of its moves."""
    people = tuple(sorted((p for p in s.parties if p.role in OWING), key=_order))
    for stand in s.legal_moves:
        live = not any(m.number > stand.number and m.track == stand.track for m in s.legal_moves)
        for move in procedure.moves:
            letter = move.letter
            if letter is None or not move.in_force(today):
                continue
            if (letter.when, move.track) == (stand.state, stand.track):
                yield AskedLetter(stand, move, letter, live, people)


def with_errands(
    strategy: Strategy, procedure: Procedure, s: Situation, packs: tuple[LawPack, ...], now: datetime
) -> Strategy:
    """The ladder with what this case's legal action asks for before its own steps."""
    today = local_date(now, s.lender_zone)
    asked = list(letters_asked(procedure, s, today))
    if not asked:
        return strategy
    known = replace(strategy, steps=(*(step for one in asked for step in _steps(one, "")), *strategy.steps))
    done = progress(s, known)
    steps: list[Step] = []
    for one in asked:
        states = [done.state(step).outcome for step in one.letters]
        waiting = any(state not in {StepOutcome.DONE, StepOutcome.OPEN} for state in states)
        late = one.live and waiting and _too_late(one, s, packs, now)
        shut = "the legal action has gone on" if not one.live else "its day leaves no time" if late else ""
        steps += _steps(one, shut)
        steps += [_plan_anew(one)] if late else []
    return replace(strategy, steps=(*steps, *strategy.steps))


def _too_late(one: AskedLetter, s: Situation, packs: tuple[LawPack, ...], now: datetime) -> bool:
    """Whether the law's days after a letter that goes to the post now end only after the day it announces."""
    day = one.stand.planned_for
    if day is None or one.move.gives is None:
        return False
    first = first_day(Move.SALE, packs, s.lender_zone, now, by_post=True)
    return first is not None and first.day > day


def _steps(one: AskedLetter, shut: str) -> Iterator[Step]:
    for person, step in zip(one.people, one.letters, strict=True):
        errand = Errand(one.stand.number, one.stand.code, person.person_id, Action.RECOVERY, shut)
        yield Step(
            step,
            StepKind.REMIND,
            Stage.LEGAL,
            0,
            channel=Channel.LETTER,
            template=one.letter.template,
            party=person.role,
            errand=errand,
        )
        yield Step(
            f"{step}-by_hand",
            StepKind.TASK,
            Stage.LEGAL,
            0,
            task=GIVE_BY_HAND,
            team="legal",
            fallback_for=step,
            errand=errand,
        )


def _plan_anew(one: AskedLetter) -> Step:
    errand = Errand(one.stand.number, one.stand.code)
    step_id = one.tasks[-1]
    return Step(step_id, StepKind.TASK, Stage.LEGAL, 0, task=PLAN_ANEW, team="legal", errand=errand)


def _order(person: Party) -> tuple[int, str]:
    return OWING.index(person.role), person.person_id


def _mark(person: Party) -> str:
    """Nothing for the borrower; else of the person, so that nobody takes another's place."""
    if person.role is PartyRole.BORROWER:
        return ""
    return f"-{hashlib.sha256(person.person_id.encode()).hexdigest()[:8]}"
