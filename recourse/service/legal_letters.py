"""What the letters of a legal action come to: the move that each becomes once it was sent, and what is
planned when the case says no.

Every way in which a letter is known to be sent ends in a decision, as does every fact that stops a sale; so
this stands beside the decision and needs to know neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recourse.domain.alarms import CALL_OFF_SALE
from recourse.domain.decision import Close
from recourse.domain.ids import TaskId
from recourse.domain.law.gate import gate
from recourse.domain.law.hours import local_date
from recourse.domain.law.verdict import Refused, SaleEffect
from recourse.domain.legal.action import Asked, NotMade, follows, may
from recourse.domain.legal.procedure import Meaning
from recourse.domain.situation import StepOutcome
from recourse.domain.strategy.errands import AskedLetter, letters_asked
from recourse.domain.strategy.progress import progress
from recourse.service.context import Unit
from recourse.service.legal_moves import (
    BY_POST,
    WANTS_NOTICE,
    Interlock,
    NewMove,
    Standing,
    standing_of,
    write,
)
from recourse.storage import documents, steps, tasks

if TYPE_CHECKING:
    from recourse.service.deciding import Deliberation

SYSTEM = "system"


async def follow(unit: Unit, deliberations: Sequence[Deliberation]) -> None:
    """What these decisions mean for the letters and plans of their legal actions. A case without one costs
    nothing."""
    for d in deliberations:
        if d.gathered.situation.legal_moves:
            await _make_what_was_sent(unit, d)
            await _call_off(unit, d)


async def _make_what_was_sent(unit: Unit, d: Deliberation) -> None:
    s = d.gathered.situation
    procedure = unit.book.procedure(d.gathered.borrower_region)
    done = progress(s, d.rules.strategy)
    for asked in letters_asked(procedure, s, local_date(unit.now, s.lender_zone)):
        states = [done.state(step) for step in asked.letters]
        sent = [state.at for state in states if state.outcome is StepOutcome.DONE and state.at is not None]
        if not asked.live or not states or len(sent) < len(states):
            continue
        papers = await _papers(unit, d, asked)
        key = f"{d.gathered.case.id}-{asked.move.code}-{asked.stand.number}"
        new = NewMove(
            d.gathered.case.id,
            asked.move.code,
            local_date(max(sent), s.lender_zone),
            papers,
            SYSTEM,
            known={BY_POST: True},
        )
        await _make(unit, await standing_of(unit, d.gathered), new, f"letter-{key}")


async def _papers(unit: Unit, d: Deliberation, asked: AskedLetter) -> dict[str, str]:
    """The letters by their numbers and the contacts that they went out with; a person's beyond the first
    under the kind with his place."""
    found = {}
    kept = {line.step_id: line for line in await documents.of_case(unit.tx, d.gathered.case.id)}
    for place, step in enumerate(asked.letters, 1):
        suffix = f"_{place}" if place > 1 else ""
        if step in kept:
            found[f"{asked.letter.document}{suffix}"] = kept[step].id
            found[f"{asked.letter.proof}{suffix}"] = kept[step].attempt_id
    return found


async def _call_off(unit: Unit, d: Deliberation) -> None:
    """A sale that stands while the case closes is called off, and people are told, for somebody outside may
    hold it all the same. While the gate only says no for now, people are told alone."""
    procedure = unit.book.procedure(d.gathered.borrower_region)
    today = local_date(unit.now, d.gathered.loan.zone)
    for move in procedure.moves:
        if move.means is not Meaning.CALLED_OFF or not move.in_force(today):
            continue
        now_known = await standing_of(unit, d.gathered)
        if not follows(move, now_known.action):
            continue
        number = max(row.number for row in now_known.moves if row.track == move.track)
        plan = d.decision.plan
        if isinstance(plan, Close):
            new = NewMove(d.gathered.case.id, move.code, today, {}, SYSTEM)
            await _make(unit, now_known, new, f"closed-{d.gathered.case.id}-{number}")
            await _tell_people(unit, d, number, plan.reason.value)
            continue
        verdict = gate(SaleEffect(), d.gathered.situation, d.rules.packs, unit.now)
        if isinstance(verdict, Refused) and verdict.code not in WANTS_NOTICE:
            await _tell_people(unit, d, number, verdict.code.value)


async def _make(unit: Unit, s: Standing, new: NewMove, request: str) -> None:
    """Nothing but the order of moves can be against what the system makes itself; then people have been
    quicker."""
    today = local_date(unit.now, s.gathered.loan.zone)
    asked = Asked(new.code, new.on, today, frozenset(new.documents))
    found = may(s.procedure, s.action, asked)
    if not isinstance(found, NotMade):
        await write(unit, s, new, found, asked, Interlock(), request)


async def _tell_people(unit: Unit, d: Deliberation, number: int, code: str) -> None:
    """Once for each reason, whatever becomes of the task."""
    case, about = d.gathered.case, f"{CALL_OFF_SALE}-{number}-{code}"
    s = d.gathered.situation
    if about in {task.step_id for task in s.tasks} | {record.step_id for record in s.steps}:
        return
    digest = hashlib.sha256(f"{case.id}/{about}".encode()).hexdigest()[:20]
    await tasks.open_task(
        unit.tx,
        TaskId(f"task-{digest}"),
        loan_id=case.loan_id,
        case_id=case.id,
        step_id=about,
        kind=CALL_OFF_SALE,
        team="legal",
        at=unit.now,
        expires_at=None,
    )
    reason = f"{CALL_OFF_SALE} for legal: {code}"
    opened = {"step_id": about, "outcome": StepOutcome.OPEN, "code": CALL_OFF_SALE}
    await steps.append(unit.tx, d.row("outcome", unit.now, reason, **opened))
