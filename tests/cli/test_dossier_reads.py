"""`recourse dossier` is masked until a person, by his token, names a purpose; and keeps who read it."""

from __future__ import annotations

import os
from functools import partial

from recourse.service import tokens
from tests.cli.conftest import PERSONAL, Cli, issued
from tests.events import snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, open_case

OTHER = "担保人甲"
CLEAR = (*PERSONAL, OTHER)
READS = "SELECT actor, via, purpose, reveal_id FROM dossier_read ORDER BY id"
REVEALS = "SELECT id, actor, role, purpose, reference, outside, justification FROM reveal"


async def _case(world: World) -> None:
    await open_case(world, others=[{"id": "P-2", "role": "guarantor", "name": OTHER, "contact_points": []}])


def _seen(text: str) -> set[str]:
    return {word for word in CLEAR if word in text}


async def test_nobody_is_named_until_somebody_says_what_for(cli: Cli, world: World) -> None:
    await _case(world)
    shown, told = await cli("dossier", "L-1"), await cli("dossier", "L-1", "--json")
    assert (shown.exit_code, told.exit_code) == (0, 0)
    assert _seen(shown.output) == _seen(told.output) == set()
    assert "--reveal" in shown.stderr
    document = await cli.json("dossier", "L-1")
    assert "borrower.people.0.name" in document["masked"]
    assert document["repayment"]["unpaid_minor"] == 352017
    assert await world.rows(REVEALS) == []


async def test_each_reading_is_kept_and_listed_and_the_list_is_none(cli: Cli, world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    assert "nobody" in (await cli("dossier", "L-1", "--readers")).stdout
    assert (await cli("dossier", "L-1")).exit_code == 0
    await cli.json("dossier", "L-1", "--as", "auditor-7", "--purpose", "audit-2026-11")
    listed = await cli.json("dossier", "L-1", "--readers")
    assert [(one["actor"], one["via"], one["purpose"]) for one in listed] == [
        (f"uid-{os.getuid()}", "cli", None),
        ("auditor-7", "cli", "audit-2026-11"),
    ]
    assert "auditor-7" in (await cli("dossier", "L-1", "--readers")).stdout


async def test_in_clear_it_takes_a_token_and_a_purpose_and_both_stand_on_record(
    cli: Cli, world: World
) -> None:
    await _case(world)
    legal = await issued(world, "legal")
    ask = ("dossier", "L-1", "--reveal", "prepare_legal", "--reference", "file-9")
    for command in (ask, (*ask, "--json")):
        shown = await cli(*command, RECOURSE_TOKEN=legal.token)
        assert shown.exit_code == 0, shown.output
        assert _seen(shown.stdout) == set(CLEAR)
    kept = {"actor": legal.actor, "role": "legal", "purpose": "prepare_legal", "reference": "file-9"}
    rows, reads = await world.rows(REVEALS), await world.rows(READS)
    assert [{name: row[name] for name in kept} for row in rows] == [kept] * 2
    assert {row["id"] for row in rows} == {row["reveal_id"] for row in reads}
    assert [(row["actor"], row["via"], row["purpose"]) for row in reads] == [
        (legal.actor, "cli", "prepare_legal")
    ] * 2


async def test_who_does_not_read_dossiers_breaks_the_glass_and_it_waits_for_a_second_person(
    cli: Cli, world: World
) -> None:
    await _case(world)
    agent = await issued(world, "agent")
    ask = ("dossier", "L-1", "--reveal", "reach_borrower")
    for more, named in (((), "justification"), (("--justification", "danger_to_life"), "reference")):
        refused = await cli(*ask, *more, RECOURSE_TOKEN=agent.token)
        assert (refused.exit_code, named in refused.stderr, _seen(refused.output)) == (2, True, set())
    broken = (*ask, "--justification", "danger_to_life", "--reference", "ticket-7")
    assert _seen((await cli(*broken, RECOURSE_TOKEN=agent.token)).stdout) == set(CLEAR)
    [waiting] = await cli.json("access", "breaks", exit_code=1)
    assert (waiting["actor"], waiting["outside"], waiting["reference"]) == (agent.actor, "role", "ticket-7")
    [told] = await world.rows("SELECT code, actor FROM step WHERE event = 'glass_broken'")
    assert told == {"code": "danger_to_life", "actor": agent.actor}


async def test_what_cannot_be_meant_or_may_not_be_shows_nothing_and_leaves_no_trace(
    cli: Cli, world: World
) -> None:
    await _case(world)
    lead, dialler = await issued(world, "lead"), await issued(world, "dialler")
    reveal = ("--reveal", "audit")
    for arguments, token, named in (
        (("--reveal", "curiosity"), lead.token, "--reveal: one of"),
        ((*reveal, "--justification", "curiosity"), lead.token, "--justification: one of"),
        (("--reference", "file-9"), lead.token, "--reveal"),
        ((*reveal, "--as", "auditor-7"), lead.token, "--as"),
        ((*reveal, "--purpose", "file-9"), lead.token, "--purpose"),
        ((*reveal, "--justification", "danger_to_life"), lead.token, "your role reads"),
        (reveal, "rc_nobody", "not a token that is in force"),
        (reveal, dialler.token, "the role dialler may not"),
    ):
        refused = await cli("dossier", "L-1", *arguments, RECOURSE_TOKEN=token)
        assert (refused.exit_code, named in refused.stderr, _seen(refused.output)) == (2, True, set()), named
    assert (await world.rows(READS), await world.rows(REVEALS)) == ([], [])


async def test_who_is_for_another_lender_finds_no_such_loan(cli: Cli, world: World) -> None:
    await _case(world)
    confined = partial(tokens.issue, role="lead", name="of another lender", confined=True)
    token = (await world.services.run(confined)).token
    for command in (("dossier", "L-1", "--reveal", "audit"), ("borrowers-copy", "L-1")):
        refused = await cli(*command, RECOURSE_TOKEN=token)
        assert (refused.exit_code, refused.stdout, "there is none" in refused.stderr) == (2, "", True)
    assert await world.rows(READS) == []


async def test_a_loan_there_is_none_of_leaves_no_trace(cli: Cli, world: World) -> None:
    for more in ((), ("--reveal", "audit")):
        result = await cli("dossier", "L-nobody", *more, RECOURSE_TOKEN=(await issued(world, "lead")).token)
        assert (result.exit_code, result.stdout) == (2, "")
    assert await world.scalar("SELECT count(*) FROM dossier_read") == 0
