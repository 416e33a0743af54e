"""The command line as a person types it, on real servers.

Commands run in this process, each in a thread with a loop of its own: heavy imports are paid once. What must
be a process (consumer, worker, relay) is one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from typer.testing import CliRunner, Result

from recourse.cli import app
from recourse.contracts.events import BankEvent, Topics, to_line
from recourse.service import tokens
from recourse.stack import StackAddresses, environment
from tests.emptied import as_login, named
from tests.events import overdue, snapshot
from tests.integration.conftest import World, world  # noqa: F401 - the fixture

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""At the borrowers' place, on a working day."""
UNUSED = "127.0.0.1:1"
NAME, MOBILE, EMAIL, PLATE = "测试人", "+8613800000001", "borrower@example.com", "沪A00000"
PERSONAL = (NAME, MOBILE[3:], EMAIL, PLATE, "home of")
"""What the snapshots of these tests say about a person and a vehicle."""
LENDERS = {"/demo/cn": {"name": "demo", "region": "CN", "currency": "CNY", "zone": "Asia/Shanghai"}}


@dataclass(frozen=True)
class Cli:
    """env: every setting there is; what else the machine has set is hidden."""

    env: Mapping[str, str]

    async def __call__(self, *arguments: str | Path, **env: str | None) -> Result:
        """Whatever it does, it never shows a traceback."""
        hidden: dict[str, str | None] = {
            name: None for name in os.environ if name.startswith(("RECOURSE_", "TEMPORAL_"))
        }
        result = await asyncio.to_thread(
            CliRunner().invoke, app, [*map(str, arguments)], env=hidden | dict(self.env) | env
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    async def json(self, *arguments: str | Path, exit_code: int = 0, **env: str | None) -> Any:
        result = await self(*arguments, "--json", **env)
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


def deployment(stack: StackAddresses, prefix: str, home: Path, database: str) -> dict[str, str]:
    """Settings that share the servers and nobody's data. Business time starts at noon."""
    topics = Topics().prefixed(f"{prefix}.")
    (home / "empty").touch()
    return environment(stack) | {
        "RECOURSE_DATABASE_URL": as_login(database, "recourse_app"),
        "RECOURSE_DATABASE_OWNER_URL": database,
        "RECOURSE_EVIDENCE_DATABASE_URL": as_login(database, "recourse_sealer"),
        "RECOURSE_CONSUMER_GROUP": prefix,
        "RECOURSE_QUEUE_PREFIX": prefix,
        "RECOURSE_LENDERS": json.dumps(LENDERS),
        "RECOURSE_TOPICS__LOANS": topics.loans,
        "RECOURSE_TOPICS__OVERDUE": topics.overdue,
        "RECOURSE_TOPICS__PAYMENTS": topics.payments,
        "RECOURSE_TOPICS__CASE_EVENTS": topics.case_events,
        "RECOURSE_CALENDAR__REAL_ANCHOR": datetime.now(UTC).isoformat(),
        "RECOURSE_CALENDAR__BUSINESS_ANCHOR": NOON.isoformat(),
        "RECOURSE_HOME": str(home),
        "RECOURSE_ENV_FILE": str(home / "empty"),
    }


async def issued(world: World, role: str) -> tokens.Issued:  # noqa: F811 - the fixture
    """A token of one more person."""
    return await world.services.run(partial(tokens.issue, role=role, name="of the test"))


def lines(file: Path, *events: BankEvent) -> Path:
    file.write_text("".join(to_line(event) + "\n" for event in events), encoding="utf-8")
    return file


async def until(what: str, condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Poll; at the bound say what was awaited."""
    for _ in range(int(seconds / 0.1)):
        if await condition():
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {what}")


async def create_database(stack: StackAddresses) -> str:
    """An empty one, without a schema."""
    name = f"cli_{uuid.uuid4().hex[:12]}"
    await sql(stack.database_url, f'CREATE DATABASE "{name}"')
    return named(stack.database_url, name)


async def sql(url: str, statement: str, **values: object) -> list[dict[str, Any]]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            result = await connection.execute(text(statement), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []
    finally:
        await engine.dispose()


@pytest.fixture
async def empty_database(stack: StackAddresses) -> AsyncIterator[str]:
    url = await create_database(stack)
    yield url
    await sql(stack.database_url, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


@pytest.fixture
def desk(stack: StackAddresses, tmp_path: Path) -> Cli:
    """For commands that ask no database: theirs is there and has no schema."""
    one = {"RECOURSE_DATABASE_URL": stack.database_url, "RECOURSE_DATABASE_OWNER_URL": ""}
    return Cli(deployment(stack, f"c{uuid.uuid4().hex[:8]}", tmp_path, stack.database_url) | one)


@pytest.fixture
def cli(stack: StackAddresses, database_url: str, tmp_path: Path) -> Cli:
    """A deployment of this test alone in which no process runs."""
    return Cli(deployment(stack, f"c{uuid.uuid4().hex[:8]}", tmp_path, database_url))


@dataclass(frozen=True)
class Town:
    """A whole deployment at work, for the run: `town.cli` speaks to it."""

    cli: Cli
    prefix: str
    scratch: Path

    @property
    def database(self) -> str:
        """As superuser, to look and to interfere."""
        return self.cli.env["RECOURSE_DATABASE_OWNER_URL"]

    def loan(self, number: int) -> str:
        return f"{self.prefix}-{number}"

    def case(self, number: int) -> str:
        return f"case-{self.prefix}-{number}-1"

    async def task(self, number: int, kind: str = "hardship_screening") -> str:
        """The open task of a loan."""
        (found,) = await sql(
            self.database,
            "SELECT id FROM agent_task WHERE loan_id = :loan AND kind = :kind AND completed_at IS NULL",
            loan=self.loan(number),
            kind=kind,
        )
        return str(found["id"])


LATE = range(1, 8)
"""Loans of the town that are 12 days late, each with a task for an agent."""
FRESH = 8
"""The loan that is one day late."""


@pytest.fixture(scope="session")
async def town(stack: StackAddresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Set up by the command line alone, in a namespace where no other deployment works."""
    scratch = tmp_path_factory.mktemp("town")
    prefix = f"t{uuid.uuid4().hex[:8]}"
    database = await create_database(stack)
    cli = Cli(deployment(stack, prefix, scratch, database) | {"TEMPORAL_NAMESPACE": prefix})
    town = Town(cli, prefix, scratch)
    await asyncio.gather(_namespace(stack, prefix), _topics(cli))
    assert (await cli("db", "upgrade")).exit_code == 0

    async def set_up() -> bool:  # a new namespace is known to the whole server only after a while
        return (await cli("temporal", "setup")).exit_code == 0

    await until("temporal setup in a new namespace", set_up)
    with Processes(town, "consume", "worker", "relay"):
        await _populate(town)
        yield town
    await sql(stack.database_url, f'DROP DATABASE "{make_url(database).database}" WITH (FORCE)')


async def _namespace(stack: StackAddresses, name: str) -> None:
    client = await Client.connect(stack.temporal_address)
    retention = Duration(seconds=86_400)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    )


async def _topics(cli: Cli) -> None:
    names = [value for name, value in cli.env.items() if name.startswith("RECOURSE_TOPICS__")]
    admin = AIOKafkaAdminClient(bootstrap_servers=cli.env["RECOURSE_KAFKA_BROKERS"])
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 2, 1) for name in names])
    finally:
        await admin.close()


class Processes:
    """Started together, ended together."""

    def __init__(self, town: Town, *commands: str) -> None:
        self.town, self.commands = town, commands
        self.running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> None:
        machine = {k: v for k, v in os.environ.items() if not k.startswith(("RECOURSE_", "TEMPORAL_"))}
        for command in self.commands:
            with (self.town.scratch / f"{command}.log").open("wb") as log:
                self.running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "recourse.cli", command],
                        env=machine | dict(self.town.cli.env),
                        stdout=log,
                        stderr=log,
                    )
                )

    def __exit__(self, *_: object) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _populate(town: Town) -> None:
    events = []
    for number in (*LATE, FRESH):
        days = 1 if number == FRESH else 12
        events += [
            snapshot(town.loan(number), at=NOON, name=NAME, mobile=f"{MOBILE[:-1]}{number}", email=EMAIL),
            overdue(town.loan(number), at=NOON - timedelta(minutes=1), days=days),
        ]
    published = await town.cli.json("events", "publish", lines(town.scratch / "town.ndjson", *events))
    assert published == {"published": len(events), "skipped": 0}

    async def at_work() -> bool:
        found = await sql(town.database, "SELECT count(*) AS number FROM agent_task")
        return bool(found[0]["number"] == len(LATE))

    await until("a task for every late loan", at_work)
