"""The demo's deployment: settings, and Recourse's own processes on the embedded stack."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy.engine import make_url

from consumers.connection import KafkaConnection
from recourse.app.compose import services
from recourse.app.publishing import create_topics
from recourse.app.settings import Settings
from recourse.contracts.events import Topics
from recourse.demo.agents import ROLES
from recourse.demo.bank import seconds_a_day
from recourse.demo.book import START, lender_settings
from recourse.domain.calendar import BusinessCalendar
from recourse.service import tokens
from recourse.stack import StackAddresses, StackError, environment
from recourse.stack.ports import HOST, choose
from recourse.stack.process import Child, Launch, start, tail
from recourse.storage.tables.access import APP, SEALER

COMMANDS = ("consume", "worker", "relay", "web", "seal", "codec")
_LEAD_SECONDS = 10.0
_STARTS_AT_ONCE = 5.0
"""All the processes starting together take this many times as long as a single command, on two cores."""
USUAL_DAY = 2.5
_USUAL_START, _MOST_PATIENT = 2.5, 2.0
"""Seconds that a single command takes where a day may last its usual seconds; on a slower machine days last
longer, up to so many times: an agent has five of them for a first call."""


def pace(a_start: float) -> float:
    """How long a day should last, in seconds. a_start: how long a single command took."""
    return USUAL_DAY * min(max(a_start / _USUAL_START, 1.0), _MOST_PATIENT)


@dataclass
class Deployment:
    """seconds_a_day: how long a business day lasts, None for what the machine can keep up with. `start` sets
    the calendar that every process has."""

    home: Path
    addresses: StackAddresses
    seconds_a_day: float | None
    first_day: datetime = START
    calendar: BusinessCalendar = field(init=False)
    api_url: str = field(init=False)
    children: list[Child] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict, repr=False)
    """Further settings of all processes."""
    _env: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def topics(self) -> Topics:
        return Topics()

    @property
    def kafka(self) -> KafkaConnection:
        """The embedded broker is plain."""
        return KafkaConnection(self.addresses.kafka_brokers)

    @property
    def env_file(self) -> Path:
        """What a command line needs to join in."""
        return self.home / "env"

    def settings(self) -> Settings:
        return Settings(_env_file=str(self.env_file))

    async def start(self) -> None:
        """Migrations, search attributes, tokens, then the processes. Raises StackError when one fails."""
        await self._settle(self._calendar(_LEAD_SECONDS, USUAL_DAY))
        await create_topics(self.kafka, self.topics)
        began = time.monotonic()
        await self._run(["db", "upgrade"])
        a_start = time.monotonic() - began
        await self._run(["temporal", "setup"])
        async with services(self.settings()) as running:
            for role in (*ROLES, "desk"):
                issue = partial(tokens.issue, role=role, name=f"demo {role}")
                self.tokens[role] = (await running.run(issue)).token
        # On a slow machine the first days would be over before anybody is up to see them.
        lead = max(_LEAD_SECONDS, _STARTS_AT_ONCE * a_start)
        await self._settle(self._calendar(lead, self.seconds_a_day or pace(a_start)))
        for command in COMMANDS:
            launch = Launch([sys.executable, "-m", "recourse.cli", command], self._env)
            self.children.append(await start(command, launch, self._log(command)))
        await self._until_the_api_answers()
        await self._tell_the_desk()

    def _calendar(self, lead: float, day: float) -> BusinessCalendar:
        """Business time starts when the processes are surely up; before it, day 0 has not begun."""
        begins = datetime.now(UTC) + timedelta(seconds=lead)
        return BusinessCalendar(begins, self.first_day, int(86_400 / day))

    async def _settle(self, calendar: BusinessCalendar) -> None:
        """Fix the settings, also in a file, so that a command line can join in."""
        port = choose(["api"], preferred=True)["api"]
        self.calendar, self.api_url = calendar, f"http://{HOST}:{port}"
        self._env = _environment(self.addresses, calendar, port) | self.more
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in self._env.items()]
        await asyncio.to_thread(self.env_file.write_text, "".join(lines))

    def alive(self) -> None:
        """Raises StackError when a process has ended, with its last words."""
        for child in self.children:
            if child.has_ended():
                raise StackError(
                    f"{child.name} ended; see {self._log(child.name)}\n{tail(self._log(child.name))}"
                )

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children))

    def _log(self, command: str) -> Path:
        return self.home / "logs" / f"{command}.log"

    async def _run(self, command: list[str]) -> None:
        name = "-".join(command)
        child = await start(
            name, Launch([sys.executable, "-m", "recourse.cli", *command], self._env), self._log(name)
        )
        if await child.process.wait() != 0:
            raise StackError(f"recourse {' '.join(command)} failed:\n{tail(self._log(name))}")

    async def told(self, command: Sequence[str]) -> str:
        """What a command of `recourse` prints. Raises StackError when it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "recourse.cli", *command),
            env=os.environ | self._env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        if process.returncode != 0:
            raise StackError(f"recourse {' '.join(command)} failed:\n{said}")
        return said

    async def _until_the_api_answers(self) -> None:
        async with httpx.AsyncClient(base_url=self.api_url, timeout=2, trust_env=False) as client:
            for _ in range(150):
                self.alive()
                try:
                    if (await client.get("/healthz")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)
        raise StackError(f"the API does not answer; see {self._log('web')}")

    async def _tell_the_desk(self) -> None:
        """Where the legal desk reports what became of a handover: one status each business day."""
        target = {
            "url": f"{self.api_url}/api/legal/statuses",
            "token": self.tokens["desk"],
            "interval": seconds_a_day(self.calendar),
        }
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer = await client.post(f"{self.addresses.legal_desk_url}/_control/callback", json=target)
            answer.raise_for_status()


def _environment(addresses: StackAddresses, calendar: BusinessCalendar, api_port: int) -> dict[str, str]:
    return (
        environment(addresses)
        | _logins(addresses.database_url)
        | {
            "RECOURSE_LENDERS": json.dumps(lender_settings(), separators=(",", ":")),
            "RECOURSE_CALENDAR__REAL_ANCHOR": calendar.real_anchor.isoformat(),
            "RECOURSE_CALENDAR__BUSINESS_ANCHOR": calendar.business_anchor.isoformat(),
            "RECOURSE_CALENDAR__SCALE": str(calendar.scale),
            "RECOURSE_SWEEP_EVERY_SECONDS": "5",
            "RECOURSE_API_HOST": HOST,
            "RECOURSE_API_PORT": str(api_port),
            "RECOURSE_API_DOCS": "true",
            "RECOURSE_TEMPORAL_UI_URL": addresses.temporal_ui_url,
        }
    )


def _logins(owner: str) -> dict[str, str]:
    """Each process with the login it should have. A server that asks for passwords was configured, and so is
    its login."""
    url = make_url(owner)
    if url.password is not None:
        return {}
    names = {
        "RECOURSE_DATABASE_URL": APP,
        "RECOURSE_EVIDENCE_DATABASE_URL": SEALER,
        "RECOURSE_DATABASE_OWNER_URL": url.username,
    }
    return {name: url.set(username=login).render_as_string(False) for name, login in names.items()}
