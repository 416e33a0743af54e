"""Consents with their proofs: when, how, on which paper, and withdrawn when and how."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain import consents as domain
from recourse.domain.consents import CEASE, NOT_STATED, OVERTAKEN
from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.situation import Channel
from recourse.storage import facts
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import consent
from recourse.storage.together import Part

BANK = "bank"
"""Who noted what stands in a snapshot."""


@dataclass(frozen=True, slots=True)
class ProofData:
    """One consent as the bank states it. source, withdrawn_source: its ids of the papers or recordings."""

    channel: str
    given_at: datetime
    way: str
    source: str
    withdrawn_at: datetime | None = None
    withdrawn_way: str | None = None
    withdrawn_source: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """noted_by: an actor, or `bank`. source, withdrawn_source: opaque ids of where it can be read or
    heard."""

    id: str
    person_id: PersonId
    contact_point_id: ContactPointId
    channel: Channel
    noted_by: str
    given_at: datetime | None = None
    way: str | None = None
    source: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_way: str | None = None
    withdrawn_source: str | None = None
    withdrawn_by: str | None = None

    def values(self) -> dict[str, Any]:
        return asdict(self) | {"channel": self.channel.value}

    @property
    def domain(self) -> domain.Consent:
        return domain.Consent(self.channel, self.given_at, self.withdrawn_at, self.withdrawn_way)


_COLUMNS = [consent.c[name] for name in ConsentRow.__dataclass_fields__]
_RENEWED = ("noted_by", "withdrawn_at", "withdrawn_way", "withdrawn_source", "withdrawn_by")
Point = tuple[PersonId, ContactPointId]


def _row(row: Any) -> ConsentRow:
    person_id, point, channel = row.person_id, row.contact_point_id, Channel(row.channel)
    return ConsentRow(row.id, person_id, point, channel, *row[4:])


CONSENTS = Part(
    select(*_COLUMNS)
    .where(among_given(consent.c.person_id, "people"))
    .order_by(consent.c.recorded_at, consent.c.id),
    lambda rows: [_row(row) for row in rows],
)
"""Of `people`, also those withdrawn, in the order in which they were recorded."""


async def of_people(tx: Tx | ReadTx, people: Iterable[str]) -> list[ConsentRow]:
    return await CONSENTS.of(tx, people=list(people))


def by_point(rows: Iterable[ConsentRow]) -> Mapping[Point, Sequence[domain.Consent]]:
    found: dict[Point, list[domain.Consent]] = defaultdict(list)
    for row in rows:
        found[row.person_id, row.contact_point_id].append(row.domain)
    return found


async def get(tx: Tx | ReadTx, key: str) -> ConsentRow | None:
    row = (await tx.execute(select(*_COLUMNS).where(consent.c.id == key))).first()
    return _row(row) if row else None


async def stops(
    tx: Tx | ReadTx, known: Iterable[ConsentRow], person_id: PersonId, point: ContactPointId, channel: Channel
) -> list[datetime]:
    """When the person asked us to stop on this channel, and when he withdrew it on this contact point."""
    asked = [one["at"] for one in await facts.ceases_of(tx, [person_id]) if channel in one["channels"]]
    withdrawn = [
        row.withdrawn_at
        for row in known
        if (row.contact_point_id, row.channel) == (point, channel)
        and row.withdrawn_at is not None
        and row.withdrawn_way not in {CEASE, NOT_STATED, OVERTAKEN}
    ]
    return [*asked, *withdrawn]


async def add(tx: Tx, row: ConsentRow) -> ConsentRow:
    """What is known already stays as it is, and is returned. Of the bank's, one that it had left out and
    states again is in force again."""
    statement = upsert(consent).values(asdict(row))
    again = consent.c.withdrawn_way == NOT_STATED
    if row.withdrawn_at is not None:
        again = again | consent.c.withdrawn_at.is_(None)
    identity = ["person_id", "contact_point_id", "channel", "given_at", "source"]
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=identity, set_={name: statement.excluded[name] for name in _RENEWED}, where=again
        )
    )
    same: list[ColumnElement[bool]] = [consent.c[name] == getattr(row, name) for name in identity]
    found = select(*_COLUMNS).where(or_(consent.c.id == row.id, and_(*same)))
    return _row((await tx.execute(found)).one())


@dataclass(frozen=True, slots=True)
class Ending:
    """at: when the person said so. way: a `Way`, CEASE or NOT_STATED."""

    at: datetime
    way: str
    source: str
    by: str


async def withdraw(
    tx: Tx,
    person_id: PersonId,
    channels: Collection[str],
    ending: Ending,
    *,
    point: ContactPointId | None = None,
) -> int:
    """How many were in force that had been given by then; on every contact point where none is named."""
    c = consent.c
    mine = [
        c.person_id == person_id,
        among(c.channel, channels),
        c.withdrawn_at.is_(None),
        or_(c.given_at.is_(None), c.given_at <= ending.at),
    ]
    if point is not None:
        mine.append(c.contact_point_id == point)
    ended = await tx.execute(update(consent).where(*mine).values(_ended(ending)).returning(c.id))
    return len(ended.all())


async def state(
    tx: Tx, person_id: PersonId, stated: Sequence[tuple[ContactPointId, ProofData]], ending: Ending
) -> None:
    """What the bank's newest snapshot proves of a person. ending: of what it proved before and does not state
    any more; what a person of ours has noted stays. One that a withdrawal or a request to stop has overtaken
    is kept as such."""
    c = consent.c
    rows = [_of_bank(person_id, point, proof) for point, proof in stated]
    known = [*(await of_people(tx, [person_id]) if rows else ()), *rows]
    kept = []
    for row in rows:
        at = await stops(tx, known, person_id, row.contact_point_id, row.channel)
        stop = domain.overtaken(row.given_at or ending.at, at)
        new = row
        if row.withdrawn_at is None and stop is not None:
            new = replace(row, withdrawn_at=stop, withdrawn_way=OVERTAKEN, withdrawn_by=BANK)
        kept.append((await add(tx, new)).id)
    left_out = (c.person_id == person_id, c.noted_by == BANK, c.withdrawn_at.is_(None), ~among(c.id, kept))
    await tx.execute(update(consent).where(*left_out).values(_ended(ending)))


def _of_bank(person_id: PersonId, point: ContactPointId, proof: ProofData) -> ConsentRow:
    return ConsentRow(
        new_id(),
        person_id,
        point,
        Channel(proof.channel),
        BANK,
        proof.given_at,
        proof.way,
        proof.source,
        proof.withdrawn_at,
        proof.withdrawn_way,
        proof.withdrawn_source,
        BANK if proof.withdrawn_at is not None else None,
    )


def new_id() -> str:
    return f"consent-{uuid.uuid4().hex}"


def _ended(ending: Ending) -> dict[str, Any]:
    return {
        "withdrawn_at": ending.at,
        "withdrawn_way": ending.way,
        "withdrawn_source": ending.source,
        "withdrawn_by": ending.by,
    }


def told(row: ConsentRow) -> dict[str, Any]:
    """As a document of plain values, for whoever asks."""
    return row.values() | {"in_force": row.withdrawn_at is None}
