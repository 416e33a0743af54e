"""`recourse access`: a broken glass waits until another person has said what he found."""

from __future__ import annotations

from recourse.domain.disclosure import Justification, RevealPurpose
from recourse.domain.ids import LoanId
from recourse.service.revealing import NewReveal, Revealing
from recourse.service.tokens import Caller
from tests.cli.conftest import PERSONAL, Cli, issued
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case


async def _broken(world: World, actor: str, role: str) -> str:
    new = NewReveal(
        LoanId("L-1"), RevealPurpose.REACH_BORROWER, "r-1", "ticket-7", Justification.DANGER_TO_LIFE
    )
    return (await Revealing(world.services, Caller(actor, role)).ask(new)).id


async def test_it_waits_for_a_second_person_who_says_what_he_found(cli: Cli, world: World) -> None:
    await open_case(world)
    assert await cli.json("access", "breaks") == []
    assert "no broken glass" in (await cli("access", "breaks")).stdout
    agent, auditor, lead = [await issued(world, role) for role in ("agent", "auditor", "lead")]
    reveal = await _broken(world, agent.actor, "agent")
    [waiting] = await cli.json("access", "breaks", exit_code=1)
    assert (waiting["id"], waiting["outside"], waiting["reviewed_at"]) == (reveal, "role", None)
    shown = await cli("access", "breaks")
    assert (shown.exit_code, reveal in shown.stdout, "ticket-7" in shown.stdout) == (1, True, True)
    assert not [word for word in PERSONAL if word in shown.stdout]

    review = ("access", "review", reveal, "--finding")
    by_himself = await cli(*review, "justified", RECOURSE_TOKEN=agent.token)
    assert (by_himself.exit_code, "lead or auditor" in by_himself.stderr) == (2, True)
    assert (await cli(*review, "fine", RECOURSE_TOKEN=auditor.token)).exit_code == 2
    found = await cli.json(*review, "not_justified", RECOURSE_TOKEN=auditor.token)
    assert (found["finding"], found["reviewed_by"]) == ("not_justified", auditor.actor)
    again = await cli(*review, "justified", RECOURSE_TOKEN=lead.token)
    assert (again.exit_code, "already" in again.stderr) == (2, True)
    assert await cli.json("access", "breaks") == []
    assert [one["finding"] for one in await cli.json("access", "breaks", "--all")] == ["not_justified"]
    assert (
        await cli("access", "review", "reveal-0", "--finding", "justified", RECOURSE_TOKEN=lead.token)
    ).exit_code == 2


async def test_who_reads_it_in_clear_stands_among_the_readers(cli: Cli, world: World) -> None:
    await open_case(world)
    agent = await issued(world, "agent")
    reveal = await _broken(world, agent.actor, "agent")
    await Revealing(world.services, Caller(agent.actor, "agent")).read(reveal)
    [line] = await cli.json("dossier", "L-1", "--readers")
    assert (line["reveal_id"], line["justification"]) == (reveal, "danger_to_life")
    assert "danger_to_life" in (await cli("dossier", "L-1", "--readers")).stdout


async def test_a_reveal_is_sealed_with_what_was_found_of_it(cli: Cli, world: World) -> None:
    await open_case(world)
    agent, lead = [await issued(world, role) for role in ("agent", "lead")]
    reveal = await _broken(world, agent.actor, "agent")
    kinds = "SELECT kind, ref FROM unsealed WHERE kind = 'reveal'"
    assert await world.rows(kinds) == [{"kind": "reveal", "ref": reveal}]
    await cli.json("access", "review", reveal, "--finding", "justified", RECOURSE_TOKEN=lead.token)
    assert await world.rows(kinds) == [{"kind": "reveal", "ref": reveal}] * 2
