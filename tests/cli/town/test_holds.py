"""`recourse holds`: in force when the command returns, whatever else is down."""

from __future__ import annotations

import pytest

from tests.cli.conftest import LATE, UNUSED, Cli, Town
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON


async def _holds(town: Town, number: int) -> list[tuple[str, str]]:
    view = await town.cli.json("cases", "show", town.case(number))
    return [(one["id"], one["reason"]) for one in view["holds"]]


async def test_a_hold_is_told_to_the_case_until_it_is_lifted(town: Town) -> None:
    loan, number = town.loan(LATE[6]), LATE[6]
    placed = await town.cli.json(
        "holds", "place", "--loan", loan, "--reason", "dispute", "--as", "lead-1", "--source", "l-1"
    )
    assert (placed["state"], placed["case_told"]) == ("in force", True)
    assert await _holds(town, number) == [(placed["hold"], "dispute")]
    assert placed["hold"] in (await town.cli("cases", "show", town.case(number))).stdout
    for _ in range(2):
        lifted = await town.cli.json("holds", "lift", placed["hold"], "--as", "lead-1")
        assert (lifted["hold"], lifted["state"]) == (placed["hold"], "lifted")
    assert await _holds(town, number) == []


async def test_a_hold_counts_while_temporal_is_away_and_says_so(cli: Cli, world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    command = [
        "holds",
        "place",
        "--person",
        "C-L-1",
        "--reason",
        "death",
        "--as",
        "lead-1",
        "--source",
        "l-1",
    ]
    result = await cli(*command, TEMPORAL_ADDRESS=UNUSED)
    assert result.exit_code == 0
    assert "in force" in result.stdout
    assert "Temporal is down" in result.stdout
    assert await world.rows("SELECT reason, person_id, placed_by FROM hold") == [
        {"reason": "death", "person_id": "C-L-1", "placed_by": "lead-1"}
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["place", "--reason", "dispute", "--as", "a", "--source", "l"], "--loan or --person"),
        (
            ["place", "--loan", "L", "--person", "P", "--reason", "dispute", "--as", "a", "--source", "l"],
            "exactly one",
        ),
        (["place", "--loan", "L-nobody", "--reason", "dispute", "--as", "a", "--source", "l"], "loan"),
        (["place", "--person", "P-nobody", "--reason", "dispute", "--as", "a", "--source", "l"], "person"),
        (["place", "--loan", "L", "--reason", "mood", "--as", "a", "--source", "l"], "--reason"),
        (["place", "--loan", "L", "--reason", "dispute", "--as", "Jo Ann"], "--as"),
        (
            ["place", "--loan", "L", "--reason", "dispute", "--as", "a", "--source", "l", "--until", "soon"],
            "--until",
        ),
        (
            [
                "place",
                "--loan",
                "L",
                "--reason",
                "dispute",
                "--as",
                "a",
                "--source",
                "l",
                "--until",
                "2027-01-01",
            ],
            "offset",
        ),
        (
            [
                "place",
                "--loan",
                "L",
                "--reason",
                "dispute",
                "--as",
                "a",
                "--source",
                "l",
                "--until",
                "9999-12-31T23:00:00-02:00",
            ],
            "--until",
        ),
        (["place", "--loan", "L", "--reason", "dispute", "--as", "a"], "--source"),
        (
            ["place", "--loan", "L", "--reason", "dispute", "--as", "a", "--source", "l", "--stops", "x"],
            "--stops",
        ),
        (
            ["place", "--loan", "L", "--reason", "dispute", "--as", "a", "--source", "l", "--asked-by", "x"],
            "--asked-by",
        ),
        (["lift", "hold-of-nobody", "--as", "a"], "hold-of-nobody"),
        (["lift", "hold-of-nobody"], "--as"),
    ],
)
async def test_what_is_not_understood_is_exit_2_and_named(
    town: Town, arguments: list[str], named: str
) -> None:
    result = await town.cli("holds", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


async def test_a_hold_that_has_ended_already_is_refused(town: Town) -> None:
    past = ["--until", "2026-11-05T00:00:00+08:00"]
    place = [
        "holds",
        "place",
        "--loan",
        town.loan(LATE[6]),
        "--reason",
        "complaint",
        "--as",
        "lead-1",
        "--source",
        "l-1",
    ]
    result = await town.cli(*place, *past)
    assert result.exit_code == 2
    assert "until" in result.stderr
    assert "complaint" not in {reason for _, reason in await _holds(town, LATE[6])}


async def test_scope_and_source_are_said_wherever_the_hold_is_shown(town: Town) -> None:
    loan, number = town.loan(LATE[6]), LATE[6]
    place = [
        "holds",
        "place",
        "--loan",
        loan,
        "--reason",
        "complaint",
        "--as",
        "lead-1",
        "--source",
        "mail-7",
    ]
    more = ["--stops", "fees", "--asked-by", "borrower", "--request-id", "r-1"]
    placed, again = [await town.cli.json(*place, *more) for _ in range(2)]
    assert placed == again
    assert set(placed["stops"]) == {"message", "call", "visit", "fees"}
    wanted = ("asked by borrower", "mail-7", "also stops fees")
    commands = ["cases", "show", town.case(number)], ["dossier", loan], ["explain", town.case(number)]
    for command in commands:
        shown = " ".join((await town.cli(*command)).stdout.split())
        assert [word for word in wanted if word not in shown] == [], command
    document = await town.cli.json("dossier", loan)
    [kept] = [one for one in document["contacts"]["holds"] if one["id"] == placed["hold"]]
    assert (kept["source"], kept["asked_by"], kept["stops"]) == ("mail-7", "borrower", ["fees"])
    await town.cli("holds", "lift", placed["hold"], "--as", "lead-1")
