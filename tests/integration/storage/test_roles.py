"""The database's roles: each may do its own work and no other, and what is not so is named and mended."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from recourse.app.doctor_database import kind_of
from recourse.service import tokens
from recourse.service.context import Services
from recourse.stack import StackAddresses
from recourse.storage import access, migrate
from recourse.storage.database import Database
from recourse.storage.seals import NEVER_CHANGED
from recourse.storage.sight import EVERY_LENDERS
from recourse.storage.tables import metadata
from tests.emptied import as_login, execute, named
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.integration.storage.two_lenders import session

ANY_ROW = "INSERT INTO rule_set (digest, rules) VALUES ('d', '{}')"


async def refused(connection: AsyncConnection, statement: str) -> bool:
    """By lack of rights, and for no other reason."""
    try:
        await connection.execute(text(statement))
    except DBAPIError as error:
        return kind_of(error) == "InsufficientPrivilegeError"
    return False


@pytest.mark.parametrize("name", sorted(NEVER_CHANGED))
async def test_the_application_adds_to_the_ledger_and_takes_nothing_back(
    database_url: str, name: str
) -> None:
    async with session(database_url, "recourse_app") as app:
        for assume in ("SELECT 1", "SET ROLE recourse_system"):
            await app.execute(text(assume))
            assert await refused(app, f"UPDATE {name} SET recorded_at = now()")
            assert await refused(app, f"DELETE FROM {name}")
            assert await refused(app, f"TRUNCATE {name} CASCADE")


async def test_of_a_letter_the_application_changes_what_it_says_and_nothing_else(
    world: World, database_url: str
) -> None:
    columns = sorted(metadata.tables["document"].c.keys())
    async with session(database_url, "recourse_app") as app:
        for assume in ("SELECT 1", "SET ROLE recourse_system"):
            await app.execute(text(assume))
            for column in columns:
                may = not await refused(app, f"UPDATE document SET {column} = {column}")
                assert may is (column in {"content", "content_sealed"}), column
            await app.execute(text("SELECT id FROM document FOR UPDATE"))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE step DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE step DISABLE TRIGGER ALL",
        "ALTER TABLE step ADD COLUMN mine int",
        "DROP TABLE step",
        "CREATE POLICY mine ON loan USING (true)",
        "SET session_replication_role = replica",
        "SET ROLE postgres",
        "SET ROLE recourse_sealer",
        "CREATE ROLE another",
        "DELETE FROM unsealed",
        "UPDATE checkpoint SET note = ''",
        "INSERT INTO checkpoint (size, note) VALUES (1, '')",
        "UPDATE seal_secret SET secret = ''",
        "DELETE FROM seal",
    ],
)
async def test_the_application_cannot_help_itself_to_more(database_url: str, statement: str) -> None:
    async with session(database_url, "recourse_app") as app:
        for assume in ("SELECT 1", "SET ROLE recourse_system"):
            await app.execute(text(assume))
            assert await refused(app, statement)


async def test_row_level_security_cannot_be_switched_off_by_the_application(
    world: World, database_url: str
) -> None:
    await open_case(world)
    async with session(database_url, "recourse_app") as app:
        await app.execute(text("SET row_security = off"))
        assert await refused(app, "SELECT count(*) FROM loan"), "an error, where rows would be left out"


async def test_the_sealer_writes_the_ledger_and_touches_no_business_row(
    world: World, database_url: str
) -> None:
    await open_case(world)
    async with session(database_url, "recourse_sealer") as sealer:
        assert (await sealer.execute(text("SELECT count(*) FROM step"))).scalar_one() > 0
        await sealer.execute(text("INSERT INTO checkpoint (size, note) VALUES (7, 'n')"))
        for statement in (
            ANY_ROW,
            "UPDATE step SET reason = 'x'",
            "DELETE FROM fact",
            "UPDATE checkpoint SET note = 'another'",
            "SELECT name FROM party",
            "SELECT * FROM api_token",
            "SET ROLE recourse_system",
        ):
            assert await refused(sealer, statement), statement


async def test_the_reader_writes_nothing_and_sees_the_rows_of_whom_it_names(
    world: World, database_url: str
) -> None:
    await open_case(world)
    async with session(database_url, "recourse_reader") as reader:
        assert await refused(reader, ANY_ROW)
        assert await refused(reader, "SELECT * FROM api_token")
        assert await refused(reader, "SELECT * FROM seal_secret")
        assert await refused(reader, "SET ROLE recourse_system")
        asked = text("SELECT count(*) FROM step")
        assert (await reader.execute(asked)).scalar_one() == 0
        await reader.execute(text("SET recourse.tenant = '{demo-auto-finance}'"))
        assert (await reader.execute(asked)).scalar_one() > 0


async def test_applied_again_it_changes_nothing(database_url: str) -> None:
    assert await access.apply(database_url) == []
    assert await access.problems(database_url) == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("ALTER TABLE loan NO FORCE ROW LEVEL SECURITY", "table loan: row-level security is not forced"),
        ("ALTER TABLE step DISABLE ROW LEVEL SECURITY", "table step: row-level security is not forced"),
        ("DROP POLICY own_lenders ON party", "table party: without this release's policy own_lenders"),
        ("ALTER POLICY own_lenders ON fact USING (true)", "table fact: without this release's policy own_"),
        ("ALTER POLICY every_lenders ON fact TO PUBLIC", "table fact: without this release's policy every_"),
        ("CREATE POLICY mine ON loan USING (true)", "table loan: a policy mine that is not ours"),
        ("GRANT UPDATE ON step TO recourse_app", "table step: recourse_app has UPDATE"),
        ("GRANT UPDATE ON document TO recourse_app", "table document: recourse_app has UPDATE"),
        ("GRANT UPDATE (kind) ON document TO recourse_app", "table document: recourse_app has UPDATE (kind)"),
        (
            "REVOKE UPDATE ON document FROM recourse_app",
            "table document: recourse_app lacks UPDATE (c",
        ),
        ("GRANT SELECT ON party TO PUBLIC", "table party: public has SELECT"),
        ("REVOKE INSERT ON hold FROM recourse_system", "table hold: recourse_system lacks INSERT"),
    ],
)
async def test_what_was_loosened_is_named_and_mended(database_url: str, statement: str, says: str) -> None:
    await execute(database_url, statement)
    (found,) = await access.problems(database_url)
    assert found.startswith(says)
    assert await access.apply(database_url) == [found]
    assert await access.problems(database_url) == []


async def test_a_table_that_nobody_entered_is_named_and_shown_to_nobody(database_url: str) -> None:
    await execute(database_url, "CREATE TABLE forgotten (loan_id text)")
    (found,) = await access.problems(database_url)
    assert found.startswith("table forgotten: nobody may use it")
    async with session(database_url, "recourse_app") as app:
        assert await refused(app, "SELECT * FROM forgotten")


async def test_a_login_with_too_much_power_is_named(world: World, database_url: str) -> None:
    assert await access.powers(database_url) == ["postgres is a superuser"]
    assert await access.powers(as_login(database_url, "recourse_app")) == []
    bypassing = f"bypass_{uuid.uuid4().hex[:8]}"
    await execute(database_url, f"CREATE ROLE {bypassing} LOGIN BYPASSRLS IN ROLE recourse_app")
    try:
        found = await access.powers(as_login(database_url, bypassing))
        assert found == [f"{bypassing} passes by row-level security"]
    finally:
        await execute(database_url, f"DROP ROLE {bypassing}")


@pytest.fixture
async def owned(stack: StackAddresses) -> AsyncIterator[str]:
    """A database whose owner is no superuser, without a schema."""
    name = f"owned_{uuid.uuid4().hex[:8]}"
    await execute(stack.database_url, f"CREATE ROLE {name} LOGIN")
    for role in ("recourse_app", "recourse_system", "recourse_sealer", "recourse_reader"):
        await execute(stack.database_url, f"GRANT {role} TO {name} WITH ADMIN OPTION")
    await execute(stack.database_url, f"CREATE DATABASE {name} OWNER {name}")
    yield as_login(named(stack.database_url, name), name)
    await execute(stack.database_url, f"DROP DATABASE {name} WITH (FORCE)")
    await execute(stack.database_url, f"DROP ROLE {name}")


async def test_an_owner_who_is_no_superuser_sets_it_all_up(template: str, world: World, owned: str) -> None:
    """And one login for everything goes on working, as in a deployment of before: under the same roles."""
    await access.upgrade(owned)
    assert await access.problems(owned) == []
    assert await migrate.drift(as_login(owned, "recourse_app")) == []
    assert await access.powers(owned) == [f"{owned.split('//')[1].split('@', maxsplit=1)[0]} owns the tables"]
    database = Database(owned, world.services.database.calendar, sight=EVERY_LENDERS)
    services = Services(database, world.services.book, world.services.lenders)
    await services.run(lambda unit: tokens.issue(unit, "lead", "somebody"))
    async with database.reading() as tx:
        assert (await tx.execute(text("SELECT current_user::text"))).scalar_one() == "recourse_system"
    await database.close()
