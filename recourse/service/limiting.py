"""The limitation clock of cases as they stand now, for screens, the dossier and the list of what runs out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.law.hours import local_date
from recourse.domain.law.limitation import clocks
from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Situation
from recourse.packs.loader import PackBook
from recourse.service.context import Lender
from recourse.service.deciding import place_of
from recourse.storage import cases
from recourse.storage.database import ReadTx
from recourse.storage.situation import Gathered, gather_all

PAGE = 500


@dataclass(frozen=True, slots=True)
class LimitationLine:
    """One rule's answer for one case. restarted_by: kind, instant and id of the proof that started the years
    anew, None where they run from `began_on`. days_left: below zero once it has run out."""

    case_id: str
    loan_id: str
    rule: str
    pack: str
    source: str
    began_on: date
    runs_from: date
    ends_on: date
    days_left: int
    warn_on: date | None
    restarted_by: dict[str, Any] | None


def lines(case_id: str, s: Situation, packs: Iterable[LawPack], now: datetime) -> list[LimitationLine]:
    """What ends first comes first; empty where it is not known."""
    today = local_date(now, s.lender_zone)
    found = []
    for clock in clocks(s, packs):
        last = clock.restarts[-1].proof if clock.restarts else None
        proof = {"kind": last.kind.value, "at": last.at.isoformat(), "ref": last.ref} if last else None
        found.append(
            LimitationLine(
                case_id=case_id,
                loan_id=s.case.loan_id,
                rule=clock.rule,
                pack=clock.pack,
                source=clock.source,
                began_on=clock.began_on,
                runs_from=clock.runs_from,
                ends_on=clock.ends_on,
                days_left=clock.days_left(today),
                warn_on=clock.warn_on,
                restarted_by=proof,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Limits:
    """What the clock is read by: the installed packs and who the lenders are."""

    book: PackBook
    lenders: Mapping[str, Lender]

    async def of_case(self, tx: ReadTx, case_id: CaseId, now: datetime) -> list[LimitationLine]:
        """Raises LookupError when there is no such case."""
        return self._lines((await gather_all(tx, [case_id], now))[case_id], now)

    async def of_loan(self, tx: ReadTx, loan_id: LoanId, now: datetime) -> list[LimitationLine]:
        """Of its newest case; empty for a loan that never had one."""
        newest = (await cases.newest_of(tx, [loan_id])).get(loan_id)
        return await self.of_case(tx, newest.id, now) if newest is not None else []

    async def running_out(
        self, tx: ReadTx, now: datetime, within_days: int
    ) -> tuple[list[LimitationLine], int]:
        """Of open cases what ends within so many days or has ended, the soonest first; and of how many cases
        the end is not known."""
        found, unknown, after = [], 0, ""
        while page := await cases.open_ids(tx, after, PAGE):
            after = page[-1].case_id
            for gathered in (await gather_all(tx, [CaseId(n.case_id) for n in page], now)).values():
                known = self._lines(gathered, now)
                unknown += not known
                found += [line for line in known[:1] if line.days_left <= within_days]
        return sorted(found, key=lambda line: (line.ends_on, line.case_id)), unknown

    def _lines(self, gathered: Gathered, now: datetime) -> list[LimitationLine]:
        on = local_date(now, gathered.loan.zone)
        packs = self.book.packs_for(place_of(self.lenders, gathered), on)
        return lines(gathered.case.id, gathered.situation, packs, now)
