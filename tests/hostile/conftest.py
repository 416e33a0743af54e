"""One running system for whoever would do it harm: a broker that permits nothing unasked, consumer, worker,
API and codec server on real servers, and two lenders whose cases wait for an agent."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from recourse.app.codec import run_codec
from recourse.app.compose import temporal
from recourse.app.consume import run_consumer
from recourse.app.publishing import publish_events
from recourse.app.settings import Settings, load_settings
from recourse.app.web import run_web
from recourse.app.worker import run_worker
from recourse.contracts.events import BankEvent
from recourse.gateways.signing import Ed25519Signer
from recourse.stack import StackAddresses
from recourse.stack.ports import HOST, choose
from recourse.temporal.setup import register_search_attributes
from tests.cli.conftest import Cli, deployment
from tests.events import overdue, snapshot
from tests.integration.conftest import World, world  # noqa: F401 - fixtures
from tests.integration.consumers.conftest import LIMITS, until
from tests.integration.consumers.test_least_privilege import (  # noqa: F401 - fixtures
    GROUP,
    TOPICS,
    Guarded,
    allowed,
    broker,
)
from tests.integration.service.conftest import NOON
from tests.integration.storage.two_lenders import OTHERS, OURS
from tests.web.conftest import Api, Runs

UI = "http://ui.example:8233"
MINE, THEIRS = "H-1", "H-2"
NAMES = {MINE: "欧阳明月", THEIRS: "司马长风"}
MOBILES = {MINE: "+8613900880011", THEIRS: "+8613900880022"}


@dataclass
class Victim:
    """cli: as operations. api: over HTTP, by tokens that `api.tokens` holds. codec: its address."""

    cli: Cli
    settings: Settings
    world: World
    broker: Guarded
    api: Api
    codec: str
    prefix: str
    book: list[BankEvent]

    async def task(self, loan: str) -> str:
        return str(await self.world.scalar("SELECT id FROM agent_task WHERE loan_id = :l", l=self.loan(loan)))

    def loan(self, name: str) -> str:
        """Of this run alone: the namespace outlives it, and a case's id is its workflow's."""
        return f"{self.prefix}-{name}"

    def case(self, name: str) -> str:
        return f"case-{self.loan(name)}-1"


@pytest.fixture
async def victim(
    stack: StackAddresses,
    world: World,  # noqa: F811 - the fixture
    allowed: Guarded,  # noqa: F811 - the fixture
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Victim]:
    world.set_now(NOON)
    prefix, ports = f"h{uuid.uuid4().hex[:8]}", choose(["api", "codec"], preferred=False)
    consumer = allowed.as_("consume")
    env = deployment(stack, prefix, tmp_path, database_url) | {
        "RECOURSE_API_PORT": str(ports["api"]),
        "RECOURSE_CODEC_PORT": str(ports["codec"]),
        "RECOURSE_TEMPORAL_UI_URL": UI,
        "RECOURSE_CONSUMER_GROUP": GROUP,
        "RECOURSE_KAFKA_BROKERS": consumer.brokers,
        "RECOURSE_KAFKA_SECURITY_PROTOCOL": consumer.security_protocol,
        "RECOURSE_KAFKA_USERNAME": consumer.username,
        "RECOURSE_KAFKA_PASSWORD": consumer.password,
        **_signed_ledger(tmp_path),
    }
    # Topics and group are those that the access list names: the broker is ours alone.
    env = {name: value for name, value in env.items() if not name.startswith("RECOURSE_TOPICS__")}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    await register_search_attributes(await temporal(settings))
    stopping = asyncio.Event()
    async with AsyncExitStack() as closing:
        for work in (
            run_consumer(settings, stopping, LIMITS),
            run_worker(settings, stopping),
            run_web(settings, stopping),
            run_codec(settings, stopping),
        ):
            closing.push_async_callback(asyncio.wait_for, asyncio.create_task(work), 40)
        closing.callback(stopping.set)
        http = httpx.AsyncClient(base_url=f"http://{HOST}:{ports['api']}", timeout=30, trust_env=False)
        await closing.enter_async_context(http)
        api = Api(cast(FastAPI, None), http, cast(Runs, None), world, {})
        codec = f"http://{HOST}:{ports['codec']}"
        victim = Victim(Cli(env), settings, world, allowed, api, codec, prefix, [])
        await _two_cases(victim)
        yield victim


def _signed_ledger(folder: Path) -> dict[str, str]:
    """Its checkpoints are left outside."""
    key, outside = folder / "evidence.key", folder / "outside"
    Ed25519Signer.new("ledger.example").write(key)
    outside.mkdir()
    return {"RECOURSE_EVIDENCE_KEY_FILE": str(key), "RECOURSE_EVIDENCE_FOLDER": str(outside)}


async def _two_cases(victim: Victim) -> None:
    """Twelve days late, and known to their runs; each has a task for an agent."""
    for name, lender in ((MINE, OURS), (THEIRS, OTHERS)):
        loan = victim.loan(name)
        told = snapshot(
            loan,
            at=NOON,
            person=f"C-{loan}",
            name=NAMES[name],
            mobile=MOBILES[name],
            email=f"{name}@example.com",
            lender=lender,
        )
        victim.book += [told, overdue(loan, at=NOON - timedelta(minutes=1), days=12)]
    await publish_events(victim.broker.as_("publish"), TOPICS, victim.book)

    async def at_work() -> bool:
        return bool(await victim.world.scalar("SELECT count(*) FROM agent_task") == 2)

    await until(at_work, "a task for each of the two", 90)
