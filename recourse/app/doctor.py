"""Examining the dependencies one by one; a failure of one hides none of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from sqlalchemy import func, select

from recourse.app.compose import services
from recourse.app.settings import Settings
from recourse.contracts.delivery import Unavailable
from recourse.contracts.names import Queues
from recourse.ports import RunsUnavailable
from recourse.storage import migrate
from recourse.storage.tables import collection_case, contact_attempt, outbox
from recourse.temporal.client import connect
from recourse.temporal.setup import missing_search_attributes

PATIENCE = 8.0
"""Seconds for each examination."""


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: Literal["ok", "finding", "down"]
    says: str
    remedy: str = ""


async def examine(settings: Settings) -> list[Finding]:
    parts: list[tuple[str, Callable[[Settings], Awaitable[list[Finding]]]]] = [
        ("PostgreSQL", _postgres),
        ("Kafka", _kafka),
        ("Temporal", _temporal),
        ("SMTP", lambda s: _socket("SMTP", s.smtp_host, s.smtp_port)),
        ("SMSC", lambda s: _socket("SMSC", s.smpp_host, s.smpp_port)),
        ("Traccar", lambda s: _http("Traccar", s.traccar_url)),
        ("legal desk", lambda s: _http("legal desk", s.legal_desk_url)),
    ]
    results = await asyncio.gather(*(_bounded(name, part(settings)) for name, part in parts))
    return [finding for result in results for finding in result]


async def _bounded(name: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except (TimeoutError, OSError, Unavailable, RunsUnavailable, KafkaError, httpx.HTTPError) as error:
        says = str(error) if isinstance(error, RunsUnavailable) else type(error).__name__
        return [Finding(name, "down", says, "start it, or set its address; `recourse stack up` has one")]


async def _postgres(settings: Settings) -> list[Finding]:
    revision = await migrate.current(settings.database_url)
    if revision != migrate.head():
        says = f"schema at {revision}, the code wants {migrate.head()}"
        return [Finding("PostgreSQL", "finding", says, "recourse db upgrade")]
    found = [Finding("PostgreSQL", "ok", f"schema at {revision}")]
    async with services(settings) as running, running.database.reading() as tx:
        undelivered = select(func.count()).where(
            collection_case.c.facts_due > collection_case.c.facts_delivered
        )
        waiting = (await tx.execute(undelivered)).scalar_one()
        unpublished = (
            await tx.execute(select(func.count()).where(outbox.c.published_at.is_(None)))
        ).scalar_one()
        claimed = (
            await tx.execute(select(func.count()).where(contact_attempt.c.state == "claimed"))
        ).scalar_one()
    for count, says, remedy in (
        (waiting, "cases with facts they were not told of", "the sweep tells them; is a worker running?"),
        (unpublished, "messages not published", "is `recourse relay` running?"),
    ):
        state: Literal["ok", "finding"] = "finding" if count else "ok"
        found.append(Finding("backlog", state, f"{count} {says}", remedy if count else ""))
    found.append(Finding("backlog", "ok", f"{claimed} contacts under way"))
    return found


async def _kafka(settings: Settings) -> list[Finding]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_brokers)
    await admin.start()
    try:
        committed = await admin.list_consumer_group_offsets(settings.consumer_group)
    except GroupCoordinatorNotAvailableError:
        committed = {}  # a broker on which no group has ever committed
    finally:
        await admin.close()
    lag = await _lag(settings, {tp: meta.offset for tp, meta in committed.items()})
    state: Literal["ok", "finding"] = "finding" if lag > 0 else "ok"
    return [Finding("Kafka", state, f"group {settings.consumer_group}, {lag} records behind")]


async def _lag(settings: Settings, committed: dict[TopicPartition, int]) -> int:
    if not committed:
        return 0
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka_brokers) as consumer:
        ends = await consumer.end_offsets(list(committed))
    return sum(max(ends[tp] - offset, 0) for tp, offset in committed.items() if offset >= 0)


async def _temporal(settings: Settings) -> list[Finding]:
    client = await connect()
    missing = await missing_search_attributes(client)
    if missing:
        says = f"search attributes missing: {', '.join(missing)}"
        return [Finding("Temporal", "finding", says, "recourse temporal setup")]
    return [
        Finding(
            "Temporal", "ok", f"namespace {client.namespace}, queue {Queues(settings.queue_prefix).cases}"
        )
    ]


async def _socket(name: str, host: str, port: int) -> list[Finding]:
    if not host:
        return [Finding(name, "finding", "no address", "set it, or `recourse stack up`")]
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return [Finding(name, "ok", f"{host}:{port} answers")]


async def _http(name: str, url: str) -> list[Finding]:
    if not url:
        return [Finding(name, "finding", "no address", "set it, or `recourse stack up`")]
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(url)
    return [Finding(name, "ok", f"answers ({response.status_code})")]
