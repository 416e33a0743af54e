"""What nobody needs sealed once its key is gone: emptied, where no entry of the evidence ledger is about it.

Words, letters and files stay as they were sealed, unreadable: the ledger's entries are about these bytes, and
go on to verify.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, exists, select, update

from recourse.domain.ids import LoanId, PersonId
from recourse.storage.database import Tx
from recourse.storage.sql import among
from recourse.storage.tables import (
    collection_case,
    contact_attempt,
    contact_point,
    document,
    party,
    person_contact_point,
    position,
    position_feed,
    seal,
    seal_secret,
    vehicle,
)


async def person(tx: Tx, person_id: PersonId) -> None:
    """Who he is, where he lives and how he is reached. His id, and what he asked us to stop, stay."""
    emptied = dict.fromkeys(("name", "name_sealed", "details", "details_sealed", "region"))
    await tx.execute(
        update(party).where(party.c.id == person_id).values(emptied | {"zones": [], "language": "en"})
    )
    await _points(tx, person_id)
    await _salts(tx, person_id)


async def _points(tx: Tx, person_id: PersonId) -> None:
    """The index of a contact point goes with the last who has its value."""
    c = person_contact_point.c
    mine = select(c.contact_point_id).where(c.person_id == person_id)
    gone: dict[str, Any] = {"value_sealed": None, "consent": [], "listed": False, "whereabouts": None}
    await tx.execute(update(person_contact_point).where(c.person_id == person_id).values(gone))
    others = exists().where(c.contact_point_id == contact_point.c.id, c.value_sealed.is_not(None))
    await tx.execute(
        update(contact_point)
        .where(contact_point.c.id.in_(mine), ~others)
        .values(digest=None, number_digest=None)
    )


async def _salts(tx: Tx, person_id: PersonId) -> None:
    """Of letters from before there were keys: their first entries are about what they said in plain. A letter
    is written once, so only those have an entry that another one follows."""
    letters = (
        select(document.c.id)
        .join(contact_attempt, contact_attempt.c.id == document.c.attempt_id)
        .where(contact_attempt.c.person_id == person_id)
    )
    later = seal.alias()
    followed = exists().where(
        later.c.kind == seal.c.kind, later.c.ref == seal.c.ref, later.c.index > seal.c.index
    )
    first = select(seal.c.index).where(seal.c.kind == "document", seal.c.ref.in_(letters), followed)
    await tx.execute(delete(seal_secret).where(seal_secret.c.index.in_(first)))


async def vehicles(tx: Tx, loan_ids: Iterable[LoanId]) -> None:
    """With everywhere they were."""
    names = ("details", "details_sealed", "gps_provider", "gps_device_id", "gps_device_sealed")
    gone = dict.fromkeys((*names, "gps_consent_on"))
    loans = list(loan_ids)
    await tx.execute(update(vehicle).where(among(vehicle.c.loan_id, loans)).values(gone))
    mine = select(collection_case.c.id).where(among(collection_case.c.loan_id, loans))
    await tx.execute(delete(position).where(position.c.case_id.in_(mine)))
    await tx.execute(delete(position_feed).where(among(position_feed.c.loan_id, loans)))
