"""A recovery is proposed by one person and approved by another, and by nobody else's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from recourse.domain.law.verdict import Refused
from recourse.service import proposing, tokens
from recourse.service.noting import Pointless, RequestReused, Unknown
from recourse.service.proposing import NewProposal
from recourse.storage.permits import PermitRow
from recourse.storage.recoveries import ProposalRow
from tests.events import payment
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase

ISSUED = "SELECT id, proposed_by, approved_by, assigned_to FROM permit WHERE kind = 'recovery'"


@pytest.fixture
async def noticed(world: World, demanded: OpenCase) -> OpenCase:
    """The fifteen days of its formal demand are over, and there are two agencies."""
    await demanded.reach("propose_legal")
    for number in (1, 2):
        await world.execute(
            "INSERT INTO api_token (token_hash, actor, name, role, person) "
            f"VALUES ('hash-{number}', 'agency-{number}', 'x', 'recovery', 'person-{number}')"
        )
    return demanded


def _new(case: OpenCase, **values: Any) -> NewProposal:
    return replace(NewProposal(case.id, "recover_vehicle", "agency-1", "legal-1", request_id="r-1"), **values)


async def _propose(world: World, new: NewProposal) -> ProposalRow:
    return await world.services.run(partial(proposing.propose, new=new))


async def _approve(world: World, key: str, actor: str = "lead-1") -> PermitRow | Refused:
    return await world.services.run(partial(proposing.approve, key=key, actor=actor))


async def _decline(world: World, key: str, actor: str = "lead-1") -> ProposalRow:
    return await world.services.run(partial(proposing.decline, key=key, actor=actor, code="too_early"))


@pytest.mark.parametrize("when", ["never", "revoked before", "revoked between"])
async def test_nobody_is_sent_who_could_not_ask_before_the_hook_up(
    world: World, noticed: OpenCase, when: str
) -> None:
    revoke = "UPDATE api_token SET revoked_at = now() WHERE actor = 'agency-1'"
    if when == "revoked between":
        proposal = await _propose(world, _new(noticed))
        await world.execute(revoke)
        with pytest.raises(Pointless, match="agency: no token of the role recovery"):
            await _approve(world, proposal.id)
    else:
        if when == "revoked before":
            await world.execute(revoke)
        agency = "agency-3" if when == "never" else "agency-1"
        with pytest.raises(Pointless, match="agency: no token of the role recovery"):
            await _propose(world, _new(noticed, agency=agency))
        assert await world.scalar("SELECT count(*) FROM recovery_proposal") == 0
    assert await world.rows(ISSUED) == []


async def test_another_persons_approval_sends_the_agency_once(world: World, noticed: OpenCase) -> None:
    proposal = await _propose(world, _new(noticed))
    assert await world.rows(ISSUED) == []
    issued, again = await _approve(world, proposal.id), await _approve(world, proposal.id)
    assert isinstance(issued, PermitRow)
    assert again == issued
    two = {"proposed_by": "legal-1", "approved_by": "lead-1", "assigned_to": "agency-1"}
    assert await world.rows(ISSUED) == [{"id": issued.id} | two]
    said = "SELECT event, actor FROM step WHERE event IN ('recovery_proposed', 'permit_issued') ORDER BY id"
    assert await world.rows(said) == [
        {"event": "recovery_proposed", "actor": "legal-1"},
        {"event": "permit_issued", "actor": "lead-1"},
    ]
    with pytest.raises(Pointless, match="approved"):
        await _approve(world, proposal.id, "lead-2")


async def test_who_proposed_cannot_approve_under_another_token_of_his(
    world: World, noticed: OpenCase
) -> None:
    async def token(role: str) -> str:
        issued = await world.services.run(partial(tokens.issue, role=role, name="x", person="p-1"))
        return issued.actor

    proposal = await _propose(world, _new(noticed, actor=await token("legal")))
    for actor in (proposal.proposed_by, await token("lead")):
        refused = await _approve(world, proposal.id, actor)
        assert isinstance(refused, Refused)
        assert refused.code == "approver_is_requester"
    assert await world.rows(ISSUED) == []
    assert isinstance(await _approve(world, proposal.id, "lead-9"), PermitRow)


async def test_the_gate_is_asked_at_the_approval_not_at_the_proposal(world: World, noticed: OpenCase) -> None:
    proposal = await _propose(world, _new(noticed))
    loan = noticed.id.removeprefix("case-").removesuffix("-1")
    now = await world.services.run(_now)
    await world.delivery.accept([payment(loan, at=now)])
    refused = await _approve(world, proposal.id)
    assert isinstance(refused, Refused)
    assert refused.code in {"case_closed", "nothing_overdue"}
    with pytest.raises(Pointless, match="closed"):
        await _propose(world, _new(noticed, request_id="r-2"))


async def _now(unit: Any) -> Any:
    return unit.now


async def test_what_nobody_decided_on_lapses_and_makes_room(world: World, noticed: OpenCase) -> None:
    proposal = await _propose(world, _new(noticed))
    with pytest.raises(Pointless, match=f"{proposal.id} waits"):
        await _propose(world, _new(noticed, request_id="r-2"))
    world.set_now(proposal.proposed_at + timedelta(days=7))
    with pytest.raises(Pointless, match="lapsed"):
        await _approve(world, proposal.id)
    fresh = await _propose(world, _new(noticed, request_id="r-2"))
    assert isinstance(await _approve(world, fresh.id), PermitRow)


async def test_what_was_declined_is_not_approved_after_all(world: World, noticed: OpenCase) -> None:
    proposal = await _propose(world, _new(noticed))
    declined = [await _decline(world, proposal.id) for _ in range(2)]
    assert [(one.state, one.decided_by, one.code) for one in declined] == [
        ("declined", "lead-1", "too_early")
    ] * 2
    with pytest.raises(Pointless, match="declined"):
        await _approve(world, proposal.id)
    assert await world.rows("SELECT code FROM step WHERE event = 'recovery_declined'") == [
        {"code": "too_early"}
    ]


async def test_the_same_request_is_one_proposal_and_nonsense_is_named(
    world: World, noticed: OpenCase
) -> None:
    first, again = await _propose(world, _new(noticed)), await _propose(world, _new(noticed))
    assert first == again
    with pytest.raises(RequestReused):
        await _propose(world, _new(noticed, agency="agency-2"))
    for days in (0, 31):
        with pytest.raises(Pointless, match="days"):
            await _propose(world, _new(noticed, days=days, request_id="r-3"))
    with pytest.raises(Unknown, match="case"):
        await _propose(world, _new(noticed, case_id="case-none"))
    with pytest.raises(Unknown, match="proposal"):
        await _approve(world, "recovery-none")
