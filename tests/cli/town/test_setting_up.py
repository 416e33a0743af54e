"""`recourse db`, `recourse temporal setup` and `recourse stack status`."""

from __future__ import annotations

import json

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from recourse.storage import migrate
from tests.cli.conftest import UNUSED, Cli, Town, sql
from tests.emptied import as_login


@pytest.fixture
def bare(desk: Cli, template: str, empty_database: str) -> Cli:
    """Of a server that knows the roles, for another database was prepared before."""
    logins = {"RECOURSE_DATABASE_URL": as_login(empty_database, "recourse_app")}
    return Cli({**desk.env, **logins, "RECOURSE_DATABASE_OWNER_URL": empty_database})


async def test_an_upgrade_makes_the_schema_and_may_be_repeated(bare: Cli) -> None:
    missing = await bare.json("db", "check", exit_code=1)
    assert (missing["revision"], missing["drift"]) == (None, ["no schema at all"])
    first, again = await bare.json("db", "upgrade"), await bare.json("db", "upgrade")
    assert first["revision"] == again["revision"] == migrate.head()
    assert "table step: recourse_app lacks INSERT, SELECT" in first["mended"]
    assert again["mended"] == []
    assert await bare.json("db", "check") == {
        "revision": migrate.head(),
        "wanted": migrate.head(),
        "drift": [],
        "access": [],
    }
    tables = await sql(
        bare.env["RECOURSE_DATABASE_OWNER_URL"], "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    assert {"loan", "fact", "collection_case", "step", "outbox"} <= {row["tablename"] for row in tables}


async def test_what_a_role_may_too_much_and_a_login_that_nothing_binds_are_findings(cli: Cli) -> None:
    owner = cli.env["RECOURSE_DATABASE_OWNER_URL"]
    await sql(owner, "GRANT DELETE ON step TO recourse_app")
    assert (await cli.json("db", "check", exit_code=1))["access"] == ["table step: recourse_app has DELETE"]
    assert (await cli.json("db", "roles"))["mended"] == ["table step: recourse_app has DELETE"]
    assert (await cli("db", "check")).exit_code == 0
    found = await cli.json("db", "check", exit_code=1, RECOURSE_DATABASE_URL=owner)
    assert found["access"] == ["the login postgres is a superuser"]


async def test_a_table_that_was_altered_by_hand_is_drift(cli: Cli) -> None:
    await sql(cli.env["RECOURSE_DATABASE_OWNER_URL"], "ALTER TABLE step DROP COLUMN source")
    found = await cli.json("db", "check", exit_code=1)
    assert found["revision"] == migrate.head()
    assert "source" in "".join(found["drift"])
    assert (await cli("db", "check")).exit_code == 1


async def test_a_database_that_cannot_be_used_is_exit_3_with_the_reason(bare: Cli) -> None:
    nowhere = bare.env["RECOURSE_DATABASE_OWNER_URL"] + "_of_nobody"
    reasons = {
        f"postgresql+asyncpg://postgres:sesame@{UNUSED}/recourse": "does not answer",
        nowhere: "no database of this name",
    }
    for url, reason in reasons.items():
        for command in (["db", "upgrade"], ["db", "check"], ["cases", "list"]):
            result = await bare(*command, RECOURSE_DATABASE_URL=url, RECOURSE_DATABASE_OWNER_URL=None)
            assert (result.exit_code, result.stdout) == (3, "")
            assert reason in result.stderr
            assert "RECOURSE_DATABASE_URL" in result.stderr
            assert "sesame" not in result.output


async def test_commands_on_a_database_without_a_schema_say_how_to_make_it(bare: Cli) -> None:
    for command in (["cases", "list"], ["tasks", "list"], ["tokens", "list"], ["dossier", "L-1"]):
        result = await bare(*command)
        assert result.exit_code == 3
        assert "recourse db upgrade" in result.stderr


@pytest.mark.parametrize("url", ["", "recourse", "postgresql://postgres@127.0.0.1/recourse", "mysql://x/y"])
async def test_an_address_that_is_none_is_exit_2_and_names_the_setting(desk: Cli, url: str) -> None:
    result = await desk("cases", "list", RECOURSE_DATABASE_URL=url)
    assert result.exit_code == 2
    assert "RECOURSE_DATABASE_URL" in result.stderr
    assert "postgresql+asyncpg://" in result.stderr


async def test_a_missing_setting_is_named_with_the_remedy(desk: Cli) -> None:
    result = await desk("cases", "list", RECOURSE_DATABASE_URL=None)
    assert result.exit_code == 2
    assert "RECOURSE_DATABASE_URL" in result.stderr
    assert "recourse stack up" in result.stderr


async def test_setting_up_temporal_may_be_repeated_and_leaves_one_sweep(town: Town) -> None:
    assert await town.cli.json("temporal", "setup") == {"search_attributes_added": [], "sweep": "scheduled"}
    client = await Client.connect(town.cli.env["TEMPORAL_ADDRESS"], namespace=town.prefix)
    asked = ListSearchAttributesRequest(namespace=town.prefix)
    attributes = await client.operator_service.list_search_attributes(asked)
    names = {"Stage", "Bucket", "Region", "Team", "Strategy", "NextDue"}
    assert {f"Recourse{name}" for name in names} <= set(attributes.custom_attributes)
    described = await client.get_schedule_handle(f"{town.prefix}-sweep").describe()
    assert not described.schedule.state.paused


async def test_temporal_that_is_away_is_exit_3_and_a_wrong_address_exit_2(desk: Cli) -> None:
    away = await desk("temporal", "setup", TEMPORAL_ADDRESS=UNUSED)
    assert away.exit_code == 3
    assert UNUSED in away.stderr
    assert (await desk("temporal", "setup", TEMPORAL_NAMESPACE="nobodys")).exit_code == 3
    wrong = await desk("temporal", "setup", TEMPORAL_ADDRESS="no address")
    assert wrong.exit_code == 2
    assert "TEMPORAL_ADDRESS" in wrong.stderr


async def test_without_a_stack_the_status_is_exit_3_and_says_how_to_start_one(desk: Cli) -> None:
    result = await desk("stack", "status")
    assert result.exit_code == 3
    assert "recourse stack up" in result.output
    assert json.loads((await desk("stack", "status", "--json")).stdout)["servers"] == {}
