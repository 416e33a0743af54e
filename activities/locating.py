"""Reading the vehicle's position through the locator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from temporalio import activity

from activities.failures import try_later
from recourse.contracts.messages import StepCommand, StepResult
from recourse.ports import NotHandedOver, RefusedByProvider, VehicleLocator
from recourse.service import locating
from recourse.service.context import Services


@dataclass(frozen=True)
class LocatingActivities:
    services: Services
    locator: VehicleLocator

    @activity.defn(name="vehicle.locate")
    async def locate(self, command: StepCommand) -> StepResult:
        """A read may always be repeated; every repetition asks the gate again."""
        run = self.services.run
        permit = await run(partial(locating.permit, command=command))
        if isinstance(permit, StepResult):
            return permit
        try:
            fix = await self.locator.locate(permit.device_id)
        except NotHandedOver as error:
            raise try_later(error) from None
        except RefusedByProvider as error:
            return await run(partial(locating.record_refused, command=command, code=error.code))
        return await run(partial(locating.record_fix, command=command, given=permit, fix=fix))
