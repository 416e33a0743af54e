"""How the legal desk tells a lender what became of a handover: each status once, in order, until it is
heard.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httpx
from pydantic import BaseModel

from recourse.stack.ends.log import EndLog, now

STATUSES: Final = ("received", "accepted", "filed", "judgment", "enforced")
PAPERS: Final = {
    "filed": ("statement_of_claim", "filing_receipt"),
    "judgment": ("judgment", "military_affidavit"),
    "enforced": ("statement_of_proceeds",),
}
"""What the desk has in its file once it says so, whatever the country asks for."""
RECALLED: Final = "recalled"
FIRST_RETRY_SECONDS: Final = 0.2
LONGEST_RETRY_SECONDS: Final = 5.0


class Callback(BaseModel):
    """Where statuses go; no URL, no callbacks. `interval` is the pause before each status, in seconds."""

    url: str = ""
    token: str = ""
    interval: float = 1.0


class Callbacks:
    """One task per handover; `target` may be replaced at any time and counts from the next attempt on."""

    def __init__(self, log: EndLog, target: Callback) -> None:
        self.target = target
        self._log = log
        self._told = {entry["status_id"] for entry in log.read() if entry["event"] == "told"}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def follow(self, filed: dict[str, Any]) -> None:
        """Begins, or resumes, the statuses of one filed handover; without a target nothing happens."""
        reference = filed["reference"]
        if self.target.url and reference not in self._tasks:
            self._tasks[reference] = asyncio.create_task(self._tell_all(filed))

    def recall(self, filed: dict[str, Any], *, report: bool) -> None:
        """Ends the statuses of a file. report: one more follows, which acknowledges the recall."""
        reference = filed["reference"]
        running = self._tasks.pop(reference, None)
        if running is not None:
            running.cancel()
        if report and self.target.url:
            self._tasks[f"{reference} recalled"] = asyncio.create_task(self._tell_all(filed, (RECALLED,)))

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _tell_all(self, filed: dict[str, Any], statuses: tuple[str, ...] = STATUSES) -> None:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for status in statuses:
                status_id = f"{filed['reference']}-{status}"
                if status_id in self._told:
                    continue
                await asyncio.sleep(self.target.interval)
                message = {
                    "reference": filed["reference"],
                    "idempotency_key": filed["idempotency_key"],
                    "loan_id": filed["body"].get("loan_id"),
                    "status": status,
                    "status_id": status_id,
                    "occurred_at": now(),
                    "documents": {paper: f"{status_id}-{paper}" for paper in PAPERS.get(status, ())},
                }
                await self._tell(client, message)

    async def _tell(self, client: httpx.AsyncClient, message: dict[str, Any]) -> None:
        pause = FIRST_RETRY_SECONDS
        while (answer := await self._post(client, message)) is not None:
            self._log.write("not_told", status_id=message["status_id"], answer=answer)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)
        self._told.add(message["status_id"])
        members = {name: message[name] for name in ("status_id", "reference", "status")}
        self._log.write("told", **members)

    async def _post(self, client: httpx.AsyncClient, message: dict[str, Any]) -> str | None:
        """None when heard, else what was answered."""
        headers = {"Authorization": f"Bearer {self.target.token}"} if self.target.token else {}
        try:
            response = await client.post(self.target.url, json=message, headers=headers)
        except httpx.HTTPError as failure:
            return type(failure).__name__
        return None if response.is_success else f"HTTP {response.status_code}"
