"""Personal data leaves by two persons (ADR 44): one asks, another approves exactly that, it goes out once.

What was asked for is loans, a recipient and a purpose. The row is changed, the reading and a line of each
loan's diary are written in the transaction after which the file is handed over, so none goes without them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from recourse.domain.disclosure import EXPORTS_LAPSE, ExportApproval, ExportKind, ExportPurpose, ExportState
from recourse.domain.ids import LoanId, PersonId
from recourse.service.context import Unit
from recourse.service.dossier_reading import note_reading
from recourse.service.noting import Pointless, Unknown
from recourse.storage import cases, exports, ledger, people, steps
from recourse.storage.exports import ExportRow
from recourse.storage.persons import persons_of
from recourse.storage.retention_facts import loans_naming
from recourse.storage.steps import StepRow

PERSON: Final = "person"
"""As recipient of all that is held about somebody: he himself, or who asks for him."""
HOUSE: Final = "house"
"""As recipient of letters: they were sent already, and their files are for who works here."""
EXPORTED: Final = "exported"
"""Event of the diary; its code says whether two persons stand behind it."""
OF_PERSON: Final = "privacy_export"
"""Purpose of the reading that is kept."""


class NotApproved(Exception):
    """No approval covers this export; the text says which commands get one."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What leaves, and for whom."""

    kind: ExportKind
    loans: tuple[LoanId, ...]
    recipient: str
    person_id: PersonId | None = None

    @staticmethod
    def of_bundles(loans: Iterable[LoanId], recipient: str) -> Scope:
        return Scope(ExportKind.BUNDLE, tuple(sorted(set(loans))), recipient)

    @staticmethod
    def of_letters(loan: LoanId) -> Scope:
        return Scope(ExportKind.LETTERS, (loan,), HOUSE)

    @staticmethod
    async def of_person(unit: Unit, person_id: PersonId) -> Scope:
        """Raises Unknown for somebody nobody has heard of, Pointless for one who is on no loan."""
        if not await people.is_known(unit.tx, person_id):
            raise Unknown(f"person {person_id}: there is none of this id")
        loans = (await loans_naming(unit.tx, [person_id]))[person_id]
        if not loans:
            raise Pointless(f"person {person_id}: is on no loan; nothing is held about him")
        return Scope(ExportKind.PERSON, tuple(sorted(loans)), PERSON, person_id)


async def ask(unit: Unit, scope: Scope, purpose: ExportPurpose, actor: str) -> ExportRow:
    """Raises Unknown for a loan there is none of."""
    missing = set(scope.loans) - (await ledger.loans(unit.tx, scope.loans)).keys()
    if missing:
        raise Unknown(f"loan {min(missing)}: there is none; list them with `recourse cases list`")
    return await _new(unit, scope, purpose, actor, ExportApproval.TWO_PERSONS)


async def approve(unit: Unit, key: str, actor: str) -> ExportRow:
    """Raises Unknown, and Pointless for one that is decided or has lapsed, and for who asked for it."""
    row = await _open(unit, key)
    who = await persons_of(unit.tx, [row.asked_by, actor])
    if who[row.asked_by] == who[actor]:
        raise Pointless(f"{key}: whoever asked for it does not approve it; ask another person")
    decided = {"state": ExportState.APPROVED, "decided_by": actor, "decided_at": unit.now}
    return await exports.change(unit.tx, row, **decided)


async def decline(unit: Unit, key: str, actor: str, code: str) -> ExportRow:
    """Also by whoever asked for it, who so takes it back. Raises Unknown, Pointless."""
    row = await _open(unit, key)
    decided = {"state": ExportState.DECLINED, "decided_by": actor, "decided_at": unit.now, "code": code}
    return await exports.change(unit.tx, row, **decided)


async def begin(unit: Unit, scope: Scope, key: str | None, actor: str, approval: ExportApproval) -> ExportRow:
    """Before anything is gathered. key: of the approved export; None is refused where two persons are wanted.
    Raises NotApproved."""
    if key is not None:
        return _covering(unit, await exports.get(unit.tx, key), scope, actor)
    if approval is ExportApproval.TWO_PERSONS:
        raise NotApproved(f"this takes two persons: {remedy(scope)}")
    purpose = ExportPurpose.PERSONS_REQUEST if scope.kind is ExportKind.PERSON else ExportPurpose.COURT_FILE
    row = await _new(unit, scope, purpose, actor, ExportApproval.ONE_PERSON)
    return await exports.change(unit.tx, row, state=ExportState.APPROVED)


async def give(unit: Unit, export: ExportRow, loans: Iterable[LoanId], actor: str, purpose: str) -> None:
    """In the transaction after which these loans' data is handed over. purpose: of the reading. Raises
    NotApproved where it was used or has lapsed meanwhile, LookupError for a loan nobody has heard of."""
    wanted = sorted(set(loans))
    await unit.lock_loans(wanted)
    scope = Scope(export.kind, export.loans, export.recipient, export.person_id)
    row = _covering(unit, await exports.locked(unit.tx, export.id), scope, actor)
    if row.state is ExportState.APPROVED:
        row = await exports.change(unit.tx, row, state=ExportState.USED, used_by=actor, used_at=unit.now)
    newest = await cases.newest_of(unit.tx, wanted)
    for loan in wanted:
        await note_reading(unit, loan, actor, "cli", purpose)
    behind = f"asked by {row.asked_by}, approved by {row.decided_by or 'nobody'}"
    reason = f"{row.kind} given out for {row.recipient}, {row.purpose}: {behind}"
    lines = [
        StepRow(case.loan_id, case.id, case.decision, EXPORTED, unit.now, reason, case.strategy)
        for _, case in sorted(newest.items())
    ]
    told = [replace(line, code=row.approval, source=row.id, actor=actor) for line in lines]
    await steps.append(unit.tx, *told)


def remedy(scope: Scope) -> str:
    """The commands to type."""
    match scope.kind, scope.loans:
        case ExportKind.PERSON, _:
            what = f"--person {scope.person_id} --purpose persons_request"
        case ExportKind.LETTERS, (loan,):
            what = f"--letters {loan} --purpose court_file"
        case _, (loan,):
            what = f"--loan {loan} --for {scope.recipient} --purpose court_file"
        case _:
            what = f"--loans FILE --for {scope.recipient} --purpose court_file"
    return (
        f"`recourse exports ask {what}`, then another person `recourse exports approve ID`, then this again "
        "with --export ID"
    )


def _covering(unit: Unit, row: ExportRow | None, scope: Scope, actor: str) -> ExportRow:
    """The row, if it lets this leave now. Raises NotApproved."""
    if row is None:
        raise NotApproved(f"--export: there is none of this id; {remedy(scope)}")
    if Scope(row.kind, row.loans, row.recipient, row.person_id) != scope:
        raise NotApproved(f"--export: {row.id} is for other loans or another recipient; {remedy(scope)}")
    if row.lapses_at <= unit.now:
        raise NotApproved(f"--export: {row.id} has lapsed; {remedy(scope)}")
    # A batch that was stopped goes on: under the same approval, for the same loans, by who began it.
    goes_on = row.state is ExportState.USED and len(row.loans) > 1 and row.used_by == actor
    goes_on = goes_on and row.kind is ExportKind.BUNDLE
    if row.state is not ExportState.APPROVED and not goes_on:
        said = {ExportState.ASKED: "is not approved yet", ExportState.USED: "was used"}
        raise NotApproved(f"--export: {row.id} {said.get(row.state, 'was declined')}; {remedy(scope)}")
    return row


async def _open(unit: Unit, key: str) -> ExportRow:
    row = await exports.locked(unit.tx, key)
    if row is None:
        raise Unknown(f"export {key}: there is none of this id; see `recourse exports list`")
    if row.state is not ExportState.ASKED or row.lapses_at <= unit.now:
        state = "lapsed" if row.state is ExportState.ASKED else row.state
        raise Pointless(f"{key}: it is {state}; ask for it anew")
    return row


async def _new(
    unit: Unit, scope: Scope, purpose: ExportPurpose, actor: str, approval: ExportApproval
) -> ExportRow:
    row = ExportRow(
        id=f"export-{uuid.uuid4().hex[:20]}",
        kind=scope.kind,
        person_id=scope.person_id,
        loans=scope.loans,
        recipient=scope.recipient,
        purpose=purpose,
        approval=approval,
        state=ExportState.ASKED,
        asked_by=actor,
        asked_at=unit.now,
        lapses_at=unit.now + EXPORTS_LAPSE,
    )
    await exports.add(unit.tx, row)
    return row
