"""What came of an experiment, arm by arm. Counts and amounts only, so anyone may see them.

Every case counts in the arm it was opened under, whatever became of it since (moved, held, still open):
taking cases out afterwards would compare what is left over. Definitions stand with the fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, or_, select

from recourse.domain.measures import Interval, mean, mismatch, wilson
from recourse.domain.situation import AttemptOutcome, HoldReason
from recourse.storage.database import ReadTx
from recourse.storage.tables import (
    assignment,
    collection_case,
    contact_attempt,
    fact,
    hold,
    loan,
    loan_party,
    payment,
    step,
)

BEYOND_CHANCE = 0.001
"""Arms whose sizes differ from their shares by a chance smaller than this were not dealt by them."""
MADE = (AttemptOutcome.SENT, AttemptOutcome.CONNECTED, AttemptOutcome.NOT_CONNECTED, AttemptOutcome.UNKNOWN)
_CASE = collection_case.c


@dataclass(frozen=True, slots=True)
class ArmResult:
    """units: people (loans) that were assigned. cases: episodes opened under the arm.

    cured: of the cases, those closed as cured or paid off; open ones count as not (yet) cured.
    moved: cases that were moved to another strategy since. contacts: attempts of ours that were made or may
    have been. refused: steps that the gate refused. complained: of the cases, those during which a hold for a
    complaint began on the loan or its borrower. holds: holds that began during a case, by reason.
    collected: payments since the opening that the case heard of and that were not reversed, in minor units a
    case, by currency.
    """

    arm: str
    units: int
    cases: int
    open: int
    cured: Interval | None
    moved: int
    contacts: int
    refused: int
    complained: Interval | None
    holds: Mapping[str, int] = field(default_factory=dict)
    collected: Mapping[str, Interval | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """chance: how likely the arms differ this much from their shares by chance; at or below BEYOND_CHANCE
    something is wrong with the assignment, and the comparison is worth nothing."""

    experiment: str
    arms: tuple[ArmResult, ...]
    chance: float

    @property
    def suspect(self) -> bool:
        return self.chance <= BEYOND_CHANCE


async def known(tx: ReadTx) -> list[str]:
    """Experiments that somebody was assigned in."""
    rows = await tx.execute(select(assignment.c.experiment).distinct().order_by(assignment.c.experiment))
    return list(rows.scalars())


async def results(tx: ReadTx, experiment: str) -> Results:
    """Without arms where nobody was assigned yet."""
    units, dealt, expected = await _units(tx, experiment)
    mine = _CASE.experiment == experiment
    cases = await _by_arm(tx, select(_CASE.arm, func.count()), mine)
    running = await _by_arm(tx, select(_CASE.arm, func.count()), mine, _CASE.closed_at.is_(None))
    paid = _CASE.closed_reason.in_(("cured", "paid_off"))
    cured = await _by_arm(tx, select(_CASE.arm, func.count()), mine, paid)
    moved = await _by_arm(
        tx, _through(step, func.count(_CASE.id.distinct())), mine, step.c.event == "migrated"
    )
    refused = (step.c.event == "outcome", step.c.outcome == "refused")
    refusals = await _by_arm(tx, _through(step, func.count()), mine, *refused)
    ours = (contact_attempt.c.state.in_(MADE), contact_attempt.c.inbound.is_(False))
    contacts = await _by_arm(tx, _through(contact_attempt, func.count()), mine, *ours)
    holds, complained = await _holds(tx, mine)
    collected = await _collected(tx, mine)
    arms = [
        ArmResult(
            arm=arm,
            units=units[arm],
            cases=cases[arm],
            open=running[arm],
            cured=wilson(cured[arm], cases[arm]),
            moved=moved[arm],
            contacts=contacts[arm],
            refused=refusals[arm],
            complained=wilson(complained[arm], cases[arm]),
            holds=holds[arm],
            collected=collected[arm],
        )
        for arm in expected
    ]
    return Results(experiment, tuple(arms), mismatch(dealt, expected))


Counts = dict[str, int]


async def _units(tx: ReadTx, experiment: str) -> tuple[Counts, Counts, dict[str, float]]:
    """By arm: units, units that were dealt, and how many of these the shares of their day let expect."""
    c = assignment.c
    rows = await tx.execute(
        select(c.arm, c.shares, c.inherited, func.count())
        .where(c.experiment == experiment)
        .group_by(c.arm, c.shares, c.inherited)
    )
    units: Counts = defaultdict(int)
    dealt: Counts = defaultdict(int)
    expected: dict[str, float] = defaultdict(float)
    for arm, shares, inherited, number in rows:
        units[arm] += number
        for name, share in shares.items():
            expected[name] += 0 if inherited else number * share / sum(shares.values())
        if not inherited:
            dealt[arm] += number
    return units, dealt, dict(sorted(expected.items()))


def _through(table: FromClause, counted: ColumnElement[int]) -> Select[Any]:
    """Rows of the cases, by arm."""
    return select(_CASE.arm, counted).join_from(collection_case, table, table.c.case_id == _CASE.id)


async def _by_arm(tx: ReadTx, statement: Select[Any], *where: ColumnElement[bool]) -> Counts:
    rows = await tx.execute(statement.where(*where).group_by(_CASE.arm))
    return defaultdict(int, {row[0]: row[1] for row in rows})


async def _holds(tx: ReadTx, mine: ColumnElement[bool]) -> tuple[dict[str, Counts], Counts]:
    """By arm: holds by reason, and cases with a complaint."""
    people = select(loan_party.c.person_id).where(
        loan_party.c.loan_id == _CASE.loan_id, loan_party.c.role == "borrower"
    )
    during = and_(
        hold.c.since >= _CASE.opened_at, or_(_CASE.closed_at.is_(None), hold.c.since <= _CASE.closed_at)
    )
    on = and_(during, or_(hold.c.loan_id == _CASE.loan_id, hold.c.person_id.in_(people)))
    rows = await tx.execute(
        select(_CASE.arm, hold.c.reason, func.count(hold.c.id), func.count(_CASE.id.distinct()))
        .join_from(collection_case, hold, on)
        .where(mine)
        .group_by(_CASE.arm, hold.c.reason)
        .order_by(hold.c.reason)
    )
    holds: dict[str, Counts] = defaultdict(dict)
    complained: Counts = defaultdict(int)
    for arm, reason, number, cases in rows:
        holds[arm][reason] = number
        if reason == HoldReason.COMPLAINT:
            complained[arm] = cases
    return holds, complained


async def _collected(tx: ReadTx, mine: ColumnElement[bool]) -> dict[str, dict[str, Interval | None]]:
    heard = and_(fact.c.loan_id == _CASE.loan_id, fact.c.case_id == _CASE.id, fact.c.kind == "payment")
    received = and_(
        payment.c.loan_id == fact.c.loan_id,
        payment.c.payment_id == fact.c.payload["payment_id"].astext,
        payment.c.reversed.is_(False),
        payment.c.occurred_at >= _CASE.opened_at,
    )
    each = (
        select(_CASE.arm, loan.c.currency, func.coalesce(func.sum(payment.c.amount_minor), 0).label("sum"))
        .join_from(collection_case, loan, loan.c.id == _CASE.loan_id)
        .outerjoin(fact, heard)
        .outerjoin(payment, received)
        .where(mine)
        .group_by(_CASE.id, loan.c.currency)
        .subquery()
    )
    rows = await tx.execute(
        select(
            each.c.arm, each.c.currency, func.count(), func.avg(each.c.sum), func.stddev_samp(each.c.sum)
        ).group_by(each.c.arm, each.c.currency)
    )
    found: dict[str, dict[str, Interval | None]] = defaultdict(dict)
    for arm, currency, number, average, deviation in rows:
        found[arm][currency] = mean(number, float(average), float(deviation or 0))
    return found
