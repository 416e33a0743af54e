"""Which law applies to a loan: by the borrower's place, the lender's, and who collects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from recourse.domain.ids import LoanId
from recourse.domain.law.gate import Packs
from recourse.domain.law.hours import local_date
from recourse.packs.loader import Place
from recourse.service.context import Lender, Unit, lender_named
from recourse.storage import ledger, people
from recourse.storage.ledger import LoanRow


def place_at(lenders: Mapping[str, Lender], loan: LoanRow, borrower_region: str) -> Place:
    """A lender that no setting names may be anybody: then the rules for every kind of collector bind."""
    lender = lender_named(lenders, loan.lender)
    if lender is None:
        return Place(borrower_region, loan.region)
    return Place(borrower_region, loan.region, lender.collector, lender.product)


async def laws_of(unit: Unit, loan_ids: Iterable[LoanId]) -> list[tuple[LoanRow, Packs]]:
    """Each loan with its law packs of the day, whether it has a case or not."""
    rows = await ledger.loans(unit.tx, loan_ids)
    regions = await people.borrower_regions(unit.tx, rows)
    found = []
    for key, row in sorted(rows.items()):
        place = place_at(unit.lenders, row, regions.get(key) or row.region)
        found.append((row, unit.book.packs_for(place, local_date(unit.now, row.zone))))
    return found
