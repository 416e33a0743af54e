"""Recourse as it runs: its own processes against real servers, to be killed in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from consumers.connection import KafkaConnection
from recourse.app.publishing import publish_events
from recourse.contracts.events import BankEvent, Topics
from recourse.domain.calendar import BusinessCalendar
from recourse.stack import StackAddresses, environment
from recourse.stack.ends.log import read_log
from tests.emptied import as_login

BUSINESS_START = datetime(2026, 11, 6, 2, 0, tzinfo=UTC)
LENDERS = {
    "/demo/cn": {"name": "demo", "region": "CN", "currency": "CNY", "zone": "Asia/Shanghai"},
    "/demo/us": {"name": "demo", "region": "US", "currency": "USD", "zone": "America/New_York"},
}


@dataclass
class System:
    """One deployment: settings, processes, and ways to look at it from outside."""

    prefix: str
    addresses: StackAddresses
    topics: Topics
    env: dict[str, str]
    logs: Path
    engine: AsyncEngine
    calendar: BusinessCalendar
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def loan(self, number: int) -> str:
        """Of this test alone: the namespace outlives it, and a case's id is its workflow's."""
        return f"{self.prefix}-{number:03d}"

    def mobile(self, number: int) -> str:
        """Of this test alone: the SMSC's log outlives it too."""
        return f"+86139{int(self.prefix[1:], 16) % 100_000:05d}{number:03d}"

    def start(self, command: str, name: str | None = None) -> None:
        name = name or command
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "recourse.cli", command], env=self.env, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        """As the kernel's out-of-memory killer would: no goodbye."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def publish(self, *events: BankEvent) -> None:
        await publish_events(KafkaConnection(self.addresses.kafka_brokers), self.topics, events)

    def business_now(self) -> datetime:
        return self.calendar.business(datetime.now(UTC))

    async def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            return [dict(r) for r in (await connection.execute(text(statement), values)).mappings()]

    async def scalar(self, statement: str, **values: object) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement), values)).scalar_one()

    async def until(self, what: str, condition: Callable[[], Any], seconds: float = 180) -> None:
        """Poll; at the bound say what was awaited and what the processes last said."""
        for _ in range(int(seconds / 0.2)):
            if await condition():
                return
            await asyncio.sleep(0.2)
        tails = {p.name: p.read_text(errors="replace")[-1500:] for p in self.logs.glob("*.log")}
        steps = await self.rows("SELECT step_id, event, code, count(*) FROM step GROUP BY 1, 2, 3")
        pytest.fail(f"not within {seconds} s: {what}\n{json.dumps(tails, indent=1)}\n{steps}")

    async def counted(self, statement: str, wanted: int, seconds: float = 180) -> None:
        async def reached() -> bool:
            return bool(await self.scalar(statement) >= wanted)

        await self.until(f"{statement} >= {wanted}", reached, seconds)

    def end_log(self, end: str) -> list[dict[str, Any]]:
        return list(read_log(Path(self.addresses.end_logs[end])))


@pytest.fixture
def seconds_a_day() -> int:
    """How long a business day lasts; a test that waits for a time-out of 60 s gives days more time."""
    return 8


@pytest.fixture
async def system(
    stack: StackAddresses,
    seconds_a_day: int,
    database_url: str,
    tmp_path: Path,
) -> AsyncIterator[System]:
    prefix = f"e{uuid.uuid4().hex[:8]}"
    topics = Topics().prefixed(f"{prefix}.")
    now, scale = datetime.now(UTC), 86_400 // seconds_a_day
    env = os.environ | environment(stack)
    env |= {
        "RECOURSE_DATABASE_URL": as_login(database_url, "recourse_app"),
        "RECOURSE_EVIDENCE_DATABASE_URL": as_login(database_url, "recourse_sealer"),
        "RECOURSE_CONSUMER_GROUP": prefix,
        "RECOURSE_QUEUE_PREFIX": prefix,
        "RECOURSE_LENDERS": json.dumps(LENDERS),
        "RECOURSE_TOPICS__LOANS": topics.loans,
        "RECOURSE_TOPICS__OVERDUE": topics.overdue,
        "RECOURSE_TOPICS__PAYMENTS": topics.payments,
        "RECOURSE_TOPICS__CASE_EVENTS": topics.case_events,
        "RECOURSE_CALENDAR__REAL_ANCHOR": now.isoformat(),
        "RECOURSE_CALENDAR__BUSINESS_ANCHOR": BUSINESS_START.isoformat(),
        "RECOURSE_CALENDAR__SCALE": str(scale),
        "RECOURSE_SWEEP_EVERY_SECONDS": "2",
        "RECOURSE_HOME": str(tmp_path / "home"),
    }
    await _create_topics(stack, [*topics.incoming(), topics.case_events])
    setup = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recourse.cli", "temporal", "setup", env=env
    )
    assert await setup.wait() == 0
    engine = create_async_engine(database_url)
    system = System(
        prefix, stack, topics, env, tmp_path, engine, BusinessCalendar(now, BUSINESS_START, scale)
    )
    try:
        yield system
    finally:
        system.stop_all()
        await engine.dispose()


async def _create_topics(stack: StackAddresses, names: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 4, 1) for name in names])
    finally:
        await admin.close()
