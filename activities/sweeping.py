"""The sweep: facts not delivered, open cases without a run, claims without an outcome, holds that ended by
themselves, places of vehicles whose time is over, disputes that nobody has to answer, recalls without an
answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import structlog
from temporalio import activity

from activities.recalling import Recalls
from recourse.contracts.delivery import Unacceptable
from recourse.contracts.messages import Nudge, SweepReport
from recourse.delivery import Delivery
from recourse.packs.strict import PackError
from recourse.service import (
    keeping_positions,
    location_requests,
    orphaned_disputes,
    sweeping,
    telling_holds,
)
from recourse.storage import cases

log = structlog.get_logger()

PAGE = 200


@dataclass(frozen=True)
class SweepingActivities:
    delivery: Delivery
    recalls: Recalls

    @activity.defn(name="sweep.run")
    async def sweep(self) -> SweepReport:
        """Recalls come last: a desk that hangs must not keep a case from hearing of its payment."""
        return SweepReport(
            delivered=await self._deliver(),
            resumed=await self._resume(),
            reconciled=await self._reconcile(),
            holds=await self._tell_holds(),
            positions=await self._delete_positions(),
            disputes=await self._ask_for_answers(),
            recalled=await self.recalls.run(activity.heartbeat),
        )

    async def _deliver(self) -> int:
        """Page by page: what is delivered is marked, so the next page holds others."""
        delivered = 0
        while found := await self.delivery.services.run(partial(sweeping.undelivered, limit=PAGE)):
            for nudge in found:
                await self.delivery.nudge(nudge)
                await self.delivery.mark_delivered([nudge])
                activity.heartbeat()
            delivered += len(found)
        return delivered

    async def _resume(self) -> int:
        """A case that operations terminated, or whose namespace was lost, starts again from its row."""
        resumed, after = 0, ""
        while page := await self._page(after):
            running = await self.delivery.runs.running([n.case_id for n in page])
            for nudge in page:
                if nudge.case_id not in running:
                    await self.delivery.nudge(nudge)
                    resumed += 1
            after = page[-1].case_id
            activity.heartbeat()
        return resumed

    async def _tell_holds(self) -> int:
        """Loan by loan: what ended by itself, and what came about by no hand."""
        run, told = self.delivery.services.run, 0
        for loan_id in await run(partial(telling_holds.due, limit=PAGE)):
            told += await run(partial(telling_holds.catch_up, loan_id=loan_id))
            activity.heartbeat()
        return told

    async def _delete_positions(self) -> int:
        """Requests whose time is over first, so that the feed keeps nothing for them."""
        run, deleted = self.delivery.services.run, 0
        while await run(partial(location_requests.expire, limit=PAGE)) == PAGE:
            activity.heartbeat()
        while gone := await run(partial(keeping_positions.sweep, limit=PAGE)):
            deleted += gone
            activity.heartbeat()
        return deleted

    async def _ask_for_answers(self) -> int:
        """Dispute by dispute, of loans whose case is closed."""
        run, opened = self.delivery.services.run, 0
        for dispute_id, loan_id in await run(partial(orphaned_disputes.due, limit=PAGE)):
            opened += await run(partial(orphaned_disputes.catch_up, dispute_id=dispute_id, loan_id=loan_id))
            activity.heartbeat()
        return opened

    async def _page(self, after: str) -> list[Nudge]:
        async with self.delivery.services.database.reading() as tx:
            return await cases.open_ids(tx, after, PAGE)

    async def _reconcile(self) -> int:
        """Claim by claim: one that cannot be closed must not keep the others open."""
        claims = await self.delivery.services.run(partial(sweeping.stale_claims, limit=PAGE))
        closed = await self.delivery.services.run(sweeping.expire_reservations)
        for claim in claims:
            try:
                await self.delivery.services.run(partial(sweeping.close_claim, claim=claim))
            except (PackError, LookupError, Unacceptable) as error:
                log.error("claim not closed", case_id=claim.case_id, error=type(error).__name__)
            else:
                closed += 1
            activity.heartbeat()
        return closed
