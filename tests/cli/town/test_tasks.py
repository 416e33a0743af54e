"""`recourse tasks`: claim and complete through the case's run; a refusal is a receipt and exit 1.

Each test has a loan of the town for itself.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.client import Client

from recourse.stack import StackAddresses
from tests.cli.conftest import LATE, NOON, UNUSED, Town, sql

CALL = {"no_answer", "busy", "promise", "refuses", "disputes", "wrong_number", "done"}


async def _state(town: Town, task: str) -> tuple[str, str | None, str | None]:
    (row,) = await sql(
        town.database, "SELECT state, claimed_by, outcome FROM agent_task WHERE id = :id", id=task
    )
    return row["state"], row["claimed_by"], row["outcome"]


async def test_open_tasks_are_listed_by_team_with_what_they_take(town: Town) -> None:
    listed = await town.cli.json("tasks", "list", "--team", "agents")
    assert {one["kind"] for one in listed} == {"hardship_screening"}
    assert all(set(one["outcomes"]) >= CALL for one in listed)
    assert await town.cli.json("tasks", "list", "--team", "legal") == []
    table = (await town.cli("tasks", "list")).stdout
    assert all(one["id"] in table for one in listed)
    assert "--limit" in (await town.cli("tasks", "list", "--limit", "1")).stderr


async def test_a_claim_and_its_outcome_are_accepted_and_stand_in_the_case(town: Town) -> None:
    task = await town.task(LATE[1])
    claimed = await town.cli.json("tasks", "claim", task, "--as", "agent-1")
    assert claimed["accepted"]
    assert claimed["begin_by"] < claimed["next_at"]
    assert "begin by" in (await town.cli("tasks", "claim", task, "--as", "agent-1")).stdout
    assert await _state(town, task) == ("claimed", "agent-1", None)
    done = await town.cli("tasks", "complete", task, "refuses", "--as", "agent-1")
    assert done.exit_code == 0
    assert "accepted" in done.stdout
    assert await _state(town, task) == ("done", "agent-1", "refuses")
    view = await town.cli.json("cases", "show", town.case(LATE[1]))
    hers = [line["event"] for line in view["diary"] if line["actor"] == "agent-1"]
    assert hers == ["reserved", "outcome"]


async def test_a_refusal_has_a_code_and_changes_nothing(town: Town) -> None:
    task = await town.task(LATE[2])
    early = await town.cli.json("tasks", "complete", task, "busy", "--as", "agent-1", exit_code=1)
    role = await town.cli.json("tasks", "claim", task, "--as", "a", "--role", "legal", exit_code=1)
    assert (early["code"], role["code"]) == ("claim_first", "role_not_permitted")
    assert await _state(town, task) == ("open", None, None)
    await town.cli("tasks", "claim", task, "--as", "agent-1")
    other = await town.cli.json("tasks", "claim", task, "--as", "agent-2", exit_code=1)
    assert other["code"] == "claimed_by_another"
    assert other["opens_at"] > (NOON + timedelta(hours=4)).isoformat()
    wrong = await town.cli("tasks", "complete", task, "approve", "--as", "agent-1")
    assert wrong.exit_code == 1
    assert "outcome_not_allowed" in wrong.stdout
    assert "no_answer, busy" in wrong.stdout
    assert await _state(town, task) == ("claimed", "agent-1", None)


async def test_refused_answers_add_no_event_to_the_history_of_the_case(
    town: Town, stack: StackAddresses
) -> None:
    task = await town.task(LATE[2])
    client = await Client.connect(stack.temporal_address, namespace=town.prefix)

    async def length() -> int:
        return len((await client.get_workflow_handle(town.case(LATE[2])).fetch_history()).events)

    await town.cli(
        "tasks", "claim", task, "--as", "agent-1"
    )  # perhaps it was claimed by this test's neighbour
    before = await length()
    for _ in range(3):
        for arguments in (
            ["claim", task, "--as", "agent-1", "--role", "legal"],
            ["claim", task, "--as", "agent-2"],
            ["complete", task, "busy", "--as", "agent-2"],
            ["complete", task, "approve", "--as", "agent-1"],
            ["complete", task, "promise", "--as", "agent-1"],
        ):
            assert (await town.cli("tasks", *arguments)).exit_code == 1
    assert await length() == before


async def test_a_promise_needs_amount_and_date(town: Town) -> None:
    task = await town.task(LATE[3])
    await town.cli("tasks", "claim", task, "--as", "agent-1")
    promise = ["tasks", "complete", task, "promise", "--as", "agent-1"]
    bare = await town.cli(*promise)
    assert bare.exit_code == 1
    assert "--promise-minor" in bare.stdout
    amount = ["--promise-minor", "100000", "--promise-on"]
    late = await town.cli.json(*promise, *amount, "2027-11-06", exit_code=1)
    odd = await town.cli.json(*promise, *amount, "6.11.2026", exit_code=1)
    assert (late["code"], odd["code"]) == ("promise_date_out_of_range", "promise_date_invalid")
    assert (await town.cli.json(*promise, *amount, "2026-11-09"))["accepted"]
    view = await town.cli.json("cases", "show", town.case(LATE[3]))
    assert [(one["amount_minor"], one["due_on"]) for one in view["promises"]] == [(100000, "2026-11-09")]


async def test_an_answer_under_a_request_id_counts_once_and_another_one_is_refused(town: Town) -> None:
    task = await town.task(LATE[4])
    await town.cli("tasks", "claim", task, "--as", "agent-1")
    request = f"{town.prefix}-request"
    said = ["tasks", "complete", task, "refuses", "--as", "agent-1", "--request-id", request]
    first, second = await town.cli.json(*said), await town.cli.json(*said)
    assert first == second
    assert first["accepted"]
    other = [*said[:3], "disputes", *said[4:]]
    assert (await town.cli.json(*other, exit_code=1))["code"] == "request_id_reused"
    assert await _state(town, task) == ("done", "agent-1", "refuses")


@pytest.mark.parametrize(
    "arguments",
    [
        ["claim", "task-of-nobody", "--as", "agent-1"],
        ["complete", "task-of-nobody", "busy", "--as", "agent-1"],
        ["claim", "task-of-nobody"],
        ["claim", "task-of-nobody", "--as", ""],
        ["claim", "task-of-nobody", "--as", "a person"],
        ["claim", "task-of-nobody", "--as", "a.person@example.com"],
        ["claim", "task-of-nobody", "--as", "agent-1", "--role", "auditor"],
        ["complete", "task-of-nobody", "promise", "--as", "agent-1", "--promise-minor", "a lot"],
        ["list", "--team", "callers"],
        ["list", "--limit", "0"],
    ],
)
async def test_what_is_not_understood_is_exit_2(town: Town, arguments: list[str]) -> None:
    result = await town.cli("tasks", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


async def test_while_temporal_is_away_nothing_is_answered(town: Town) -> None:
    task = await town.task(LATE[5])
    result = await town.cli("tasks", "claim", task, "--as", "agent-1", TEMPORAL_ADDRESS=UNUSED)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Temporal" in result.stderr
    assert await _state(town, task) == ("open", None, None)
