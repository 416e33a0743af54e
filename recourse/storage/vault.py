"""Data keys of those whom personal data is about, and sealing by them.

A subject is a person or a loan. What is about two of them (a message to a person about a loan) is sealed with
both keys, and is gone with either. Whether a key still stands is asked of its row each time, in the caller's
own transaction: so an erasure holds at once, everywhere. Only unwrapping is remembered, for a bounded time.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import urandom
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.contracts.canonical import canonical
from recourse.contracts.wrapping import KeysUnavailable, KeyWrapper, NotOpened, Wrapped
from recourse.domain.ids import LoanId, PersonId
from recourse.domain.privacy.key_ring import KEY_BYTES, NamedKey, blind
from recourse.storage import envelope
from recourse.storage.database import VAULT, ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import data_key

TENANT: Final = "recourse"
"""Bound to everything sealed. One deployment is one tenant; its lenders share people."""
CACHE_SECONDS: Final = 60.0
_MOST_CACHED: Final = 10_000


def person(key: PersonId | str) -> str:
    return f"person:{key}"


def loan(key: LoanId | str) -> str:
    return f"loan:{key}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands and whom it is about: bound to it, so that it opens nowhere else. row: its id."""

    table: str
    column: str
    row: str
    subjects: tuple[str, ...]

    def bound(self) -> bytes:
        return canonical([TENANT, self.table, self.column, self.row, list(self.subjects)])


@dataclass(slots=True)
class Vault:
    """wrapper: keeps the keys that wrap data keys. index: keys of blind indexes, the one in use last.
    remember: seconds an unwrapped data key may stay in memory."""

    wrapper: KeyWrapper
    index: tuple[NamedKey, ...]
    remember: float = CACHE_SECONDS
    _unwrapped: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    async def unwrap(self, key_id: str, subject: str, wrapped: Wrapped) -> bytes:
        now = time.monotonic()
        known = self._unwrapped.get(key_id)
        if known is not None and known[0] > now:
            return known[1]
        key = await self.wrapper.unwrap(wrapped, bound_key(subject, key_id))
        if len(self._unwrapped) >= _MOST_CACHED:
            self._unwrapped = {id: held for id, held in self._unwrapped.items() if held[0] > now}
        if len(self._unwrapped) < _MOST_CACHED:
            self._unwrapped[key_id] = (now + self.remember, key)
        return key

    def forget(self) -> None:
        """Everything that was unwrapped."""
        self._unwrapped.clear()

    def blinds(self, purpose: str, *parts: str) -> list[str]:
        """As a value may stand in an index, under each key; the last is how it is written."""
        return [blind(key, purpose, *parts) for key in self.index]


def bound_key(subject: str, key_id: str) -> bytes:
    return canonical([TENANT, "data_key", subject, key_id])


def vault_of(tx: Tx | ReadTx) -> Vault:
    """Raises KeysUnavailable where the deployment has no keys."""
    connection = tx.sync_connection
    found = connection.get_execution_options().get(VAULT) if connection is not None else None
    if not isinstance(found, Vault):
        raise KeysUnavailable("no keys for personal data; set RECOURSE_PRIVACY_KEYS_FILE")
    return found


@dataclass(frozen=True, slots=True)
class Keys:
    """Of some subjects, as they stood when they were asked for. A subject without a key was erased."""

    _held: Mapping[str, bytes] = field(repr=False)
    _destroyed: frozenset[str]

    def is_erased(self, *subjects: str) -> bool:
        return not self._destroyed.isdisjoint(subjects)

    def seal(self, place: Place, value: str | bytes | None) -> bytes | None:
        """None for None, and for what is about somebody who was erased: it is not kept any more."""
        if value is None or self.is_erased(*place.subjects):
            return None
        text = value.encode() if isinstance(value, str) else value
        return envelope.sealed(self._of(place), place.bound(), text)

    def open(self, place: Place, sealed: bytes | None) -> bytes | None:
        """None for None, and for what was erased. Raises NotOpened."""
        if sealed is None or self.is_erased(*place.subjects):
            return None
        try:
            return envelope.opened(self._of(place), place.bound(), sealed)
        except envelope.Broken:
            raise NotOpened(_named(place)) from None

    def open_text(self, place: Place, sealed: bytes | None) -> str | None:
        text = self.open(place, sealed)
        return None if text is None else text.decode()

    def seal_json(self, place: Place, value: Any) -> bytes | None:
        return None if value is None else self.seal(place, canonical(value))

    def open_json(self, place: Place, sealed: bytes | None) -> Any:
        text = self.open(place, sealed)
        return None if text is None else json.loads(text)

    def opening(self, place: Place, sealed: bytes) -> bytes | None:
        """What shows, with the text, that this is what was sealed; None once it was erased."""
        return None if self.is_erased(*place.subjects) else self._opening(place, sealed)

    def _opening(self, place: Place, sealed: bytes) -> bytes:
        return envelope.opening(self._of(place), place.bound(), sealed)

    def _of(self, place: Place) -> list[bytes]:
        missing = [subject for subject in place.subjects if subject not in self._held]
        if missing or not place.subjects:
            raise NotOpened(f"{_named(place)}: no key of {', '.join(missing) or 'anybody'}")
        return [self._held[subject] for subject in place.subjects]


def _named(place: Place) -> str:
    return f"{place.table}.{place.column} of {place.row}"


async def keys_of(tx: Tx | ReadTx, subjects: Iterable[str]) -> Keys:
    """Of those that have one; nothing is asked for nobody. Raises KeysUnavailable, NotOpened."""
    wanted = sorted(set(subjects))
    if not wanted:
        return Keys({}, frozenset())
    vault, c = vault_of(tx), data_key.c
    found = select(c.subject, c.id, c.wrapped_by, c.wrapped).where(among(c.subject, wanted))
    held: dict[str, bytes] = {}
    destroyed = set()
    for subject, key_id, by, wrapped in (await tx.execute(found)).all():
        if wrapped is None:
            destroyed.add(subject)
        else:
            held[subject] = await vault.unwrap(key_id, subject, Wrapped(by, wrapped))
    return Keys(held, frozenset(destroyed))


async def keys_for(tx: Tx, subjects: Iterable[str]) -> Keys:
    """The same for whoever writes: who has none gets one; who was erased does not."""
    wanted = sorted(set(subjects))
    keys = await keys_of(tx, wanted)
    fresh = [subject for subject in wanted if subject not in keys._held and not keys.is_erased(subject)]
    if not fresh:
        return keys
    vault, made = vault_of(tx), {subject: urandom(KEY_BYTES) for subject in fresh}
    rows = [await _new_row(vault, subject, key) for subject, key in made.items()]
    kept = upsert(data_key).on_conflict_do_nothing(index_elements=["subject"]).returning(data_key.c.subject)
    if len((await tx.execute(kept, rows)).all()) < len(rows):
        return await keys_of(tx, wanted)  # somebody else was first with one of them
    return Keys({**keys._held, **made}, keys._destroyed)


async def _new_row(vault: Vault, subject: str, key: bytes) -> dict[str, Any]:
    key_id = f"dk-{uuid.uuid4().hex}"
    wrapped = await vault.wrapper.wrap(key, bound_key(subject, key_id))
    return {"id": key_id, "subject": subject, "wrapped_by": wrapped.by, "wrapped": wrapped.data}


async def seal(tx: Tx, place: Place, value: str | bytes | None) -> bytes | None:
    """One value; see `Keys.seal`."""
    return (await keys_for(tx, place.subjects)).seal(place, value)


async def opened(tx: Tx | ReadTx, place: Place, sealed: bytes | None) -> bytes | None:
    """One value; see `Keys.open`."""
    if sealed is None:
        return None
    return (await keys_of(tx, place.subjects)).open(place, sealed)
