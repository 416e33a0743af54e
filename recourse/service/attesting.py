"""Signed words about the tree: a checkpoint of what is sealed, and a copy of it outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from recourse.domain.evidence.note import Checkpoint, Note, Signer, sign
from recourse.ports import Anchor, NotHandedOver, RefusedByProvider
from recourse.service.context import Services, Unit
from recourse.service.sealing import Turn
from recourse.storage import checkpoints, seal_tree

log = structlog.get_logger()


async def attest(unit: Unit, turn: Turn, origin: str, signer: Signer) -> None:
    """Sign the tree as this turn left it; where it did not grow, the turn that made it so has signed it."""
    if turn.sealed:
        text = Checkpoint(origin, turn.size, turn.root).text()
        await checkpoints.keep(unit.tx, turn.size, str(sign(text, [signer])))


async def leave_outside(services: Services, anchors: Sequence[Anchor]) -> bool:
    """The newest checkpoint at every place that does not have it. False where one could not be reached: it
    gets the newest one later, which proves all that the missed ones would have.

    A place that knows another tree is told loudly and holds up nobody: that is what it is there for.
    """
    reached = True
    for anchor in anchors:
        async with services.database.reading() as tx:
            note = await checkpoints.unanchored(tx, anchor.place)
        if note is None:
            continue
        size = Checkpoint.parse(Note.parse(note).text).size
        try:
            receipt = await anchor.leave(note, partial(_since, services, size))
        except NotHandedOver as error:
            log.warning("a checkpoint was not left outside", place=anchor.place, reason=error.reason)
            reached = False
        except RefusedByProvider as error:
            log.error("a checkpoint was refused outside", place=anchor.place, code=error.code, size=size)
            reached = False
        else:
            keep = partial(_keep, size=size, place=anchor.place, receipt=receipt)
            await services.run(keep)
    return reached


async def _since(services: Services, size: int, old: int) -> Sequence[bytes]:
    async with services.database.reading() as tx:
        return await seal_tree.consistency(tx, old, size)


async def _keep(unit: Unit, size: int, place: str, receipt: bytes) -> None:
    await checkpoints.keep_anchor(unit.tx, size, place, receipt)
