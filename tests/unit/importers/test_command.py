"""`recourse import metro2` as a person types it: exit codes, what goes where, and what is never printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recourse.cli import app
from recourse.contracts.events import parse_line
from tests.unit.importers.lines import NOBODY, base, book_of

GOOD = base("FICT-1", status="71", profile="1" + "0" * 23)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["import", "metro2", *map(str, arguments)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_bytes(book_of(GOOD, base("FICT-2")).getvalue())
    return path


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    path = tmp_path / "spoilt.txt"
    path.write_bytes(book_of(GOOD, "UNPARSEABLE" + base("FICT-3")).getvalue())
    return path


def test_a_dry_run_accounts_and_writes_nothing(file: Path) -> None:
    result = run(file, "--dry-run", "--json", "--out", file.with_name("events.ndjson"))
    facts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (facts["records"], facts["imported"], facts["ignored"]) == (2, 1, {"never_overdue": 1})
    assert facts["done"] == "checked"
    assert [path.name for path in file.parent.iterdir()] == ["book.txt"]


def test_out_is_a_file_that_events_publish_takes(file: Path) -> None:
    target = file.with_name("events.ndjson")
    result = run(file, "--out", target, "--as-of", "2026-11-24", "--source", "/mine")
    events = [parse_line(line) for line in target.read_text().splitlines()]
    assert result.exit_code == 0
    assert len(events) > 3
    assert {event.source for event in events} == {"/mine"}
    assert max(event.occurred_at for event in events).date().isoformat() <= "2026-11-24"
    assert CliRunner().invoke(app, ["events", "validate", str(target)]).exit_code == 0


def test_an_unparseable_record_is_exit_1_and_its_neighbours_are_imported(spoilt: Path) -> None:
    result = run(spoilt, "--dry-run", "--json")
    facts = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (facts["imported"], facts["unparseable"]) == (1, 1)
    assert facts["findings"][0]["line"] == 3


def test_nothing_of_a_person_is_printed(spoilt: Path) -> None:
    for options in ([], ["--json"]):
        output = run(spoilt, "--dry-run", *options).output
        assert not [word for word in (NOBODY, "FICT-", "ANN ") if word in output]


@pytest.mark.parametrize(
    "options",
    [
        ["--pace", "--dry-run"],
        ["--pace", "--out", "x.ndjson"],
        ["--as-of", "24.11.2026"],
        ["--as-of", "1900-01-01"],
        ["--limit", "0"],
        ["--source", ""],
        ["--out", "/no/such/folder/x.ndjson"],
    ],
)
def test_a_wrong_option_is_exit_2_before_anything_is_done(file: Path, options: list[str]) -> None:
    assert run(file, *options).exit_code == 2
    assert [path.name for path in file.parent.iterdir()] == ["book.txt"]


def test_no_file_is_exit_2_and_no_metro_2_is_exit_1(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("name,amount\nx,1\n")
    assert run(tmp_path / "none.txt").exit_code == 2
    result = run(other)
    assert result.exit_code == 1
    assert "character format" in result.output


def test_a_broker_that_is_down_is_exit_3(file: Path) -> None:
    result = run(file, "--brokers", "127.0.0.1:1")
    assert result.exit_code == 3
    assert "RECOURSE_KAFKA_BROKERS" in result.output
