"""Names come from outside: whatever they hold, a terminal is only ever told to print them."""

from __future__ import annotations

import unicodedata

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from consumers.dead_letter import DeadLetters
from recourse.contracts.events import Topics
from recourse.contracts.events.refusal import Refused, RefusedCode
from tests.cli.conftest import NOON, Cli, issued, sql
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case, open_task

ESCAPES = "\x1b[2J\x07\x9b31m\u202e"
"""Clear the screen, ring, red by one character alone, and from right to left."""
MARKUP = "[red]张三[/red]:smile:"
HOSTILE = f"{ESCAPES}{MARKUP}\n7 forged"


def _is_only_told_to_print(output: str) -> None:
    commands = {char for char in output if unicodedata.category(char) in {"Cc", "Cf"} and char != "\n"}
    assert commands == set()
    assert MARKUP in output
    assert "\\x1b[2J\\x07\\x9b31m\\u202e" in output
    assert not [line for line in output.splitlines() if line.strip(" │").startswith("7 forged")]


@pytest.fixture
async def hostile(world: World) -> str:
    """A case of a hostile borrower, and whatever else is text in its rows is hostile, too."""
    case = await open_case(world, name=HOSTILE, days=12)
    await open_task(world, case, "screening")
    await world.services.database.engine.dispose()
    url = world.services.database.engine.url.render_as_string(hide_password=False)
    for statement in (
        "UPDATE step SET reason = :hostile, actor = :hostile, source = :hostile",
        "UPDATE agent_task SET state = 'claimed', claimed_by = :hostile",
        "INSERT INTO api_token (actor, name, role, token_hash) VALUES ('agent-1', :hostile, 'agent', 'x')",
    ):
        await sql(url, statement, hostile=HOSTILE)
    return case.id


@pytest.mark.parametrize(
    "command",
    [
        ["dossier", "L-1", "--reveal", "audit"],
        ["cases", "show", "case-L-1-1"],
        ["tasks", "list"],
        ["tokens", "list"],
    ],
    ids=" ".join,
)
async def test_a_table_shows_what_a_hostile_text_holds(
    cli: Cli, world: World, hostile: str, command: list[str]
) -> None:
    result = await cli(*command, RECOURSE_TOKEN=(await issued(world, "lead")).token)
    assert result.exit_code == 0, result.output
    _is_only_told_to_print(result.output)


async def test_json_means_the_same_and_commands_no_terminal(cli: Cli, world: World, hostile: str) -> None:
    clear, token = ("dossier", "L-1", "--reveal", "audit"), (await issued(world, "lead")).token
    result = await cli(*clear, "--json", RECOURSE_TOKEN=token)
    assert {char for char in result.stdout if unicodedata.category(char) in {"Cc", "Cf"}} == {"\n"}
    document = await cli.json(*clear, RECOURSE_TOKEN=token)
    assert document["borrower"]["people"][0]["name"] == HOSTILE


async def test_a_dead_letter_is_shown_as_it_is_and_commands_no_terminal(desk: Cli) -> None:
    names = ("LOANS", "OVERDUE", "PAYMENTS")
    topics = Topics(*(desk.env[f"RECOURSE_TOPICS__{name}"] for name in names))
    brokers = desk.env["RECOURSE_KAFKA_BROKERS"]
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        await producer.send_and_wait(
            topics.overdue, HOSTILE.encode(), key=HOSTILE.encode(), headers=[("from", HOSTILE.encode())]
        )
        consumer = AIOKafkaConsumer(topics.overdue, bootstrap_servers=brokers, auto_offset_reset="earliest")
        async with consumer:
            record = await consumer.getone()
        await DeadLetters(producer, topics).send(record, Refused(RefusedCode.NOT_JSON, HOSTILE, HOSTILE))
    listed = await desk("dlq", "ls")
    _is_only_told_to_print(listed.output)
    shown = await desk("dlq", "show", "--value", f"{topics.overdue}/{record.partition}/0")
    _is_only_told_to_print(shown.output)


async def test_an_error_that_repeats_what_was_asked_for_commands_no_terminal(cli: Cli, world: World) -> None:
    world.set_now(NOON)
    result = await cli("dossier", HOSTILE)
    assert result.exit_code == 2
    _is_only_told_to_print(result.stderr)
