"""Erasing a person: proposed by one, decided by another, refused while something holds him; then his keys are
destroyed, and with them everything that was sealed for him.

What is destroyed is written to a list outside the database first: if this dies in between, `privacy check`
finishes it, and if an old backup brings the keys back, it destroys them again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recourse.domain.ids import LoanId, PersonId
from recourse.domain.privacy.retention import Standing
from recourse.service.context import Unit
from recourse.service.noting import Pointless
from recourse.service.retaining import Retention
from recourse.storage import backfill, cases, emptying, erasures, people, persons, steps, vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.erasures import DECLINED, DONE, PROPOSED, ErasureRow
from recourse.storage.steps import StepRow

RESTORED = "backup_restored"
"""Why somebody is erased whose keys came back with an old backup."""
CHECK = "privacy-check"

Listed = Callable[[Sequence[str]], None]
"""Writes ids of keys to the list outside; on the disk when it returns."""


class HeldBack(Exception):
    """Something keeps the person: the standing says what, and until when."""

    def __init__(self, found: Standing) -> None:
        super().__init__("held")
        self.found = found


@dataclass(frozen=True, slots=True)
class Reach:
    """What an erasure would destroy. loans: those that he is the borrower of, whose keys go with his own."""

    person_id: PersonId
    loans: tuple[LoanId, ...]

    @property
    def subjects(self) -> list[str]:
        return [vault.person(self.person_id), *(vault.loan(one) for one in self.loans)]


async def propose(
    unit: Unit, retention: Retention, person_id: PersonId, reason: str, actor: str
) -> ErasureRow:
    """Raises HeldBack, Pointless, LookupError."""
    await unit.lock_person(person_id)
    await _must_be_free(unit, retention, person_id)
    if await erasures.open_of(unit.tx, person_id) is not None:
        raise Pointless(f"person {person_id}: an erasure is proposed already; another person decides it")
    key = f"erasure-{uuid.uuid4().hex}"
    row = ErasureRow(key, person_id, PROPOSED, reason, actor, unit.now)
    await erasures.propose(unit.tx, row)
    return row


async def approve(
    unit: Unit, retention: Retention, person_id: PersonId, actor: str, listed: Listed
) -> ErasureRow:
    """Raises HeldBack for what came up since it was proposed, Pointless for the same person's approval."""
    await unit.lock_person(person_id)
    row = await erasures.open_of(unit.tx, person_id)
    if row is None:
        raise Pointless(f"person {person_id}: nobody proposed to erase him; propose it first")
    who = await persons.persons_of(unit.tx, [row.proposed_by, actor])
    if who[row.proposed_by] == who[actor]:
        raise Pointless(f"person {person_id}: whoever proposed it does not decide it; ask another person")
    await _must_be_free(unit, retention, person_id)
    return await _erase(unit, row, actor, listed)


async def decline(unit: Unit, person_id: PersonId, actor: str) -> ErasureRow:
    """Also by whoever proposed it, who so takes it back. Raises Pointless."""
    await unit.lock_person(person_id)
    row = await erasures.open_of(unit.tx, person_id)
    if row is None:
        raise Pointless(f"person {person_id}: no erasure is proposed")
    declined = replace(row, state=DECLINED, decided_by=actor, decided_at=unit.now)
    await erasures.decide(unit.tx, declined)
    return declined


async def erase_again(unit: Unit, person_id: PersonId, listed: Listed) -> ErasureRow:
    """Somebody whose keys are on the list, and stand: an old backup was restored. Two persons decided it
    before."""
    await unit.lock_person(person_id)
    row = await erasures.open_of(unit.tx, person_id)
    if row is None:
        key = f"erasure-{uuid.uuid4().hex}"
        row = ErasureRow(key, person_id, PROPOSED, RESTORED, CHECK, unit.now)
        await erasures.propose(unit.tx, row)
    return await _erase(unit, row, CHECK, listed)


async def _must_be_free(unit: Unit, retention: Retention, person_id: PersonId) -> None:
    for plain in backfill.PLAIN:
        if await backfill.is_left(unit.tx, plain):
            raise Pointless(f"{plain.table.name}: rows are not sealed yet; run `recourse privacy seal` first")
    found = await retention.of_person(unit.tx, person_id, unit.now)
    if found.holds:
        raise HeldBack(found)


async def reach_of(tx: Tx | ReadTx, person_id: PersonId) -> Reach:
    return Reach(person_id, tuple(await people.borrowed_by(tx, person_id)))


async def _erase(unit: Unit, row: ErasureRow, actor: str, listed: Listed) -> ErasureRow:
    reach = await reach_of(unit.tx, row.person_id)
    # Who never had a key gets one to destroy: so it is known that he was erased, and no snapshot makes one.
    await vault.keys_for(unit.tx, reach.subjects)
    ids = await erasures.destroy(unit.tx, reach.subjects, unit.now)
    await emptying.person(unit.tx, row.person_id)
    await emptying.vehicles(unit.tx, reach.loans)
    done = replace(
        row,
        state=DONE,
        decided_by=actor,
        decided_at=unit.now,
        subjects=tuple(reach.subjects),
        key_ids=tuple(ids),
    )
    await erasures.decide(unit.tx, done)
    await _tell_diaries(unit, reach, done)
    vault.vault_of(unit.tx).forget()
    # Last, and before the commit: whatever is listed is destroyed, now or by the next check.
    listed(ids)
    return done


async def _tell_diaries(unit: Unit, reach: Reach, done: ErasureRow) -> None:
    newest = await cases.newest_of(unit.tx, list(reach.loans))
    reason = f"personal data of the borrower erased, {done.reason}"
    rows = [
        StepRow(
            case.loan_id,
            case.id,
            case.decision,
            "erased",
            unit.now,
            reason,
            case.strategy,
            code=done.reason,
            source=done.id,
            actor=done.decided_by,
        )
        for _, case in sorted(newest.items())
    ]
    await steps.append(unit.tx, *rows)
