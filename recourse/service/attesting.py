"""Signed words about the tree: a checkpoint of what is sealed, and a copy of it outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from recourse.domain.evidence.note import Checkpoint, Note, Signer, sign
from recourse.ports import Anchor, StampFolder
from recourse.service.context import Services, Unit
from recourse.service.sealing import Turn
from recourse.storage import checkpoints, seal_tree


async def attest(unit: Unit, turn: Turn, origin: str, signer: Signer) -> None:
    """Sign the tree as this turn left it; where it did not grow, the turn that made it so has signed it."""
    if turn.sealed:
        text = Checkpoint(origin, turn.size, turn.root).text()
        await checkpoints.keep(unit.tx, turn.size, str(sign(text, [signer])))


async def leave(services: Services, anchor: Anchor) -> None:
    """The newest checkpoint, where this place does not have it and has rested. One that was missed is made up
    for by the newest, which proves all that the missed one would have.

    Raises NotHandedOver, to be tried again; RefusedByProvider, where the place knows another tree.
    """
    async with services.database.reading() as tx:
        note = await checkpoints.unanchored(tx, anchor.place, anchor.every)
    if note is None:
        return
    size = Checkpoint.parse(Note.parse(note).text).size
    receipt = await anchor.leave(note, partial(_since, services, size))
    await services.run(partial(_keep, size=size, place=anchor.place, receipt=receipt))


async def leave_stamps(services: Services, folder: StampFolder) -> None:
    """Every time stamp that this folder does not have: each says of other entries when they stood at the
    latest. Raises as `leave` does."""
    place = f"{folder.place}#stamps"
    async with services.database.reading() as tx:
        stamps = await checkpoints.stamps_without(tx, place)
    for stamp in stamps:
        receipt = await folder.leave_stamp(stamp.note, stamp.response)
        await services.run(partial(_keep, size=stamp.size, place=place, receipt=receipt))


async def _since(services: Services, size: int, old: int) -> Sequence[bytes]:
    async with services.database.reading() as tx:
        return await seal_tree.consistency(tx, old, size)


async def _keep(unit: Unit, size: int, place: str, receipt: bytes) -> None:
    await checkpoints.keep_anchor(unit.tx, size, place, receipt)
