"""Facts that come with an earlier date: what was done in between and would not have been is marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recourse.domain.facts import Entry, PaymentReceived, PaymentReversed
from recourse.domain.hindsight import regretted
from recourse.domain.ids import LoanId
from recourse.domain.law.hours import local_date
from recourse.domain.situation import StepRecord
from recourse.service.context import Unit
from recourse.storage import cases, steps
from recourse.storage.cases import CaseRow
from recourse.storage.ledger import LoanRow
from recourse.storage.steps import StepRow

REGRETTED = "would_not_have_been_done"
STANDS = "stands_after_all"
"""The payment that had put the step in the wrong bounced."""


async def mark_regretted(
    unit: Unit, loans: Mapping[LoanId, LoanRow], entries: Mapping[LoanId, Sequence[Entry]], new: set[str]
) -> None:
    """A row in the diary for each step that the new facts (by event id) put in the wrong, or right again.

    Each is marked once: what was known before these facts had marked its own.
    """
    dated = sorted(key for key in entries if _looks_back(unit, loans[key], entries[key], new))
    if not dated:
        return
    newest = await cases.newest_of(unit.tx, dated)
    records = await steps.RECORDS.of(unit.tx, cases=[case.id for case in newest.values()])
    rows = []
    for key, case in newest.items():
        done, known, zone = records.get(case.id, []), entries[key], loans[key].zone
        before = regretted([e for e in known if e.event_id not in new], done, zone)
        after = regretted(known, done, zone)
        rows += [_row(unit, case, r, REGRETTED) for r in after if r not in before]
        rows += [_row(unit, case, r, STANDS) for r in before if r not in after]
    await steps.append(unit.tx, *rows)


def _looks_back(unit: Unit, loan: LoanRow, entries: Sequence[Entry], new: set[str]) -> bool:
    """Whether a new fact can reach an earlier day; most are of today, and cost no question."""
    today = local_date(unit.now, loan.zone)
    for entry in entries:
        if entry.event_id in new:
            if isinstance(entry.fact, PaymentReversed):
                return True
            own = entry.fact.value_date if isinstance(entry.fact, PaymentReceived) else None
            if (own or local_date(entry.occurred_at, loan.zone)) < today:
                return True
    return False


def _row(unit: Unit, case: CaseRow, record: StepRecord, code: str) -> StepRow:
    verdict = {
        REGRETTED: "would not have been done: nothing was overdue by then, as is known now",
        STANDS: "stands after all: what had paid for it was reversed",
    }[code]
    reason = f"{record.step_id} of {record.at:%Y-%m-%dT%H:%MZ} {verdict}"
    row = StepRow(case.loan_id, case.id, case.decision, "hindsight", unit.now, reason, case.strategy)
    return replace(row, step_id=record.step_id, code=code)
