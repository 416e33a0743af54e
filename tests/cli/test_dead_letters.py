"""`recourse dlq`: what was refused is seen without its content, and closed with a reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from consumers.dead_letter import DeadLetters
from recourse.contracts.events import Topics
from recourse.contracts.events.refusal import Refused, RefusedCode
from tests.cli.conftest import EMAIL, MOBILE, NAME, PERSONAL, UNUSED, Cli

VALUE = f'{{"name": "{NAME}", "mobile": "{MOBILE}", "email": "{EMAIL}"'.encode()


@pytest.fixture
async def letters(desk: Cli) -> Sequence[str]:
    """Ids of three letters: two that are no JSON, one without an attribute. They hold personal data."""
    topic = desk.env["RECOURSE_TOPICS__OVERDUE"]
    topics = Topics(desk.env["RECOURSE_TOPICS__LOANS"], topic, desk.env["RECOURSE_TOPICS__PAYMENTS"])
    codes = (RefusedCode.NOT_JSON, RefusedCode.MISSING_ATTRIBUTE, RefusedCode.NOT_JSON)
    brokers = desk.env["RECOURSE_KAFKA_BROKERS"]
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for _ in codes:
            await producer.send_and_wait(topic, VALUE, key=b"L-1")
        dead, records = DeadLetters(producer, topics), await _records(brokers, topic, len(codes))
        for record, code in zip(records, codes, strict=True):
            await dead.send(record, Refused(code, "value", "mend it"))
    return [f"{topic}/{record.partition}/{record.offset}" for record in records]


async def _records(brokers: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest")
    async with consumer:
        return [await consumer.getone() for _ in range(count)]


async def _open(desk: Cli) -> list[str]:
    result = await desk("dlq", "ls", "--json")
    listed = [str(one["id"]) for one in json.loads(result.stdout)]
    assert result.exit_code == (1 if listed else 0)
    return listed


async def test_open_letters_are_findings_and_none_is_well(desk: Cli, letters: Sequence[str]) -> None:
    assert await _open(desk) == sorted(letters)
    table = await desk("dlq", "ls")
    assert table.exit_code == 1
    assert all(one in table.stdout for one in letters)
    doctor = await desk.json("doctor", exit_code=1)
    (told,) = [one for one in doctor if one["what"] == "dead letters"]
    assert (told["state"], told["says"]) == ("finding", "3 open: missing_attribute 1, not_json 2")
    assert await desk.json("dlq", "drop", "--all", "--reason", "of a test") == {"dropped": sorted(letters)}
    assert await _open(desk) == []


async def test_the_content_is_shown_only_when_asked_for(desk: Cli, letters: Sequence[str]) -> None:
    for command in (["ls"], ["ls", "--json"], ["show", letters[0]], ["show", letters[0], "--json"]):
        output = (await desk("dlq", *command)).output
        assert not [word for word in PERSONAL if word in output]
    asked = await desk.json("dlq", "show", letters[0], "--value")
    assert (asked["value"].encode(), asked["bytes"], asked["code"]) == (VALUE, len(VALUE), "not_json")


async def test_letters_are_closed_by_id_and_by_code_and_stay_on_record(
    desk: Cli, letters: Sequence[str]
) -> None:
    first, second, third = letters
    assert await desk.json("dlq", "drop", first, "--reason", "a test", "--as", "operator-1") == {
        "dropped": [first]
    }
    assert await desk.json("dlq", "retry", "--code", "missing_attribute") == {"sent_again": [second]}
    assert await _open(desk) == [third]
    listed = await desk.json("dlq", "ls", "--resolved", exit_code=1)
    assert {one["id"]: one["resolution"] for one in listed} == {
        first: "dropped",
        second: "retried",
        third: None,
    }
    twice = await desk("dlq", "drop", first, "--reason", "again")
    assert twice.exit_code == 2
    assert first in twice.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry"],
        ["retry", "--all", "--code", "not_json"],
        ["retry", "bank.overdue/0/0"],
        ["retry", "--all", "--as", "two words"],
        ["drop", "--all"],
        ["drop", "--all", "--reason", " "],
        ["show", "bank.overdue/0/0"],
    ],
)
async def test_what_is_not_understood_is_exit_2(desk: Cli, arguments: list[str]) -> None:
    result = await desk("dlq", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


async def test_a_broker_that_is_away_is_exit_3_in_one_line(desk: Cli) -> None:
    for arguments in (["ls"], ["drop", "--all", "--reason", "a test"]):
        result = await desk("dlq", *arguments, RECOURSE_KAFKA_BROKERS=UNUSED)
        assert (result.exit_code, result.stdout) == (3, "")
        assert [UNUSED in line for line in result.stderr.splitlines()] == [True]
