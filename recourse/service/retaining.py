"""Until when people are kept, and what keeps them: facts of their loans, and the periods of the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law.hours import local_date
from recourse.domain.privacy.retention import (
    Blocker,
    Held,
    LoanFacts,
    RetentionRule,
    Standing,
    standing,
)
from recourse.packs.loader import PackBook
from recourse.service.context import Lender
from recourse.service.limiting import Limits
from recourse.storage import ledger, people, retention_facts
from recourse.storage.database import ReadTx, Tx
from recourse.storage.ledger import LoanRow
from recourse.storage.retention_facts import LoanRecord


@dataclass(frozen=True, slots=True)
class Retention:
    """What is asked: the installed periods, the law of places, and who the lenders are."""

    book: PackBook
    lenders: Mapping[str, Lender]
    rules: Sequence[RetentionRule]

    async def of_person(self, tx: Tx | ReadTx, person_id: PersonId, now: datetime) -> Standing:
        """Raises LookupError for somebody nobody has heard of, NoRule where no period is known."""
        if not await people.is_known(tx, person_id):
            raise LookupError(f"person {person_id}: there is none of this id")
        return (await self.of_people(tx, [person_id], now))[person_id]

    async def of_people(
        self, tx: Tx | ReadTx, wanted: Sequence[PersonId], now: datetime
    ) -> dict[PersonId, Standing]:
        named = await retention_facts.loans_naming(tx, wanted)
        loan_ids = sorted({loan_id for each in named.values() for loan_id in each})
        known = await self._facts(tx, loan_ids, now)
        held = await retention_facts.people_held(tx, wanted, now)
        found = {}
        for person_id, each in named.items():
            days = [local_date(now, zone) for _, zone in (known[one] for one in each)]
            today = min(days) if days else now.date()
            own = standing([known[one][0] for one in each], self.rules, today)
            if person_id in held:
                own = replace(own, holds=(Held(Blocker.HOLD_IN_FORCE, ""), *own.holds))
            found[person_id] = own
        return found

    async def _facts(
        self, tx: Tx | ReadTx, loan_ids: Sequence[LoanId], now: datetime
    ) -> dict[LoanId, tuple[LoanFacts, str]]:
        """With the zone of each."""
        rows = await ledger.loans(tx, loan_ids)
        regions = await people.borrower_regions(tx, loan_ids)
        records = await retention_facts.records(tx, loan_ids, now)
        return {
            key: (await self._fact(tx, row, regions.get(key) or row.region, records[key], now), row.zone)
            for key, row in rows.items()
        }

    async def _fact(
        self, tx: Tx | ReadTx, row: LoanRow, region: str, record: LoanRecord, now: datetime
    ) -> LoanFacts:
        """What was charged off and never ended is owed until the claim cannot be enforced any more."""
        ended, limit, known = record.ended_on, None, True
        unpaid = row.account.ended is None
        if unpaid and row.account.charged_off_on is not None:
            limit = await self._limitation(tx, row.id, now)
            known = limit is not None
            ended = limit
        return LoanFacts(
            loan_id=row.id,
            places=frozenset((*self.book.made_for(region), *self.book.made_for(row.region))),
            ended_on=ended,
            last_activity_on=_later(local_date(record.last_at, row.zone) if record.last_at else None, ended),
            unpaid=unpaid and ended is not None,
            limitation_known=known,
            limitation_ends_on=limit,
            open_case=record.open_case,
            open_legal_action=record.open_legal_action,
            open_dispute=record.open_dispute,
            hold_in_force=record.hold_in_force,
            permit_out=record.permit_out,
        )

    async def _limitation(self, tx: Tx | ReadTx, loan_id: LoanId, now: datetime) -> date | None:
        """The last day of the longest rule; None where nobody knows."""
        lines = await Limits(self.book, self.lenders).of_loan(ReadTx(tx), loan_id, now)
        return max((line.ends_on for line in lines), default=None)


def _later(activity: date | None, ended: date | None) -> date | None:
    """Nothing begins before the debt has ended."""
    days = [day for day in (activity, ended) if day is not None]
    return max(days) if days else None
