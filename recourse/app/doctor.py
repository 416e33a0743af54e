"""Examining the dependencies one by one; a failure of one hides none of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import DBAPIError

from recourse.app import (
    doctor_database,
    doctor_evidence,
    doctor_kafka,
    doctor_letters,
    doctor_lines,
    doctor_outside,
    doctor_privacy,
    doctor_temporal,
)
from recourse.app.compose import services
from recourse.app.findings import Finding, found
from recourse.app.reaching import Unreachable, reaching
from recourse.app.settings import Settings
from recourse.contracts.delivery import Unavailable
from recourse.ports import RunsUnavailable
from recourse.service.recalling import ACKNOWLEDGED_WITHIN
from recourse.service.sweeping import CLAIM_DEAD_AFTER
from recourse.storage import migrate
from recourse.storage.database import ReadTx
from recourse.storage.permits import OWED
from recourse.storage.tables import agent_task, collection_case, contact_attempt, outbox, permit, unsealed
from recourse.storage.tasks import ACTIVE

SEALED_WITHIN = timedelta(minutes=10)
"""Real time from a row to its seal where somebody seals; a sealer that stands by takes over in seconds."""
PATIENCE = 12.0
"""Seconds for each examination."""

Part = Callable[[Settings], Awaitable[list[Finding]]]


async def examine(settings: Settings) -> list[Finding]:
    parts: list[tuple[str, Part]] = [
        ("PostgreSQL", _postgres),
        ("Kafka", lambda s: _kafka(doctor_kafka.consuming, s)),
        ("positions", lambda s: _kafka(doctor_kafka.positions, s)),
        ("dead letters", lambda s: _kafka(doctor_kafka.refused, s)),
        ("Temporal", doctor_temporal.namespace),
        ("cases", doctor_temporal.runs),
        ("cases", doctor_temporal.failing),
        ("SMTP", doctor_outside.mail),
        ("SMSC", doctor_outside.texts),
        ("SMS replies", doctor_outside.replies),
        ("Traccar", doctor_outside.vehicles),
        ("legal desk", doctor_outside.legal_desk),
        ("evidence", doctor_evidence.outside),
        ("letters", doctor_letters.letters),
        ("privacy", doctor_privacy.keys),
        ("lines", doctor_lines.lines),
    ]
    results = await asyncio.gather(*(_bounded(name, part(settings)) for name, part in parts))
    return [finding for result in results for finding in result]


async def _bounded(name: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except Unreachable as error:
        return [Finding(name, "down", f"it {error.says}", error.remedy)]
    except (TimeoutError, OSError, Unavailable, RunsUnavailable, httpx.HTTPError) as error:
        says = str(error) if isinstance(error, RunsUnavailable) else type(error).__name__
        return [Finding(name, "down", says, "start it, or set its address; `recourse stack up` has one")]


async def _kafka(part: Part, settings: Settings) -> list[Finding]:
    async with reaching(settings.kafka()):
        return await part(settings)


async def _postgres(settings: Settings) -> list[Finding]:
    try:
        revision = await migrate.current(settings.database_url)
    except (DBAPIError, OSError) as error:
        return [doctor_database.down(error)]
    if revision != migrate.head():
        says = f"schema at {revision or 'no revision'}, the code wants {migrate.head()}"
        return [Finding("PostgreSQL", "finding", says, "recourse db upgrade")]
    ok = Finding("PostgreSQL", "ok", f"schema at {revision}")
    rights = await doctor_database.rights(settings.database_url)
    async with services(settings) as running, running.database.reading() as tx:
        return [ok, rights, *await doctor_database.tokens(tx), *await _backlog(tx)]


async def _backlog(tx: ReadTx) -> list[Finding]:
    """What waits for a process or for a person. Ages are real time."""
    case, message, attempt, task = collection_case.c, outbox.c, contact_attempt.c, agent_task.c
    untold = await _count(tx, case.facts_due > case.facts_delivered)
    unpublished = await _count(tx, message.published_at.is_(None))
    oldest = (
        await tx.execute(select(func.min(message.recorded_at)).where(message.published_at.is_(None)))
    ).scalar_one()
    now = (await tx.execute(select(func.clock_timestamp()))).scalar_one()
    claimed = (attempt.state == "claimed") & attempt.channel.in_(["email", "sms"])
    under_way = await _count(tx, claimed)
    dead = await _count(tx, claimed, attempt.recorded_at < func.now() - CLAIM_DEAD_AFTER)
    doubtful = await _count(tx, task.kind == "check_delivery", task.state.in_(ACTIVE))
    owed = await _count(tx, OWED)
    silent = await _count(tx, OWED, permit.c.recall_since < func.now() - ACKNOWLEDGED_WITHIN)
    unsealed_, late = await _unsealed(tx)
    hours = int(ACKNOWLEDGED_WITHIN.total_seconds() // 3600)
    minutes = int(CLAIM_DEAD_AFTER.total_seconds() // 60)
    return [
        found(
            "backlog",
            f"{untold} cases with facts they were not told of",
            "the sweep tells them; is a worker running?",
            bad=untold > 0,
        ),
        found(
            "backlog",
            f"{unpublished} messages not published{_since(oldest, now)}",
            "is `recourse relay` running?",
            bad=unpublished > 0,
        ),
        found(
            "backlog",
            f"{under_way} messages being sent, {dead} of them claimed over {minutes} minutes ago",
            "their sender died; the sweep gives them to a person; is a worker running?",
            bad=dead > 0,
        ),
        found(
            "backlog",
            f"{doubtful} messages whose outcome a person must find out",
            "recourse tasks list; kind check_delivery",
            bad=doubtful > 0,
        ),
        found(
            "backlog",
            f"{owed} recalls nobody has acknowledged, {silent} of them for over {hours} hours",
            "recourse permits list --owed; telephone: the other side goes on until it knows",
            bad=silent > 0,
        ),
        found(
            "backlog",
            f"{unsealed_} rows not sealed, {late} of them for over {SEALED_WITHIN.seconds // 60} minutes",
            "is `recourse seal` running? until then an edit of them leaves no trace",
            bad=late > 0,
        ),
    ]


async def _unsealed(tx: ReadTx) -> tuple[int, int]:
    """How many rows wait, and how many of them for too long."""
    written = unsealed.c.recorded_at
    return await _count(tx, unsealed.c.id > 0), await _count(tx, written < func.now() - SEALED_WITHIN)


async def _count(tx: ReadTx, *where: ColumnElement[bool]) -> int:
    return int((await tx.execute(select(func.count()).where(*where))).scalar_one())


def _since(oldest: datetime | None, now: datetime) -> str:
    return f", the oldest {int((now - oldest).total_seconds())} s old" if oldest else ""
