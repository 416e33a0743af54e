"""Two persons behind a recovery: one proposes it, another approves it, each under his own token (ADR 32).

The gate is asked when it is approved, with both persons: who has two tokens is one. A proposal that nobody
decided on lapses, since what the proposer looked at has changed by then.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from recourse.domain.ids import CaseId
from recourse.domain.law.verdict import Refused
from recourse.service import recovering
from recourse.service.context import Unit
from recourse.service.deciding import deliberate, locked
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.recovering import Assignment
from recourse.storage import cases, permits, recoveries, steps
from recourse.storage.permits import PermitRow
from recourse.storage.persons import acts_as
from recourse.storage.recoveries import ProposalRow, ProposalState
from recourse.storage.steps import StepRow

OPEN_FOR = timedelta(days=7)
"""Business time."""
PROPOSE, APPROVE = ("lead", "legal"), ("lead",)
"""Roles, as with a handover: legal proposes it or a lead does, and another lead approves."""
AGENCY = "recovery"
"""The role of an agency's token."""


@dataclass(frozen=True, slots=True)
class NewProposal:
    """agency: the actor of its token. days: how long the assignment lasts from its approval on."""

    case_id: str
    purpose: str
    agency: str
    actor: str
    days: int = 14
    request_id: str = ""


async def propose(unit: Unit, new: NewProposal) -> ProposalRow:
    """Safe to repeat with the same request id. Raises Unknown for a case there is none of, Pointless for a
    closed one, an agency that has no token, a term that cannot be meant or while another proposal waits,
    RequestReused."""
    if not 0 < new.days <= recovering.LONGEST.days:
        raise Pointless(f"days: 1 to {recovering.LONGEST.days}")
    if await cases.get(unit.tx, CaseId(new.case_id)) is None:
        raise Unknown("case: there is none of this id; list them with `recourse cases list`")
    d = deliberate(unit, await locked(unit, new.case_id))
    case, key = d.gathered.case, f"recovery-{new.request_id or uuid.uuid4().hex[:20]}"
    before = await recoveries.get(unit.tx, key)
    if before is not None:
        said = (before.case_id, before.purpose, before.agency, before.days, before.proposed_by)
        if said != (new.case_id, new.purpose, new.agency, new.days, new.actor):
            raise RequestReused("request_id: it stands for another proposal; choose a new one")
        return before
    if case.closed_at is not None:
        raise Pointless(f"case: it is closed ({case.closed_reason})")
    await _must_be_an_agency(unit, new.agency)
    waiting = await recoveries.open_of(unit.tx, case.id)
    if waiting is not None and unit.now < waiting.lapses_at:
        raise Pointless(f"case: {waiting.id} waits for a decision; approve or decline it first")
    if waiting is not None:
        await recoveries.change(unit.tx, waiting.id, state=ProposalState.LAPSED)
    row = ProposalRow(
        id=key,
        loan_id=case.loan_id,
        case_id=case.id,
        purpose=new.purpose,
        agency=new.agency,
        days=new.days,
        proposed_by=new.actor,
        proposed_at=unit.now,
        lapses_at=unit.now + OPEN_FOR,
    )
    await recoveries.add(unit.tx, row)
    await _note(unit, row, "recovery_proposed", new.actor, new.purpose)
    return row


async def approve(unit: Unit, key: str, actor: str) -> PermitRow | Refused:
    """The permit, or the gate's no, which leaves the proposal as it is. Repeated by whoever approved it, it
    gives the same permit. Raises Unknown, and Pointless for one that is decided or has lapsed, or whose
    agency has no token any more."""
    row = await _locked(unit, key)
    if row.state is ProposalState.APPROVED and row.decided_by == actor and row.permit_id is not None:
        known = await permits.get(unit.tx, row.permit_id)
        if known is not None:
            return known
    _still_open(unit, row)
    await _must_be_an_agency(unit, row.agency)
    asked = Assignment(row.case_id, row.purpose, row.agency, row.proposed_by, actor, row.days)
    issued = await recovering.issue(unit, asked)
    if isinstance(issued, PermitRow):
        decided = {"state": ProposalState.APPROVED, "decided_by": actor, "decided_at": unit.now}
        await recoveries.change(unit.tx, key, permit_id=issued.id, **decided)
    return issued


async def decline(unit: Unit, key: str, actor: str, code: str) -> ProposalRow:
    """code: why, in one word. Declining twice is harmless. Raises Unknown, and Pointless for one that was
    approved or has lapsed."""
    row = await _locked(unit, key)
    if row.state is ProposalState.DECLINED:
        return row
    _still_open(unit, row)
    decided = {"state": ProposalState.DECLINED, "decided_by": actor, "decided_at": unit.now}
    await recoveries.change(unit.tx, key, code=code, **decided)
    await _note(unit, row, "recovery_declined", actor, code)
    return await recoveries.get(unit.tx, key) or row


async def _must_be_an_agency(unit: Unit, agency: str) -> None:
    """Else nobody could ask before the hook-up, and nobody acknowledge a recall."""
    if not await acts_as(unit.tx, agency, AGENCY):
        raise Pointless(
            f"agency: no token of the role {AGENCY} is in force under this actor; see `recourse tokens list`"
        )


async def _locked(unit: Unit, key: str) -> ProposalRow:
    known = await recoveries.get(unit.tx, key)
    if known is None:
        raise Unknown("proposal: there is none of this id; see `recourse permits proposals`")
    await locked(unit, known.case_id)
    return await recoveries.get(unit.tx, key) or known


def _still_open(unit: Unit, row: ProposalRow) -> None:
    lapsed = row.state is ProposalState.OPEN and row.lapses_at <= unit.now
    if lapsed or row.state is not ProposalState.OPEN:
        state = ProposalState.LAPSED if lapsed else row.state
        raise Pointless(f"proposal: it is {state}; propose it anew")


async def _note(unit: Unit, row: ProposalRow, event: str, actor: str, code: str) -> None:
    case = await cases.get(unit.tx, row.case_id)
    if case is not None:
        reason = f"{row.id}, agency {row.agency}"
        line = StepRow(case.loan_id, case.id, case.decision, event, unit.now, reason, case.strategy)
        await steps.append(unit.tx, replace(line, code=code, actor=actor))
