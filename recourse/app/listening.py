"""Being seen while we listen to the SMS centre: else nobody would know that a STOP waits there unheard."""

from __future__ import annotations

import asyncio

import structlog

from recourse.contracts.delivery import Unavailable
from recourse.gateways.smpp_listening import SmppListener
from recourse.storage.presence import Presence

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at whether we still listen and are still seen."""


async def be_seen(listener: SmppListener, presence: Presence, every: float = LOOK_EVERY) -> None:
    """Until cancelled. A database that is away changes nothing about the listening."""
    try:
        while True:
            await listener.bound.wait()
            try:
                await presence.confirm()
            except Unavailable as error:
                log.info("nobody sees that we listen to the SMS centre", error=str(error))
            await asyncio.sleep(every)
            if not listener.bound.is_set():
                await presence.leave()
    finally:
        await presence.leave()
