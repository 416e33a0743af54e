"""The attempt ledger: one row a contact, shared by everybody who contacts anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.ids import CaseId, ContactPointId, LoanId, PersonId, TaskId
from recourse.domain.law.caps import LEDGER_DAYS
from recourse.domain.situation import Attempt, AttemptOutcome, Channel
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among
from recourse.storage.tables import agent_task, contact_attempt, provider_receipt


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """A slot of the caps, taken before anything leaves. content: exactly what is sent, for the dossier."""

    id: str
    loan_id: LoanId
    case_id: CaseId
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


async def claim(tx: Tx, new: NewAttempt) -> None:
    """Take the slot. A try that certainly never left may be claimed again under the same key."""
    values = {name: getattr(new, name) for name in NewAttempt.__dataclass_fields__} | {
        "state": AttemptOutcome.CLAIMED
    }
    # recorded_at: the sweep takes a claim for dead by its age, and this one begins anew.
    again = {k: v for k, v in values.items() if k != "id"} | {"recorded_at": func.now()}
    await tx.execute(
        upsert(contact_attempt)
        .values(values)
        .on_conflict_do_update(
            index_elements=["id"], set_=again, where=contact_attempt.c.state == AttemptOutcome.NOT_SENT
        )
    )


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


async def ledger(
    tx: Tx | ReadTx, people: Iterable[PersonId], points: Iterable[ContactPointId], now: datetime
) -> tuple[Attempt, ...]:
    """Every attempt on these people or these contact points, for any loan, newest window only."""
    c = contact_attempt.c
    rows = await tx.execute(
        select(c.at, c.channel, c.state, c.loan_id, c.person_id, c.contact_point_id, c.inbound)
        .where(
            or_(among(c.person_id, people), among(c.contact_point_id, points)),
            c.at > now - timedelta(days=LEDGER_DAYS),
        )
        .order_by(c.at, c.id)
    )
    return tuple(Attempt(r[0], Channel(r[1]), AttemptOutcome(r[2]), *r[3:]) for r in rows)


@dataclass(frozen=True, slots=True)
class StaleClaim:
    id: str
    case_id: CaseId
    step_id: str
    loan_id: LoanId


async def stale_claims(tx: Tx | ReadTx, older_than: timedelta, limit: int) -> list[StaleClaim]:
    """Claims without an outcome whose sender must be gone. A task's claim expires by itself."""
    c = contact_attempt.c
    rows = await tx.execute(
        select(c.id, c.case_id, c.step_id, c.loan_id)
        .where(
            c.state == AttemptOutcome.CLAIMED,
            c.channel.in_([Channel.EMAIL, Channel.SMS]),
            c.recorded_at < func.now() - older_than,
        )
        .order_by(c.recorded_at)
        .limit(limit)
    )
    return [StaleClaim(*row) for row in rows]


async def add_receipt(tx: Tx, provider_ref: str, state: str, at: datetime) -> str | None:
    """A delivery receipt; returns the attempt it belongs to, or None when it came before its own answer.

    A receipt may overtake the provider's answer, so it is kept by reference and joined when read.
    """
    owner = (
        await tx.execute(
            select(contact_attempt.c.id).where(contact_attempt.c.provider_refs.contains([provider_ref]))
        )
    ).scalar_one_or_none()
    await tx.execute(
        upsert(provider_receipt)
        .values(provider_ref=provider_ref, state=state, attempt_id=owner, at=at)
        .on_conflict_do_nothing()
    )
    return owner


async def adopt_receipts(tx: Tx, key: str, provider_refs: Sequence[str]) -> None:
    """Join receipts that overtook the answer of their own attempt."""
    await tx.execute(
        update(provider_receipt)
        .where(among(provider_receipt.c.provider_ref, provider_refs))
        .values(attempt_id=key)
    )


async def point_of(tx: Tx | ReadTx, key: str) -> tuple[PersonId, ContactPointId]:
    """Whom an attempt addressed, and where."""
    c = contact_attempt.c
    row = (await tx.execute(select(c.person_id, c.contact_point_id).where(c.id == key))).one()
    return PersonId(row[0]), ContactPointId(row[1])
