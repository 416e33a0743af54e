"""The people of the demo: they take tasks and answer them over the HTTP API, as a script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from recourse.domain.calendar import BusinessCalendar

ROLES: Final = ("agent", "lead", "vehicle", "legal", "auditor")
_USUAL: Final[Mapping[str, str]] = {
    "call": "no_answer",
    "hardship_screening": "done",
    "visit": "done",
    "locate_by_hand": "located",
    "check_delivery": "delivered",
    "check_recall": "recalled",
    "read_reply": "done",
    "propose_legal": "propose",
    "approve_legal": "approve",
    "acceleration_review": "reject",
    "review_case": "done",
}
_PAUSE: Final = 0.25

Task = dict[str, Any]
Says = Callable[[Task], dict[str, Any]]


def usual(task: Task) -> dict[str, Any]:
    """What agents say most of the time."""
    return {"outcome": _USUAL[task["kind"]]}


@dataclass
class Agents:
    """tokens: role -> bearer token. says: the outcome of a task, and what goes with it. answers:
    loan -> when the lead answers its dispute, in business time."""

    api_url: str
    tokens: Mapping[str, str]
    calendar: BusinessCalendar
    says: Says
    answers: Mapping[str, datetime] = field(default_factory=dict)
    answered: int = 0
    refused: int = 0
    _tries: dict[str, int] = field(default_factory=dict)
    _opens: dict[str, datetime] = field(default_factory=dict)
    _hands: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(12))
    _answered: set[str] = field(default_factory=set)
    _begun: set[tuple[str, str]] = field(default_factory=set)

    async def work(self) -> None:
        """Until cancelled. Each role works through its list on its own, a few tasks at a time, and no task
        waits for another: the permitted hours of a day last a second or two."""
        async with httpx.AsyncClient(base_url=self.api_url, timeout=30, trust_env=False) as client:
            await asyncio.gather(
                *(self._shift(client, role) for role in ("agent", "lead", "vehicle", "legal"))
            )

    async def _shift(self, client: httpx.AsyncClient, role: str) -> None:
        async with asyncio.TaskGroup() as begun:
            while True:
                with suppress(httpx.TransportError):
                    for task in await self._get(client, role, "/api/tasks"):
                        if (key := (role, task["id"])) not in self._begun:
                            self._begun.add(key)
                            begun.create_task(self._work_on(client, role, task))
                    if role == "lead":
                        await self._answer_disputes(client)
                await asyncio.sleep(_PAUSE)

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
        return task_id in self._opens and self.calendar.business(datetime.now(UTC)) < self._opens[task_id]

    def _note_refusal(self, task_id: str, answer: httpx.Response) -> None:
        self.refused += 1
        opens_at = answer.json().get("opens_at")
        if opens_at is not None:
            self._opens[task_id] = datetime.fromisoformat(opens_at)

    async def _complete(self, client: httpx.AsyncClient, role: str, task: Task, tries: int) -> None:
        path = f"/api/tasks/{task['id']}"
        body = {"request_id": f"{task['id']}-complete-{tries}"} | self.says(task)
        done = await client.post(f"{path}/complete", json=body, headers=self._as(role))
        self.answered += done.status_code == httpx.codes.OK
        self.refused += done.status_code != httpx.codes.OK

    async def _answer_disputes(self, client: httpx.AsyncClient) -> None:
        """The lead has looked into a dispute and answered it: the case goes on."""
        now = self.calendar.business(datetime.now(UTC))
        for loan_id, at in self.answers.items():
            if now < at or loan_id in self._answered:
                continue
            self._answered.add(loan_id)
            case = await self._get(client, "lead", f"/api/cases/case-{loan_id}-1")
            for dispute in case["disputes"]:
                body = {"answer": "rejected", "evidence": f"letter-{loan_id}", "request_id": loan_id}
                path = f"/api/disputes/{dispute['id']}/answer"
                await client.post(path, json=body, headers=self._as("lead"))
