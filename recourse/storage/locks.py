"""The one order of locks: people, loans, contact points, each sorted. Whoever decides holds the first two.

Claiming a contact, recording a payment, setting a hold and taking a slot of a cap all come here first, so one
of them is first and the other sees what it did. A loan's row stands for its open case.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from recourse.domain.ids import LoanId, PersonId
from recourse.storage.database import Tx
from recourse.storage.sql import among
from recourse.storage.tables import contact_point, loan, loan_party, party, person_contact_point


async def lock_loans(tx: Tx, loan_ids: Iterable[LoanId], people: Iterable[PersonId] = ()) -> None:
    """Lock the loans and everyone on them, plus `people` about to be put on them."""
    loans = sorted(set(loan_ids))
    named = select(loan_party.c.person_id).where(among(loan_party.c.loan_id, loans))
    on_loans = set((await tx.execute(named)).scalars())
    await _lock_people(tx, on_loans | set(people))
    await tx.execute(select(loan.c.id).where(among(loan.c.id, loans)).order_by(loan.c.id).with_for_update())


async def lock_people(tx: Tx, people: Iterable[PersonId]) -> dict[PersonId, list[LoanId]]:
    """Lock these people and every loan that one of them is on; returns the loans of each."""
    found: dict[PersonId, list[LoanId]] = {person: [] for person in sorted(set(people))}
    await _lock_people(tx, found)
    named = select(loan_party.c.person_id, loan_party.c.loan_id).where(among(loan_party.c.person_id, found))
    for person, loan_id in await tx.execute(named.order_by(loan_party.c.loan_id)):
        found[PersonId(person)].append(LoanId(loan_id))
    loans = sorted({loan_id for each in found.values() for loan_id in each})
    await tx.execute(select(loan.c.id).where(among(loan.c.id, loans)).order_by(loan.c.id).with_for_update())
    return found


async def lock_contact_points(tx: Tx, loan_ids: Iterable[LoanId]) -> None:
    """After the loans: every contact point of anybody on them."""
    mine = (
        select(person_contact_point.c.contact_point_id)
        .join(loan_party, loan_party.c.person_id == person_contact_point.c.person_id)
        .where(among(loan_party.c.loan_id, loan_ids))
    )
    await tx.execute(
        select(contact_point.c.id)
        .where(contact_point.c.id.in_(mine))
        .order_by(contact_point.c.id)
        .with_for_update()
    )


async def _lock_people(tx: Tx, people: Iterable[PersonId]) -> None:
    await tx.execute(
        select(party.c.id).where(among(party.c.id, sorted(people))).order_by(party.c.id).with_for_update()
    )
