"""What was sealed is held to: whoever edits, deletes, adds or restores behind our back is named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from recourse.domain.evidence.merkle import EMPTY_ROOT
from recourse.domain.evidence.note import Checkpoint
from recourse.reading.verifying import Finding, Problem, Verification, verify
from recourse.service.context import Unit
from recourse.service.sealing import Turn, seal_batch
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case


async def seal(world: World) -> Turn:
    """Until nothing waits."""
    while True:
        turn = await world.ledger.run(seal_batch)
        assert turn is not None
        if not turn.more:
            return turn


async def look(world: World, *known: Checkpoint) -> Verification:
    async with world.services.database.reading() as tx:
        return [found async for found in verify(tx, known)][-1]


async def problems(world: World, *known: Checkpoint) -> list[tuple[Problem, str]]:
    return [(finding.problem, finding.kind) for finding in (await look(world, *known)).findings]


async def forged(world: World, statement: str) -> None:
    """As a superuser would, who knows of the triggers."""
    async with world.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("SET session_replication_role = replica")
        await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql("SET session_replication_role = origin")


@pytest.fixture
async def case(world: World) -> OpenCase:
    """A case with a decision and everything about it sealed."""
    case = await open_case(world, days=5)
    await case.decide()
    return case


async def test_every_row_is_sealed_once_and_the_ledger_holds(world: World, case: OpenCase) -> None:
    steps = await world.scalar("SELECT count(*) FROM step")
    facts = await world.scalar("SELECT count(*) FROM fact")
    rules = await world.scalar("SELECT count(*) FROM rule_set")
    assert (steps, facts, rules) == (2, 2, 1)
    turn = await seal(world)
    assert turn.size == turn.sealed == steps + facts + rules
    found = await look(world)
    assert (found.findings, found.size, found.root) == ([], turn.size, turn.root)
    assert await world.scalar("SELECT count(*) FROM unsealed") == 0
    again = await seal(world)
    assert (again.sealed, again.root) == (0, turn.root)


async def test_an_empty_ledger_holds(world: World) -> None:
    assert (await seal(world)).root == EMPTY_ROOT
    assert (await look(world)).findings == []


async def test_the_case_has_a_chain_of_its_own_in_the_order_of_its_steps(
    world: World, case: OpenCase
) -> None:
    await seal(world)
    rows = await world.rows(
        "SELECT n, ref FROM seal WHERE chain = :c AND kind = 'step' ORDER BY n", c=case.id
    )
    ids = [str(row["id"]) for row in await world.rows("SELECT id FROM step ORDER BY id")]
    assert [row["ref"] for row in rows] == ids
    assert [row["n"] for row in rows] == list(range(len(ids)))


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE step SET reason = 'all was well' WHERE event = 'planned'", [(Problem.CHANGED, "step")]),
        ("DELETE FROM step WHERE event = 'planned'", [(Problem.GONE, "step")]),
        (
            "INSERT INTO step (loan_id, case_id, decision, event, at, reason, strategy) "
            "SELECT loan_id, case_id, 0, event, at, 'made up', strategy FROM step WHERE event = 'opened'",
            [(Problem.NEVER_SEALED, "step")],
        ),
        ("UPDATE fact SET payload = '{}' WHERE kind = 'overdue'", [(Problem.CHANGED, "fact")]),
        ("DELETE FROM seal_secret WHERE index = 1", [(Problem.UNREADABLE, "fact")]),
        ("DELETE FROM seal WHERE index = 2", [(Problem.MISSING, "")]),
    ],
    ids=["edited", "deleted", "added", "fact edited", "salt deleted", "entry deleted"],
)
async def test_what_a_superuser_does_to_rows_is_named(
    world: World, case: OpenCase, statement: str, expected: Sequence[tuple[Problem, str]]
) -> None:
    await seal(world)
    await forged(world, statement)
    found = await problems(world)
    assert found[: len(expected)] == expected


async def test_who_leaves_the_triggers_on_seals_his_own_deed(world: World, case: OpenCase) -> None:
    await seal(world)
    await world.execute("UPDATE step SET reason = 'all was well' WHERE event = 'planned'")
    assert await problems(world) == [(Problem.CHANGED, "step")]
    await seal(world)
    assert await problems(world) == [(Problem.CHANGED, "step")]


async def test_the_first_bad_entry_comes_first(world: World, case: OpenCase) -> None:
    await seal(world)
    await forged(world, "UPDATE step SET reason = 'x'")
    found = (await look(world)).findings
    indexes = [
        row["index"] for row in await world.rows("SELECT index FROM seal WHERE kind = 'step' ORDER BY index")
    ]
    assert [finding.index for finding in found] == indexes
    assert found[0] == Finding(Problem.CHANGED, indexes[0], "step", found[0].ref, "reason")


async def test_entries_in_another_order_do_not_follow_from_each_other(world: World, case: OpenCase) -> None:
    await seal(world)
    await world.execute("UPDATE seal SET n = 100 + n WHERE chain LIKE 'case-%'")
    assert (Problem.OUT_OF_ORDER, "step") in await problems(world)


async def test_an_entry_that_was_made_anew_is_not_the_one_in_the_tree(world: World, case: OpenCase) -> None:
    turn = await seal(world)
    signed = Checkpoint("test", turn.size, turn.root)
    assert await problems(world, signed) == []
    await world.execute("UPDATE seal SET commitments = commitments - 'reason' WHERE kind = 'step'")
    assert (Problem.FORGED, "step") in await problems(world)
    found = await problems(world, signed)
    assert found[-1] == (Problem.OTHER_TREE, "")


async def test_a_ledger_that_was_rewritten_from_the_beginning_is_not_the_signed_one(
    world: World, case: OpenCase
) -> None:
    """Whoever owns the database can make everything inside agree; what was left outside does not."""
    turn = await seal(world)
    signed = Checkpoint("test", turn.size, turn.root)
    await forged(world, "UPDATE step SET reason = 'all was well' WHERE event = 'planned'")
    await world.execute("TRUNCATE seal, seal_secret, seal_node")
    await world.execute(
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'fact', id::text, loan_id FROM fact ORDER BY id"
    )
    await world.execute(
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'step', id::text, case_id FROM step ORDER BY id"
    )
    await world.execute(
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'rule_set', digest, 'rules-' || digest FROM rule_set"
    )
    assert (await seal(world)).size == turn.size
    assert await problems(world) == []
    assert await problems(world, signed) == [(Problem.OTHER_TREE, "")]


async def test_an_old_backup_is_shorter_than_what_was_signed(world: World, case: OpenCase) -> None:
    turn = await seal(world)
    signed = Checkpoint("test", turn.size + 7, bytes(32))
    assert await problems(world, signed) == [(Problem.SHORTER, "")]


async def test_a_row_that_changes_lawfully_is_sealed_at_each_change(world: World, case: OpenCase) -> None:
    await world.execute(
        "INSERT INTO promise (id, loan_id, case_id, made_at, amount_minor, due_on, state, taken_by) "
        f"VALUES ('P-1', 'L-1', '{case.id}', now(), 100, now(), 'open', 'agent-1')"
    )
    await seal(world)
    await world.execute("UPDATE promise SET state = 'kept' WHERE id = 'P-1'")
    assert await problems(world) == []
    await seal(world)
    assert await problems(world) == []
    entries = await world.rows("SELECT n FROM seal WHERE kind = 'promise' ORDER BY index")
    assert len(entries) == 2
    await forged(world, "UPDATE promise SET state = 'broken' WHERE id = 'P-1'")
    assert await problems(world) == [(Problem.CHANGED, "promise")]


async def test_two_sealers_seal_nothing_twice(world: World, case: OpenCase) -> None:
    turns = await asyncio.gather(*(world.ledger.run(seal_batch) for _ in range(4)))
    await seal(world)
    assert sum(turn.sealed for turn in turns if turn is not None) == 5
    assert (await look(world)).findings == []


async def test_writers_do_not_wait_for_the_sealer(world: World, case: OpenCase) -> None:
    """It has sealed and not committed: the same case's facts are taken and decided on, and nobody waits."""

    async def in_the_middle(unit: Unit) -> None:
        turn = await seal_batch(unit)
        assert turn is not None
        assert turn.sealed == 5
        await world.delivery.accept([payment("L-1", at=NOON)])
        await case.decide()
        await open_case(world, "L-2", days=5)
        assert await world.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0

    await world.ledger.run(in_the_middle)
    assert (await seal(world)).size > 5
    assert (await look(world)).findings == []


async def test_the_sealer_does_not_wait_for_writers(world: World, case: OpenCase) -> None:
    """One has written and not committed. The others' rows are sealed, and his own when he is done, although
    they were numbered before."""
    async with world.services.database.engine.connect() as writer:
        await writer.execute(text("INSERT INTO rule_set (digest, rules) VALUES ('slow', '{}')"))
        await open_case(world, "L-2", days=5)
        assert (await seal(world)).size == 9
        assert (await look(world)).findings == []
        await writer.commit()
    assert (await seal(world)).size == 10
    assert (await look(world)).findings == []
    newest = await world.rows("SELECT ref FROM seal ORDER BY index DESC LIMIT 1")
    assert newest[0]["ref"] == "slow"


async def test_a_sealer_that_dies_leaves_everything_waiting(world: World, case: OpenCase) -> None:
    class Died(Exception):
        pass

    async def die(unit: object) -> None:
        await seal_batch(unit)  # type: ignore[arg-type]
        raise Died

    before = await world.scalar("SELECT count(*) FROM unsealed")
    with pytest.raises(Died):
        await world.ledger.run(die)
    assert await world.scalar("SELECT count(*) FROM unsealed") == before
    assert await world.scalar("SELECT count(*) FROM seal") == 0
    assert (await seal(world)).size == 5


async def test_the_tree_grows_over_many_turns_and_is_the_same(world: World) -> None:
    roots = []
    for number in range(6):
        case = await open_case(world, f"L-{number}", days=5)
        await case.decide()
        await world.delivery.accept([payment(f"L-{number}", at=NOON + timedelta(minutes=number))])
        turn = await seal(world)
        roots.append(Checkpoint("test", turn.size, turn.root))
    found = await look(world, *roots)
    assert found.findings == []
    assert len({checkpoint.size for checkpoint in roots}) == 6
