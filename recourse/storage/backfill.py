"""Rows from before there were keys: what they say in plain is sealed and emptied, a few at a time.

Each batch is one transaction that locks its rows only; what somebody else holds is left for the next run.
Whoever dies begins again where rows are still plain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, bindparam, delete, func, or_, select, update

from recourse.storage import attempts, documents, legal, people, points, vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import (
    contact_attempt,
    contact_point,
    document,
    legal_action,
    loan_party,
    party,
    person_contact_point,
    seal,
    seal_secret,
    vehicle,
)

BATCH: Final = 200
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Plain:
    """A table with columns that may still be plain, and how its rows are sealed."""

    table: Table
    columns: tuple[str, ...]
    seal: Callable[[Tx, Rows], Awaitable[None]]

    @property
    def key(self) -> Column[str]:
        (key,) = self.table.primary_key.columns
        return key

    def left(self) -> ColumnElement[bool]:
        return or_(*[self.table.c[name].is_not(None) for name in self.columns])


async def count(tx: Tx | ReadTx, plain: Plain) -> int:
    """Rows that still say something in plain."""
    return int((await tx.execute(select(func.count()).where(plain.left()))).scalar_one())


async def is_left(tx: Tx | ReadTx, plain: Plain) -> bool:
    """Whether any does."""
    return (await tx.execute(select(plain.key).where(plain.left()).limit(1))).first() is not None


async def batch(tx: Tx, plain: Plain, after: str, limit: int = BATCH) -> tuple[int, str | None]:
    """Seal the next rows after a key; how many, and the last key, None when there are no more."""
    wanted = select(plain.table).where(plain.left(), plain.key > after).order_by(plain.key).limit(limit)
    rows = (await tx.execute(wanted.with_for_update(skip_locked=True))).mappings().all()
    if not rows:
        return 0, None
    await plain.seal(tx, [dict(row) for row in rows])
    return len(rows), str(rows[-1][plain.key.name])


async def _people(tx: Tx, rows: Rows) -> None:
    keys = await vault.keys_for(tx, [vault.person(row["id"]) for row in rows])
    values = [
        {
            "key": row["id"],
            "name_sealed": keys.seal(people.place_of(row["id"], "name"), row["name"]) or row["name_sealed"],
            "details_sealed": keys.seal_json(people.place_of(row["id"], "details"), row["details"])
            or row["details_sealed"],
        }
        for row in rows
    ]
    await _write(tx, party, values, name=None, details=None)


async def _vehicles(tx: Tx, rows: Rows) -> None:
    keys = await vault.keys_for(tx, [vault.loan(row["loan_id"]) for row in rows])
    values = []
    for row in rows:
        place = people.vehicle_place
        device = keys.seal(place(row["loan_id"], "gps_device_id"), row["gps_device_id"])
        details = keys.seal_json(place(row["loan_id"], "details"), row["details"])
        values.append(
            {
                "key": row["loan_id"],
                "details_sealed": details or row["details_sealed"],
                "gps_device_sealed": device or row["gps_device_sealed"],
            }
        )
    await _write(tx, vehicle, values, details=None, gps_device_id=None)


async def _contact_points(tx: Tx, rows: Rows) -> None:
    """For each who shares it a copy under his own key; then the index, unless another row has it already."""
    c = person_contact_point.c
    by_id = {row["id"]: row for row in rows}
    shared = select(c.person_id, c.contact_point_id).where(
        among(c.contact_point_id, by_id), c.value_sealed.is_(None)
    )
    sharing = (await tx.execute(shared.order_by(c.person_id, c.contact_point_id))).all()
    keys = await vault.keys_for(tx, [vault.person(person_id) for person_id, _ in sharing])
    copies = [
        {
            "person": person_id,
            "point": point_id,
            "value": keys.seal(points.place_of(person_id, point_id), by_id[point_id]["value"]),
        }
        for person_id, point_id in sharing
    ]
    if copies:
        mine = (c.person_id == bindparam("person"), c.contact_point_id == bindparam("point"))
        await tx.execute(
            update(person_contact_point).where(*mine).values(value_sealed=bindparam("value")), copies
        )
    await _index(tx, rows)


async def _index(tx: Tx, rows: Rows) -> None:
    held = vault.vault_of(tx)
    made = {row["id"]: points.digests(held, row["kind"], row["value"]) for row in rows}
    c = contact_point.c
    taken = await tx.execute(
        select(c.kind, c.digest, c.id).where(among(c.digest, [digest for digest, _ in made.values()]))
    )
    known = {(kind, digest): id for kind, digest, id in taken}
    values = []
    for row in rows:
        digest, number = made[row["id"]]
        own = known.setdefault((row["kind"], digest), row["id"]) == row["id"]
        values.append({"key": row["id"], "digest": digest if own else None, "number_digest": number})
    await _write(tx, contact_point, values, value=None)


async def _contacts(tx: Tx, rows: Rows) -> None:
    about = {vault.person(row["person_id"]) for row in rows} | {vault.loan(row["loan_id"]) for row in rows}
    keys = await vault.keys_for(tx, about)
    values = []
    for row in rows:
        sealed: dict[str, Any] = {"key": row["id"]}
        for name in attempts.WORDS:
            place = attempts.place_of(row["id"], name, row["person_id"], row["loan_id"])
            sealed[f"{name}_sealed"] = keys.seal(place, row[name]) or row[f"{name}_sealed"]
        values.append(sealed)
    await _write(tx, contact_attempt, values, **dict.fromkeys(attempts.WORDS))
    await _forget_salts(tx, "contact_attempt", [row["id"] for row in rows])


async def _letters(tx: Tx, rows: Rows) -> None:
    """A letter's first entry keeps its salts: it says by its digest what was sent, and no PDF is guessed."""
    to = select(contact_attempt.c.id, contact_attempt.c.person_id).where(
        among(contact_attempt.c.id, [row["attempt_id"] for row in rows])
    )
    whom: dict[str, str] = {row[0]: row[1] for row in await tx.execute(to)}
    about = {vault.person(one) for one in whom.values()} | {vault.loan(row["loan_id"]) for row in rows}
    keys = await vault.keys_for(tx, about)
    values = [
        {
            "key": row["id"],
            "content_sealed": keys.seal(
                documents.place_of(row["id"], whom[row["attempt_id"]], row["loan_id"]), row["content"]
            ),
        }
        for row in rows
    ]
    await _write(tx, document, values, content=None)


async def _files(tx: Tx, rows: Rows) -> None:
    named: dict[str, list[str]] = {row["loan_id"]: [] for row in rows}
    on_loans = select(loan_party.c.loan_id, loan_party.c.person_id).where(among(loan_party.c.loan_id, named))
    for loan_id, person_id in await tx.execute(on_loans.order_by(loan_party.c.person_id)):
        named[loan_id].append(person_id)
    about = {vault.loan(one) for one in named} | {vault.person(p) for each in named.values() for p in each}
    keys = await vault.keys_for(tx, about)
    values = []
    for row in rows:
        names = named[row["loan_id"]]
        place = legal.place_of(row["id"], row["loan_id"], names)
        values.append(
            {"key": row["id"], "document_sealed": keys.seal(place, row["document"]), "names": names}
        )
    await _write(tx, legal_action, values, document=None)
    await _forget_salts(tx, "legal_action", [row["id"] for row in rows])


async def _write(tx: Tx, table: Table, rows: list[dict[str, Any]], **emptied: None) -> None:
    (key,) = table.primary_key.columns
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "key"}
    given = [{"key": row["key"]} | {f"new_{name}": row[name] for name in columns} for row in rows]
    await tx.execute(update(table).where(key == bindparam("key")).values(columns | emptied), given)


async def _forget_salts(tx: Tx, kind: str, refs: list[str]) -> None:
    """Entries of the evidence ledger that were made of what was plain: their commitments stay, and with the
    salts goes what would let somebody guess what they are to. The rows are sealed anew as they are now."""
    made = select(seal.c.index).where(seal.c.kind == kind, among(seal.c.ref, refs))
    await tx.execute(delete(seal_secret).where(seal_secret.c.index.in_(made)))


PLAIN: Final = (
    Plain(contact_point, ("value",), _contact_points),
    Plain(party, ("name", "details"), _people),
    Plain(vehicle, ("details", "gps_device_id"), _vehicles),
    Plain(contact_attempt, attempts.WORDS, _contacts),
    Plain(document, ("content",), _letters),
    Plain(legal_action, ("document",), _files),
)
"""Contact points first: until they have their index, texts that come in find nobody there."""
