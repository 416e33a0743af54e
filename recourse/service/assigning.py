"""The arm of an experiment that a case is opened under, stored in the transaction that opens it.

A person stays in one arm with all his loans: two ladders on one person would treat him in two ways at once
and tell nothing about either. Who he is may not be known yet when his loan falls overdue; then the loan is
assigned by itself, and he takes over its arm when he is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recourse.domain.ids import LoanId, PersonId
from recourse.domain.law.hours import local_date
from recourse.domain.strategy.experiment import Experiment, UnitKind, arm_of
from recourse.service.applying import place_at
from recourse.service.context import Unit
from recourse.storage import assignments
from recourse.storage.assignments import Assignment, UnitKey
from recourse.storage.cases import CaseRow
from recourse.storage.ledger import LoanRow


async def assigned(
    unit: Unit,
    opened: Sequence[CaseRow],
    loans: Mapping[LoanId, LoanRow],
    named: Mapping[LoanId, PersonId],
) -> list[CaseRow]:
    """The cases under the ladders of their arms; those that no experiment wants as they are.

    named: borrowers that snapshots of the same batch name. The caller holds the locks of all of them.
    """
    under = {case.loan_id: e for case in opened if (e := _experiment(unit, loans[case.loan_id])) is not None}
    if not under:
        return list(opened)
    borrowers = {**await assignments.borrowers(unit.tx, sorted(under)), **named}
    keys = {loan_id: _key(e, loan_id, borrowers.get(loan_id)) for loan_id, e in under.items()}
    loan_keys = {loan_id: (e.id, UnitKind.LOAN, loan_id) for loan_id, e in under.items()}
    known = await assignments.stored(unit.tx, [*keys.values(), *loan_keys.values()])
    heirs = await assignments.of_loans(unit.tx, [p for loan_id, p in borrowers.items() if loan_id in under])
    new: dict[UnitKey, Assignment] = {}
    for loan_id, key in keys.items():
        if key not in known:
            before = known.get(loan_keys[loan_id]) or heirs.get((key[0], PersonId(key[2])))
            new[key] = known[key] = replace(before, inherited=True) if before else _deal(under[loan_id], key)
    await assignments.add(unit.tx, new, unit.now)
    return [
        _under(unit, case, under[case.loan_id], known[keys[case.loan_id]]) if case.loan_id in under else case
        for case in opened
    ]


def _experiment(unit: Unit, loan: LoanRow) -> Experiment | None:
    collector = place_at(unit.lenders, loan, loan.region).collector
    return unit.book.experiment(loan.region, local_date(unit.now, loan.zone), collector)


def _key(experiment: Experiment, loan_id: LoanId, borrower: PersonId | None) -> UnitKey:
    if experiment.unit is UnitKind.PERSON and borrower is not None:
        return experiment.id, UnitKind.PERSON, borrower
    return experiment.id, UnitKind.LOAN, loan_id


def _deal(experiment: Experiment, key: UnitKey) -> Assignment:
    arm = arm_of(experiment, key[2])
    return Assignment(arm.name, arm.strategy, experiment.shares)


def _under(unit: Unit, case: CaseRow, experiment: Experiment, arm: Assignment) -> CaseRow:
    """A strategy that is not installed any more can decide nothing: then the case has the default one, and
    still counts in its arm."""
    strategy = unit.book.strategies.get(arm.strategy)
    if strategy is None:
        return replace(case, experiment=experiment.id, arm=arm.arm)
    bucket = strategy.buckets.classify(case.dpd)
    return replace(case, strategy=strategy.name, bucket=bucket, experiment=experiment.id, arm=arm.arm)
