"""Telling the bank what holds stop on its loans: fees, the credit bureau, recovery and the rest.

Not what was asked for is told but what is in force, compared with what was told last, under the loan's locks
and in the transaction that changes it. So a change is told once, whatever brings it about: a person, an end
that comes by itself, a new party on the loan, another law. The sweep finds those that no hand brings about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from recourse.domain.ids import LoanId
from recourse.domain.law import holds
from recourse.domain.situation import Action, Hold
from recourse.service.applying import laws_of
from recourse.service.context import Unit
from recourse.storage import agreements, cases, hold_telling, outbox
from recourse.storage.hold_telling import Outlived, Told
from recourse.storage.outbox import NewMessage


async def follow(unit: Unit, loan_ids: Sequence[LoanId]) -> bool:
    """Whether there was anything to tell. The caller holds the loans' locks."""
    binding = await agreements.holds_by_loan(unit.tx, loan_ids)
    told = await hold_telling.told_of(unit.tx, loan_ids)
    if not binding and not told:
        return False
    laws = {row.id: packs for row, packs in await laws_of(unit, loan_ids)}
    changes = {loan_id: _Change() for loan_id in laws}
    for loan_id, hold in binding:
        if holds.in_force(hold, unit.now):
            stops = holds.scope(hold, laws[loan_id])
            changes[loan_id].now[hold.id] = (Told(hold.id, loan_id, stops, hold.until), hold)
    for one, outlived in told:
        changes[one.loan_id].before[one.hold_id] = (one, outlived)
    await hold_telling.set_(unit.tx, [one for change in changes.values() for one in change.begun()], unit.now)
    await hold_telling.end(unit.tx, [one for change in changes.values() for one in change.over()], unit.now)
    messages = await _messages(unit, changes)
    await outbox.put_all(unit.tx, messages)
    return bool(messages)


async def due(unit: Unit, limit: int) -> list[LoanId]:
    return await hold_telling.to_be_told(unit.tx, unit.now, limit)


async def catch_up(unit: Unit, loan_id: LoanId) -> bool:
    """For a loan that the sweep has found."""
    await unit.lock_loans([loan_id])
    found = await follow(unit, [loan_id])
    await hold_telling.looked_at(unit.tx, [loan_id], unit.now)
    return found


@dataclass(slots=True)
class _Change:
    """Of one loan: what the bank believes, and what is so."""

    before: dict[str, tuple[Told, Outlived]] = field(default_factory=dict)
    now: dict[str, tuple[Told, Hold]] = field(default_factory=dict)

    def begun(self) -> list[Told]:
        """Also what goes on with another scope or end."""
        known = {one for one, _ in self.before.values()}
        return [one for one, _ in self.now.values() if one not in known]

    def over(self) -> list[Told]:
        return [one for key, (one, _) in self.before.items() if key not in self.now]

    def stopped(self) -> frozenset[Action]:
        """By any hold: of several that stop the same, the last one to end lets it go on."""
        return frozenset[Action]().union(*(one.stops for one, _ in self.now.values()))


async def _messages(unit: Unit, changes: dict[LoanId, _Change]) -> list[NewMessage]:
    """What begins is told before what ends: nothing is to resume for the moment between the two."""
    episodes = await cases.last_episodes(unit.tx, changes)
    found = defaultdict[LoanId, list[NewMessage]](list)
    for loan_id, change in changes.items():
        stopped = change.stopped()
        about = {"loan_id": loan_id, "episode": episodes.get(loan_id, 0), "stopped": _named(stopped)}
        for one in change.begun():
            hold = change.now[one.hold_id][1]
            until = one.until.isoformat() if one.until else None
            what = {
                "hold_id": hold.id,
                "reason": hold.reason.value,
                "stops": _named(one.stops),
                "until": until,
            }
            found[loan_id].append(NewMessage(loan_id, "recourse.hold.set.v1", unit.now, about | what))
        for one in change.over():
            outlived = change.before[one.hold_id][1]
            code, resumes = _why(outlived, unit.now), _named(one.stops - stopped)
            over = {"hold_id": one.hold_id, "reason": outlived.reason.value, "code": code, "resumes": resumes}
            found[loan_id].append(NewMessage(loan_id, "recourse.hold.ended.v1", unit.now, about | over))
    return [message for messages in found.values() for message in messages]


def _why(hold: Outlived, now: datetime) -> str:
    if hold.lifted:
        return "lifted"
    return "expired" if hold.until is not None and hold.until <= now else "party_left"


def _named(actions: Iterable[Action]) -> list[str]:
    return sorted(action.value for action in actions)
