"""What people told us about being contacted: inconvenient times and places, and attorneys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Row, insert, select, update

from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.rules import Restricts
from recourse.domain.restrictions import (
    InconvenientPlace,
    InconvenientTime,
    Represented,
    Restriction,
    Restrictions,
    Whereabouts,
    together,
)
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import restriction
from recourse.storage.together import Part


@dataclass(frozen=True, slots=True)
class RestrictionRow:
    """One of them, with who wrote it down, when, and where it can be read or heard."""

    id: str
    person_id: PersonId
    what: Restriction
    noted_by: str
    source: str
    since: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_source: str | None = None

    @property
    def kind(self) -> Restricts:
        return kind_of(self.what)


def kind_of(what: Restriction) -> Restricts:
    match what:
        case InconvenientTime():
            return Restricts.TIME
        case InconvenientPlace():
            return Restricts.PLACE
        case Represented():
            return Restricts.ATTORNEY
        case _:
            assert_never(what)


def _in_force(rows: Iterable[Any]) -> dict[PersonId, Restrictions]:
    found: dict[PersonId, list[Restriction]] = defaultdict(list)
    for row in rows:
        found[PersonId(row.person_id)].append(_what(row))
    return {person: together(several) for person, several in found.items()}


IN_FORCE = Part(
    select(restriction)
    .where(among_given(restriction.c.person_id, "people"), restriction.c.withdrawn_at.is_(None))
    .order_by(restriction.c.since, restriction.c.id),
    _in_force,
)
"""Of each of `people` who told us something, the oldest first."""


async def of_people(tx: Tx | ReadTx, people: Iterable[str]) -> list[RestrictionRow]:
    """Also those that were withdrawn, the oldest first."""
    c = restriction.c
    rows = await tx.execute(select(restriction).where(among(c.person_id, people)).order_by(c.since, c.id))
    return [_row(row) for row in rows]


async def get(tx: Tx | ReadTx, key: str) -> RestrictionRow | None:
    row = (await tx.execute(select(restriction).where(restriction.c.id == key))).first()
    return _row(row) if row else None


async def add(tx: Tx, new: RestrictionRow) -> None:
    values = {
        "id": new.id,
        "person_id": new.person_id,
        "kind": new.kind.value,
        "noted_by": new.noted_by,
        "source": new.source,
        "since": new.since,
    }
    await tx.execute(insert(restriction).values(values | _columns(new.what)))


async def withdraw(tx: Tx, key: str, *, at: datetime, by: str, source: str) -> None:
    values = {"withdrawn_at": at, "withdrawn_by": by, "withdrawn_source": source}
    await tx.execute(update(restriction).where(restriction.c.id == key).values(values))


def told(row: RestrictionRow) -> dict[str, Any]:
    """As a document of plain values, for whoever asks."""
    return {
        "id": row.id,
        "person_id": row.person_id,
        "kind": row.kind.value,
        **_named(row.what),
        "by": row.noted_by,
        "source": row.source,
        "since": row.since,
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_by": row.withdrawn_by,
        "withdrawn_source": row.withdrawn_source,
    }


def _named(what: Restriction) -> dict[str, Any]:
    match what:
        case InconvenientTime():
            clock = {"from": f"{what.begins:%H:%M}", "to": f"{what.ends:%H:%M}"}
            return {"weekdays": sorted(what.weekdays)} | clock
        case InconvenientPlace():
            return {"whereabouts": what.whereabouts, "contact_point_id": what.contact_point_id}
        case Represented():
            return {"attorney_id": what.attorney}
        case _:
            assert_never(what)


def _columns(what: Restriction) -> dict[str, Any]:
    match what:
        case InconvenientTime():
            return {"weekdays": sorted(what.weekdays), "begins": what.begins, "ends": what.ends}
        case InconvenientPlace():
            return {"contact_point_id": what.contact_point_id, "whereabouts": what.whereabouts}
        case Represented():
            return {"attorney_id": what.attorney}
        case _:
            assert_never(what)


def _row(row: Row[Any]) -> RestrictionRow:
    ended = row.withdrawn_at, row.withdrawn_by, row.withdrawn_source
    return RestrictionRow(
        row.id, PersonId(row.person_id), _what(row), row.noted_by, row.source, row.since, *ended
    )


def _what(row: Row[Any]) -> Restriction:
    match Restricts(row.kind):
        case Restricts.TIME:
            return InconvenientTime(frozenset(row.weekdays), row.begins, row.ends)
        case Restricts.PLACE:
            point = ContactPointId(row.contact_point_id) if row.contact_point_id else None
            return InconvenientPlace(point, Whereabouts(row.whereabouts) if row.whereabouts else None)
        case Restricts.ATTORNEY:
            return Represented(PersonId(row.attorney_id) if row.attorney_id else None)
