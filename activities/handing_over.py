"""Giving the dossier to the legal desk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from temporalio import activity

from activities.failures import ask_again, try_later
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.ports import LegalDesk, NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.service import handing_over, permits
from recourse.service.context import Services


@dataclass(frozen=True)
class HandingOverActivities:
    """within: seconds for the desk's answer; after that the same key asks what became of the file."""

    services: Services
    desk: LegalDesk
    within: float = PROVIDER_WITHIN

    @activity.defn(name="legal.hand_over")
    async def hand_over(self, command: StepCommand) -> StepResult:
        """The same bytes under the same key at every try, so the desk answers with one reference."""
        run = self.services.run
        claimed = await run(partial(handing_over.claim, command=command))
        if isinstance(claimed, StepResult):
            return claimed
        stopped = await run(partial(permits.use, command=command, permit_id=claimed.permit))
        if stopped is not None:
            return stopped
        handover = claimed.handover
        try:
            async with asyncio.timeout(self.within):
                reference = await self.desk.hand_over(handover)
        except NotHandedOver as error:
            raise try_later(error) from None
        except OutcomeUnknown as error:
            raise ask_again(str(error)) from None
        except TimeoutError:
            raise ask_again("legal_desk: no answer in time to a file that was sent") from None
        except RefusedByProvider as error:
            return await run(partial(handing_over.record_refused, command=command, code=error.code))
        record = partial(handing_over.acknowledge, command=command, key=handover.key, reference=reference)
        try:
            return await run(record)
        except handing_over.ReferenceTaken:
            raise ask_again("legal_desk: its reference names another file already") from None
