"""What the vehicle desk does, over HTTP and on the command line: ask for leave, locate, look, end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from recourse.contracts.cipher import PositionCipher
from recourse.contracts.delivery import Unavailable
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.domain.law.verdict import Refused
from recourse.ports import Fix, NotHandedOver, RefusedByProvider, VehicleLocator
from recourse.service import position_reads
from recourse.service.context import Services
from recourse.service.keeping_positions import fix_of
from recourse.service.position_reads import NO_FIX, NO_TRACKER, Asked, NotLocated
from recourse.storage.positions import Shown


@dataclass(frozen=True, slots=True)
class VehicleDesk:
    """heard_within: how long ago the feed of positions may have been heard so that the provider need not be
    asked. within: seconds for the provider's answer."""

    services: Services
    locator: VehicleLocator
    cipher: PositionCipher
    heard_within: timedelta
    within: float = PROVIDER_WITHIN

    async def locate(self, request_id: str, read_id: str, actor: str) -> Shown | Refused | NotLocated:
        """Where it is now. Safe to repeat with the same read id: what was read stays. Raises Unknown for a
        request there is none of, Unavailable while the provider does not answer."""
        ask = partial(position_reads.ask, cipher=self.cipher, request_id=request_id, read_id=read_id)
        asked = await self.services.run(partial(ask, actor=actor, within=self.heard_within))
        if not isinstance(asked, Asked):
            return asked
        found = fix_of(asked.heard) if asked.heard else await self._ask(asked.device_id)
        record = partial(position_reads.record, cipher=self.cipher, asked=asked, fix=found, actor=actor)
        return await self.services.run(record)

    async def _ask(self, device_id: str | None) -> Fix | NotLocated:
        if device_id is None:
            return NotLocated(NO_TRACKER)
        try:
            async with asyncio.timeout(self.within):
                return await self.locator.locate(device_id) or NotLocated(NO_FIX)
        except NotHandedOver as error:
            raise Unavailable(error.reason) from None
        except TimeoutError:
            raise Unavailable("locator: no answer in time") from None
        except RefusedByProvider as error:
            return NotLocated(error.code)

    async def look(self, request_id: str, actor: str) -> Sequence[Shown] | Refused:
        """What was read under a request before. Raises Unknown."""
        show = partial(position_reads.show, cipher=self.cipher, request_id=request_id, actor=actor)
        return await self.services.run(show)
