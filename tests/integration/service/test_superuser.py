"""A superuser, with the triggers off: whatever he does is found, and where it began."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from recourse.delivery import Delivery
from recourse.domain.evidence.merkle import Frontier
from recourse.domain.evidence.note import Checkpoint
from recourse.reading.verifying import Finding, Problem
from recourse.storage.database import VAULT, Database
from recourse.storage.sight import EVERY_LENDERS
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.integration.service.test_sealing import forged, look, seal


@dataclass
class Sealed:
    """Two cases under a checkpoint that was left outside."""

    world: World
    signed: Checkpoint

    async def index(self, kind: str, n: int = 0) -> int:
        """The place of the n-th entry of a kind in the tree."""
        rows = await self.world.rows("SELECT index FROM seal WHERE kind = :k ORDER BY index", k=kind)
        return int(rows[n]["index"])

    async def finding(self, *known: Checkpoint) -> Finding:
        """The first."""
        found = (await look(self.world, *(known or (self.signed,)))).findings
        assert found, "nobody noticed"
        return found[0]


@pytest.fixture
async def sealed(world: World) -> Sealed:
    for loan in ("L-1", "L-2"):
        await (await open_case(world, loan, days=5)).decide()
    turn = await seal(world)
    sealed = Sealed(world, Checkpoint("ledger.example", turn.size, turn.root))
    assert (await look(world, sealed.signed)).findings == []
    return sealed


FIRST_STEP = "(SELECT min(id) FROM step)"
FIRST_FACT = "(SELECT min(id) FROM fact WHERE payload <> '{}')"
LAST_STEP = "(SELECT max(id) FROM step)"


# Rows


@pytest.mark.parametrize(
    ("statement", "kind", "columns"),
    [
        (f"UPDATE step SET reason = 'all was well' WHERE id = {FIRST_STEP}", "step", "reason"),
        (f"UPDATE step SET at = at + interval '1 microsecond' WHERE id = {FIRST_STEP}", "step", "at"),
        (f"UPDATE step SET recorded_at = now() WHERE id = {FIRST_STEP}", "step", "recorded_at"),
        (f"UPDATE fact SET payload = '{{}}' WHERE id = {FIRST_FACT}", "fact", "payload"),
        ("UPDATE rule_set SET rules = jsonb_set(rules, '{packs,0,caps,0,limit}', '9')", "rule_set", "rules"),
        ("UPDATE rule_set SET rules = '{}', recorded_at = now()", "rule_set", "recorded_at, rules"),
    ],
    ids=["reason", "instant", "when recorded", "fact", "a limit of the law", "the whole law"],
)  # fmt: skip
async def test_an_edited_row_is_named_with_its_columns(
    sealed: Sealed, statement: str, kind: str, columns: str
) -> None:
    await forged(sealed.world, statement)
    found = await sealed.finding()
    assert (found.problem, found.kind, found.detail) == (Problem.CHANGED, kind, columns)
    rows = "SELECT index FROM seal WHERE kind = :k AND ref = :r"
    assert found.index == await sealed.world.scalar(rows, k=kind, r=found.ref)


@pytest.mark.parametrize("table", ["step", "fact", "rule_set"])
async def test_a_deleted_row_is_named(sealed: Sealed, table: str) -> None:
    key = "digest" if table == "rule_set" else "id"
    await forged(sealed.world, f"DELETE FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})")
    found = await sealed.finding()
    assert (found.problem, found.kind, found.index) == (Problem.GONE, table, await sealed.index(table))


async def test_a_table_that_was_emptied_is_named_row_by_row(sealed: Sealed) -> None:
    count = await sealed.world.scalar("SELECT count(*) FROM step")
    await forged(sealed.world, "TRUNCATE step CASCADE")
    gone = [one for one in (await look(sealed.world, sealed.signed)).findings if one.kind == "step"]
    assert [one.problem for one in gone] == [Problem.GONE] * count


async def test_a_row_that_was_put_in_is_named(sealed: Sealed) -> None:
    await forged(sealed.world, "INSERT INTO rule_set (digest, rules) VALUES ('made-up', '{}')")
    found = await sealed.finding()
    assert (found.problem, found.kind, found.ref) == (Problem.NEVER_SEALED, "rule_set", "made-up")


async def test_rows_that_changed_places_are_both_named(sealed: Sealed) -> None:
    """Each says what the other one said: nothing is new, nothing is gone."""
    await forged(
        sealed.world,
        "UPDATE step s SET at = o.at, reason = o.reason, event = o.event FROM step o "
        f"WHERE (s.id, o.id) IN (({FIRST_STEP}, {LAST_STEP}), ({LAST_STEP}, {FIRST_STEP}))",
    )
    found = (await look(sealed.world, sealed.signed)).findings
    assert [one.problem for one in found] == [Problem.CHANGED, Problem.CHANGED]
    assert found[0].index == await sealed.index("step")


async def test_a_digit_that_no_double_holds_is_not_changed_unseen(sealed: Sealed) -> None:
    """17 digits and more are numbers of JSON, and PostgreSQL keeps them all."""
    world = sealed.world
    await world.execute(
        "INSERT INTO rule_set (digest, rules) VALUES ('d', '{\"n\": 0.10000000000000000001}')"
    )
    await world.execute(
        "INSERT INTO rule_set (digest, rules) VALUES ('huge', '{\"n\": 1e400, \"m\": -1e-400}')"
    )
    await seal(world)
    assert (await look(world)).findings == []
    await forged(world, "UPDATE rule_set SET rules = '{\"n\": 0.10000000000000000002}' WHERE digest = 'd'")
    assert [(one.kind, one.ref) for one in (await look(world)).findings] == [("rule_set", "d")]
    await forged(world, "UPDATE rule_set SET rules = '{\"n\": 1e401, \"m\": -1e-400}' WHERE digest = 'huge'")
    assert [one.ref for one in (await look(world)).findings] == ["d", "huge"]


# The ledger itself


@pytest.mark.parametrize(
    ("statements", "problem", "index"),
    [
        (["DELETE FROM seal WHERE index = 4"], Problem.MISSING, 4),
        (["UPDATE seal SET index = index + 1000 WHERE index = 4"], Problem.MISSING, 4),
        (["UPDATE seal SET ref = 'other' WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET commitments = commitments - 'at' WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET commitments = '[1]' WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET commitments = '{\"at\": \"zz\"}' WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET kind = 'never heard of' WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET hash = sha256('x') WHERE index = 4"], Problem.FORGED, 4),
        (["UPDATE seal SET prev = sha256('x') WHERE index = 4"], Problem.OUT_OF_ORDER, 4),
        (["UPDATE seal SET n = n + 1000 WHERE index = 4"], Problem.OUT_OF_ORDER, 4),
        (["UPDATE seal_secret SET secret = sha256('x') WHERE index = 4"], Problem.CHANGED, 4),
        (["DELETE FROM seal_secret WHERE index = 4"], Problem.UNREADABLE, 4),
        (["UPDATE seal_node SET hash = sha256('x') WHERE level = 1 AND index = 2"], Problem.WRONG_NODE, 4),
        (["DELETE FROM seal_node WHERE level = 2 AND index = 1"], Problem.WRONG_NODE, 4),
        (["INSERT INTO seal_node VALUES (1, 1000, sha256('x'))"], Problem.WRONG_NODE, None),
        (
            [
                "UPDATE seal SET index = -3 WHERE index = 3",
                "UPDATE seal SET index = 3 WHERE index = 4",
                "UPDATE seal SET index = 4 WHERE index = -3",
            ],
            Problem.WRONG_NODE,
            2,
        ),
    ],
    ids=[
        "deleted", "moved away", "of another row", "a column less", "a list", "no hash", "of no kind",
        "another hash", "another before it", "another place", "another salt", "salt deleted", "another node",
        "node deleted", "node too many", "two changed places",
    ],
)  # fmt: skip
async def test_what_is_done_to_entries_is_named_where_it_begins(
    sealed: Sealed, statements: Sequence[str], problem: Problem | None, index: int | None
) -> None:
    for statement in statements:
        await forged(sealed.world, statement)
    found = await sealed.finding()
    assert found.problem is problem
    assert found.index == (sealed.signed.size if index is None else index)


async def test_the_last_rows_cut_off_with_everything_about_them_are_missed_by_the_checkpoint_outside(
    sealed: Sealed,
) -> None:
    """Inside nothing is left that could tell: only what was signed and left outside knows more."""
    last = sealed.signed.size - 1
    row = (await sealed.world.rows("SELECT kind, ref FROM seal WHERE index = :i", i=last))[0]
    key = "digest" if row["kind"] == "rule_set" else "id::text"
    for statement in (
        f"DELETE FROM {row['kind']} WHERE {key} = '{row['ref']}'",
        f"DELETE FROM seal WHERE index = {last}",
        f"DELETE FROM seal_secret WHERE index = {last}",
        f"DELETE FROM seal_node WHERE ((index + 1) << level) > {last}",
    ):
        await forged(sealed.world, statement)
    assert (await look(sealed.world)).findings == []
    found = await sealed.finding()
    assert (found.problem, found.index) == (Problem.SHORTER, last)
    assert str(sealed.signed.size) in found.detail


async def test_of_checkpoints_that_do_not_fit_the_first_bounds_where_it_began(sealed: Sealed) -> None:
    """A ledger made anew agrees with itself. What was signed at 3 fits still, what at 5 does not."""
    good = await sealed.world.rows("SELECT hash FROM seal WHERE index < 3 ORDER BY index")
    frontier = Frontier()
    for row in good:
        list(frontier.append(row["hash"]))
    fits = Checkpoint("ledger.example", 3, frontier.root())
    others = [Checkpoint("ledger.example", size, bytes(32)) for size in (5, sealed.signed.size)]
    found = (await look(sealed.world, *others, fits)).findings
    assert [(one.problem, one.index) for one in found] == [(Problem.OTHER_TREE, 3)]
    assert "5 entries" in found[0].detail


# An old backup


async def _cloned(world: World, name: str) -> World:
    """As `pg_dump` and restore would: the whole database as it is now, under another name."""
    url = make_url(str(world.services.database.engine.url.render_as_string(hide_password=False)))
    await world.services.database.engine.dispose()
    engine = create_async_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        # A database is cloned only when nobody is on it; the one that empties it between tests makes another.
        others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"
        for _ in range(500):
            if not (await connection.execute(text(others), {"name": url.database})).scalar_one():
                break
            await asyncio.sleep(0.01)
        await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{url.database}"'))
    await engine.dispose()
    address = url.set(database=name).render_as_string(hide_password=False)
    held = world.services.database.engine.sync_engine.get_execution_options()[VAULT]
    database = Database(address, world.services.database.calendar, sight=EVERY_LENDERS, vault=held)
    services = replace(world.services, database=database)
    return replace(world, services=services, delivery=Delivery(services, world.runs))


@pytest.fixture
async def restored(sealed: Sealed) -> AsyncIterator[World]:
    """A world on a backup of what was sealed then; the one it was taken of goes on."""
    name = f"backup_{uuid.uuid4().hex[:8]}"
    backup = await _cloned(sealed.world, name)
    yield backup
    await backup.services.database.close()
    engine = create_async_engine(sealed.world.services.database.engine.url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    await engine.dispose()


async def grown(world: World, loan: str) -> Checkpoint:
    await (await open_case(world, loan, days=5)).decide()
    turn = await seal(world)
    return Checkpoint("ledger.example", turn.size, turn.root)


async def test_an_old_backup_is_found_by_what_was_signed_since(sealed: Sealed, restored: World) -> None:
    later = await grown(sealed.world, "L-3")
    assert (await look(sealed.world, sealed.signed, later)).findings == []
    found = (await look(restored, sealed.signed, later)).findings
    assert [(one.problem, one.index) for one in found] == [(Problem.SHORTER, sealed.signed.size)]


async def test_an_old_backup_that_went_on_is_found_too(sealed: Sealed, restored: World) -> None:
    """It has as many entries by now, and others: the first of them is named."""
    later = await grown(sealed.world, "L-3")
    while (await grown(restored, f"L-{uuid.uuid4().hex[:6]}")).size < later.size:
        pass
    found = (await look(restored, sealed.signed, later)).findings
    assert [(one.problem, one.index) for one in found] == [(Problem.OTHER_TREE, sealed.signed.size)]
