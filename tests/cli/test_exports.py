"""Nobody gives personal data out alone: one asks, another approves exactly that, and it leaves once."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recourse.domain.disclosure import ExportApproval, ExportPurpose
from recourse.domain.ids import LoanId
from recourse.service import exporting, tokens
from recourse.service.context import Unit
from recourse.service.exporting import NotApproved, Scope
from recourse.service.noting import Pointless
from recourse.storage.exports import ExportRow
from tests.cli.conftest import NAME, PERSONAL, Cli, until
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, open_case

DIARY = "SELECT loan_id, code, source, actor FROM step WHERE event = 'exported' ORDER BY loan_id, id"


@pytest.fixture
async def people(world: World) -> Mapping[str, str]:
    """Tokens of two persons: the first has two, and one of each role; the loans L-1 and L-2."""
    for n, loan in enumerate(("L-1", "L-2")):
        await open_case(world, loan, mobile=f"+861380000000{n}", email=f"{loan}@example.com")
    first = await _issued(world, "lead")
    again = await _issued(world, "lead", first.person)
    others = {role: await _issued(world, role) for role in ("legal", "auditor", "agent")}
    named = {"first": first, "again": again, "second": await _issued(world, "lead"), **others}
    return {name: one.token for name, one in named.items()}


async def _issued(world: World, role: str, person: str | None = None) -> tokens.Issued:
    return await world.services.run(partial(tokens.issue, role=role, name="of the test", person=person))


async def _approved(cli: Cli, people: Mapping[str, str], *scope: str | Path) -> str:
    asked = await cli.json(
        "exports", "ask", "--purpose", "court_file", *scope, RECOURSE_TOKEN=people["first"]
    )
    await cli.json("exports", "approve", asked["id"], RECOURSE_TOKEN=people["second"])
    return str(asked["id"])


async def _gives_nothing(cli: Cli, world: World, *command: str | Path) -> str:
    """What it says instead."""
    reads = "SELECT count(*) FROM dossier_read"
    before = await world.scalar(reads)
    result = await cli(*command)
    assert result.exit_code == 2, result.output
    assert not [word for word in PERSONAL if word in result.output]
    assert await world.scalar(reads) == before
    return result.stderr


async def test_without_a_second_person_nothing_leaves_and_the_error_says_what_to_type(
    cli: Cli, world: World, people: Mapping[str, str], tmp_path: Path
) -> None:
    target, folder = tmp_path / "bundle.pdf", tmp_path / "folder"
    (tmp_path / "loans").write_text("L-1\nL-2\n")
    commands: tuple[tuple[tuple[str | Path, ...], str], ...] = (
        (("privacy", "export", "C-L-1"), "recourse exports ask --person C-L-1"),
        (("privacy", "export", "C-L-1", "--json"), "recourse exports ask --person C-L-1"),
        (("dossier", "L-1", "--bundle", target), "recourse exports ask --loan L-1 --for court"),
        (("dossier", "L-1", "--bundle", target, "--for", "borrower"), "--loan L-1 --for borrower"),
        (("bundles", folder, "--loans", tmp_path / "loans"), "recourse exports ask --loans FILE"),
    )
    for command, typed in commands:
        assert typed in await _gives_nothing(cli, world, *command)
    assert not target.exists()
    assert not list(folder.glob("*.pdf"))
    assert await world.rows(DIARY) == []


async def test_two_persons_give_a_person_out_once_and_it_is_on_record(
    cli: Cli, world: World, people: Mapping[str, str]
) -> None:
    export = ("privacy", "export", "C-L-1", "--actor", "officer-1", "--export")
    ask = ("exports", "ask", "--person", "C-L-1", "--purpose", "persons_request")
    asked = await cli.json(*ask, RECOURSE_TOKEN=people["legal"])
    assert (asked["state"], asked["loans"], asked["recipient"]) == ("asked", ["L-1"], "person")
    assert "not approved" in await _gives_nothing(cli, world, *export, asked["id"])
    await cli.json("exports", "approve", asked["id"], RECOURSE_TOKEN=people["first"])
    document = await cli.json(*export, asked["id"])
    assert document["who"]["name"] == NAME
    [step] = await world.rows(DIARY)
    assert (step["code"], step["source"], step["actor"]) == ("two_persons", asked["id"], "officer-1")
    assert "was used" in await _gives_nothing(cli, world, *export, asked["id"])
    [row] = await cli.json("exports", "list", "--all")
    assert (row["state"], row["used_by"]) == ("used", "officer-1")
    assert await cli.json("exports", "list") == []


async def test_who_asks_does_not_approve_under_whichever_token(
    cli: Cli, world: World, people: Mapping[str, str]
) -> None:
    ask = ("exports", "ask", "--loan", "L-1", "--for", "court", "--purpose", "court_file")
    assert (await cli(*ask, RECOURSE_TOKEN=people["agent"])).exit_code == 2
    asked = await cli.json(*ask, RECOURSE_TOKEN=people["first"])
    approve = ("exports", "approve", asked["id"])
    for alone in ("first", "again"):
        refused = await cli(*approve, RECOURSE_TOKEN=people[alone])
        assert (refused.exit_code, "another person" in refused.stderr) == (2, True)
    for role in ("legal", "auditor", "agent"):
        refused = await cli(*approve, RECOURSE_TOKEN=people[role])
        assert (refused.exit_code, "lead may" in refused.stderr) == (2, True)
    assert (await cli.json(*approve, RECOURSE_TOKEN=people["second"]))["state"] == "approved"
    again = await cli(*approve, RECOURSE_TOKEN=people["second"])
    assert (again.exit_code, "approved" in again.stderr) == (2, True)


async def test_an_approval_is_for_its_loans_and_its_recipient_alone(
    cli: Cli, world: World, people: Mapping[str, str], tmp_path: Path
) -> None:
    approved = await _approved(cli, people, "--loan", "L-1", "--for", "regulator")
    target = tmp_path / "bundle.pdf"
    for command in (
        ("dossier", "L-2", "--bundle", target, "--for", "regulator"),
        ("dossier", "L-1", "--bundle", target, "--for", "court"),
        ("privacy", "export", "C-L-1"),
    ):
        said = await _gives_nothing(cli, world, *command, "--export", approved)
        assert "other loans or another recipient" in said
    assert "none of this id" in await _gives_nothing(
        cli, world, "privacy", "export", "C-L-1", "--export", "x"
    )
    given = ("dossier", "L-1", "--bundle", target, "--for", "regulator", "--export", approved)
    assert (await cli(*given)).exit_code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "was used" in await _gives_nothing(cli, world, *given)


async def test_a_batch_goes_on_under_its_approval_and_no_loan_joins_it(
    cli: Cli, world: World, people: Mapping[str, str], tmp_path: Path
) -> None:
    loans, folder = tmp_path / "loans", tmp_path / "folder"
    loans.write_text("L-2\nL-1\n")
    approved = await _approved(cli, people, "--loans", loans, "--for", "court")
    batch = ("bundles", folder, "--loans", loans, "--as", "officer-1", "--export", approved)
    assert set((await cli.json(*batch))["bundles"]) == {"L-1", "L-2"}
    (folder / "L-2.pdf").unlink()  # as if it had been stopped
    assert set((await cli.json(*batch))["bundles"]) == {"L-1", "L-2"}
    assert [row["loan_id"] for row in await world.rows(DIARY)] == ["L-1", "L-2", "L-2"]
    other = ("bundles", tmp_path / "other", "--loans", loans, "--as", "officer-2", "--export", approved)
    assert "was used" in await _gives_nothing(cli, world, *other)
    loans.write_text("L-1\n")
    assert "other loans" in await _gives_nothing(cli, world, *batch)


async def test_it_lapses_and_can_be_declined(cli: Cli, world: World, people: Mapping[str, str]) -> None:
    ask = ("exports", "ask", "--loan", "L-1", "--for", "court", "--purpose", "court_file")
    asked = await cli.json(*ask, RECOURSE_TOKEN=people["first"])
    decline = ("exports", "decline", asked["id"], "--code", "not_needed")
    assert (await cli.json(*decline, RECOURSE_TOKEN=people["first"]))["code"] == "not_needed"
    refused = await cli("exports", "approve", asked["id"], RECOURSE_TOKEN=people["second"])
    assert (refused.exit_code, "declined" in refused.stderr) == (2, True)

    scope = Scope.of_bundles([LoanId("L-1")], "court")
    new = partial(exporting.ask, scope=scope, purpose=ExportPurpose.COURT_FILE, actor="lead-1")
    row = await world.services.run(new)
    await world.services.run(partial(exporting.approve, key=row.id, actor="lead-2"))
    begin = partial(exporting.begin, scope=scope, key=row.id, actor="x", approval=ExportApproval.TWO_PERSONS)
    assert (await world.services.run(begin)).id == row.id
    world.set_now(NOON + timedelta(days=9))
    with pytest.raises(NotApproved, match="lapsed"):
        await world.services.run(begin)


async def test_of_two_who_use_it_at_once_one_gets_nothing(world: World, people: Mapping[str, str]) -> None:
    scope = Scope.of_bundles([LoanId("L-1")], "court")
    new = partial(exporting.ask, scope=scope, purpose=ExportPurpose.COURT_FILE, actor="lead-1")
    row = await world.services.run(new)
    approved = await world.services.run(partial(exporting.approve, key=row.id, actor="lead-2"))
    give = partial(exporting.give, export=approved, loans=scope.loans, actor="officer-1", purpose="court")
    found = await asyncio.gather(*(world.services.run(give) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["NoneType", *["NotApproved"] * 3]
    assert await world.scalar("SELECT count(*) FROM dossier_read") == 1


async def test_who_decides_while_another_does_hears_of_it(world: World, people: Mapping[str, str]) -> None:
    scope = Scope.of_bundles([LoanId("L-1")], "court")
    new = partial(exporting.ask, scope=scope, purpose=ExportPurpose.COURT_FILE, actor="lead-1")
    key = (await world.services.run(new)).id
    written, commit = asyncio.Event(), asyncio.Event()

    async def approve(unit: Unit) -> ExportRow:
        row = await exporting.approve(unit, key, "lead-2")
        written.set()
        await commit.wait()
        return row

    async def one_waits() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    first = asyncio.create_task(world.services.run(approve))
    await written.wait()
    decline = partial(exporting.decline, key=key, actor="lead-3", code="not_needed")
    second = asyncio.create_task(world.services.run(decline))
    await until("the second waits for the first", one_waits)
    commit.set()
    assert (await first).decided_by == "lead-2"
    with pytest.raises(Pointless, match="approved"):
        await second
    assert await world.scalar("SELECT decided_by FROM export_request") == "lead-2"


async def test_one_person_alone_is_a_setting_that_every_record_shows(
    cli: Cli, world: World, people: Mapping[str, str], tmp_path: Path
) -> None:
    alone: dict[str, Any] = {"RECOURSE_EXPORT_APPROVAL": "one_person"}
    await cli.json("privacy", "export", "C-L-1", "--actor", "officer-1", **alone)
    await cli.json("dossier", "L-2", "--bundle", tmp_path / "b.pdf", "--as", "officer-1", **alone)
    assert [row["code"] for row in await world.rows(DIARY)] == ["one_person"] * 2
    rows = await cli.json("exports", "list", "--all")
    assert {(row["approval"], row["decided_by"], row["state"]) for row in rows} == {
        ("one_person", None, "used")
    }
    findings = await cli("doctor", "--json", **alone)
    [keys] = [one for one in json.loads(findings.stdout) if one["what"] == "privacy"]
    assert "one person alone" in keys["says"]
    assert (await cli("exports", "list", RECOURSE_EXPORT_APPROVAL="nobody")).exit_code == 2


async def test_what_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, world: World, people: Mapping[str, str]
) -> None:
    for scope in (
        (),
        ("--person", "C-L-1", "--loan", "L-1"),
        ("--person", "C-L-1", "--for", "court"),
        ("--loan", "L-1"),
        ("--letters", "L-1", "--for", "court"),
        ("--letters", "L-1", "--person", "C-L-1"),
        ("--letters", "L-none"),
        ("--loan", "L-none", "--for", "court"),
        ("--loan", "L-1", "--for", "nobody"),
        ("--person", "C-none"),
    ):
        refused = await cli("exports", "ask", "--purpose", "audit", *scope, RECOURSE_TOKEN=people["first"])
        assert refused.exit_code == 2, scope
    ask = ("exports", "ask", "--person", "C-L-1", "--purpose")
    assert (await cli(*ask, "curiosity", RECOURSE_TOKEN=people["first"])).exit_code == 2
    for command in (("approve", "export-0"), ("decline", "export-0", "--code", "x")):
        assert (await cli("exports", *command, RECOURSE_TOKEN=people["first"])).exit_code == 2
