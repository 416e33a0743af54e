"""Questions that are asked at once have the answers that each has alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Time,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from recourse.domain.ids import CaseId, LoanId
from recourse.storage.situation import gather_all
from recourse.storage.together import Part, Together
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.test_accepting_bulk import counted

NOON = datetime(2026, 11, 6, 4, 0, tzinfo=UTC)


def _tuples(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def _column(text: str, kind: Any, name: str) -> Any:
    return literal_column(text, kind).label(name)


KINDS = Part(
    select(
        _column("n", Integer(), "n"),
        _column(
            "timestamptz '2026-03-08 01:59:59.123456-05' + n * interval '1 hour'",
            DateTime(timezone=True),
            "at",
        ),
        _column("date '2028-02-29'", Date(), "on"),
        _column("time '22:30'", Time(), "clock"),
        _column("""jsonb_build_object('k', jsonb_build_array(n, NULL, '车'))""", JSONB(), "made"),
        _column("array['a', NULL, '']", ARRAY(Text), "names"),
        _column("array[]::text[]", ARRAY(Text), "none"),
        _column("NULL::text", Text(), "nothing"),
        _column("'\\x00ff'::bytea", LargeBinary(), "sealed"),
        _column("n > 2", Boolean(), "more"),
    )
    .select_from(func.generate_series(1, bindparam("upto", type_=Integer)).alias("n"))
    .order_by(literal_column("n").desc()),
    _tuples,
)
"""One row each of 3, 2, 1, with a value of each type that a decision reads."""
BOTH = Part(union_all(select(_column("1", Integer(), "a")), select(_column("2", Integer(), "a"))), _tuples)
NOBODY = Part(select(_column("1", Integer(), "a")).where(literal_column("false")), _tuples)
NAMED = Part(
    select(_column("1", Integer(), "id"), _column("'x'", Text(), "kind")),
    lambda rows: [(row.kind, row.id) for row in rows],
)
ALL = Together(KINDS, BOTH, NOBODY, NAMED)


async def test_every_value_is_the_one_that_the_question_alone_has(world: World) -> None:
    async with world.services.database.reading() as tx:
        together = await ALL.of(tx, upto=3)
        alone = await KINDS.of(tx, upto=3)
    assert together[KINDS] == alone
    assert [row[0] for row in alone] == [3, 2, 1]
    at = datetime(2026, 3, 8, 6, 59, 59, 123456, tzinfo=UTC)
    assert [row[1] for row in together[KINDS]] == [at + n * timedelta(hours=1) for n in (3, 2, 1)]
    assert together[KINDS][0][4:] == alone[0][4:]
    assert together[KINDS][0][4] == {"k": [3, None, "车"]}


async def test_rows_have_names_and_no_row_is_an_answer(world: World) -> None:
    async with world.services.database.reading() as tx:
        found = await ALL.of(tx, upto=0)
    assert (found[KINDS], found[NOBODY], found[NAMED]) == ([], [], [("x", 1)])
    assert sorted(found[BOTH]) == [(1,), (2,)]


async def test_what_cases_are_decided_on_is_asked_in_two_statements_where_their_loans_are_known(
    world: World,
) -> None:
    """And each case is told from the other."""
    world.set_now(NOON)
    loans = {"L-1": 12, "L-2": 40}
    for loan, days in loans.items():
        await world.delivery.accept([snapshot(loan, at=NOON), overdue(loan, at=NOON, days=days)])
    keys = [CaseId(f"case-{loan}-1") for loan in loans]
    async with world.services.database.reading() as tx:
        now = await world.services.database.now(tx)
        with counted(world) as statements:
            both = await gather_all(tx, keys, now, [LoanId(loan) for loan in loans])
        one = await gather_all(tx, keys[:1], now)
    assert len(statements) == 2, "\n".join(statements)
    assert one[keys[0]] == both[keys[0]]
    arrears = [both[key].situation.account.arrears.oldest_due for key in keys]
    assert arrears[1] is not None
    assert arrears[0] == arrears[1] + timedelta(days=28)
