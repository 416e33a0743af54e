"""`recourse events`: files of the bank's events on their way to Kafka, and the schemas."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from recourse.contracts.events import to_line
from tests.cli.conftest import EMAIL, MOBILE, NAME, NOON, PERSONAL, UNUSED, Cli, lines
from tests.events import overdue, payment, snapshot


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Line 1 is good, line 2 is no JSON, line 3 lacks a field, line 4 is empty, line 5 is no text."""
    good = to_line(snapshot("L-1", at=NOON))
    late = to_line(overdue("L-1", at=NOON))
    file = tmp_path / "spoilt.ndjson"
    rows = [good, f'{{"name": "{NAME}", {MOBILE} {EMAIL}', late.replace('"as_of"', '"of"'), ""]
    file.write_bytes("\n".join(rows).encode() + b"\n\xff\xfe\n")
    return file


async def test_a_valid_file_is_counted(desk: Cli, tmp_path: Path) -> None:
    file = lines(tmp_path / "good.ndjson", snapshot("L-1", at=NOON), overdue("L-1", at=NOON))
    assert await desk.json("events", "validate", file) == {"valid": 2, "findings": []}
    assert (await desk("events", "validate", file)).exit_code == 0


async def test_every_refused_line_is_told_with_its_field_and_nothing_of_a_person(
    desk: Cli, spoilt: Path
) -> None:
    told = await desk.json("events", "validate", spoilt, exit_code=1)
    assert told["valid"] == 1
    assert [(one["line"], one["code"], one["field"]) for one in told["findings"]] == [
        (2, "not_json", "value"),
        (3, "invalid_data", "data.as_of"),
        (5, "not_utf8", "value"),
    ]
    for command in ("validate", "publish"):
        output = (await desk("events", command, spoilt)).output
        assert not [word for word in PERSONAL if word in output]


async def test_a_name_with_a_line_separator_stays_one_event(desk: Cli, tmp_path: Path) -> None:
    file = lines(tmp_path / "odd.ndjson", snapshot("L-1", at=NOON, name="A\u2028B\x85C"))
    assert (await desk.json("events", "validate", file))["valid"] == 1


async def test_events_go_to_the_topic_of_their_type_in_file_order(desk: Cli, tmp_path: Path) -> None:
    events = [snapshot("L-1", at=NOON), overdue("L-1", at=NOON), payment("L-1", at=NOON)]
    file = lines(tmp_path / "good.ndjson", *events, overdue("L-1", at=NOON, days=2, sequence=4))
    assert await desk.json("events", "publish", file) == {"published": 4, "skipped": 0}
    expected = {"LOANS": ["1"], "OVERDUE": ["2", "4"], "PAYMENTS": ["3"]}
    for name, sequences in expected.items():
        assert await _sequences(desk, desk.env[f"RECOURSE_TOPICS__{name}"], len(sequences)) == sequences


async def _sequences(desk: Cli, topic: str, count: int) -> list[str]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=desk.env["RECOURSE_KAFKA_BROKERS"], auto_offset_reset="earliest"
    )
    async with consumer:
        values = [(await consumer.getone()).value.decode() for _ in range(count)]
    return [value.partition('"sequence":')[2].strip()[0] for value in values]


async def test_a_spoilt_file_is_published_only_when_its_lines_may_be_skipped(desk: Cli, spoilt: Path) -> None:
    refused = await desk("events", "publish", spoilt)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--skip-invalid" in refused.stderr
    assert await desk.json("events", "publish", spoilt, "--skip-invalid") == {"published": 1, "skipped": 3}


async def test_a_broker_that_is_away_is_exit_3_in_one_line(desk: Cli, tmp_path: Path) -> None:
    file = lines(tmp_path / "good.ndjson", snapshot("L-1", at=NOON))
    result = await desk("events", "publish", file, "--brokers", UNUSED)
    assert result.exit_code == 3
    assert [UNUSED in line for line in result.stderr.splitlines()] == [True]


@pytest.mark.parametrize("command", ["validate", "publish"])
async def test_a_file_that_cannot_be_read_is_exit_2(desk: Cli, tmp_path: Path, command: str) -> None:
    for path in (tmp_path / "none.ndjson", tmp_path):
        result = await desk("events", command, path)
        assert result.exit_code == 2
        assert path.name in result.stderr


async def test_schemas_are_written_where_they_are_wanted_and_compared(desk: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    written = (await desk.json("events", "schema", "--out", folder))["written"]
    assert sorted(written) == sorted(path.name for path in folder.iterdir())
    assert await desk.json("events", "schema", "--check", "--out", folder) == {"differ": []}
    (folder / "asyncapi.json").write_text("{}")
    told = await desk.json("events", "schema", "--check", "--out", folder, exit_code=1)
    assert told == {"differ": ["asyncapi.json"]}
    blocked = await desk("events", "schema", "--out", folder / "asyncapi.json")
    assert blocked.exit_code == 2
    assert "--out" in blocked.stderr
