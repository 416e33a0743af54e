"""Rebalances: stop taking, drain within a bound, commit, and fence what finishes later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition

log = structlog.get_logger(__name__)


class DrainOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]
    """aiokafka awaits these and only logs what they raise, so they catch and report for themselves."""

    def __init__(self, release: Callable[[set[TopicPartition]], Awaitable[None]]) -> None:
        self._release = release

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        try:
            await self._release(set(revoked))
        except Exception as error:
            log.error("revoke failed; its records will be redelivered", error=type(error).__name__)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        log.info("partitions assigned", count=len(set(assigned)))
