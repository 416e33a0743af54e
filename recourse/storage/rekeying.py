"""New keys for old: data keys wrapped anew, and blind indexes made anew, a few at a time, while all runs."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, func, select, update

from recourse.contracts.wrapping import Wrapped
from recourse.storage import points, vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import contact_point, data_key, person_contact_point
from recourse.storage.vault import Vault, bound_key

BATCH: Final = 200


async def left_to_wrap(tx: Tx | ReadTx) -> int:
    """Data keys that the key in use has not wrapped."""
    return int((await tx.execute(select(func.count()).where(*_older(vault.vault_of(tx))))).scalar_one())


def _older(held: Vault) -> list[Any]:
    return [data_key.c.wrapped.is_not(None), data_key.c.wrapped_by != held.wrapper.in_use()]


async def wrap_anew(tx: Tx, after: str, limit: int = BATCH) -> tuple[int, str | None]:
    """The next of them after a subject: how many, and the last subject, None when there are no more. A key
    that somebody else has locked, to destroy it perhaps, is left alone."""
    held, c = vault.vault_of(tx), data_key.c
    older = select(c.subject, c.id, c.wrapped_by, c.wrapped).where(*_older(held), c.subject > after)
    rows = (await tx.execute(older.order_by(c.subject).limit(limit).with_for_update(skip_locked=True))).all()
    fresh = []
    for subject, key_id, by, wrapped in rows:
        about = bound_key(subject, key_id)
        key = await held.wrapper.unwrap(Wrapped(by, wrapped), about)
        anew = await held.wrapper.wrap(key, about)
        fresh.append({"key": subject, "by": anew.by, "data": anew.data})
    if fresh:
        new: dict[str, Any] = {"wrapped_by": bindparam("by"), "wrapped": bindparam("data")}
        await tx.execute(update(data_key).where(c.subject == bindparam("key")).values(new), fresh)
    return len(rows), rows[-1].subject if rows else None


async def left_to_index(tx: Tx | ReadTx) -> int:
    """Contact points whose index another key has made."""
    return int((await tx.execute(select(func.count()).where(_other_index(vault.vault_of(tx))))).scalar_one())


def _other_index(held: Vault) -> Any:
    return ~contact_point.c.digest.startswith(f"{held.index[-1].id}:", autoescape=True)


async def index_anew(tx: Tx, after: str, limit: int = BATCH) -> tuple[int, str | None]:
    """The same for blind indexes, from what one of those who share a contact point has of it."""
    held, c, shared = vault.vault_of(tx), contact_point.c, person_contact_point.c
    older = select(c.id, c.kind).where(_other_index(held), c.id > after).order_by(c.id).limit(limit)
    rows = (await tx.execute(older.with_for_update(skip_locked=True))).all()
    if not rows:
        return 0, None
    kinds: dict[str, str] = {row[0]: row[1] for row in rows}
    copies = (
        await tx.execute(
            select(shared.contact_point_id, shared.person_id, shared.value_sealed).where(
                among(shared.contact_point_id, kinds), shared.value_sealed.is_not(None)
            )
        )
    ).all()
    keys = await vault.keys_of(tx, {vault.person(person_id) for _, person_id, _ in copies})
    fresh: dict[str, dict[str, Any]] = {}
    for point_id, person_id, sealed in copies:
        value = keys.open_text(points.place_of(person_id, point_id), sealed)
        if value is not None and point_id not in fresh:
            digest, number = points.digests(held, kinds[point_id], value)
            fresh[point_id] = {"key": point_id, "new_digest": digest, "new_number": number}
    if fresh:
        new: dict[str, Any] = {"digest": bindparam("new_digest"), "number_digest": bindparam("new_number")}
        await tx.execute(
            update(contact_point).where(c.id == bindparam("key")).values(new), list(fresh.values())
        )
    return len(fresh), rows[-1].id
