"""Moving running cases to another strategy: shown first, confirmed by a digest, then one transaction a case.

What if we die in between? A case is moved with its diary row, its fact and its new plan, or not at all. The
same confirmation again finds what it moved, delivers what was not delivered, and goes on with the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from recourse.contracts.messages import Nudge
from recourse.domain.decision import Close, DoStep, Plan, Wait
from recourse.domain.ids import CaseId
from recourse.domain.law.verdict import Refused, Verdict
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.ladder import StepKind
from recourse.domain.strategy.migration import Change, Move, Obstacle, foresee, obstacle
from recourse.packs.loader import PackBook
from recourse.packs.record import digest_of, plain
from recourse.service.context import Lender, Services, Unit
from recourse.service.deciding import Deliberation, decide_all, deliberate, locked, place_of, rules_for
from recourse.service.noting import own_id
from recourse.storage import attempts, cases, facts, moves, permits, steps, tasks
from recourse.storage.facts import NewFact
from recourse.storage.moves import ShownMove
from recourse.storage.situation import Gathered, gather_all
from recourse.storage.steps import MOVED, Moves


class NotShown(LookupError):
    """What is to be confirmed was never shown, or is no longer what was shown; the text names the remedy."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a move would do to a case: `change`, or nothing because of `obstacle`. answer: its digest, the
    same as long as no fact comes in and no time of it passes."""

    case_id: CaseId
    change: Change | None
    obstacle: Obstacle | None
    answer: str


async def foresee_cases(services: Services, move: Move, keys: Sequence[CaseId]) -> list[Foreseen]:
    """For some hundreds of cases at once, from a read-only snapshot. Raises LookupError."""
    async with services.database.reading() as tx:
        known = await cases.by_ids(tx, keys)
        for key in keys:
            if key not in known:
                raise LookupError(f"case {key}: there is none; list them with `recourse cases list`")
        now = await services.database.now(tx)
        gathered, diaries = await gather_all(tx, keys, now), await steps.moves(tx, keys)
    told = partial(_foreseen, services.book, services.lenders, move, now=now)
    return [told(gathered[key], diaries.get(key, Moves())) for key in keys]


async def show(services: Services, move: Move, foreseen: Sequence[Foreseen]) -> ShownMove:
    """Keep what was shown, so that it can be confirmed. No case is touched."""
    answers = {one.case_id: one.answer for one in foreseen}

    async def work(unit: Unit) -> ShownMove:
        digest, renamed = _digest(move, answers), dict(move.renamed)
        shown = ShownMove(digest, move.source.name, move.target.name, renamed, answers, unit.now)
        await moves.keep(unit.tx, shown)
        return shown

    return await services.run(work)


def confirmed(shown: ShownMove | None, move: Move) -> ShownMove:
    """Raises NotShown where this is not the move that was shown."""
    if shown is None:
        raise NotShown("--confirm: no preview printed this digest; run it with --preview first")
    if _digest(move, shown.answers) != shown.digest:
        raise NotShown(
            "--confirm: it stands for another move, or the strategies were edited since; preview it again"
        )
    return shown


@dataclass(frozen=True, slots=True)
class Moved:
    """already: by the same confirmation, earlier. obstacle: why a case that is refused stays where it is."""

    case_id: CaseId
    state: Literal["moved", "already", "refused"]
    obstacle: Obstacle | None = None


async def migrate_case(
    unit: Unit, case_id: CaseId, shown: ShownMove, move: Move, actor: str
) -> tuple[Moved, tuple[Nudge, ...]]:
    """Move one case, if the answer is still the one that was shown. Safe to repeat."""
    gathered = await locked(unit, case_id)
    diary = (await steps.moves(unit.tx, [case_id])).get(case_id, Moves())
    loans = [gathered.case.loan_id]
    if shown.digest in diary.digests:
        return Moved(case_id, "already"), tuple(await cases.undelivered_of(unit.tx, loans))
    foreseen = _foreseen(unit.book, unit.lenders, move, gathered, diary, now=unit.now)
    if foreseen.obstacle in {Obstacle.NOT_THERE, Obstacle.UNDER_WAY}:
        return Moved(case_id, "refused", foreseen.obstacle), ()
    if shown.answers.get(case_id) != foreseen.answer:
        return Moved(case_id, "refused", Obstacle.CHANGED), ()
    if foreseen.change is None:
        return Moved(case_id, "refused", foreseen.obstacle), ()
    await _move(unit, deliberate(unit, gathered), move, foreseen.change, shown.digest, actor)
    return Moved(case_id, "moved"), tuple(await cases.undelivered_of(unit.tx, loans))


async def _move(unit: Unit, d: Deliberation, move: Move, change: Change, digest: str, actor: str) -> None:
    case, renamed = d.gathered.case, dict(move.renamed)
    ended = [task.id for task in change.ended]
    await attempts.leave_unknown(unit.tx, ended)
    await tasks.end(unit.tx, ended, "cancelled")
    await tasks.rename_steps(unit.tx, case.id, renamed)
    await permits.rename_steps(unit.tx, case.id, renamed)
    await cases.pin(unit.tx, case.id, move.target.name)
    moved = {"from": move.source.name, "to": move.target.name, "digest": digest, "renamed": renamed}
    reason = f"{move.source.name} → {move.target.name}"
    rows = [d.row(MOVED, unit.now, reason, actor=actor, inputs=d.inputs, moved=moved)]
    rows += [
        d.row(
            "outcome",
            unit.now,
            f"{move.target.name} has no such step",
            step_id=task.step_id,
            outcome=StepOutcome.UNABLE,
            code="step_gone",
            actor=actor,
        )
        for task in change.ended
    ]
    await steps.append(unit.tx, *rows)
    fact = NewFact(
        event_id=own_id(MOVED, digest, case.id),
        kind=MOVED,
        occurred_at=unit.now,
        payload=moved | {"by": actor},
        loan_id=case.loan_id,
        case_id=case.id,
    )
    [fact_id] = await facts.append(unit.tx, [fact])
    await cases.raise_facts_due(unit.tx, {case.id: fact_id})
    await decide_all(unit, [case.id])


def _foreseen(
    book: PackBook, lenders: Mapping[str, Lender], move: Move, gathered: Gathered, diary: Moves, now: datetime
) -> Foreseen:
    why_not, change = _obstacle(book, lenders, move, gathered, diary), None
    if why_not is None:
        packs = rules_for(book, lenders, gathered, now).packs
        change = foresee(gathered.situation, move, packs, now)
    case = gathered.case
    said = {"case": case.id, "facts": case.facts_due, "stays": why_not.value if why_not else None}
    if change is not None:
        said |= _said(change, now)
    return Foreseen(case.id, change, why_not, digest_of(said))


def _obstacle(
    book: PackBook, lenders: Mapping[str, Lender], move: Move, gathered: Gathered, diary: Moves
) -> Obstacle | None:
    case = gathered.case
    if case.closed_at is not None or case.strategy != move.source.name:
        return Obstacle.NOT_THERE
    if any(recent or _is_handover(move, step_id) for step_id, recent in diary.claimed.items()):
        return Obstacle.UNDER_WAY
    made_for, collector = book.made_for(gathered.loan.region), place_of(lenders, gathered).collector
    return obstacle(gathered.situation, move, made_for, diary.retired, collector)


def _is_handover(move: Move, step_id: str) -> bool:
    """A file that perhaps went to the legal desk is asked after until there is an answer, however late."""
    return any(s.id == step_id and s.kind is StepKind.HANDOVER for s in move.source.steps)


def _said(change: Change, now: datetime) -> dict[str, Any]:
    decision = change.after.decision
    return {
        "before": _plan(change.before.plan, now),
        "after": _plan(decision.plan, now),
        "stages": [change.before.stage.value, decision.stage.value],
        "counted": plain(change.counted),
        "passed": list(change.passed),
        "ended": [task.id for task in change.ended],
        "gate": _verdict(change.after.verdict),
    }


def _plan(plan: Plan, now: datetime) -> list[str | None]:
    """What is late is due "now" whenever it is asked, and that is the same answer."""
    match plan:
        case DoStep(step_id=step_id, due_at=due_at):
            return [step_id, "now" if due_at <= now else due_at.isoformat()]
        case Wait(reason=reason, until=until):
            return [reason.value, until.isoformat() if until else None]
        case Close(reason=closing):
            return [closing.value, None]


def _verdict(verdict: Verdict | None) -> str | None:
    if isinstance(verdict, Refused):
        return verdict.code.value
    return None if verdict is None else "allowed"


def _digest(move: Move, answers: Mapping[CaseId, str]) -> str:
    """Over both ladders with all their values, not only their names."""
    return digest_of(
        {
            "source": plain(move.source),
            "target": plain(move.target),
            "renamed": dict(move.renamed),
            "answers": dict(answers),
        }
    )
