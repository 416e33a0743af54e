"""What everything is measured on: one stack, one database, and Recourse's own processes beside ours."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from sqlalchemy.engine import make_url
from temporalio.client import Client

from bench.events import EVENING, LENDERS
from consumers.connection import KafkaConnection
from recourse.app.consume import kafka_producer
from recourse.app.publishing import create_topics
from recourse.app.settings import Settings
from recourse.contracts.events import Topics
from recourse.stack import StackAddresses, StackError, environment
from recourse.stack.process import Child, Launch, start, tail
from recourse.storage import access
from recourse.storage.tables.access import APP
from recourse.temporal.codec import PLAIN, KeyRing
from recourse.temporal.converter import sealed_converter
from recourse.temporal.setup import register_search_attributes

Row = Mapping[str, Any]
_NO_CHAIN = """
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT tgname, tgrelid::regclass AS name FROM pg_trigger WHERE tgname LIKE 'to_be_sealed%' LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', one.name, one.tgname);
  END LOOP;
END $$
"""


class Failed(Exception):
    """A correctness check did not hold: what was measured has no number."""


@dataclass
class Bed:
    """prefix: of this run alone, in topics, queues and loan ids. database: its URL as its owner."""

    prefix: str
    addresses: StackAddresses
    database: str
    topics: Topics
    env: dict[str, str]
    client: Client
    rows: asyncpg.Pool[asyncpg.Record]
    producer: AIOKafkaProducer
    logs: Path
    children: list[Child] = field(default_factory=list)

    def settings(self, **changed: Any) -> Settings:
        """As the processes read them, for what runs in this process."""
        return Settings(_env_file=str(self.logs / "env"), **changed)

    async def spawn(self, name: str, *command: str) -> Path:
        """A process of its own on the same settings; returns its log."""
        log = self.logs / f"{name}.log"
        launch = Launch([sys.executable, "-m", *command], self.env)
        self.children.append(await start(name, launch, log))
        return log

    def alive(self) -> None:
        """Raises Failed when a process has ended, with its last words."""
        for child in self.children:
            if child.has_ended():
                raise Failed(f"{child.name} ended:\n{tail(self.logs / f'{child.name}.log')}")

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children))
        self.children.clear()

    async def one(self, statement: str, *values: object) -> Any:
        return await self.rows.fetchval(statement, *values)

    async def until(
        self, what: str, condition: Callable[[], Any], seconds: float, every: float = 0.02
    ) -> None:
        """Raises Failed at the bound."""
        loop = asyncio.get_running_loop()
        bound = loop.time() + seconds
        while not await condition():
            self.alive()
            if loop.time() > bound:
                raise Failed(f"not within {seconds:.0f} s: {what}")
            await asyncio.sleep(every)


@asynccontextmanager
async def bed(
    addresses: StackAddresses, home: Path, workers: int, *, guarded: bool = True
) -> AsyncIterator[Bed]:
    """A migrated database and topics of this run alone; consumer and workers are up. guarded: as shipped;
    else Temporal keeps what it is given, the login is above row-level security, and no row is noted for the
    ledger."""
    prefix = f"b{uuid.uuid4().hex[:8]}"
    url = await _database(addresses.database_url, prefix)
    topics = Topics().prefixed(f"{prefix}.")
    env = environment(addresses) | _env(prefix, url, topics)
    if guarded:
        env["RECOURSE_DATABASE_URL"] = _as_login(url, APP)
        ring = KeyRing.parse(Path(addresses.temporal_keys_file).read_text())
    else:
        ring = KeyRing.parse(PLAIN)
        env["RECOURSE_TEMPORAL_KEYS"] = PLAIN
        del env["RECOURSE_TEMPORAL_KEYS_FILE"]
        await _execute(url, _NO_CHAIN)
    client = await Client.connect(
        addresses.temporal_address,
        namespace=addresses.temporal_namespace,
        data_converter=sealed_converter(ring),
    )
    await register_search_attributes(client)
    await create_topics(KafkaConnection(addresses.kafka_brokers), topics)
    logs = home / prefix
    logs.mkdir(parents=True)
    (logs / "env").write_text("".join(f"{name}='{value}'\n" for name, value in env.items()))
    async with (
        asyncpg.create_pool(plain(url), min_size=1, max_size=2) as rows,
        kafka_producer(Settings(_env_file=str(logs / "env"))) as producer,
    ):
        made = Bed(prefix, addresses, url, topics, env, client, rows, producer, logs)
        try:
            await made.spawn("consume", "bench.consumer")
            for number in range(workers):
                await made.spawn(f"worker-{number}", "recourse.cli", "worker")
            yield made
        finally:
            await made.stop()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(plain(url))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _as_login(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


async def _database(server: str, name: str) -> str:
    await _execute(server, f'CREATE DATABASE "{name}"')
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    await access.upgrade(url)
    return url


def plain(url: str) -> str:
    """The same address as asyncpg itself wants it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _env(prefix: str, url: str, topics: Topics) -> dict[str, str]:
    return {
        "RECOURSE_DATABASE_URL": url,
        "RECOURSE_CONSUMER_GROUP": prefix,
        "RECOURSE_QUEUE_PREFIX": prefix,
        "RECOURSE_LENDERS": json.dumps(LENDERS, separators=(",", ":")),
        "RECOURSE_TOPICS__LOANS": topics.loans,
        "RECOURSE_TOPICS__OVERDUE": topics.overdue,
        "RECOURSE_TOPICS__PAYMENTS": topics.payments,
        "RECOURSE_TOPICS__CASE_EVENTS": topics.case_events,
        "RECOURSE_CALENDAR__REAL_ANCHOR": datetime.now(UTC).isoformat(),
        "RECOURSE_CALENDAR__BUSINESS_ANCHOR": EVENING.isoformat(),
    }


__all__ = ["Bed", "Failed", "StackError", "bed"]
