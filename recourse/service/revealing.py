"""A dossier in clear: asked for with a purpose, for one loan and a time; and the broken glass, where it is
not for the caller's role or lenders (ADR 44).

One mechanism: a row that is committed before anything is shown, and a line for each reading under it. What
cannot be written is not shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import structlog

from recourse.domain.disclosure import READERS, REVEALS_LAST, Finding, Justification, Outside, RevealPurpose
from recourse.domain.ids import LoanId
from recourse.service.authorising import NotAuthorised
from recourse.service.context import Services, Unit
from recourse.service.dossier_reading import Via, note_reading
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.tokens import Caller
from recourse.storage import cases, ledger, reveals, steps
from recourse.storage.persons import persons_of
from recourse.storage.reveals import RevealRow
from recourse.storage.steps import StepRow

T = TypeVar("T")
log = structlog.get_logger(__name__)
BROKEN, REVIEWED = "glass_broken", "broken_glass_reviewed"
"""Events of the diary."""
_NO_LOAN: Final = "loan: there is none of this id; list them with `recourse cases list`"


@dataclass(frozen=True, slots=True)
class NewReveal:
    """reference: the opaque id of what explains it. justification: of who breaks the glass, with a reference.
    request_id: repeats the call safely."""

    loan_id: LoanId
    purpose: RevealPurpose
    request_id: str
    reference: str | None = None
    justification: Justification | None = None


@dataclass(frozen=True, slots=True)
class Revealing:
    """services: over the loans that the caller may see. across_lenders: whether a token that is confined may
    break the glass in front of another lender's dossier; else there is no such loan for it, as everywhere."""

    services: Services
    who: Caller
    across_lenders: bool = False
    via: Via = "api"

    async def ask(self, new: NewReveal) -> RevealRow:
        """Raises Unknown for a loan that the caller does not see, Pointless for what cannot be meant,
        NotAuthorised, RequestReused."""
        breaks = new.justification is not None and self.who.role in {*READERS, "admin"}
        return await self._seen(lambda outside: partial(_ask, who=self.who, new=new, lender=outside), breaks)

    async def read(self, key: str) -> tuple[RevealRow, Services]:
        """Commits that it is read, and gives the services that see the dossier. Raises Unknown for a reveal
        that is not the caller's, Pointless for one that has ended."""
        row = await self._seen(
            lambda outside: partial(_read, key=key, who=self.who, lender=outside, via=self.via), True
        )
        return row, self._wide() if row.outside is Outside.LENDER else self.services

    async def _seen(
        self, case: Callable[[bool], Callable[[Unit], Awaitable[RevealRow]]], breaks: bool
    ) -> RevealRow:
        """Under the caller's sight; where he sees nothing, and may break that glass, under everybody's."""
        try:
            return await self.services.run(case(False))
        except Unknown:
            if not (breaks and self.across_lenders and self.who.lenders is not None):
                raise
        return await self._wide().run(case(True))

    def _wide(self) -> Services:
        return self.services.for_lenders(None)


async def _ask(unit: Unit, who: Caller, new: NewReveal, lender: bool) -> RevealRow:
    """lender: the loan is of another lender than the caller's."""
    if new.loan_id not in await ledger.loans(unit.tx, [new.loan_id]):
        raise Unknown(_NO_LOAN)
    await unit.lock_loans([new.loan_id])
    outside = Outside.LENDER if lender else None if who.role in {*READERS, "admin"} else Outside.ROLE
    _must_be_meant(new, outside)
    row = RevealRow(
        id=f"reveal-{hashlib.sha256(f'{who.actor} {new.request_id}'.encode()).hexdigest()[:20]}",
        loan_id=new.loan_id,
        actor=who.actor,
        role=who.role,
        purpose=new.purpose,
        reference=new.reference,
        outside=outside,
        justification=new.justification,
        at=unit.now,
        until=unit.now + REVEALS_LAST,
    )
    before = await reveals.get(unit.tx, row.id)
    if before is not None:
        if replace(row, at=before.at, until=before.until) != _as_asked(before):
            raise RequestReused("request_id: it stands for another reveal; choose a new one")
        return before
    await reveals.add(unit.tx, row)
    if row.outside is not None:
        await _note(unit, row, BROKEN, row.actor, f"{row.outside}: {row.justification}, {row.purpose}")
        log.warning(
            "glass broken",
            reveal_id=row.id,
            actor=row.actor,
            role=row.role,
            loan_id=row.loan_id,
            outside=row.outside.value,
            justification=row.justification,
        )
    return row


def _must_be_meant(new: NewReveal, outside: Outside | None) -> None:
    if outside is None and new.justification is not None:
        raise Pointless("justification: your role reads this dossier without one; leave it out")
    if outside is not None and new.justification is None:
        codes = ", ".join(Justification)
        raise NotAuthorised(
            f"justification: this dossier is not for your role; one of {codes} breaks the glass"
        )
    if outside is not None and new.reference is None:
        raise Pointless("reference: the id of what explains it; without one the glass is not broken")


def _as_asked(row: RevealRow) -> RevealRow:
    return replace(row, finding=None, reviewed_by=None, reviewed_at=None)


async def _read(unit: Unit, key: str, who: Caller, lender: bool, via: Via) -> RevealRow:
    row = await reveals.get(unit.tx, key)
    if row is not None:
        persons = await persons_of(unit.tx, [row.actor, who.actor])
    if row is None or persons[row.actor] != persons[who.actor]:
        raise Unknown("reveal: there is none of yours of this id; ask for one first")
    if lender != (row.outside is Outside.LENDER):
        raise Unknown("reveal: its loan is not yours to see any more")
    if unit.now >= row.until:
        raise Pointless("reveal: it has ended; ask for another")
    await note_reading(unit, row.loan_id, who.actor, via, row.purpose, reveal_id=row.id)
    return row


async def review(unit: Unit, key: str, finding: Finding, actor: str) -> RevealRow:
    """By another person, once. Raises Unknown, Pointless."""
    row = await reveals.get(unit.tx, key)
    if row is None or row.outside is None:
        raise Unknown("reveal: no glass was broken under this id; see `recourse access breaks`")
    await unit.lock_loans([row.loan_id])
    row = await reveals.get(unit.tx, key) or row
    if row.reviewed_at is not None:
        raise Pointless(f"{key}: {row.reviewed_by} has looked at it already and found it {row.finding}")
    persons = await persons_of(unit.tx, [row.actor, actor])
    if persons[row.actor] == persons[actor]:
        raise Pointless(f"{key}: whoever broke the glass does not review it; ask another person")
    await reveals.review(unit.tx, key, finding, actor, unit.now)
    await _note(unit, row, REVIEWED, actor, finding)
    return replace(row, finding=finding, reviewed_by=actor, reviewed_at=unit.now)


async def _note(unit: Unit, row: RevealRow, event: str, actor: str, said: str) -> None:
    """In the diary of the loan's last case, under its locks; a loan that never had one has none."""
    case = (await cases.newest_of(unit.tx, [row.loan_id])).get(row.loan_id)
    if case is not None:
        line = StepRow(case.loan_id, case.id, case.decision, event, unit.now, said, case.strategy)
        code = row.justification if event == BROKEN else said
        await steps.append(unit.tx, replace(line, code=code, source=row.id, actor=actor))
