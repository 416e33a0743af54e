"""The people of the demo: they take tasks and answer them over the HTTP API, as a script says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import httpx

from recourse.demo.bank import seconds_a_day
from recourse.demo.tasks import Task
from recourse.domain.calendar import BusinessCalendar

ROLES: Final = ("agent", "lead", "vehicle", "legal", "auditor")
_PAUSE: Final = 0.25
_PART_OF_A_DAY: Final = 0.1
"""Between two looks at a list: seconds at least, and that part of a day, whose length differs. On a slow
machine as long as three looks take."""


class Script(Protocol):
    """What is said at a task, and what comes of it. now: business time."""

    def says(self, task: Task, now: datetime) -> dict[str, Any]: ...
    def heard(self, task: Task, said: dict[str, Any], now: datetime) -> None: ...
    def disputes_to_answer(self, now: datetime) -> Sequence[str]: ...


@dataclass
class Agents:
    """tokens: role -> bearer token."""

    api_url: str
    tokens: Mapping[str, str]
    calendar: BusinessCalendar
    script: Script
    answered: int = 0
    refused: int = 0
    _tries: dict[str, int] = field(default_factory=dict)
    _opens: dict[str, datetime] = field(default_factory=dict)
    _hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(12))
    _begun: set[tuple[str, str]] = field(default_factory=set)

    async def work(self) -> None:
        """Until cancelled. Each role works through its list on its own, a few tasks at a time, and no task
        waits for another: the permitted hours of a day last a second or two."""
        async with httpx.AsyncClient(base_url=self.api_url, timeout=30, trust_env=False) as client:
            await asyncio.gather(
                *(self._shift(client, role) for role in ("agent", "lead", "vehicle", "legal"))
            )

    async def _shift(self, client: httpx.AsyncClient, role: str) -> None:
        pause = max(_PAUSE, _PART_OF_A_DAY * seconds_a_day(self.calendar))
        async with asyncio.TaskGroup() as begun:
            while True:
                began = time.monotonic()
                with suppress(httpx.TransportError):
                    for task in await self._get(client, role, "/api/tasks"):
                        if (key := (role, task["id"])) not in self._begun:
                            self._begun.add(key)
                            begun.create_task(self._work_on(client, role, task))
                    if role == "lead":
                        await self._answer_disputes(client)
                await asyncio.sleep(max(pause, 3 * (time.monotonic() - began)))

    async def _work_on(self, client: httpx.AsyncClient, role: str, task: Task) -> None:
        try:
            with suppress(httpx.TransportError):
                await self._answer(client, role, task)
        finally:
            self._begun.discard((role, task["id"]))

    async def _get(self, client: httpx.AsyncClient, role: str, path: str) -> Any:
        answer = await client.get(path, headers=self._as(role))
        answer.raise_for_status()
        return answer.json()

    def _as(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    async def _answer(self, client: httpx.AsyncClient, role: str, task: Task) -> None:
        """Claim, then complete. A refusal (too late for a call, a cap) is asked again once it says it may."""
        if (role == "lead") != (task["team"] == "lead") or self._too_early(task["id"]):
            return
        if not task["outcomes"]:
            return  # a dispute: the lead answers it
        tries = self._tries[task["id"]] = self._tries.get(task["id"], 0) + 1
        path = f"/api/tasks/{task['id']}"
        async with self._hands:
            claimed = await client.post(
                f"{path}/claim", json={"request_id": f"{task['id']}-claim-{tries}"}, headers=self._as(role)
            )
            if claimed.status_code != httpx.codes.OK:
                self._note_refusal(task["id"], claimed)
                return
            await self._complete(client, role, task, tries)

    def _too_early(self, task_id: str) -> bool:
        return task_id in self._opens and self._now() < self._opens[task_id]

    def _note_refusal(self, task_id: str, answer: httpx.Response) -> None:
        self.refused += 1
        opens_at = answer.json().get("opens_at")
        if opens_at is not None:
            self._opens[task_id] = datetime.fromisoformat(opens_at)

    async def _complete(self, client: httpx.AsyncClient, role: str, task: Task, tries: int) -> None:
        path = f"/api/tasks/{task['id']}"
        said = self.script.says(task, self._now())
        body = {"request_id": f"{task['id']}-complete-{tries}"} | said
        done = await client.post(f"{path}/complete", json=body, headers=self._as(role))
        if done.status_code != httpx.codes.OK:
            self.refused += 1
            return
        self.answered += 1
        self.script.heard(task, said, self._now())

    async def _answer_disputes(self, client: httpx.AsyncClient) -> None:
        """The lead has looked into a dispute and answered it: the case goes on."""
        for loan_id in self.script.disputes_to_answer(self._now()):
            case = await self._get(client, "lead", f"/api/cases/case-{loan_id}-1")
            for dispute in case["disputes"]:
                body = {"answer": "rejected", "evidence": f"letter-{loan_id}", "request_id": loan_id}
                path = f"/api/disputes/{dispute['id']}/answer"
                await client.post(path, json=body, headers=self._as("lead"))

    def _now(self) -> datetime:
        return self.calendar.business(datetime.now(UTC))
