"""Each asking whether a permit holds keeps its inputs: the answer is made again, a difference is found."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from recourse.contracts.messages import StepCommand
from recourse.domain.ids import CaseId
from recourse.domain.situation import HoldReason
from recourse.reading.explaining import Explained, decisions, explained
from recourse.service import recovering
from recourse.service.recovering import Assignment
from recourse.storage.permits import PermitRow
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, approved
from tests.integration.service.permitted import claim, hold, pay, use

CHECKS = "SELECT answer, code, step_number FROM permit_check ORDER BY id"


async def _made_again(world: World, case: OpenCase) -> list[tuple[str, str, list[str]]]:
    """Of every asking about the case: the answer and its code as they were given, and how they differ now."""
    told = []
    for row in await world.rows(CHECKS):
        found = await _explained(world, case, row["step_number"])
        told.append((row["answer"], row["code"], found.differs))
    return told


async def _explained(world: World, case: OpenCase, number: int) -> Explained:
    async with world.services.database.reading() as tx:
        return await explained(tx, CaseId(case.id), number=number)


async def _forget(world: World) -> None:
    """What was asked while the case came to its day is not looked at here."""
    await world.execute("DELETE FROM permit_check")


@pytest.fixture
async def claimed(world: World, demanded: OpenCase) -> tuple[StepCommand, str]:
    """A handover that may begin."""
    command = await approved(world, demanded)
    issued = (await claim(world, command)).permit
    await _forget(world)
    return command, issued


async def test_a_use_is_explained_with_the_rules_that_allowed_it(
    world: World, demanded: OpenCase, claimed: tuple[StepCommand, str]
) -> None:
    assert await use(world, *claimed) is None
    [(answer, code, differs)] = await _made_again(world, demanded)
    assert (answer, code, differs) == ("valid", "", [])
    [row] = await world.rows(CHECKS)
    checks = (await _explained(world, demanded, row["step_number"])).explanation.checks
    assert {"debt", "holds", "notices", "approval"} <= {check.question for check in checks}


@pytest.mark.parametrize(
    ("fact", "code"),
    [("payment", "permit_recalled"), ("hold", "permit_recalled"), ("time", "permit_expired")],
)
async def test_a_use_that_was_refused_is_made_again_with_the_same_code(
    world: World, demanded: OpenCase, claimed: tuple[StepCommand, str], fact: str, code: str
) -> None:
    if fact == "payment":
        await pay(world, demanded)
    if fact == "hold":
        await hold(world, demanded)
    if fact == "time":
        await world.execute("UPDATE permit SET expires_at = issued_at WHERE kind = 'legal'")
    refused = await use(world, *claimed)
    assert refused is not None
    assert refused.code == code
    assert await _made_again(world, demanded) == [("refused", code, [])]


async def test_every_answer_to_an_agency_is_made_again(world: World, demanded: OpenCase) -> None:
    await demanded.reach("propose_legal")
    asked = Assignment(demanded.id, "recover_vehicle", "agency-1", "legal-1", "lead-1")
    issued = await world.services.run(partial(recovering.issue, asked=asked))
    assert isinstance(issued, PermitRow)
    await _forget(world)
    ask = partial(recovering.check, permit_id=issued.id, actor="agency-1")
    await world.services.run(ask)
    await hold(world, demanded, HoldReason.MILITARY_SERVICE)
    for _ in range(2):
        await world.services.run(ask)
    assert await _made_again(world, demanded) == [
        ("valid", "", []),
        ("recalled", "hold", []),
        ("recalled", "hold", []),
    ]


async def test_a_check_after_its_end_is_made_again(world: World, demanded: OpenCase) -> None:
    await demanded.reach("propose_legal")
    asked = Assignment(demanded.id, "recover_vehicle", "agency-1", "legal-1", "lead-1", days=1)
    issued = await world.services.run(partial(recovering.issue, asked=asked))
    assert isinstance(issued, PermitRow)
    await _forget(world)
    world.set_now(issued.expires_at + timedelta(minutes=1))
    for _ in range(2):  # the first ends it, the second finds it ended
        await world.services.run(partial(recovering.check, permit_id=issued.id, actor="agency-1"))
    assert await _made_again(world, demanded) == [("expired", "", [])] * 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ('permit = jsonb_set(permit, \'{told}\', \'{"answer": "recalled", "code": "hold"}\')', "permit"),
        ("permit = jsonb_set(permit, '{asked,recall_code}', '\"hold\"')", "permit"),
        ("inputs = jsonb_set(inputs, '{currency}', '\"USD\"')", "inputs"),
    ],
)
async def test_an_answer_that_was_written_otherwise_is_found(
    world: World, demanded: OpenCase, claimed: tuple[StepCommand, str], change: str, named: str
) -> None:
    await use(world, *claimed)
    await world.execute(f"UPDATE step SET {change} WHERE event = 'permit_checked'")
    [(_, _, differs)] = await _made_again(world, demanded)
    assert [one for one in differs if one.startswith(named)]


async def test_every_decision_on_the_way_to_the_desk_is_made_again(world: World, handed: OpenCase) -> None:
    """As the demo does at its end, over a location and a handover."""
    async with world.services.database.reading() as tx:
        made = await decisions(tx)
    found = [await _explained(world, handed, number) for _, number, _ in made]
    assert [one.differs for one in found] == [[]] * len(made)
    assert [one.recorded["event"] for one in found].count("permit_checked") == 2
