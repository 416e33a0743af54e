"""`recourse cases` and `recourse dossier`: the same loan for everybody, and for whom it concerns."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import EMAIL, FRESH, LATE, MOBILE, NAME, PERSONAL, PLATE, UNUSED, Town

EVERYWHERE = (["list"], ["list", "--json"], ["list", "--all"], ["figures"], ["figures", "--json"])


async def test_open_cases_are_listed_with_their_arrears(town: Town) -> None:
    listed = {one["id"]: one for one in await town.cli.json("cases", "list")}
    assert set(listed) == {town.case(number) for number in (*LATE, FRESH)}
    assert {(one["unpaid_minor"], one["currency"]) for one in listed.values()} == {(352017, "CNY")}
    assert (listed[town.case(LATE[0])]["dpd"], listed[town.case(FRESH)]["dpd"]) == (12, 1)
    table = (await town.cli("cases", "list")).stdout
    assert all(key in table for key in listed)
    assert table.count("3,520.17 CNY") == len(listed)


async def test_a_list_is_narrowed_by_stage_and_says_when_it_is_cut(town: Town) -> None:
    reminded = await town.cli.json("cases", "list", "--stage", "reminder")
    assert [one["id"] for one in reminded] == [town.case(FRESH)]
    assert await town.cli.json("cases", "list", "--stage", "closed") == []
    cut = await town.cli("cases", "list", "--limit", "2")
    assert cut.exit_code == 0
    assert sum(town.case(number) in cut.stdout for number in (*LATE, FRESH)) == 2
    assert "--limit" in cut.stderr
    assert (await town.cli("cases", "list", "--all")).stderr == ""


async def test_a_case_shows_its_diary_with_reasons(town: Town) -> None:
    view = await town.cli.json("cases", "show", town.case(LATE[0]))
    assert view["case"]["loan_id"] == town.loan(LATE[0])
    assert view["diary"][0]["event"] == "opened"
    assert all(line["reason"] for line in view["diary"])
    text = (await town.cli("cases", "show", town.case(LATE[0]))).stdout
    assert town.case(LATE[0]) in text
    assert view["case"]["plan"]["step_id"] in text
    assert await town.task(LATE[0]) in text


async def test_figures_count_the_book(town: Town) -> None:
    told = await town.cli.json("cases", "figures")
    loans = len(LATE) + 1
    assert (told["loans"], told["cases"], told["closed_by_reason"]) == (loans, loans, {})
    assert told["facts"]["snapshot"] == told["facts"]["overdue"] == loans


async def test_the_dossier_has_six_parts_and_for_a_purpose_the_person(town: Town) -> None:
    token = (await town.cli.json("tokens", "issue", "--role", "auditor", "--name", "books"))["token"]
    in_clear = ("dossier", town.loan(LATE[0]), "--reveal", "audit")
    document = await town.cli.json(*in_clear, RECOURSE_TOKEN=token)
    assert {"borrower", "vehicle", "loan", "repayment", "contacts", "legal"} <= set(document)
    (person,) = document["borrower"]["people"]
    assert person["name"] == NAME
    values = {point["value"] for point in person["contact_points"]}
    assert {EMAIL, f"{MOBILE[:-1]}{LATE[0]}"} <= values
    text = (await town.cli(*in_clear, RECOURSE_TOKEN=token)).stdout
    assert all(word in text for word in (NAME, EMAIL, PLATE, "3,520.17 CNY", *"123456"))


async def test_nothing_but_the_dossier_shows_a_person(town: Town) -> None:
    shown = [["cases", *rest] for rest in EVERYWHERE]
    shown += [["cases", "show", town.case(LATE[0]), *json] for json in ([], ["--json"])]
    shown += [["tasks", "list"], ["tasks", "list", "--json"], ["doctor"], ["doctor", "--json"], ["dlq", "ls"]]
    for command in shown:
        output = (await town.cli(*command)).output
        assert not [word for word in PERSONAL if word in output], command


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["cases", "show", "case-nobody-1"], "case-nobody-1"),
        (["cases", "show", "\udcff"], "cannot be stored"),
        (["dossier", "L-nobody"], "L-nobody"),
        (["cases", "list", "--stage", "late"], "reminder, agent, field, legal, closed"),
        (["cases", "list", "--limit", "0"], "--limit"),
    ],
)
async def test_what_there_is_none_of_is_exit_2_and_named(
    town: Town, arguments: list[str], named: str
) -> None:
    result = await town.cli(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


async def test_cases_are_seen_while_kafka_and_temporal_are_away(town: Town) -> None:
    away: dict[str, Any] = {"RECOURSE_KAFKA_BROKERS": UNUSED, "TEMPORAL_ADDRESS": UNUSED}
    assert len(await town.cli.json("cases", "list", **away)) == len(LATE) + 1


def test_at_80_columns_no_id_is_cut(town: Town) -> None:
    env = os.environ | dict(town.cli.env) | {"COLUMNS": "80"}
    command = [sys.executable, "-m", "recourse.cli", "cases", "list"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert all(town.case(number) in done.stdout for number in LATE)
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
