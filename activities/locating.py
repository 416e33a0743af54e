"""Reading the vehicle's position through the locator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from temporalio import activity

from activities.failures import try_later
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.ports import NotHandedOver, RefusedByProvider, VehicleLocator
from recourse.service import locating, permits
from recourse.service.context import Services


@dataclass(frozen=True)
class LocatingActivities:
    """within: seconds for a provider's answer."""

    services: Services
    locator: VehicleLocator
    within: float = PROVIDER_WITHIN

    @activity.defn(name="vehicle.locate")
    async def locate(self, command: StepCommand) -> StepResult:
        """A read may always be repeated; every repetition asks the gate again."""
        run = self.services.run
        permit = await run(partial(locating.permit, command=command))
        if isinstance(permit, StepResult):
            return permit
        stopped = await run(partial(permits.use, command=command, permit_id=permit.id))
        if stopped is not None:
            return stopped
        try:
            async with asyncio.timeout(self.within):
                fix = await self.locator.locate(permit.device_id)
        except NotHandedOver as error:
            raise try_later(error) from None
        except TimeoutError:
            raise try_later(NotHandedOver("locator: no answer in time")) from None
        except RefusedByProvider as error:
            return await run(partial(locating.record_refused, command=command, code=error.code))
        return await run(partial(locating.record_fix, command=command, given=permit, fix=fix))
