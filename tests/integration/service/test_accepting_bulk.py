"""A batch costs the same statements however many loans it is about, and the largest facts are taken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from recourse.contracts.events import BankEvent, parse_line, to_line
from tests.events import arrears, overdue, payment, snapshot
from tests.integration.conftest import World

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai, a Friday."""

STATEMENTS_A_BATCH_OF_CURES = 28
STATEMENTS_A_BATCH = 29


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """Every statement sent to the server meanwhile; one sent for many rows at once is one."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = world.services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("loans", [2, 40])
async def test_a_batch_costs_the_same_statements_however_many_loans_fell_behind(
    world: World, loans: int
) -> None:
    world.set_now(NOON)
    names = [f"L-{number}" for number in range(loans)]
    await world.delivery.accept([snapshot(name, at=NOON) for name in names])
    await world.delivery.accept([overdue("L-before", at=NOON)])  # its rules are kept from here on
    with counted(world) as statements:
        acceptance = await world.delivery.accept([overdue(name, at=NOON) for name in names])
    assert len(acceptance.nudges) == loans
    assert len(statements) == STATEMENTS_A_BATCH, "\n".join(statements)


@pytest.mark.parametrize("loans", [2, 40])
async def test_a_batch_costs_the_same_statements_however_many_loans_are_cured(
    world: World, loans: int
) -> None:
    world.set_now(NOON)
    names = [f"L-{number}" for number in range(loans)]
    for make in (snapshot, overdue):
        await world.delivery.accept([make(name, at=NOON) for name in names])
    with counted(world) as statements:
        await world.delivery.accept([payment(name, at=NOON) for name in names])
    assert await world.scalar("SELECT count(*) FROM collection_case WHERE closed_reason = 'cured'") == loans
    assert len(statements) == STATEMENTS_A_BATCH_OF_CURES, "\n".join(statements)


async def test_a_batch_of_the_largest_statements_of_arrears_is_taken_and_cured_like_any_other(
    world: World,
) -> None:
    """One argument an installment would be more than a statement may have; then the batch would come again
    for ever."""
    world.set_now(NOON)
    due = NOON.date() - timedelta(days=1)
    loans = [f"L-{n}" for n in range(28)]

    def stated(loan: str, sequence: int, most: int) -> BankEvent:
        one = json.loads(to_line(overdue(loan, at=NOON, sequence=sequence)))
        one["data"]["arrears"] = arrears(*((number, due, 100) for number in range(1, most + 1)))
        return parse_line(json.dumps(one))

    await world.delivery.accept([stated(loan, 1, 600) for loan in loans])
    count = "SELECT count(*) FROM installment WHERE unpaid_minor > 0"
    assert await world.scalar(count) == 28 * 600
    await world.delivery.accept([stated(loan, 2, 2) for loan in loans[:14]])
    assert await world.scalar(count) == 14 * 600 + 14 * 2
    assert await world.scalar("SELECT count(*) FROM installment WHERE settled_at IS NOT NULL") == 14 * 598


async def test_the_largest_snapshot_of_the_contract_is_taken(world: World) -> None:
    world.set_now(NOON)
    envelope = json.loads(to_line(snapshot("L-1", at=NOON)))
    numbers = itertools.count()
    names = (chr(0x4E00 + n * 37 % 0x5000) for n in itertools.count())

    def person() -> dict[str, Any]:
        points = [{"kind": "mobile", "value": f"+86138{next(numbers):08}"} for _ in range(50)]
        addresses = [{"text": "".join(itertools.islice(names, 500))} for _ in range(20)]
        return {"contact_points": points, "addresses": addresses}

    envelope["data"]["borrower"] |= person()
    envelope["data"]["related_parties"] = [
        {"id": f"G-{n}", "role": "guarantor", **(person() if n < 10 else {})} for n in range(50)
    ]
    acceptance = await world.delivery.accept([parse_line(json.dumps(envelope))])
    assert acceptance.refused == {}
    assert await world.scalar("SELECT count(*) FROM loan_party") == 51
    assert await world.scalar("SELECT count(*) FROM person_contact_point WHERE person_id = 'C-L-1'") == 70
    assert await world.scalar("SELECT count(*) FROM person_contact_point") == 11 * 70
