"""Reading the vehicle's position through the locator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from temporalio import activity

from activities.failures import try_later
from recourse.contracts.cipher import PositionCipher
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.ports import Fix, NotHandedOver, RefusedByProvider, VehicleLocator
from recourse.service import locating
from recourse.service.context import Services
from recourse.service.keeping_positions import fix_of


@dataclass(frozen=True)
class LocatingActivities:
    """within: seconds for a provider's answer. heard_within: how long ago the feed of positions may have been
    heard so that the provider need not be asked."""

    services: Services
    locator: VehicleLocator
    cipher: PositionCipher
    within: float = PROVIDER_WITHIN
    heard_within: timedelta = timedelta()

    @activity.defn(name="vehicle.locate")
    async def locate(self, command: StepCommand) -> StepResult:
        """A read may always be repeated; every repetition asks the gate again."""
        run, cipher = self.services.run, self.cipher
        permit = await run(partial(locating.permit, command=command))
        if isinstance(permit, StepResult):
            return permit
        begin = partial(locating.begin, command=command, given=permit, cipher=cipher)
        begun = await run(partial(begin, within=self.heard_within))
        if isinstance(begun, StepResult):
            return begun
        try:
            fix = fix_of(begun.heard) if begun.heard else await self._ask(permit.device_id)
        except RefusedByProvider as error:
            return await run(partial(locating.record_refused, command=command, code=error.code))
        record = partial(locating.record_fix, command=command, given=permit, cipher=cipher)
        return await run(partial(record, fix=fix))

    async def _ask(self, device_id: str) -> Fix | None:
        try:
            async with asyncio.timeout(self.within):
                return await self.locator.locate(device_id)
        except NotHandedOver as error:
            raise try_later(error) from None
        except TimeoutError:
            raise try_later(NotHandedOver("locator: no answer in time")) from None
