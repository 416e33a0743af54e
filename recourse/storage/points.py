"""Where people are reached: a contact point is one row for all who share it, found by a blind index; what it
says is kept for each of them under a key of his own."""

from __future__ import annotations

import string
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ARRAY, Text, column, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import ContactPointId, PersonId
from recourse.storage import vault
from recourse.storage.consents import ProofData
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import contact_point, person_contact_point
from recourse.storage.vault import Keys, Place, Vault

NUMBERS: Final = ("mobile", "landline")
NUMBER_END: Final = 10
"""Digits by which a number is looked for: as many as it has without its country, in most places."""
SHORTEST_NUMBER: Final = 7
"""Digits. What is shorter is a service of the network, and the end of many numbers."""
LONGEST_COUNTRY: Final = 3
_POINT: Final = "contact_point"
_NUMBER: Final = "contact_point.number"


@dataclass(frozen=True, slots=True)
class PointData:
    """whereabouts: what it is to the person (home, work), where the bank says. proofs: of what he agreed to
    there."""

    kind: str
    value: str
    consent: tuple[str, ...]
    whereabouts: str | None = None
    proofs: tuple[ProofData, ...] = ()


def place_of(person_id: PersonId | str, point_id: ContactPointId | str) -> Place:
    """Of a contact point's value, as it is kept for one person."""
    row = f"{person_id} {point_id}"
    return Place("person_contact_point", "value", row, (vault.person(person_id),))


def digests(keys: Vault, kind: str, value: str) -> tuple[str, str | None]:
    """(digest, number_digest) of a contact point, as they are written."""
    end = _digits(value)[-NUMBER_END:] if kind in NUMBERS else ""
    return keys.blinds(_POINT, kind, value)[-1], keys.blinds(_NUMBER, end)[-1] if end else None


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign in string.digits)


async def value_of(tx: Tx | ReadTx, person_id: PersonId, point_id: ContactPointId) -> str:
    """Where a person is reached. Raises LookupError where it is not known, or erased."""
    c = person_contact_point.c
    found = (
        select(c.value_sealed, contact_point.c.value)
        .join(contact_point, contact_point.c.id == c.contact_point_id)
        .where(c.person_id == person_id, c.contact_point_id == point_id)
    )
    row = (await tx.execute(found)).first()
    place = place_of(person_id, point_id)
    opened = await vault.opened(tx, place, row.value_sealed) if row is not None else None
    value = opened.decode() if opened is not None else row.value if row is not None else None
    if value is None:
        raise LookupError(f"contact point {point_id}: what it says is not known, or erased")
    return str(value)


async def on_number(tx: Tx | ReadTx, number: str) -> list[tuple[PersonId, ContactPointId]]:
    """Everybody who is or was reached under a telephone number as a network writes it: with its country, with
    a plus or without, or as it is dialled at home."""
    digits = _digits(number).lstrip("0")
    if len(digits) < SHORTEST_NUMBER:
        return []
    c, p = person_contact_point.c, contact_point.c
    known = vault.vault_of(tx).blinds(_NUMBER, digits[-NUMBER_END:])
    rows = await tx.execute(
        select(c.person_id, c.contact_point_id, c.value_sealed, p.value)
        .join(contact_point, p.id == c.contact_point_id)
        .where(p.kind.in_(NUMBERS), among(p.number_digest, known))
        .order_by(c.person_id, c.contact_point_id)
    )
    found = rows.all()
    keys = await vault.keys_of(tx, [vault.person(row.person_id) for row in found])
    same = []
    for person_id, point_id, sealed, plain in found:
        value = keys.open_text(place_of(person_id, point_id), sealed) or plain
        if value is not None and _same_number(_digits(value), digits):
            same.append((PersonId(person_id), ContactPointId(point_id)))
    return same


def _same_number(one: str, other: str) -> bool:
    """Where one of the two states no country: its code has three digits at most."""
    short, long = sorted((one.lstrip("0"), other), key=len)
    return long.endswith(short) and len(long) - len(short) <= LONGEST_COUNTRY


async def save(
    tx: Tx, person_id: PersonId, points: Sequence[PointData], keys: Keys
) -> dict[tuple[str, str], ContactPointId]:
    """By kind and value. What is not listed any more stays as evidence of where was written to, and nobody is
    reached there."""
    await tx.execute(
        update(person_contact_point)
        .where(person_contact_point.c.person_id == person_id)
        .values(listed=False, consent=[])
    )
    given = {(p.kind, p.value): p for p in points}
    if not given:
        return {}
    ids = await _ids(tx, sorted(given))
    statement = upsert(person_contact_point)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "contact_point_id"],
            set_={
                "consent": statement.excluded.consent,
                "listed": True,
                "value_sealed": statement.excluded.value_sealed,
                # A snapshot that does not say it does not unsay it: somebody may have asked us to keep away.
                "whereabouts": func.coalesce(
                    statement.excluded.whereabouts, person_contact_point.c.whereabouts
                ),
            },
        ),
        [
            {
                "person_id": person_id,
                "contact_point_id": ids[point.kind, point.value],
                "consent": sorted(point.consent),
                "whereabouts": point.whereabouts,
                "value_sealed": keys.seal(place_of(person_id, ids[point.kind, point.value]), point.value),
            }
            for point in given.values()
        ],
    )
    return ids


async def _ids(tx: Tx, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ContactPointId]:
    """Of these kinds and values; who is not there is made. wanted: in order, so that of two who make the same
    ones neither waits for the other in a ring."""
    keys = vault.vault_of(tx)
    await _index_plain(tx, keys, wanted)
    found = await _known(tx, keys, wanted)
    rows, made = [], {}
    for kind, value in wanted:
        if (kind, value) not in found:
            digest, number = digests(keys, kind, value)
            key = f"cp-{uuid.uuid4().hex}"
            rows.append({"id": key, "kind": kind, "digest": digest, "number_digest": number})
            made[digest] = kind, value
    if rows:
        c = contact_point.c
        kept = upsert(contact_point).on_conflict_do_nothing(index_elements=["kind", "digest"])
        new = (await tx.execute(kept.returning(c.id, c.digest), rows)).all()
        if len(new) < len(rows):
            return await _known(tx, keys, wanted)  # somebody else was first with one of them
        found |= {made[digest]: ContactPointId(id) for id, digest in new}
    return found


async def _known(
    tx: Tx, keys: Vault, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], ContactPointId]:
    """Under whichever key of the index they were written."""
    named = {digest: place for place in wanted for digest in keys.blinds(_POINT, *place)}
    c = contact_point.c
    rows = await tx.execute(select(c.id, c.digest).where(among(c.digest, sorted(named))))
    return {named[digest]: ContactPointId(id) for id, digest in rows}


async def _index_plain(tx: Tx, keys: Vault, wanted: Sequence[tuple[str, str]]) -> None:
    """A row from before there were keys gets its index with the first snapshot that names it, so that nobody
    makes a second one; its value goes when `recourse privacy seal` has kept it for each who shares it."""
    columns: Mapping[str, list[Any]] = {
        "kind": [kind for kind, _ in wanted],
        "value": [value for _, value in wanted],
        "digest": [digests(keys, *place)[0] for place in wanted],
        "number_digest": [digests(keys, *place)[1] for place in wanted],
    }
    arrays = [literal(values, ARRAY(Text)) for values in columns.values()]
    given = (
        func.unnest(*arrays)
        .table_valued(*[column(name, Text) for name in columns])
        .render_derived(name="given")
    )
    c = contact_point.c
    await tx.execute(
        update(contact_point)
        .where(c.kind == given.c.kind, c.value == given.c.value, c.digest.is_(None))
        .values(digest=given.c.digest, number_digest=given.c.number_digest)
    )
