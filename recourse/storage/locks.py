"""The one order of locks: people, loans, contact points, each sorted. Whoever decides holds the first two.

Claiming a contact, recording a payment, setting a hold and taking a slot of a cap all come here first, so one
of them is first and the other sees what it did. A loan's row stands for its open case.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select

from recourse.domain.ids import LoanId, PersonId
from recourse.storage.database import Tx
from recourse.storage.sql import among_given
from recourse.storage.tables import contact_point, loan, loan_party, party, person_contact_point

_PEOPLE_ON = select(loan_party.c.person_id).where(among_given(loan_party.c.loan_id, "loans"))
_LOANS_OF = (
    select(loan_party.c.person_id, loan_party.c.loan_id)
    .where(among_given(loan_party.c.person_id, "people"))
    .order_by(loan_party.c.loan_id)
)
_POINTS_OF = (
    select(person_contact_point.c.contact_point_id)
    .join(loan_party, loan_party.c.person_id == person_contact_point.c.person_id)
    .where(among_given(loan_party.c.loan_id, "loans"))
)
_LOCK_PEOPLE = (
    select(party.c.id).where(among_given(party.c.id, "people")).order_by(party.c.id).with_for_update()
)
_WITH_PEOPLE_ON = func.array_cat(
    func.array(_PEOPLE_ON.scalar_subquery(), type_=ARRAY(Text)), bindparam("people", type_=ARRAY(Text))
)
_LOCK_PEOPLE_ON = (
    select(party.c.id).where(party.c.id == any_(_WITH_PEOPLE_ON)).order_by(party.c.id).with_for_update()
)
_LOCK_LOANS = select(loan.c.id).where(among_given(loan.c.id, "loans")).order_by(loan.c.id).with_for_update()
_LOCK_POINTS = (
    select(contact_point.c.id)
    .where(contact_point.c.id.in_(_POINTS_OF))
    .order_by(contact_point.c.id)
    .with_for_update()
)


async def lock_loans(tx: Tx, loan_ids: Iterable[LoanId], people: Iterable[PersonId] = ()) -> None:
    """Lock the loans and everyone on them, plus `people` about to be put on them."""
    loans = sorted(set(loan_ids))
    await tx.execute(_LOCK_PEOPLE_ON, {"loans": loans, "people": sorted(people)})
    await tx.execute(_LOCK_LOANS, {"loans": loans})


async def lock_people(tx: Tx, people: Iterable[PersonId]) -> dict[PersonId, list[LoanId]]:
    """Lock these people and every loan that one of them is on; returns the loans of each."""
    found: dict[PersonId, list[LoanId]] = {person: [] for person in sorted(set(people))}
    await tx.execute(_LOCK_PEOPLE, {"people": list(found)})
    for person, loan_id in await tx.execute(_LOANS_OF, {"people": list(found)}):
        found[PersonId(person)].append(LoanId(loan_id))
    loans = sorted({loan_id for each in found.values() for loan_id in each})
    await tx.execute(_LOCK_LOANS, {"loans": loans})
    return found


async def lock_contact_points(tx: Tx, loan_ids: Iterable[LoanId]) -> None:
    """After the loans: every contact point of anybody on them."""
    await tx.execute(_LOCK_POINTS, {"loans": list(loan_ids)})
