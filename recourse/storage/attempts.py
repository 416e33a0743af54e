"""The attempt ledger: one row a contact, shared by everybody who contacts anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId, TaskId
from recourse.domain.law.caps import LEDGER_DAYS
from recourse.domain.situation import SENT, Attempt, AttemptOutcome, Channel
from recourse.storage import vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import agent_task, contact_attempt
from recourse.storage.together import Part
from recourse.storage.vault import Place

CALLBACK = "callback"
"""The outcome of a call in which the person asked for another."""


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """A slot of the caps, taken before anything leaves. content: exactly what is sent, for the dossier."""

    id: str
    loan_id: LoanId
    case_id: CaseId | None
    step_id: str | None
    decision: int | None
    channel: Channel
    person_id: PersonId
    contact_point_id: ContactPointId
    at: datetime
    actor: str
    template: str | None = None
    template_version: str | None = None
    language: str | None = None
    subject: str | None = None
    content: str | None = None


def attempt_id(case_id: CaseId, step_id: str, channel: Channel, number: int) -> str:
    """The idempotency key that providers see: stable over retries, opaque, unique a (case, step, try)."""
    digest = hashlib.sha256(f"{case_id}/{step_id}/{channel}/{number}".encode()).hexdigest()
    return f"att-{digest[:32]}"


def place_of(key: str, column: str, person_id: str, loan_id: str) -> Place:
    """Of the words of a contact: they are about the person and the loan, and gone with either."""
    return Place("contact_attempt", column, key, (vault.person(person_id), vault.loan(loan_id)))


WORDS = ("subject", "content")


async def _values(tx: Tx, new: NewAttempt) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in NewAttempt.__dataclass_fields__ if name not in WORDS}
    said = {name: text for name in WORDS if (text := getattr(new, name)) is not None}
    places = {name: place_of(new.id, name, new.person_id, new.loan_id) for name in said}
    keys = await vault.keys_for(tx, {one for place in places.values() for one in place.subjects})
    sealed = {f"{name}_sealed": keys.seal(places[name], text) for name, text in said.items()}
    return values | dict.fromkeys((*WORDS, *(f"{name}_sealed" for name in WORDS))) | sealed


async def claim(tx: Tx, new: NewAttempt) -> None:
    """Take the slot. A try that certainly never left may be claimed again under the same key."""
    values = await _values(tx, new) | {"state": AttemptOutcome.CLAIMED}
    # recorded_at: the sweep takes a claim for dead by its age, and this one begins anew.
    again = {k: v for k, v in values.items() if k != "id"} | {"recorded_at": func.now()}
    await tx.execute(
        upsert(contact_attempt)
        .values(values)
        .on_conflict_do_update(
            index_elements=["id"], set_=again, where=contact_attempt.c.state == AttemptOutcome.NOT_SENT
        )
    )


@dataclass(frozen=True, slots=True)
class Reservation:
    """A slot that somebody outside took. until: when the contact must have begun, business time. answered:
    whether anybody said what became of it."""

    id: str
    actor: str
    loan_id: LoanId
    channel: Channel
    state: AttemptOutcome
    until: datetime
    answered: bool


async def reserve(tx: Tx, new: NewAttempt, *, says: str, until: datetime) -> None:
    values = await _values(tx, new)
    state = AttemptOutcome.CLAIMED
    await tx.execute(insert(contact_attempt).values(**values, state=state, says=says, reserved_until=until))


async def is_known(tx: Tx | ReadTx, key: str) -> bool:
    return await state_of(tx, key) is not None


async def reservation(
    tx: Tx | ReadTx, key: str, *, about: Mapping[str, str] | None = None
) -> Reservation | None:
    """None when there is none of this id, or it is about something else."""
    c = contact_attempt.c
    same = [c[name] == value for name, value in (about or {}).items()]
    row = (
        await tx.execute(
            select(c.id, c.actor, c.loan_id, c.channel, c.state, c.reserved_until, c.disposition).where(
                c.id == key, c.reserved_until.is_not(None), *same
            )
        )
    ).first()
    if row is None:
        return None
    state, answered = AttemptOutcome(row.state), row.disposition is not None
    own = row.id, row.actor, LoanId(row.loan_id), Channel(row.channel)
    return Reservation(*own, state, row.reserved_until, answered)


async def unanswered(
    tx: Tx | ReadTx, actors: Iterable[str], about: Mapping[str, str], now: datetime
) -> str | None:
    """The oldest slot on this channel for this person, or on this contact point, that these callers took and
    never said what became of, while it counts."""
    c = contact_attempt.c
    found = (
        select(c.id)
        .where(
            or_(c.person_id == about["person_id"], c.contact_point_id == about["contact_point_id"]),
            c.at > now - timedelta(days=LEDGER_DAYS),
            among(c.actor, actors),
            c.channel == about["channel"],
            c.reserved_until.is_not(None),
            c.disposition.is_(None),
        )
        .order_by(c.at, c.id)
        .limit(1)
    )
    return (await tx.execute(found)).scalar_one_or_none()


async def expire_reservations(tx: Tx, now: datetime) -> int:
    """Nobody said what became of them: unknown, which counts as made as a claim does."""
    c = contact_attempt.c
    late = (
        update(contact_attempt)
        .where(c.state == AttemptOutcome.CLAIMED, c.reserved_until < now)
        .values(state=AttemptOutcome.UNKNOWN)
        .returning(c.id)
    )
    return len((await tx.execute(late)).all())


async def add_inbound(tx: Tx, new: NewAttempt) -> bool:
    """A text that came in; False for one that is known. It takes no slot and needs no outcome."""
    values = await _values(tx, new)
    mine = (
        upsert(contact_attempt)
        .values(**values, state=AttemptOutcome.CONNECTED, inbound=True)
        .on_conflict_do_nothing()
        .returning(contact_attempt.c.id)
    )
    return (await tx.execute(mine)).first() is not None


async def is_of(tx: Tx | ReadTx, new: NewAttempt) -> bool:
    """Whether what is kept under this id is about the same loan, person and contact point."""
    c = contact_attempt.c
    same = (c.id == new.id, c.loan_id == new.loan_id, c.person_id == new.person_id)
    found = select(c.id).where(*same, c.contact_point_id == new.contact_point_id)
    return (await tx.execute(found)).first() is not None


async def state_of(tx: Tx | ReadTx, key: str) -> AttemptOutcome | None:
    row = (
        await tx.execute(select(contact_attempt.c.state).where(contact_attempt.c.id == key))
    ).scalar_one_or_none()
    return AttemptOutcome(row) if row else None


async def finish(
    tx: Tx,
    key: str,
    state: AttemptOutcome,
    *,
    provider_refs: Sequence[str] = (),
    parts: int | None = None,
    disposition: str | None = None,
) -> bool:
    """Record the outcome of a claimed attempt; False when somebody recorded one before.

    What was left as unknown is corrected all the same: an answer that comes late is still the better one.
    """
    c = contact_attempt.c
    was = (await tx.execute(select(c.state).where(c.id == key).with_for_update())).scalar_one_or_none()
    if was in {AttemptOutcome.CLAIMED, AttemptOutcome.UNKNOWN} and was != state:
        values = {"state": state, "provider_refs": list(provider_refs), "parts": parts}
        await tx.execute(update(contact_attempt).where(c.id == key).values(**values, disposition=disposition))
    elif was == AttemptOutcome.UNKNOWN == state and disposition is not None:
        # Somebody says himself that it is not known, which is an answer.
        await tx.execute(update(contact_attempt).where(c.id == key).values(disposition=disposition))
    return was == AttemptOutcome.CLAIMED


async def leave_unknown(tx: Tx, tasks: Iterable[TaskId]) -> None:
    """The tasks ended under the hands of whoever had claimed them: perhaps a call was made, perhaps not, so
    the slots stay taken."""
    held = select(agent_task.c.attempt_id).where(among(agent_task.c.id, tasks))
    await tx.execute(
        update(contact_attempt)
        .where(contact_attempt.c.id.in_(held), contact_attempt.c.state == AttemptOutcome.CLAIMED)
        .values(state=AttemptOutcome.UNKNOWN)
    )


_LINE = [
    contact_attempt.c.at,
    contact_attempt.c.channel,
    contact_attempt.c.state,
    contact_attempt.c.loan_id,
    contact_attempt.c.person_id,
    contact_attempt.c.contact_point_id,
    contact_attempt.c.inbound,
    func.coalesce(contact_attempt.c.disposition == CALLBACK, False),
]
_TOUCHED = or_(
    among_given(contact_attempt.c.person_id, "people"),
    among_given(contact_attempt.c.contact_point_id, "points"),
)


def _line(row: Any) -> Attempt:
    at, channel, outcome, *about = row
    return Attempt(at, Channel(channel), AttemptOutcome(outcome), *about)


LEDGER = Part(
    select(*_LINE)
    .where(_TOUCHED, contact_attempt.c.at > bindparam("ledger_from"))
    .order_by(contact_attempt.c.at, contact_attempt.c.id),
    lambda rows: tuple(map(_line, rows)),
)
"""Every attempt on `people` or on `points`, for any loan, after `ledger_from`."""


def ledger_from(now: datetime) -> datetime:
    """Before then no cap looks."""
    return now - timedelta(days=LEDGER_DAYS)


async def line(tx: Tx | ReadTx, key: str) -> Attempt | None:
    """One of them, by its id."""
    row = (await tx.execute(select(*_LINE).where(contact_attempt.c.id == key))).first()
    return _line(row) if row is not None else None


@dataclass(frozen=True, slots=True)
class StaleClaim:
    id: str
    case_id: CaseId
    step_id: str
    loan_id: LoanId


async def stale_claims(tx: Tx | ReadTx, older_than: timedelta, limit: int) -> list[StaleClaim]:
    """Claims without an outcome whose sender must be gone. A task's claim and a reservation expire by
    themselves."""
    c = contact_attempt.c
    rows = await tx.execute(
        select(c.id, c.case_id, c.step_id, c.loan_id)
        .where(
            c.state == AttemptOutcome.CLAIMED,
            c.channel.in_(sorted(SENT)),
            c.reserved_until.is_(None),
            c.recorded_at < func.now() - older_than,
        )
        .order_by(c.recorded_at)
        .limit(limit)
    )
    return [StaleClaim(*row) for row in rows]


async def point_of(tx: Tx | ReadTx, key: str) -> tuple[PersonId, ContactPointId]:
    """Whom an attempt addressed, and where."""
    c = contact_attempt.c
    row = (await tx.execute(select(c.person_id, c.contact_point_id).where(c.id == key))).one()
    return PersonId(row[0]), ContactPointId(row[1])
