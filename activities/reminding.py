"""Sending a reminder: claim (gate inside) → send → record. Each arrow may be where we die."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from temporalio import activity

from activities.failures import try_later
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.domain.situation import Channel
from recourse.ports import Messenger, NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.service import reminding
from recourse.service.context import Services

RECORD_WITHIN = 15.0
"""Seconds a cancelled worker may still take to write down what the provider answered."""


@dataclass(frozen=True)
class RemindingActivities:
    """within: seconds for a provider's answer; after that nobody knows whether it has left."""

    services: Services
    messengers: Mapping[Channel, Messenger]
    within: float = PROVIDER_WITHIN

    @activity.defn(name="reminder.send")
    async def send_reminder(self, command: StepCommand) -> StepResult:
        run = self.services.run
        claimed = await run(partial(reminding.claim, command=command))
        if isinstance(claimed, StepResult):
            return claimed
        try:
            async with asyncio.timeout(self.within):
                accepted = await self.messengers[claimed.channel].send(claimed.message)
        except NotHandedOver as error:
            await run(partial(reminding.record_not_sent, command=command, claimed=claimed))
            raise try_later(error) from None
        except RefusedByProvider as error:
            return await run(
                partial(reminding.record_refused, command=command, claimed=claimed, code=error.code)
            )
        except (OutcomeUnknown, TimeoutError):
            return await run(partial(reminding.record_unknown, command=command, claimed=claimed))
        # A worker that is shut down here has sent; only the record may keep it from being doubted later.
        record = run(partial(reminding.record_sent, command=command, claimed=claimed, answer=accepted))
        return await asyncio.wait_for(asyncio.shield(record), RECORD_WITHIN)
