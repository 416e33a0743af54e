"""Delivery receipts are evidence: none is lost, none is moved, whenever it comes, whatever its reference."""

from __future__ import annotations

from functools import partial
from typing import Any

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand, StepResult
from recourse.domain.ids import LoanId
from recourse.domain.situation import Channel
from recourse.ports import Accepted, Message
from recourse.service import noting, reminding
from recourse.service.context import Unit
from recourse.storage.dossier import dossier_document
from tests.integration.conftest import World
from tests.integration.service.conftest import OpenCase, open_case

Told = dict[str, list[tuple[str, str]]]


class Centre:
    """Numbers its messages as it likes."""

    def __init__(self, *refs: str) -> None:
        self.refs = refs

    async def send(self, message: Message) -> Accepted:
        return Accepted(self.refs, len(self.refs))


async def _due(case: OpenCase) -> StepCommand:
    return StepCommand(case.id, "sms_friendly", (await case.reach("sms_friendly")).number)


async def _sent(world: World, loan: str, *refs: str) -> None:
    command = await _due(await open_case(world, loan))
    result = await RemindingActivities(world.services, {Channel.SMS: Centre(*refs)}).send_reminder(command)
    assert result.code == "sent"


async def _tell(world: World, ref: str, state: str = "delivered") -> None:
    await world.services.run(partial(noting.note_receipt, provider_ref=ref, state=state))


async def _age(world: World, days: int) -> None:
    """All that was written so far was written so many days ago."""
    for table in ("contact_attempt", "provider_receipt"):
        await world.execute(f"UPDATE {table} SET recorded_at = recorded_at - interval '{days} days'")


async def _told(world: World, *loans: str) -> Told:
    """By loan, what its dossier says of its one message."""
    found: Told = {}
    async with world.services.database.reading() as tx:
        for loan in loans:
            document: dict[str, Any] = await dossier_document(tx, LoanId(loan))
            [contact] = document["contacts"]["attempts"]
            found[loan] = [(receipt["provider_ref"], receipt["state"]) for receipt in contact["receipts"]]
    return found


async def test_a_receipt_that_comes_before_the_answer_is_written_is_found(world: World) -> None:
    command = await _due(await open_case(world))
    claimed = await world.services.run(partial(reminding.claim, command=command))
    assert not isinstance(claimed, StepResult)

    async def record(unit: Unit) -> None:
        await reminding.record_sent(unit, command, claimed, Accepted(("ref-1",)))
        await _tell(world, "ref-1")  # on another connection: it cannot see what is not yet committed

    await world.services.run(record)
    assert await _told(world, "L-1") == {"L-1": [("ref-1", "delivered")]}


async def test_a_reference_that_is_used_again_moves_no_old_receipt_and_loses_no_new_one(world: World) -> None:
    await _sent(world, "L-1", "1")
    await _tell(world, "1")
    await _age(world, 2)
    await _sent(world, "L-2", "1")
    assert await _told(world, "L-1", "L-2") == {"L-1": [("1", "delivered")], "L-2": []}
    await _tell(world, "1")
    assert await _told(world, "L-1", "L-2") == {"L-1": [("1", "delivered")], "L-2": [("1", "delivered")]}


async def test_a_receipt_for_a_reference_with_two_owners_is_kept_and_goes_to_the_newer(world: World) -> None:
    await _sent(world, "L-1", "7")
    await _sent(world, "L-2", "7")
    await _tell(world, "7", "undeliverable")
    assert await _told(world, "L-1", "L-2") == {"L-1": [], "L-2": [("7", "undeliverable")]}


async def test_a_receipt_long_after_a_message_is_not_its_own(world: World) -> None:
    await _sent(world, "L-1", "1")
    await _age(world, 40)
    await _tell(world, "1")
    assert await _told(world, "L-1") == {"L-1": []}


async def test_each_part_keeps_each_of_its_states(world: World) -> None:
    await _sent(world, "L-1", "a", "b")
    for ref, state in (("a", "unknown"), ("b", "delivered"), ("a", "delivered")):
        await _tell(world, ref, state)
    parts = [("a", "unknown"), ("b", "delivered"), ("a", "delivered")]
    assert await _told(world, "L-1") == {"L-1": parts}
