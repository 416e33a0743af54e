"""Fakes of our own ports, each as small as its Protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from recourse.contracts.messages import Nudge
from recourse.ports import Accepted, CaseClosed, Handover, Message, Recall, RecallAnswer, RunsUnavailable


class FakeRuns:
    """Remembers nudges; `down` makes the engine unreachable."""

    def __init__(self) -> None:
        self.nudges: list[Nudge] = []
        self.down = False

    async def nudge(self, nudge: Nudge) -> CaseClosed | None:
        if self.down:
            raise RunsUnavailable("down for the test")
        self.nudges.append(nudge)
        return None

    async def running(self, case_ids: Sequence[str]) -> frozenset[str]:
        started = {n.case_id for n in self.nudges}
        return frozenset(key for key in case_ids if key in started)


class FakeDesk:
    """Takes every file and acknowledges every recall, or fails with the error it is given."""

    def __init__(self) -> None:
        self.taken: list[Handover] = []
        self.recalls: list[Recall] = []
        self.failure: Exception | None = None

    async def hand_over(self, handover: Handover) -> str:
        if self.failure is not None:
            raise self.failure
        self.taken.append(handover)
        return f"FD-{handover.key}"

    async def recall(self, recall: Recall) -> RecallAnswer:
        self.recalls.append(recall)
        if self.failure is not None:
            raise self.failure
        return RecallAnswer.ACKNOWLEDGED


class FakeMessenger:
    """Accepts everything, or fails with the error it is given."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.failure: Exception | None = None

    async def send(self, message: Message) -> Accepted:
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)
        return Accepted((f"ref-{len(self.sent)}",))


class SlowMessenger(FakeMessenger):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def send(self, message: Message) -> Accepted:
        self.asked.set()
        await self.let_go.wait()
        return await super().send(message)
