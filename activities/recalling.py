"""Asking the legal desk for files back, and people where it is silent. The sweep does it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from recourse.contracts.delivery import Unacceptable
from recourse.packs.strict import PackError
from recourse.ports import LegalDesk, NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.service import withdrawing
from recourse.service.context import Services

log = structlog.get_logger()

PAGE = 200


@dataclass(frozen=True)
class Recalls:
    """time: seconds for all of them, so that slow answers never outlast the sweep. within: for one; less than
    for a handover, since a sweep has other things to do."""

    services: Services
    desk: LegalDesk
    within: float = 20.0
    time: float = 180.0

    async def run(self, alive: Callable[[], None]) -> int:
        """How many recalls the desk answered. alive: called after each, so that nobody takes us for dead.

        A desk that is down or hangs is left at the first file: the others wait for the next sweep, under the
        pauses that their tries have set.
        """
        run = self.services.run
        await run(withdrawing.expire)
        answered = 0
        ends = asyncio.get_running_loop().time() + self.time
        for permit_id in await run(partial(withdrawing.due, limit=PAGE)):
            if asyncio.get_running_loop().time() > ends:
                break
            try:
                answered += await self._ask(permit_id)
            except (NotHandedOver, OutcomeUnknown, TimeoutError) as error:
                log.warning("the legal desk did not answer a recall", permit=permit_id, error=str(error))
                break
            except (PackError, LookupError, Unacceptable) as error:
                log.error("recall not made", permit=permit_id, error=type(error).__name__)
            alive()
        for permit_id in await run(partial(withdrawing.silent, limit=PAGE)):
            await run(partial(withdrawing.ask_people, permit_id=permit_id))
            alive()
        return answered

    async def _ask(self, permit_id: str) -> bool:
        run = self.services.run
        recall = await run(partial(withdrawing.begin, permit_id=permit_id))
        if recall is None:
            return False
        try:
            async with asyncio.timeout(self.within):
                answer = await self.desk.recall(recall)
        except RefusedByProvider as error:
            await run(partial(withdrawing.refused, permit_id=permit_id, code=error.code))
            return True
        await run(partial(withdrawing.heard, permit_id=permit_id, answer=answer))
        return True
